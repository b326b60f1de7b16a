package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"brana/audit/audittest"
	"brana/audit/query"
)

// The scenarios of brana audit query: journals, a command, and what it prints. A file whose
// name begins with journal is a [audittest.Book] in a folder of that name; "run ARGS" is a
// command, and its content what it prints: to standard output, then "stderr:" and what it
// reports, then "exit N" unless that is 0. $W is the folder of the scenario.
func TestAuditQueryScenarios(t *testing.T) {
	auditScenarios(t, "testdata/auditquery", "audit", "query")
}

// auditScenarios plays the scenarios of a folder, whose commands begin with a verb.
func auditScenarios(t *testing.T, folder string, verb ...string) {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			changed := false
			for i := range archive.Files {
				f := &archive.Files[i]
				args, isRun := strings.CutPrefix(f.Name, "run")
				if !isRun {
					lay(t, filepath.Join(dir, f.Name), string(f.Data))
					continue
				}
				got := auditCommand(t, dir, verb, args)
				if got != string(f.Data) {
					t.Errorf("run%s prints\n%swant\n%s", args, got, f.Data)
					f.Data, changed = []byte(got), true
				}
			}
			if changed && os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// lay writes a file of a scenario, or a journal.
func lay(t *testing.T, path, text string) {
	t.Helper()
	if !strings.HasPrefix(filepath.Base(path), "journal") {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.TrimSuffix(text, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := os.MkdirAll(path, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := audittest.NewBook(path).Script(text); err != nil {
		t.Fatal(err)
	}
}

// auditCommand runs a command of a scenario.
func auditCommand(t *testing.T, dir string, verb []string, args string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	words := shellWords(strings.ReplaceAll(args, "$W", dir))
	code := run(slices.Concat(verb, words), stdio{&stdout, &stderr})
	text := stdout.String()
	if stderr.Len() > 0 {
		text += "stderr:\n" + stderr.String()
	}
	if code != 0 {
		text += fmt.Sprintf("exit %d\n", code)
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r", ""), dir, "$W")
}

// A reader who has seen enough closes the pipe: that is no failure.
func TestAuditQueryEndsQuietlyWithItsReader(t *testing.T) {
	dir := t.TempDir()
	book := audittest.NewBook(dir)
	for range 1000 {
		book.Line(`"type":"refusal","time":"2026-11-28T07:00:00.000000Z","outcome":"overloaded"`)
	}
	if err := book.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"--json", "--csv", "--limit=2000"} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := reader.Close(); err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		code := run([]string{"audit", "query", "--dir", dir, form}, stdio{writer, &stderr})
		if code != 0 || stderr.Len() > 0 {
			t.Errorf("%s: exit %d, %s", form, code, &stderr)
		}
		if err := writer.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A query that was interrupted does not look like one that has read all; one that follows ends
// so as a rule.
func TestAuditQueryThatIsInterruptedIsNotWhole(t *testing.T) {
	dir := t.TempDir()
	book := audittest.NewBook(dir)
	book.Line(`"type":"refusal","time":"2026-11-28T07:00:00.000000Z","outcome":"overloaded"`)
	if err := book.Flush(); err != nil {
		t.Fatal(err)
	}
	interrupted, stop := context.WithCancel(t.Context())
	stop()
	for follow, want := range map[bool]error{false: errInterrupted, true: nil} {
		a := auditQueryCmd{Follow: follow}
		q := &query.Query{Dirs: []string{dir}}
		if _, err := a.print(interrupted, q, query.NewJSON(io.Discard)); !errors.Is(err, want) {
			t.Errorf("follow %t: %v, want %v", follow, err, want)
		}
	}
}

// An index that hides calls breaks the proof.
func TestAuditVerifyComparesIndexes(t *testing.T) {
	dir := t.TempDir()
	book := audittest.NewBook(dir)
	book.Line(`"type":"refusal","time":"2026-11-28T07:00:00.000000Z","outcome":"overloaded"`)
	if err := book.Seal("size"); err != nil {
		t.Fatal(err)
	}
	if err := book.Flush(); err != nil {
		t.Fatal(err)
	}
	verify := func() (code int, text string) {
		var out bytes.Buffer
		code = run([]string{"audit", "verify", dir}, stdio{&out, &out})
		return code, out.String()
	}
	auditCommand(t, dir, []string{"audit", "query"}, " --dir $W")
	if code, text := verify(); code != 0 {
		t.Errorf("exit %d: %s", code, text)
	}
	indexes, err := filepath.Glob(filepath.Join(dir, "*.index"))
	if err != nil || len(indexes) != 1 {
		t.Fatal(indexes, err)
	}
	forge(t, indexes[0])
	if code, text := verify(); code != exitRefused || !strings.Contains(text, indexes[0]+": it hides") {
		t.Errorf("exit %d: %s", code, text)
	}
}

// forge takes the calls out of an index as somebody does who knows its form.
func forge(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	honest := regexp.MustCompile(`"hours":\{.*?\}\}`).ReplaceAllString(string(text), `"hours":{}`)
	begin, _, _ := strings.Cut(honest, `"sum":"`)
	sum := sha256.Sum256([]byte(begin + "\"sum\":\"\"}\n"))
	forged := begin + `"sum":"` + hex.EncodeToString(sum[:]) + "\"}\n"
	if err := os.WriteFile(path, []byte(forged), 0o640); err != nil {
		t.Fatal(err)
	}
}
