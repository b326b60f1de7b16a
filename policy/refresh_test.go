package policy

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// When an upstream refuses an item that the row permits, the row is refreshed early:
// once, and not when the row is newer than the call.
func TestDoubtRefreshesARowOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newFakeBus(map[string]string{own: "Jmeno Doklad"})
		s := newFixture(t, b, nil, own).run()
		q := strings.Split(own, "/")
		doubt := func(began time.Time) {
			s.Doubt([]byte(q[0]), []byte(q[1]), []byte(q[2]), began)
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		b.count(own)
		began := time.Now()
		b.set(func() { b.table[own] = "Jmeno" })
		for range 20 {
			doubt(began)
		}
		if n := b.count(own); n != 1 {
			t.Errorf("%d questions after 20 refusals, want 1", n)
		}
		if got := s.decide(own, "Doklad"); got != "item Doklad" {
			t.Errorf("after the refresh: %s", got)
		}
		time.Sleep(9 * time.Minute)
		doubt(time.Now())
		if n := b.count(own); n != 0 {
			t.Errorf("%d questions within ten minutes of the last, want none", n)
		}
		time.Sleep(time.Minute)
		doubt(began)
		if n := b.count(own); n != 0 {
			t.Errorf("%d questions for a call older than the row, want none", n)
		}
		doubt(time.Now())
		if n := b.count(own); n != 1 {
			t.Errorf("%d questions ten minutes later, want 1", n)
		}
		// an unknown triple: nothing happens
		s.Doubt([]byte("A1"), []byte("R1"), []byte("1"), time.Now())
		synctest.Wait()
		if n := b.count("A1/R1/1"); n != 0 {
			t.Errorf("%d questions for a triple that nobody asked for", n)
		}
	})
}

// Rows of triples without a grant are bounded. The oldest makes room.
func TestUngrantedRowsAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newFakeBus(map[string]string{own: "Jmeno"})
		s := newFixture(t, b, nil, own).run()
		for i := range 50 {
			triple := fmt.Sprintf("A1/R1/%d", i)
			b.set(func() { b.table[triple] = "Ico" })
			if got, err := s.await(triple, time.Second); err != nil || got != "Ico" {
				t.Fatalf("Await(%s) = %s, %v", triple, got, err)
			}
			time.Sleep(time.Second)
		}
		if st := s.Status(); st.Ungranted != 5 {
			t.Errorf("%d ungranted rows, want 5", st.Ungranted)
		}
		if c := s.store.Current().Counts(); c.Rows != 6 {
			t.Errorf("%d rows in the store, want 6", c.Rows)
		}
		if got := s.decide(own, "Jmeno"); got != "granted" {
			t.Errorf("the row with a grant: %s", got)
		}
		b.set(func() { b.takes = time.Second })
		var waiting sync.WaitGroup
		var refused atomic.Int64
		for i := range 10 {
			waiting.Go(func() {
				if _, err := s.await(fmt.Sprintf("A2/R1/%d", i), 5*time.Second); errors.Is(err,
					errTooMany) {
					refused.Add(1)
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		waiting.Wait()
		if refused.Load() != 5 {
			t.Errorf("%d of 10 triples at once were refused, want 5", refused.Load())
		}
	})
}

// When many grants end at once, the rows that were fetched last are kept.
func TestRowsWhoseGrantsAreGoneAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newFixture(t, newFakeBus(nil), nil, own)
		for i := range 50 {
			s.put(Triple{"A1", "R1", fmt.Sprint(i)}, "Ico")
			time.Sleep(time.Second)
		}
		if err := s.store.Reload(); err != nil {
			t.Fatal(err)
		}
		var left []string
		for c := range s.ungranted {
			left = append(left, c.triple.triple().Ovm)
		}
		slices.Sort(left)
		if got := strings.Join(left, " "); got != "45 46 47 48 49" ||
			len(slices.Collect(s.all())) != 6 {
			t.Errorf("%s are left of %d rows", got, len(slices.Collect(s.all())))
		}
	})
}

// The version follows the content: the same rows give the same version, however they
// came; other rows give another version.
func TestVersionFollowsTheRows(t *testing.T) {
	bubble(t, func(t *testing.T) {
		version := func(table map[string]string, order ...string) string {
			s := newFixture(t, newFakeBus(table), nil, own)
			defer s.Close()
			for _, triple := range order {
				if _, err := s.await(triple, time.Second); err != nil {
					t.Fatal(err)
				}
			}
			return s.store.Current().Version()
		}
		table := map[string]string{own: "Jmeno Prijmeni", other: "Doklad"}
		swapped := maps.Clone(table)
		swapped[own] = "Prijmeni Jmeno"
		first := version(table, own, other)
		if again := version(swapped, other, own); again != first || len(first) != 12 {
			t.Errorf("the same rows have the versions %q and %q", first, again)
		}
		less := maps.Clone(table)
		less[own] = "Jmeno"
		for what, v := range map[string]string{"fewer rows": version(table, own),
			"other items": version(less, own, other), "no row": version(nil, own, other)} {
			if v == first {
				t.Errorf("%s: the version is the same", what)
			}
		}
	})
}

// While the bus changes to a new generation, each decision is made by one version: it
// never mixes the items of two.
func TestGenerationChangeUnderLoad(t *testing.T) {
	b := newFakeBus(map[string]string{})
	triples := make([]string, 40)
	for i := range triples {
		triples[i] = fmt.Sprintf("A%d/R%d/0000%d", i, i%3, i)
	}
	generations := []string{"Jmeno", "Doklad", "Pohlavi"}
	generate := func(n int) {
		b.set(func() {
			for _, t := range triples {
				b.table[t] = generations[n%len(generations)]
			}
		})
	}
	generate(0)
	s := newFixture(t, b, func(c *RowsConfig) {
		c.Early, c.Parallel = time.Nanosecond, 4
		c.OnRefresh = nil
	}, triples...).run()
	for _, triple := range triples {
		if _, err := s.await(triple, 10*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	var versions sync.Map // triple and version → what was permitted
	for n := range 4 {
		readers.Go(func() {
			for i := n; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				triple := triples[i%len(triples)]
				d := s.store.Current().Decide(head("E05", triple+"/1",
					strings.Join(generations, " ")), time.Now())
				if d.Verdict != ItemNotPermitted || len(d.Refused) != len(generations)-1 {
					t.Errorf("%s by version %s: a mixture of generations", summary(d), d.Version)
					return
				}
				if before, loaded := versions.LoadOrStore(triple+d.Version, summary(d)); loaded &&
					before != summary(d) {
					t.Errorf("version %s says %s, then %s", d.Version, before, summary(d))
					return
				}
			}
		})
	}
	for n := 1; n <= 12; n++ {
		generate(n)
		if err := s.store.Reload(); err != nil { // renews all rows
			t.Fatal(err)
		}
		for i, want := 0, generations[n%len(generations)]; i < len(triples); {
			if got, err := s.await(triples[i], 10*time.Second); err != nil {
				t.Fatal(err)
			} else if got == want {
				i++
			} else {
				time.Sleep(time.Millisecond)
			}
		}
	}
	close(stop)
	readers.Wait()
}

// A gateway that starts while the bus is away uses the rows of its file, as long as their
// age permits.
func TestColdStartWithoutTheBus(t *testing.T) {
	bubble(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "rows")
		with := func(c *RowsConfig) { c.Snapshot = file }
		b := newFakeBus(map[string]string{own: "Jmeno", other: ""})
		s := newFixture(t, b, with, own, other)
		s.Start()
		time.Sleep(time.Minute)
		if st := s.Status(); st.Saved.IsZero() || st.SaveErr != nil {
			t.Errorf("the file was not written: %+v", st)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		version := s.store.Current().Version()

		b.set(func() { b.err = errBus })
		time.Sleep(2 * time.Hour)
		s = newFixture(t, b, with, own, other)
		if err := s.Loaded(); err != nil {
			t.Fatal(err)
		}
		s.Start()
		if d := s.store.Current().Decide(head("E05", own+"/1", "Jmeno"),
			time.Now()); d.Verdict != Granted || d.Row != Stale {
			t.Errorf("by the file: %s, row %d", summary(d), d.Row)
		}
		if d := s.decide(other, "Jmeno"); d != "row unavailable" {
			t.Errorf("\"no row\" is not in the file: %s", d)
		}
		if st := s.Status(); st.Stale != 1 || time.Since(st.Oldest) < 2*time.Hour {
			t.Errorf("status %+v", st)
		}
		if s.store.Current().Version() == version {
			t.Error("other rows have the same version")
		}
		time.Sleep(time.Hour)
		if got := s.decide(own, "Jmeno"); got != "row unavailable" {
			t.Errorf("at the maximum age: %s", got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = newFixture(t, b, with, own)
		if got := s.decide(own, "Jmeno"); got != "row unavailable" {
			t.Errorf("by a file that is too old: %s", got)
		}
		if st := s.Status(); st.Unknown != 1 || st.Ungranted != 0 {
			t.Errorf("a file that is too old leaves %+v", st)
		}
	})
}

// Thousands of rows at the start all come into the store. A call that waits for one of
// them finds it there when the wait ends, however rarely the store is changed.
func TestManyRowsAtTheStart(t *testing.T) {
	const many = 3000
	b := newFakeBus(map[string]string{})
	var triples []string
	for i := range many {
		agenda, role, ovm := countryTriple(i)
		triples = append(triples, agenda+"/"+role+"/"+ovm)
		b.table[triples[i]] = "Jmeno"
	}
	s := newFixture(t, b, func(c *RowsConfig) { c.Parallel, c.OnRefresh = 8, nil }, triples...)
	s.Start()
	for i := 0; i < many; {
		got, err := s.await(triples[i], 10*time.Second)
		if err != nil || got != "Jmeno" {
			t.Fatalf("Await(%s) = %s, %v", triples[i], got, err)
		}
		i += 7
	}
	for s.Status().Fresh < many {
		time.Sleep(time.Millisecond)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got := s.store.Current().Counts(); got.Rows != many || got.Pairs != many {
		t.Errorf("Counts() = %+v", got)
	}
}

// A caller who asks E227 for ever new triples of a slow bus delays nobody who has a grant:
// rows with a grant have places of their own.
func TestUngrantedTriplesDoNotDelayRowsOfGrants(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newFakeBus(map[string]string{own: "Jmeno"})
		b.takes = 3 * time.Second
		s := newFixture(t, b, func(c *RowsConfig) { c.Ungranted = 10 * mostWaitedFor }, own)
		var asking sync.WaitGroup
		for i := range 4 * mostWaitedFor {
			asking.Go(func() { _, _ = s.await(fmt.Sprintf("A1/R1/%d", i), time.Minute) })
		}
		synctest.Wait()
		if got, err := s.await(own, 5*time.Second); err != nil || got != "Jmeno" {
			t.Errorf("Await = %s, %v", got, err)
		}
		asking.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A row may have ended when it comes, since the bus was slow or the ages are short. Then
// it is not fetched again without a pause.
func TestRowsThatEndAtOnceDoNotFloodTheBus(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newFakeBus(nil)
		b.takes = time.Millisecond
		newFixture(t, b, func(c *RowsConfig) {
			c.Ages.Negative, c.OnRefresh = time.Millisecond,
				nil
		}, own).run()
		time.Sleep(10 * time.Second)
		if n := b.count(own); n > 10 {
			t.Errorf("%d questions in 10 seconds", n)
		}
	})
}

// A row is as old as its question, not as the answer: the matrix may have changed while
// the bus was slow.
func TestARowIsAsOldAsItsQuestion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newFakeBus(map[string]string{own: "Jmeno"})
		b.takes = 8 * time.Second
		s := newFixture(t, b, nil, own)
		asked := time.Now()
		if _, err := s.await(own, time.Minute); err != nil {
			t.Fatal(err)
		}
		if at := s.Status().Oldest; !at.Equal(asked) {
			t.Errorf("the row is of %v, want %v", at, asked)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
