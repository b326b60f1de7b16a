package query

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"

	"brana/audit"
)

// Each object of a JSON printer has the records of its use, as encoding/json reads them.
func TestJSONHasTheRecords(t *testing.T) {
	uses, _ := ask(t, Filter{}, busy(t, 200))
	var out bytes.Buffer
	printAll(t, NewJSON(&out), uses)
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != len(uses) {
		t.Fatalf("%d lines of %d uses", len(lines), len(uses))
	}
	for i, line := range lines {
		var object struct {
			Time              time.Time
			Caller, Outcome   string
			Refused           bool
			Call, Result, Job *audit.Record
		}
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		u := uses[i]
		got := &Use{Call: object.Call, Result: object.Result, Job: object.Job}
		if u.Call == u.Result {
			got.Result = object.Call
		}
		if d := gocmp.Diff(u, got, sameUse); d != "" {
			t.Error(d)
		}
		if object.Caller != u.Caller() || object.Outcome != u.Outcome() || object.Refused != u.Refused() ||
			!object.Time.Equal(u.Time()) {
			t.Errorf("%s: want %s, %s", line, u.Caller(), u.Outcome())
		}
	}
}

func printAll(t *testing.T, p Printer, uses []*Use) {
	t.Helper()
	for _, u := range uses {
		if err := p.Print(u); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
}

// strange is a use whose texts would break a file or a terminal.
func strange() *Use {
	call := &audit.Record{
		Time: time.Date(2026, 11, 28, 7, 0, 0, 0, time.UTC), Type: audit.TypeRefusal, Service: "E05",
		Agenda: "X999", Role: "XR1", Ovm: "1", Ais: "2", Outcome: "overloaded",
		Uzivatel: "a\x1b[2J\nb\u202e", Subjekt: `=HYPERLINK("http://x";"y")`, DuvodUcel: "+1,\"2\"\r\n",
		Asked: []string{strings.Repeat("Příjmení ", 40)},
	}
	return &Use{Dir: "-dir", Call: call, Result: call}
}

// A CSV reader reads the cells again, and none of them is a formula.
func TestCSVIsReadAgain(t *testing.T) {
	var out bytes.Buffer
	printAll(t, NewCSV(&out), []*Use{strange()})
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 2 || len(rows[0]) != len(columns) {
		t.Fatal(rows, err)
	}
	got := map[string]string{}
	for i, name := range rows[0] {
		got[name] = rows[1][i]
		if strings.ContainsRune("=+-@", rune((got[name] + " ")[0])) {
			t.Errorf("%s: %q is a formula", name, got[name])
		}
	}
	for name, want := range map[string]string{
		"journal": "'-dir", "subjekt": `'=HYPERLINK("http://x";"y")`, "duvod_ucel": "'+1,\"2\"\n",
		"uzivatel": "a\x1b[2J\nb\u202e", "outcome": "overloaded",
	} {
		if got[name] != want {
			t.Errorf("%s = %q, want %q", name, got[name], want)
		}
	}
}

// A line of a table fits the terminal, stays one line, and holds nothing that the terminal
// would obey.
func TestTableFitsTheTerminal(t *testing.T) {
	var out bytes.Buffer
	printAll(t, NewTable(&out, time.UTC, 100), []*Use{strange(), strange()})
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines: %q", len(lines), lines)
	}
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
		if strings.ContainsAny(line, "\x1b\u202e") {
			t.Errorf("%q has a control", line)
		}
	}
	if !strings.HasSuffix(lines[1], "…") {
		t.Errorf("%q is not cut", lines[1])
	}
	at := strings.Index(lines[0], "OUTCOME")
	if runes := []rune(lines[1]); string(runes[at:at+10]) != "overloaded" {
		t.Errorf("the columns do not stand below each other:\n%s\n%s", lines[0], lines[1])
	}
}

// A line says what the gateway took from the request and from the answer, and filled in.
func TestTableShowsWhatWasEdited(t *testing.T) {
	word := func(word, why string) []audit.RecordedRefused {
		return []audit.RecordedRefused{{Word: word, Why: why}}
	}
	for _, c := range []struct {
		asked    []string
		decision audit.RecordedDecision
		result   audit.Record
		want     string
	}{
		{
			[]string{"Jmeno", "RodneCislo"},
			audit.RecordedDecision{Removed: word("RodneCislo", "row")},
			audit.Record{Returned: []string{"Jmeno"}, Filtered: []string{"Doklad", "?Nove"}},
			"Jmeno RodneCislo, removed RodneCislo (row) → Jmeno, filtered Doklad ?Nove",
		},
		{
			[]string{"Jmeno", "RodneCislo"},
			audit.RecordedDecision{WouldRemove: word("RodneCislo", "row")},
			audit.Record{Returned: []string{"Jmeno"}},
			"Jmeno RodneCislo, would remove RodneCislo (row) → Jmeno",
		},
		{
			nil,
			audit.RecordedDecision{Filled: []string{"Jmeno", "Prijmeni"}},
			audit.Record{Filtered: []string{"Doklad"}},
			"-, filled in Jmeno Prijmeni, filtered Doklad",
		},
	} {
		call := &audit.Record{Type: audit.TypeIntent, Asked: c.asked, Decision: &c.decision}
		if got := told(&Use{Call: call, Result: &c.result}, call); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// A very long value stands alone: the lines after it are not moved.
func TestLongValueMovesNoOtherLine(t *testing.T) {
	var out bytes.Buffer
	long, short := strange(), strange()
	long.Call.Uzivatel, short.Call.Asked = strings.Repeat("a", 4000), nil
	short.Call.Uzivatel = strings.Repeat("b", 30)
	printAll(t, NewTable(&out, time.UTC, 0), []*Use{long, short, long, short})
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 5 || len(lines[4]) > 150 || lines[4] != lines[2] ||
		!strings.Contains(lines[3], long.Call.Uzivatel+"  overloaded") {
		t.Errorf("got %q", lines)
	}
}

// The first line is not held back for the next one.
func TestFirstLineComesAtOnce(t *testing.T) {
	read, write := pipe()
	table := NewTable(write, time.UTC, 0)
	if err := table.Print(strange()); err != nil {
		t.Fatal(err)
	}
	if text := <-read; !strings.Contains(text, "overloaded") {
		t.Errorf("read %q", text)
	}
}

// pipe returns a writer whose writes come out of a channel.
func pipe() (<-chan string, writeFunc) {
	c := make(chan string, 1)
	return c, func(p []byte) (int, error) {
		c <- string(p)
		return len(p), nil
	}
}

type writeFunc func(p []byte) (int, error)

func (w writeFunc) Write(p []byte) (int, error) { return w(p) }
