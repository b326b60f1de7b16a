package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"brana/audit"
	"brana/audit/audittest"
	"brana/audit/query"
	"brana/egon"
)

var update = flag.Bool("update", false, "write what the scenarios print into testdata/*.txtar")

var prague = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		panic(err)
	}
	return zone
}()

// working is Mon-Fri 07:00-17:00 in Prague.
func working(t time.Time) bool {
	t = t.In(prague)
	day, hour := t.Weekday(), t.Hour()
	return day != time.Saturday && day != time.Sunday && hour >= 7 && hour < 17
}

var help = map[string]string{
	"not-granted":        "Compare the four ids and the service with the grant.",
	"item-not-permitted": "E227 lists the items of the matrix.",
}

// Each scenario says which lines the journal has, and then what is printed of it.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, archive)
			if *update {
				if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(txtar.Format(archive)), string(txtar.Format(got))); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

// play returns the scenario with what is printed of its journal.
func play(t *testing.T, archive *txtar.Archive) *txtar.Archive {
	t.Helper()
	got := &txtar.Archive{Comment: archive.Comment}
	config := Config{Working: working, Zone: prague}
	var uses []*query.Use
	for _, f := range archive.Files {
		switch f.Name {
		case "declared":
			config.Declared = declared(t, string(f.Data))
		case "journal":
			uses = usesOf(t, f.Data)
		default:
			continue
		}
		got.Files = append(got.Files, f)
	}
	print := func(name string, write func(*bytes.Buffer) error) {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		got.Files = append(got.Files, txtar.File{Name: name, Data: out.Bytes()})
	}
	builder, sorter := NewBuilder(config), NewSorter(prague, help)
	for _, u := range uses {
		builder.Add(u)
		sorter.Add(u)
	}
	print("report", func(b *bytes.Buffer) error { return builder.Report().WriteText(b) })
	print("refusals", func(b *bytes.Buffer) error { return sorter.Refusals().WriteText(b) })
	print("e154.csv", func(b *bytes.Buffer) error {
		w := NewCSVWriter(b, prague)
		for _, u := range uses {
			if err := w.Add(u); err != nil {
				return err
			}
		}
		return w.Close()
	})
	return got
}

func declared(t *testing.T, text string) func(egon.Quadruple, string) (Limits, bool) {
	t.Helper()
	of := map[string]Limits{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		n := func(i int) int64 {
			v, err := strconv.ParseInt(f[i], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		of[f[0]] = Limits{n(1), n(2), n(3), f[4]}
	}
	return func(q egon.Quadruple, group string) (Limits, bool) {
		limits, ok := of[strings.Replace(name(account{q, group}), ", ", ",", 1)]
		return limits, ok
	}
}

// usesOf writes a journal, and reads it as the verbs do.
func usesOf(t *testing.T, script []byte) (uses []*query.Use) {
	t.Helper()
	dir := t.TempDir()
	if err := audittest.NewBook(dir).Script(string(script)); err != nil {
		t.Fatal(err)
	}
	q := query.Query{Dirs: []string{dir}, Found: func(f query.Finding) { t.Errorf("found %v", f) }}
	for u, err := range q.Uses(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		uses = append(uses, u)
	}
	return uses
}

// The endings agree with what a query takes for a refusal.
func TestEndingsAgreeWithQueries(t *testing.T) {
	for _, word := range query.Answered() {
		if endingOf(word) == refused {
			t.Errorf("%s is a refusal", word)
		}
	}
	for _, word := range []string{"overloaded", "not-granted", "registry-failed"} {
		if endingOf(word) != refused {
			t.Errorf("%s is no refusal", word)
		}
	}
}

// A refused item stands beside the rule that lacks it, and beside no other.
func TestRefusedItemsNameTheRuleThatDecided(t *testing.T) {
	for why, want := range map[string]Group{
		"grant": {Rule: "grants.yaml:2"},
		"row":   {Row: "row"},
		"input": {Row: "row"},
		"both":  {Rule: "grants.yaml:2", Row: "row"},
	} {
		call := &audit.Record{
			Type: audit.TypeRefusal, Outcome: "item-not-permitted",
			Decision: &audit.RecordedDecision{
				Verdict: "item-not-permitted", Rule: "grants.yaml:2", Row: "row",
				Refused: []audit.RecordedRefused{{Word: "Jmeno", Why: why}},
			},
		}
		s := NewSorter(prague, nil)
		s.Add(&query.Use{Call: call, Result: call})
		if g := s.Refusals().Groups; len(g) != 1 || g[0].Rule != want.Rule || g[0].Row != want.Row {
			t.Errorf("%s: %+v", why, g)
		}
	}
}
