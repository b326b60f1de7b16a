package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"brana/audit/journal"
)

// writtenJournal is a journal with one call that was answered and one that was not.
func writtenJournal(t *testing.T, gateway string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	j, err := journal.Open(journal.Config{Dir: dir, Gateway: gateway, Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, fields := range []string{
		`"type":"intent","time":"2026-11-29T08:00:00Z"`,
		`"type":"intent","time":"2026-11-29T08:00:01Z"`,
		`"type":"outcome","time":"2026-11-29T08:00:02Z","intent":2,"outcome":"ok"`,
	} {
		if _, err := j.Append([]byte(fields), true); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAuditVerify(t *testing.T) {
	one, two := writtenJournal(t, "g1"), writtenJournal(t, "g2")
	copied := filepath.Join(t.TempDir(), "seals")
	file := filepath.Join(one, "00000000000000000001.jsonl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(string(text), "\n")
	other, err := os.ReadFile(filepath.Join(two, "00000000000000000001.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(other)), "\n")
	if err := os.WriteFile(copied, []byte(header+"\n"+lines[len(lines)-1]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := func(gateway string) string {
		return "3 records, 1 segments, chain whole\n  written by gateway " + gateway + "\n"
	}
	const unsigned = "  nothing is signed: a user who can write to the folder can make it anew\n"
	const open = "  1 intents have no outcome: their calls run, or ended with the gateway; " +
		"brana audit query --outcome unfinished lists them\n"
	for _, c := range []struct {
		what string
		args []string
		code int
		want string
	}{
		{"one journal", []string{one}, 0, whole("g1") + unsigned + open},
		{"two journals", []string{one, two + "/"}, 0,
			one + ": " + whole("g1") + unsigned + open + two + ": " + whole("g2") + unsigned + open},
		{"copies of both", []string{"--seals", copied, one, two}, 0,
			one + ": " + whole("g1") + unsigned + "  1 copies fit\n" + open +
				two + ": " + whole("g2") + unsigned + "  1 copies fit\n" + open},
		{"copies of another", []string{"--seals", copied, one}, 0,
			whole("g1") + unsigned + "  1 copies fit\n" + open + "copies of gateway g2 are there, and no journal of it is given\n"},
		{"copies of another alone", []string{"--seals", file, two}, exitRefused,
			two + "/00000000000000000001.jsonl:1: foreign: no copy is of this journal, which gateway g2 wrote; " +
				"those given are of g1 (byte 0)\ncopies of gateway g1 are there, and no journal of it is given\n"},
		{"no folder", []string{one + "/none"}, exitUsage, "brana: no journal: there is no folder " + one + "/none\n"},
		{"no journal", []string{filepath.Dir(copied)}, exitUsage, "brana: " + filepath.Dir(copied) + " holds no segment of a journal\n"},
		{"no key", []string{"--key", copied, one}, exitUsage, "brana: --key: " + copied + " holds no PEM, so no key\n"},
		{"no copies", []string{"--seals", file + "x", one}, exitUsage, "brana: --seals: open " + file + "x: no such file or directory\n"},
	} {
		var out bytes.Buffer
		if code := run(append([]string{"audit", "verify"}, c.args...), stdio{&out, &out}); code != c.code || out.String() != c.want {
			t.Errorf("%s: %d, %s\nwant %d, %s", c.what, code, out.String(), c.code, c.want)
		}
	}
	edited := strings.Replace(string(text), "08:00:01", "08:00:09", 1)
	if err := os.WriteFile(file, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	run([]string{"audit", "verify", "--seals", copied, one, two}, stdio{&out, &out})
	if strings.Contains(out.String(), "no journal of it is given") {
		t.Errorf("a broken journal is not known by its gateway: %s", out.String())
	}
	out.Reset()
	code := run([]string{"audit", "verify", one, two}, stdio{&out, &out})
	want := one + ": " + file + ":3: edited: number 3 is not what number 4 follows (byte "
	if code != exitRefused || !strings.HasPrefix(out.String(), want) || !strings.Contains(out.String(), two+": "+whole("g2")) {
		t.Errorf("%d, %s, want %s", code, out.String(), want)
	}
}
