package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"brana/egon"
)

// A bus answers E227 from a table, counts the questions and does what the test
// says. Its triples are written agenda/role/ovm, its rows as words.
type bus struct {
	mu    sync.Mutex
	table map[string]string
	asked map[string]int
	err   error
	takes time.Duration
	panic any // of the next Fetch, once
}

func newBus(table map[string]string) *bus { return &bus{table: table, asked: map[string]int{}} }

var errBus = errors.New("the bus is down")

func (b *bus) Fetch(ctx context.Context, q *egon.RightsQuery) ([]egon.RightsItem, error) {
	t := fmt.Sprintf("%s/%s/%s", q.Agenda, q.AgendovaRole, q.Ovm)
	b.mu.Lock()
	b.asked[t]++
	takes, broken := b.takes, b.panic
	b.panic = nil
	b.mu.Unlock()
	if broken != nil {
		panic(broken)
	}
	if takes > 0 {
		select {
		case <-time.After(takes):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var items []egon.RightsItem
	for _, word := range strings.Fields(b.table[t]) {
		items = append(items, egon.RightsItem{KodIszr: word, KodRpp: "101-1-" + fmt.Sprint(len(word))})
	}
	return items, b.err
}

func (b *bus) set(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
}

// count returns how often a triple was asked for since the last count.
func (b *bus) count(t string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.asked[t]
	b.asked[t] = 0
	return n
}

// grantsFor grants some services to triples, from the beginning of a bubble on.
func grantsFor(triples ...string) string {
	var b strings.Builder
	b.WriteString("grants: [")
	for _, t := range triples {
		q := strings.Split(t, "/")
		fmt.Fprintf(&b, "\n  {agenda: %s, role: %s, ovm: %q, ais: 1, environment: test, valid: {from: 1999-01-01, to: 2098-12-31}, services: [E05, E158, E198, E227], items: [EopFoto, Vlastni], limits: {working_hours: 1/h, off_hours: 1/h, concurrent: 1}},", q[0], q[1], q[2])
	}
	return b.String() + "\n]\n"
}

const (
	own   = "X999/XR1/00345678"
	other = "A115/CT239/00007064"
)

// A site is a store over a bus.
type site struct {
	t     testing.TB
	store *Store
	*Rows
	bus    *bus
	grants atomic.Pointer[string]
	told   chan Refresh
}

func newSite(t testing.TB, b *bus, change func(*RowsConfig), granted ...string) *site {
	t.Helper()
	s := &site{t: t, bus: b, told: make(chan Refresh, 1000)}
	s.grant(granted...)
	var err error
	s.store, err = NewStore(func() (*Snapshot, error) {
		return LoadFS(mapFS("p/grants.yaml", *s.grants.Load()), Config{Dir: "p", Environment: Test})
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := RowsConfig{Source: b, Ages: Ages{Fresh: time.Hour, Negative: 10 * time.Minute, Max: 3 * time.Hour},
		Timeout: 10 * time.Second, Parallel: 2, Early: 10 * time.Minute, Ungranted: 5, Origin: "test bus",
		OnRefresh: func(r Refresh) { s.told <- r }}
	if change != nil {
		change(&cfg)
	}
	if s.Rows, err = NewRows(cfg, s.store); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) grant(triples ...string) {
	text := grantsFor(triples...)
	s.grants.Store(&text)
}

// run starts the rows, and ends them with the test.
func (s *site) run() *site {
	s.Start()
	s.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return s
}

// decide asks for items as the triple.
func (s *site) decide(triple, items string) string {
	return say(s.store.Current().Decide(head("E05", triple+"/1", items), time.Now()))
}

// await asks for a row, with a bound.
func (s *site) await(triple string, patience time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	q := strings.Split(triple, "/")
	snapshot, err := s.Await(ctx, []byte(q[0]), []byte(q[1]), []byte(q[2]))
	if err != nil {
		return "", err
	}
	items, fresh := snapshot.Row([]byte(q[0]), []byte(q[1]), []byte(q[2]), time.Now())
	if fresh < Stale {
		s.t.Errorf("Await returned a snapshot whose row is %d", fresh)
	}
	var words []string
	for _, item := range items {
		words = append(words, item.Kod)
	}
	return strings.Join(words, " "), nil
}

// bubble runs a test in fake time, from midnight UTC on.
func bubble(t *testing.T, f func(t *testing.T)) { synctest.Test(t, f) }

func TestRowsOfGrantsAreFetchedAtTheStart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBus(map[string]string{own: "Jmeno Prijmeni", other: "Doklad"})
		b.takes = time.Second
		s := newSite(t, b, nil, own, other, "A1/R1/1")
		if got := s.decide(own, "Jmeno"); got != "row unavailable" {
			t.Errorf("before the start: %s", got)
		}
		if got := s.decide(own, "EopFoto Vlastni ROBCti"); got != "granted" {
			t.Errorf("what needs no row: %s", got)
		}
		// The matrix gives no item of AISEO, so that none waits for it.
		for word, want := range map[string]string{"Vlastni": "granted", "Cizi": "item Cizi", "Jmeno": "row unavailable"} {
			if got := say(s.store.Current().Decide(head("E158", own+"/1", word), time.Now())); got != want {
				t.Errorf("%s of AISEO: %s, want %s", word, got, want)
			}
		}
		if got := s.decide(own, "EcdFoto"); !strings.HasPrefix(got, "item") {
			t.Errorf("what no row can give: %s", got)
		}
		s.run()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		for question, want := range map[[2]string]string{
			{own, "Jmeno Prijmeni"}: "granted", {other, "Doklad"}: "granted",
			{own, "Doklad"}: "item Doklad", {"A1/R1/1", "Jmeno"}: "item Jmeno",
		} {
			if got := s.decide(question[0], question[1]); got != want {
				t.Errorf("%v: %s, want %s", question, got, want)
			}
		}
		if st := s.Status(); st.Granted != 3 || st.Fresh != 3 || st.NoRow != 1 || st.Unknown != 0 {
			t.Errorf("status %+v", st)
		}
		if got := []int{b.count(own), b.count(other), b.count("A1/R1/1")}; !slices.Equal(got, []int{1, 1, 1}) {
			t.Errorf("questions %v, want one each", got)
		}
	})
}

// A reload fetches the rows of new grants, and renews the others unless they
// are new; those of grants that have gone are not renewed any more.
func TestReloadFetchesRows(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBus(map[string]string{own: "Jmeno", other: "Doklad"})
		s := newSite(t, b, nil, own).run()
		time.Sleep(time.Minute)
		s.grant(own, other)
		if err := s.store.Reload(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := s.decide(other, "Doklad"); got != "granted" {
			t.Errorf("a new grant: %s", got)
		}
		if own, other := b.count(own), b.count(other); own != 1 || other != 1 {
			t.Errorf("asked %d and %d times, want once: the old row is new enough", own, other)
		}
		time.Sleep(20 * time.Minute)
		s.grant(other)
		if err := s.store.Reload(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Hour)
		synctest.Wait()
		if n := b.count(own); n != 0 {
			t.Errorf("a triple without a grant was asked for %d times", n)
		}
		if n := b.count(other); n < 5 || n > 7 {
			t.Errorf("the other one was asked for %d times in five hours and a reload", n)
		}
		if st := s.Status(); st.Granted != 1 || st.Ungranted != 1 {
			t.Errorf("status %+v", st)
		}
	})
}

// However many wait for a row, one question goes out, and all get its answer.
func TestOneFlightForATriple(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBus(map[string]string{own: "Jmeno"})
		b.takes = 2 * time.Second
		s := newSite(t, b, nil, own)
		var waiting sync.WaitGroup
		for range 100 {
			waiting.Go(func() {
				if got, err := s.await(own, 5*time.Second); err != nil || got != "Jmeno" {
					t.Errorf("Await = %s, %v", got, err)
				}
			})
		}
		s.run() // the agenda wants it too
		waiting.Wait()
		if n := b.count(own); n != 1 {
			t.Errorf("%d questions, want 1", n)
		}
	})
}

// A wait ends with its bound; the fetching goes on and serves the next call.
func TestWaitIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBus(map[string]string{own: "Jmeno"})
		b.takes = 5 * time.Second
		s := newSite(t, b, nil, own).run()
		var bad *RowError
		if _, err := s.await(own, time.Second); !errors.As(err, &bad) || !errors.Is(err, context.DeadlineExceeded) || bad.Triple.String() != own {
			t.Errorf("Await = %v", err)
		}
		time.Sleep(5 * time.Second)
		if got, err := s.await(own, time.Millisecond); err != nil || got != "Jmeno" {
			t.Errorf("the next Await = %s, %v", got, err)
		}
		if n := b.count(own); n != 1 {
			t.Errorf("%d questions, want 1", n)
		}
	})
}

// A row that is due is served while one refresh runs and while refreshes fail,
// up to its maximum age and no longer.
func TestStaleRowIsServedUpToItsMaximumAge(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBus(map[string]string{own: "Jmeno"})
		s := newSite(t, b, nil, own).run()
		time.Sleep(time.Second)
		b.count(own)
		b.set(func() { b.takes = 8 * time.Second })

		time.Sleep(time.Hour) // due, and the refresh runs
		for range 100 {
			if d := s.store.Current().Decide(head("E05", own+"/1", "Jmeno"), time.Now()); d.Verdict != Granted || d.Row != Stale {
				t.Fatalf("while the refresh runs: %s, row %d", say(d), d.Row)
			}
			if got, err := s.await(own, time.Nanosecond); err != nil || got != "Jmeno" {
				t.Fatalf("Await = %s, %v, want the stale row at once", got, err)
			}
		}
		if n := b.count(own); n != 1 {
			t.Errorf("%d questions while the refresh runs, want 1", n)
		}
		time.Sleep(10 * time.Second)
		if d := s.store.Current().Decide(head("E05", own+"/1", "Jmeno"), time.Now()); d.Verdict != Granted || d.Row != Fresh {
			t.Errorf("after the refresh: %s, row %d", say(d), d.Row)
		}

		b.set(func() { b.err, b.takes = errBus, 0 })
		time.Sleep(3*time.Hour - time.Minute)
		if got := s.decide(own, "Jmeno"); got != "granted" {
			t.Errorf("before the maximum age: %s", got)
		}
		if n := b.count(own); n < 100 || n > 500 {
			t.Errorf("%d questions in two hours without an answer, want one every half minute", n)
		}
		time.Sleep(time.Minute)
		if got := s.decide(own, "Jmeno"); got != "row unavailable" {
			t.Errorf("at the maximum age: %s", got)
		}
		if got := s.decide(own, "EopFoto"); got != "granted" {
			t.Errorf("what needs no row: %s", got)
		}
		if _, err := s.await(own, time.Second); !errors.Is(err, errBus) {
			t.Errorf("Await = %v", err)
		}
		if st := s.Status(); st.TooOld != 1 || !st.Oldest.IsZero() || !errors.Is(st.Last.Err, errBus) {
			t.Errorf("status %+v", st)
		}
		b.set(func() { b.err = nil })
		time.Sleep(31 * time.Second)
		if got := s.decide(own, "Jmeno"); got != "granted" {
			t.Errorf("after the bus is back: %s", got)
		}
	})
}

// That a triple has no row is believed for a shorter time.
func TestNoRowIsBelievedForAShorterTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBus(map[string]string{})
		s := newSite(t, b, nil, own).run()
		time.Sleep(time.Second)
		if got := s.decide(own, "Jmeno"); got != "item Jmeno" {
			t.Errorf("without a row: %s", got)
		}
		b.set(func() { b.table[own] = "Jmeno" })
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := s.decide(own, "Jmeno"); got != "granted" {
			t.Errorf("after it was registered: %s", got)
		}
		b.set(func() { delete(b.table, own) })
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := s.decide(own, "Jmeno"); got != "item Jmeno" {
			t.Errorf("after it was taken away: %s", got)
		}
		b.set(func() { b.err = errBus })
		time.Sleep(11 * time.Minute)
		if got := s.decide(own, "Jmeno"); got != "row unavailable" {
			t.Errorf("when nobody can say that there still is none: %s", got)
		}
	})
}

// A fetching that failed is told to those who wait, and for a second to those
// who come after them: the bus is not asked for each call.
func TestFailureIsToldAndNotRepeatedForEachCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBus(map[string]string{own: "Jmeno"})
		b.err = errBus
		s := newSite(t, b, nil, own)
		for range 50 {
			if _, err := s.await(own, time.Second); !errors.Is(err, errBus) {
				t.Errorf("Await = %v", err)
			}
		}
		if n := b.count(own); n != 1 {
			t.Errorf("%d questions, want 1", n)
		}
		b.set(func() { b.err = nil })
		time.Sleep(pauseAfterFetch)
		if got, err := s.await(own, time.Second); err != nil || got != "Jmeno" {
			t.Errorf("after a second: %s, %v", got, err)
		}
		var results []string
		for len(s.told) > 0 {
			results = append(results, string((<-s.told).Result))
		}
		if got := strings.Join(results, " "); got != "failed row" {
			t.Errorf("told of %s", got)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := s.await(other, time.Second); !errors.Is(err, errClosed) {
			t.Errorf("Await after Close = %v", err)
		}
	})
}

// A fetching that hangs ends with its timeout.
func TestFetchingThatHangs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBus(map[string]string{own: "Jmeno"})
		b.takes = time.Hour
		s := newSite(t, b, nil, own).run()
		if _, err := s.await(own, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Await = %v", err)
		}
		b.set(func() { b.takes = 0 })
		time.Sleep(2 * time.Second)
		if got, err := s.await(own, time.Minute); err != nil || got != "Jmeno" {
			t.Errorf("the next Await = %s, %v", got, err)
		}
	})
}

// A source that panics has failed, no more: the next who asks gets the row.
func TestFetchingThatPanics(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBus(map[string]string{own: "Jmeno"})
		b.panic = "index out of range"
		s := newSite(t, b, nil, own)
		if _, err := s.await(own, time.Second); err == nil || !strings.Contains(err.Error(), "panic: index out of range") {
			t.Errorf("Await = %v", err)
		}
		time.Sleep(2 * time.Second)
		if got, err := s.await(own, time.Minute); err != nil || got != "Jmeno" {
			t.Errorf("the next Await = %s, %v", got, err)
		}
	})
}

// An item that is no code is no item: the row is not taken over.
func TestRowWithSomethingElseThanCodes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSite(t, newBus(map[string]string{own: "Jmeno <Doklad>"}), nil, own)
		if got, err := s.await(own, time.Second); err == nil || strings.Contains(err.Error(), "Doklad") {
			t.Errorf("Await = %s, %v", got, err)
		}
	})
}
