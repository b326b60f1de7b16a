package query

import (
	"strings"
	"testing"

	"brana/audit/audittest"
)

// An asynchronous call that was recorded late is answered, and its job is a use of its own.
func TestALateAsynchronousCall(t *testing.T) {
	const late = `"type":"late","time":"2026-11-28T07:00:00.000000Z","service":"E227",` +
		`"route":"local","async":true,"agenda":"X999",`
	book := audittest.NewBook(t.TempDir())
	book.Line(late + `"outcome":"ok","kod":"OK"`)
	book.Line(late + `"outcome":"chyba","kod":"CHYBA","job":true`)
	if err := book.Flush(); err != nil {
		t.Fatal(err)
	}
	q := Query{Dirs: []string{book.Dir}, Found: func(f Finding) { t.Error(f) }}
	var got []string
	for u, err := range q.Uses(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		word := u.Outcome()
		if u.Job == u.Call {
			word += " of a job"
		}
		got = append(got, word)
	}
	if all := strings.Join(got, ", "); all != "ok, chyba of a job" {
		t.Errorf("uses: %s", all)
	}
}
