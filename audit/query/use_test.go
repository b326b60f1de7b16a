package query

import (
	"os"
	"path/filepath"
	"testing"

	"brana/audit/audittest"
)

// jobs are calls that are answered with a number, and then by a job: in order, the job first,
// the number lost on its way, no job since the gateway died, the answer deleted by the caller,
// and refused calls and relayed ones, which have no job here.
const jobs = `
{"type":"intent","time":"2026-11-28T07:00:00Z","service":"E227","route":"local","async":true,"uzivatel":"whole"}
{"type":"outcome","time":"2026-11-28T07:00:01Z","intent":2,"outcome":"ok","status":200}
{"type":"outcome","time":"2026-11-28T07:00:02Z","intent":2,"outcome":"varovani","job":true}
{"type":"intent","time":"2026-11-28T07:01:00Z","service":"E227","route":"local","async":true,"uzivatel":"job first"}
{"type":"outcome","time":"2026-11-28T07:01:01Z","intent":5,"outcome":"varovani","job":true}
{"type":"outcome","time":"2026-11-28T07:01:02Z","intent":5,"outcome":"ok","status":200}
{"type":"intent","time":"2026-11-28T07:02:00Z","service":"E227","route":"local","async":true,"uzivatel":"number lost"}
{"type":"outcome","time":"2026-11-28T07:02:01Z","intent":8,"outcome":"caller-left"}
{"type":"outcome","time":"2026-11-28T07:02:02Z","intent":8,"outcome":"ok","job":true}
{"type":"intent","time":"2026-11-28T07:03:00Z","service":"E227","route":"local","async":true,"uzivatel":"deleted"}
{"type":"outcome","time":"2026-11-28T07:03:01Z","intent":11,"outcome":"ok"}
{"type":"outcome","time":"2026-11-28T07:03:02Z","intent":11,"outcome":"deleted","job":true}
{"type":"intent","time":"2026-11-28T07:04:00Z","service":"E227","route":"local","async":true,"uzivatel":"refused"}
{"type":"outcome","time":"2026-11-28T07:04:01Z","intent":14,"outcome":"queue-full"}
{"type":"intent","time":"2026-11-28T07:05:00Z","service":"E08","route":"relay iszr","async":true,"uzivatel":"relayed"}
{"type":"outcome","time":"2026-11-28T07:05:01Z","intent":16,"outcome":"ok"}
{"type":"intent","time":"2026-11-28T07:06:00Z","service":"E227","route":"local","async":true,"uzivatel":"no job"}
{"type":"outcome","time":"2026-11-28T07:06:01Z","intent":18,"outcome":"ok"}
`

// What came of an asynchronous call is what came of its job; without one it is unfinished.
func TestOutcomeOfACallWithAJob(t *testing.T) {
	dir := t.TempDir()
	if err := audittest.NewBook(dir).Script(jobs); err != nil {
		t.Fatal(err)
	}
	uses, findings := ask(t, Filter{}, dir)
	if len(uses) != 7 || findings != nil {
		t.Fatalf("%d uses, findings %v", len(uses), findings)
	}
	for i, want := range []struct {
		user, outcome string
		refused       bool
	}{
		{"whole", "varovani", false},
		{"job first", "varovani", false},
		{"number lost", "ok", false},
		{"deleted", "deleted", false},
		{"refused", "queue-full", true},
		{"relayed", "ok", false},
		{"no job", Unfinished, false},
	} {
		u := uses[i]
		if u.Call.Uzivatel != want.user || u.Outcome() != want.outcome || u.Refused() != want.refused {
			t.Errorf("%s is %s, refused %t, want %v", u.Call.Uzivatel, u.Outcome(), u.Refused(), want)
		}
		if u.Result == nil {
			t.Errorf("%s has no result", want.user)
		}
	}
	unfinished, _ := ask(t, Filter{Outcomes: []string{Unfinished}}, dir)
	if len(unfinished) != 1 || unfinished[0].Call.Uzivatel != "no job" {
		t.Errorf("unfinished: %d uses", len(unfinished))
	}
}

// A journal that is named twice counts once.
func TestFolderNamedTwiceCountsOnce(t *testing.T) {
	dir := busy(t, 50)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	once, _ := ask(t, Filter{}, dir)
	twice, _ := ask(t, Filter{}, dir, dir+"/", link)
	if len(twice) != len(once) {
		t.Errorf("%d uses, want %d", len(twice), len(once))
	}
}

// A call without an outcome comes where its gateway ended, whichever way that was.
func TestUnfinishedCallComesWhereItsGatewayEnded(t *testing.T) {
	for _, end := range []string{"end crashed", "end damaged", "seal shutdown"} {
		dir := t.TempDir()
		err := audittest.NewBook(dir).Script(`
{"type":"intent","time":"2026-11-28T07:00:00Z","service":"E05"}
` + end + `
{"type":"refusal","time":"2026-11-28T08:00:00Z","service":"E05","outcome":"overloaded"}
`)
		if err != nil {
			t.Fatal(err)
		}
		uses, _ := ask(t, Filter{}, dir)
		if len(uses) != 2 || uses[0].Outcome() != Unfinished {
			t.Errorf("%s: %d uses, the first is %s", end, len(uses), uses[0].Outcome())
		}
	}
}
