package policy

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestRowsOfGrantsAreFetchedAtTheStart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newFakeBus(map[string]string{own: "Jmeno Prijmeni", other: "Doklad"})
		b.takes = time.Second
		s := newFixture(t, b, nil, own, other, "A1/R1/1")
		if got := s.decide(own, "Jmeno"); got != "row unavailable" {
			t.Errorf("before the start: %s", got)
		}
		if got := summary(s.store.Current().Decide(head("E198", own+"/1",
			"EopFoto Vlastni ROBCti"), time.Now())); got != "granted" {
			t.Errorf("items that need no row: %s", got)
		}
		// The matrix has no item of AISEO, so none waits for a row.
		for word, want := range map[string]string{"Vlastni": "granted",
			"RodneCislo": "item RodneCislo", "Jmeno": "item Jmeno"} {
			if got := summary(s.store.Current().Decide(head("E158", own+"/1", word),
				time.Now())); got != want {
				t.Errorf("%s of AISEO: %s, want %s", word, got, want)
			}
		}
		if got := s.decide(own, "EcdFoto"); !strings.HasPrefix(got, "item") {
			t.Errorf("an item that no row has: %s", got)
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
		if got := []int{b.count(own), b.count(other), b.count("A1/R1/1")}; !slices.Equal(got,
			[]int{1, 1, 1}) {
			t.Errorf("questions %v, want one each", got)
		}
	})
}

// A reload fetches the rows of new grants, and renews other rows unless they are new.
// Rows whose grants are gone are not renewed any more.
func TestReloadFetchesRows(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newFakeBus(map[string]string{own: "Jmeno", other: "Doklad"})
		s := newFixture(t, b, nil, own).run()
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

// However many calls wait for a row, one question goes out, and all get its answer.
func TestOneFlightForATriple(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newFakeBus(map[string]string{own: "Jmeno"})
		b.takes = 2 * time.Second
		s := newFixture(t, b, nil, own)
		var waiting sync.WaitGroup
		for range 100 {
			waiting.Go(func() {
				if got, err := s.await(own, 5*time.Second); err != nil || got != "Jmeno" {
					t.Errorf("Await = %s, %v", got, err)
				}
			})
		}
		s.run() // the schedule needs it too
		waiting.Wait()
		if n := b.count(own); n != 1 {
			t.Errorf("%d questions, want 1", n)
		}
	})
}

// A wait ends with its bound. The fetch goes on and serves the next call.
func TestWaitIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newFakeBus(map[string]string{own: "Jmeno"})
		b.takes = 5 * time.Second
		s := newFixture(t, b, nil, own).run()
		var bad *RowError
		if _, err := s.await(own, time.Second); !errors.As(err, &bad) ||
			!errors.Is(err, context.DeadlineExceeded) || bad.Triple.String() != own {
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

// A stale row is served while its refresh runs and while refreshes fail, up to its
// maximum age and no longer.
func TestStaleRowIsServedUpToItsMaximumAge(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newFakeBus(map[string]string{own: "Jmeno"})
		s := newFixture(t, b, nil, own).run()
		time.Sleep(time.Second)
		b.count(own)
		b.set(func() { b.takes = 8 * time.Second })

		time.Sleep(time.Hour) // due, and the refresh runs
		for range 100 {
			if d := s.store.Current().Decide(head("E05", own+"/1", "Jmeno"),
				time.Now()); d.Verdict != Granted || d.Row != Stale {
				t.Fatalf("while the refresh runs: %s, row %d", summary(d), d.Row)
			}
			if got, err := s.await(own, time.Nanosecond); err != nil || got != "Jmeno" {
				t.Fatalf("Await = %s, %v, want the stale row at once", got, err)
			}
		}
		if n := b.count(own); n != 1 {
			t.Errorf("%d questions while the refresh runs, want 1", n)
		}
		time.Sleep(10 * time.Second)
		if d := s.store.Current().Decide(head("E05", own+"/1", "Jmeno"),
			time.Now()); d.Verdict != Granted || d.Row != Fresh {
			t.Errorf("after the refresh: %s, row %d", summary(d), d.Row)
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
		if got := summary(s.store.Current().Decide(head("E198", own+"/1", "EopFoto"),
			time.Now())); got != "granted" {
			t.Errorf("items that need no row: %s", got)
		}
		if _, err := s.await(own, time.Second); !errors.Is(err, errBus) {
			t.Errorf("Await = %v", err)
		}
		if st := s.Status(); st.TooOld != 1 || !st.Oldest.IsZero() ||
			!errors.Is(st.Last.Err, errBus) {
			t.Errorf("status %+v", st)
		}
		b.set(func() { b.err = nil })
		time.Sleep(31 * time.Second)
		if got := s.decide(own, "Jmeno"); got != "granted" {
			t.Errorf("after the bus is back: %s", got)
		}
	})
}

// "No row" holds for a shorter time than a row.
func TestNoRowIsBelievedForAShorterTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newFakeBus(map[string]string{})
		s := newFixture(t, b, nil, own).run()
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
			t.Errorf("when it is unknown whether there still is none: %s", got)
		}
	})
}

// A failed fetch is reported to the calls that wait, and for a second to later calls: the
// bus is not asked for each call.
func TestFailureIsReportedAndNotRepeatedForEachCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newFakeBus(map[string]string{own: "Jmeno"})
		b.err = errBus
		s := newFixture(t, b, nil, own)
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
		for len(s.refreshes) > 0 {
			results = append(results, string((<-s.refreshes).Result))
		}
		if got := strings.Join(results, " "); got != "failed row" {
			t.Errorf("refreshes: %s", got)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := s.await(other, time.Second); !errors.Is(err, errClosed) {
			t.Errorf("Await after Close = %v", err)
		}
	})
}

// A fetch that hangs ends with its timeout.
func TestFetchingThatHangs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newFakeBus(map[string]string{own: "Jmeno"})
		b.takes = time.Hour
		s := newFixture(t, b, nil, own).run()
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

// A source that panics has failed and no more: the next call gets the row.
func TestFetchingThatPanics(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newFakeBus(map[string]string{own: "Jmeno"})
		b.panic = "index out of range"
		s := newFixture(t, b, nil, own)
		if _, err := s.await(own, time.Second); err == nil ||
			!strings.Contains(err.Error(), "panic: index out of range") {
			t.Errorf("Await = %v", err)
		}
		time.Sleep(2 * time.Second)
		if got, err := s.await(own, time.Minute); err != nil || got != "Jmeno" {
			t.Errorf("the next Await = %s, %v", got, err)
		}
	})
}

// A row with an item that is no code is refused.
func TestRowWithSomethingElseThanCodes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newFixture(t, newFakeBus(map[string]string{own: "Jmeno <Doklad>"}), nil, own)
		if got, err := s.await(own, time.Second); err == nil ||
			strings.Contains(err.Error(), "Doklad") {
			t.Errorf("Await = %s, %v", got, err)
		}
	})
}
