package query

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"brana/audit"
	"brana/audit/audittest"
	"brana/audit/journal"
)

// naive is the query as one would write it who has time and memory: encoding/json, all
// records at once, and what is asked for said once more.
func naive(t testing.TB, f *Filter, records []audit.Record) (uses []*Use) {
	t.Helper()
	open := map[uint64]*Use{}
	var list []*Use
	for _, r := range records {
		switch r.Type {
		case audit.TypeIntent:
			open[r.Seq] = &Use{Call: &r}
			list = append(list, open[r.Seq])
		case audit.TypeOutcome:
			if u := open[r.Intent]; r.Job {
				u.Job = &r
			} else {
				u.Result = &r
			}
		case audit.TypeRefusal, audit.TypeLate:
			list = append(list, &Use{Call: &r, Result: &r})
		}
	}
	for _, u := range list {
		if naiveMatch(f, u) {
			uses = append(uses, u)
		}
	}
	return uses
}

func naiveMatch(f *Filter, u *Use) bool {
	var all []string // of each use, what each list of the filter may ask for
	outcome, refused := "unfinished", false
	records := []*audit.Record{u.Call, u.Result, u.Job}
	for _, r := range records {
		if r == nil {
			continue
		}
		if r.Outcome != "" {
			outcome = r.Outcome
			refused = !slices.Contains([]string{"ok", "varovani", "chyba", "caller-left"}, outcome)
		}
		all = append(all, "service "+r.Service, "user "+r.Uzivatel,
			"id "+r.AgendaZadostId, "id "+r.IszrZadostId)
		if r == u.Call {
			all = append(all, "caller "+r.Agenda+"/"+r.Role+"/"+r.Ovm+"/"+r.Ais)
		}
		for _, w := range r.Asked {
			all = append(all, "asked "+w)
		}
		for _, w := range r.Returned {
			all = append(all, "returned "+w)
		}
		if d := r.Decision; d != nil {
			for _, w := range append(slices.Clone(d.Removed), d.WouldRemove...) {
				all = append(all, "removed "+w.Word)
			}
			for _, w := range d.Filled {
				all = append(all, "filled "+w)
			}
		}
		for _, w := range r.Filtered {
			all = append(all, "filtered "+w)
		}
		for _, w := range append(slices.Clone(r.Persons), r.ReturnedPersons...) {
			all = append(all, "person "+w)
		}
	}
	all = append(all, "outcome "+outcome)
	has := func(kind string, list []string) bool {
		return len(list) == 0 || slices.ContainsFunc(list, func(w string) bool {
			begin, open := strings.CutSuffix(w, "*")
			return slices.ContainsFunc(all, func(a string) bool {
				return a == kind+" "+w || open && strings.HasPrefix(a, kind+" "+begin)
			})
		})
	}
	byCaller := len(f.Callers) == 0
	for _, c := range f.Callers {
		pattern := regexp.QuoteMeta(string(c.whole) + strings.Join(texts(c.parts), "/"))
		meant := regexp.MustCompile("^caller " + strings.ReplaceAll(pattern, `\*`, ".*") + "$")
		byCaller = byCaller || slices.ContainsFunc(all, meant.MatchString)
	}
	at := u.Call.Time
	return has("service", f.Services) && has("outcome", f.Outcomes) && has("asked", f.Asked) &&
		has("returned", f.Returned) && has("removed", f.Removed) &&
		has("filled", f.Filled) && has("filtered", f.Filtered) && has("user", texts(f.Users)) && has("person", f.Persons) &&
		has("id", f.Requests) && byCaller && (!f.Refused || refused) &&
		(f.Since.IsZero() || !at.Before(f.Since)) && (f.Until.IsZero() || at.Before(f.Until))
}

func texts[T ~string](list []T) (out []string) {
	for _, p := range list {
		out = append(out, string(p))
	}
	return out
}

// recordsOf reads a journal with encoding/json.
func recordsOf(t testing.TB, dir string) (records []audit.Record) {
	t.Helper()
	listing, err := journal.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range listing.Segments {
		r, err := s.Open()
		if err != nil {
			t.Fatal(err)
		}
		for line, err := r.Next(); err == nil; line, err = r.Next() {
			var record audit.Record
			if err := json.Unmarshal(line, &record); err != nil {
				t.Fatal(err)
			}
			records = append(records, record)
		}
		r.Close()
	}
	return records
}

// ask runs a query over folders and returns its uses and findings.
func ask(t testing.TB, f Filter, dirs ...string) (uses []*Use, findings []string) {
	t.Helper()
	q := Query{Dirs: dirs, Filter: f, Found: func(f Finding) { findings = append(findings, f.Error()) }}
	for u, err := range q.Uses(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		uses = append(uses, u)
	}
	return uses, findings
}

// bySeq sorts uses by the number of their first record.
func bySeq(uses []*Use) []*Use {
	return slices.SortedFunc(slices.Values(uses), func(a, b *Use) int { return cmp.Compare(a.Call.Seq, b.Call.Seq) })
}

var sameUse = gocmp.Options{
	cmpopts.IgnoreUnexported(Use{}), cmpopts.IgnoreFields(Use{}, "Dir"), cmpopts.EquateEmpty(),
	cmpopts.EquateApproxTime(0),
}

// busy writes a journal of many calls through the writer of gateways, in small segments.
func busy(t testing.TB, calls int) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := audittest.Write(audittest.Config{
		Journal: journal.Config{Dir: dir, Durability: journal.System, Size: 256 << 10},
		Seed:    1,
		Calls:   calls,
	}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A query gives what the naive one gives, for any question.
func TestQueryGivesWhatTheNaiveOneGives(t *testing.T) {
	dir := busy(t, 500)
	records := recordsOf(t, dir)
	rapid.Check(t, func(rt *rapid.T) {
		f := drawFilter(rt)
		if rapid.IntRange(0, 3).Draw(rt, "request?") == 0 {
			r := rapid.SampledFrom(records).Draw(rt, "request")
			f.Requests = []string{cmp.Or(r.IszrZadostId, r.AgendaZadostId, "none")}
		}
		got, findings := ask(t, f, dir)
		if len(findings) > 0 {
			rt.Fatalf("findings: %v", findings)
		}
		if d := gocmp.Diff(numbers(naive(t, &f, records)), numbers(bySeq(got))); d != "" {
			rt.Errorf("%+v: %s", f, d)
		}
	})
}

// Every record of a use is the one that encoding/json reads.
func TestUsesAreWhatEncodingJSONReads(t *testing.T) {
	dir := busy(t, 500)
	got, _ := ask(t, Filter{}, dir)
	if d := gocmp.Diff(naive(t, &Filter{}, recordsOf(t, dir)), bySeq(got), sameUse); d != "" {
		t.Error(d)
	}
}

// numbers are those of the records of uses: call, result, job.
func numbers(uses []*Use) [][3]uint64 {
	list := make([][3]uint64, 0, len(uses))
	for _, u := range uses {
		var n [3]uint64
		for i, r := range []*audit.Record{u.Call, u.Result, u.Job} {
			if r != nil {
				n[i] = r.Seq
			}
		}
		list = append(list, n)
	}
	return list
}

func drawFilter(t *rapid.T) (f Filter) {
	begin := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	hour := rapid.IntRange(0, 7*24)
	some := func(name string) bool { return rapid.IntRange(0, 3).Draw(t, name+"?") == 0 }
	draw := func(name string, words ...string) []string {
		if !some(name) {
			return nil
		}
		return rapid.SliceOfNDistinct(rapid.SampledFrom(words), 1, 2, rapid.ID[string]).Draw(t, name)
	}
	if some("since") {
		f.Since = begin.Add(time.Duration(hour.Draw(t, "since")) * time.Hour)
	}
	if some("until") {
		f.Until = begin.Add(time.Duration(hour.Draw(t, "until")) * time.Hour)
	}
	for _, text := range draw("caller", "A101/*", "*/*/*/1000", "A10*/CR1*/*/*", "*", "A104/CR1004/00155433/1007") {
		c, err := ParseCaller(text)
		if err != nil {
			t.Fatal(err)
		}
		f.Callers = append(f.Callers, c)
	}
	for _, text := range draw("user", "novak1", "sv*") {
		f.Users = append(f.Users, Pattern(text))
	}
	f.Services = draw("service", "E198", "E08", "E99")
	f.Outcomes = draw("outcome", "ok", "varovani", "unfinished", "item-not-permitted")
	f.Asked = draw("asked", "EopFoto", "Jmeno", "Nothing")
	f.Returned = draw("returned", "EopFoto", "Jmeno", "?Nove")
	f.Removed = draw("removed", "EopFoto", "Jmeno", "Nothing")
	f.Filled = draw("filled", "EopFoto", "Jmeno", "Nothing")
	f.Filtered = draw("filtered", "Doklad", "?Nove")
	f.Persons = draw("person", fmt.Sprintf("%032x", 3), fmt.Sprintf("%032x", 4))
	f.Refused = some("refused")
	return f
}

// What is held does not grow with the journal.
func TestMemoryDoesNotDependOnTheLength(t *testing.T) {
	most := func(calls int) (bytes uint64) {
		dir := busy(t, calls)
		q := Query{Dirs: []string{dir}, Whole: true}
		n := 0
		for _, err := range q.Uses(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n%(calls/8) == 0 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				bytes = max(bytes, m.HeapAlloc)
			}
		}
		if n != calls {
			t.Errorf("%d uses, want %d", n, calls)
		}
		return bytes
	}
	const slack = 4 << 20 // the longer journal has 16 MiB more
	short, long := most(1_000), most(16_000)
	if long > short+slack {
		t.Errorf("%d bytes are held of a short journal, %d of a long one", short, long)
	}
}

// Calls without an outcome are held up to a bound, and none is lost.
func TestCallsWithoutOutcomeAreHeldUpToABound(t *testing.T) {
	book := audittest.NewBook(t.TempDir())
	for range maxOpen + 10 {
		book.Line(`"type":"intent","time":"2026-11-28T07:00:00.000000Z"`)
	}
	if err := book.Seal("size"); err != nil {
		t.Fatal(err)
	}
	if err := book.Flush(); err != nil {
		t.Fatal(err)
	}
	uses, findings := ask(t, Filter{}, book.Dir)
	if len(uses) != maxOpen+10 || len(findings) != 1 || !strings.Contains(findings[0], "calls have no outcome") {
		t.Errorf("%d uses, findings %v", len(uses), findings)
	}
}
