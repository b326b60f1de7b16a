package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"brana/audit"
	"brana/audit/query"
)

var start = time.Date(2026, 10, 23, 0, 0, 0, 0, time.UTC) // the clocks go back on the 25th

// drawUse draws a use of few callers, services and items within four days.
func drawUse(t *rapid.T) *query.Use {
	word := rapid.SampledFrom([]string{"Jmeno", "Prijmeni", "Doklad", "EopFoto", "?Nove"})
	call := &audit.Record{
		Type:    audit.TypeIntent,
		Time:    start.Add(time.Duration(rapid.Int64Range(0, int64(96*time.Hour)).Draw(t, "at"))),
		Service: rapid.SampledFrom([]string{"E05", "E198", ""}).Draw(t, "service"),
		Agenda:  rapid.SampledFrom([]string{"X1", "X2", "X3"}).Draw(t, "agenda"),
		Ais:     "1",
		Async:   rapid.Bool().Draw(t, "async"),
		Asked:   rapid.SliceOfNDistinct(word, 0, 3, rapid.ID).Draw(t, "asked"),
	}
	if rapid.Bool().Draw(t, "limits") {
		call.Quota = &audit.RecordedQuota{
			Verdict: rapid.SampledFrom([]string{"admitted", "over-quota"}).Draw(t, "verdict"),
			Quota:   rapid.Int64Range(1, 9).Draw(t, "quota"),
			Running: rapid.IntRange(0, 9).Draw(t, "running"),
		}
	}
	why := rapid.Custom(func(t *rapid.T) audit.RecordedRefused {
		return audit.RecordedRefused{Word: word.Draw(t, "word"), Why: "row"}
	})
	if rapid.Bool().Draw(t, "decided") {
		call.Decision = &audit.RecordedDecision{
			Removed:     rapid.SliceOfN(why, 0, 2).Draw(t, "removed"),
			WouldRemove: rapid.SliceOfN(why, 0, 2).Draw(t, "would remove"),
			Filled:      rapid.SliceOfNDistinct(word, 0, 2, rapid.ID).Draw(t, "filled"),
		}
	}
	u := &query.Use{Call: call}
	outcome := rapid.SampledFrom([]string{
		"ok", "varovani", "chyba", "fault", "caller-left", "cut", "not-granted", "deadline",
	})
	result := func() *audit.Record {
		return &audit.Record{
			Type:        audit.TypeOutcome,
			Outcome:     outcome.Draw(t, "outcome"),
			Returned:    rapid.SliceOfNDistinct(word, 0, 3, rapid.ID).Draw(t, "returned"),
			Unpermitted: rapid.SliceOfNDistinct(word, 0, 2, rapid.ID).Draw(t, "unpermitted"),
			Filtered:    rapid.SliceOfNDistinct(word, 0, 2, rapid.ID).Draw(t, "filtered"),
			Registries: []audit.RecordedRegistry{{
				Name:       rapid.SampledFrom([]string{"rob", "ros"}).Draw(t, "registry"),
				Result:     rapid.SampledFrom([]string{"ok", "timeout"}).Draw(t, "result"),
				TookMicros: rapid.Int64Range(0, 1e6).Draw(t, "took"),
			}},
		}
	}
	if rapid.Bool().Draw(t, "ended") {
		u.Result = result()
		if call.Async && rapid.Bool().Draw(t, "job") {
			u.Job = result()
			u.Job.Job = true
		}
	}
	return u
}

func reportOf(uses []*query.Use) *Report {
	b := NewBuilder(Config{Working: working, Zone: prague})
	for _, u := range uses {
		b.Add(u)
	}
	return b.Report()
}

// The sums of callers, of services, of hours and of endings are each those of the whole, and the
// order of the uses changes nothing.
func TestSumsOfThePartsAreTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		uses := rapid.SliceOfN(rapid.Custom(drawUse), 0, 60).Draw(t, "uses")
		r := reportOf(uses)
		var callers, services Sums
		var refusals int64
		items := map[string]Item{}
		for _, c := range r.Callers {
			callers = sum(callers, c.Sums)
			for _, k := range c.Refusals {
				refusals += k.Calls
			}
			for _, i := range c.Items {
				all := items[i.Word]
				items[i.Word] = Item{
					Word:        i.Word,
					Asked:       all.Asked + i.Asked,
					Refused:     all.Refused + i.Refused,
					Returned:    all.Returned + i.Returned,
					Unpermitted: all.Unpermitted + i.Unpermitted,
					Edits: Edits{
						Removed:     all.Removed + i.Removed,
						WouldRemove: all.WouldRemove + i.WouldRemove,
						Filled:      all.Filled + i.Filled,
						Filtered:    all.Filtered + i.Filtered,
					},
				}
			}
		}
		for _, s := range r.Services {
			services = sum(services, s.Sums)
		}
		var hours Hour
		for _, h := range r.Hours {
			hours.Calls += h.Calls
			hours.Refused += h.Refused
		}
		whole := r.Totals.Sums
		if whole.Calls != int64(len(uses)) || callers != whole || services != whole ||
			hours.Calls != whole.Calls || hours.Refused != whole.Refused || refusals != whole.Refused {
			t.Fatalf("%d uses: totals %+v, callers %+v, services %+v, hours %+v, refusals %d",
				len(uses), whole, callers, services, hours, refusals)
		}
		ended := whole.Answered + whole.Failed + whole.Refused + whole.Broken
		if ended+whole.Unfinished != whole.Calls {
			t.Fatalf("%+v: the endings do not add up to the calls", whole)
		}
		for _, i := range r.Totals.Items {
			if items[i.Word] != i {
				t.Fatalf("callers have %+v, totals %+v", items[i.Word], i)
			}
		}
		shuffled := rapid.Permutation(uses).Draw(t, "shuffled")
		if d := cmp.Diff(jsonOf(r), jsonOf(reportOf(shuffled))); d != "" {
			t.Fatal(d)
		}
	})
}

func sum(a, b Sums) Sums {
	return Sums{a.Calls + b.Calls, a.Answered + b.Answered, a.Failed + b.Failed,
		a.Refused + b.Refused, a.Broken + b.Broken, a.Unfinished + b.Unfinished}
}

// The peaks are those that counting anew for each window finds.
func TestPeaksAreThoseOfEachWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minutes := rapid.SliceOfN(rapid.Int64Range(-200, 40*60), 0, 80).Draw(t, "minutes")
		h := newHours()
		base := start.Unix() / 60
		if rapid.Bool().Draw(t, "before 1970") {
			base = -1000
		}
		for i := range minutes {
			minutes[i] += base
			h.add(time.Unix(minutes[i]*60+int64(i%60), 0), false, true)
		}
		in, off := h.loads(working)
		for _, regime := range []struct {
			got  Load
			want bool
		}{{in, true}, {off, false}} {
			calls := slices.DeleteFunc(slices.Clone(minutes), func(m int64) bool {
				return working(time.Unix(m*60, 0)) != regime.want
			})
			rolling, clock := naive(calls)
			if got := regime.got; got.Calls != int64(len(calls)) ||
				got.Rolling.Calls != rolling || got.Clock.Calls != clock {
				t.Fatalf("working %v: %+v, want %d calls, %d in an hour, %d by the clock",
					regime.want, got, len(calls), rolling, clock)
			}
			if at := regime.got.Rolling.At; at != nil && !slices.Contains(calls, at.Unix()/60) {
				t.Fatalf("the peak begins at %s, where no call is", at)
			}
		}
	})
}

// naive counts each window of 60 minutes that begins at a call, and each hour of the clock.
func naive(calls []int64) (rolling, clock int64) {
	for _, from := range calls {
		var in, same int64
		for _, m := range calls {
			if m >= from && m < from+60 {
				in++
			}
			if floor(m, 60) == floor(from, 60) {
				same++
			}
		}
		rolling, clock = max(rolling, in), max(clock, same)
	}
	return rolling, clock
}

// Words and callers that refused calls make up do not grow a report.
func TestReportsAreBounded(t *testing.T) {
	b := NewBuilder(Config{Working: working, Zone: prague})
	s := NewSorter(prague, nil)
	const calls = mostCallers + 5
	for i := range calls {
		r := &audit.Record{
			Type: audit.TypeRefusal, Time: start, Outcome: "not-granted",
			Agenda: fmt.Sprintf("A%d", i), Asked: []string{fmt.Sprintf("Word%d", i)},
		}
		b.Add(&query.Use{Call: r, Result: r})
		s.Add(&query.Use{Call: r, Result: r})
	}
	r := b.Report()
	if n := len(r.Callers); n != mostCallers+1 {
		t.Errorf("%d callers", n)
	}
	if n := len(r.Totals.Items); n != mostWords+1 {
		t.Errorf("%d items", n)
	}
	if c := r.Callers[0]; c.Name != Others || c.Calls != 5 {
		t.Errorf("the others are %q with %d calls", c.Name, c.Calls)
	}
	if g := s.Refusals().Groups; len(g) != mostGroups+1 || g[0].Caller != Others || g[0].Calls != 5 {
		t.Errorf("%d groups, the first is %+v", len(g), g[0])
	}
}

// What callers send reaches no terminal as codes that it would obey.
func TestTextHoldsNoControlCharacters(t *testing.T) {
	r := &audit.Record{
		Type: audit.TypeRefusal, Time: start, Outcome: "not-granted", Agenda: "A\x1b[2J\tB\nC",
		Decision: &audit.RecordedDecision{Refused: []audit.RecordedRefused{{Word: "W\u0085"}}},
	}
	u := &query.Use{Call: r, Result: r}
	s := NewSorter(prague, map[string]string{"not-granted": "x"})
	s.Add(u)
	var out bytes.Buffer
	if err := reportOf([]*query.Use{u}).WriteText(&out); err != nil {
		t.Fatal(err)
	}
	if err := s.Refusals().WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for _, c := range out.String() {
		if c != '\n' && (c < ' ' || c >= 0x7f && c < 0xa0) {
			t.Errorf("%q in %q", c, out.String())
			return
		}
	}
}

func jsonOf(v any) string {
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		panic(err)
	}
	return string(text)
}
