package journal

import (
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// without is a plan of no faults.
func without(string, int) fault { return fault{} }

// syncs counts the fdatasyncs of a trial's segments.
func (x *trial) syncs() (n int) {
	x.disk.mu.Lock()
	defer x.disk.mu.Unlock()
	for _, op := range x.disk.ops {
		if op == "sync" {
			n++
		}
	}
	return n
}

func TestSegmentEndsByItsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrial(t, Config{Age: time.Hour}, without)
		time.Sleep(5 * time.Hour) // without records there is nothing to seal
		synctest.Wait()
		if got := x.j.Stats().Segments; got != 1 {
			t.Errorf("%d segments without a record", got)
		}
		if err := x.await("r1"); err != nil { // the segment is old by now
			t.Error(err)
		}
		synctest.Wait()
		if err := x.await("r2"); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour - time.Minute)
		synctest.Wait()
		if got := x.j.Stats().Segments; got != 2 {
			t.Errorf("%d segments before the hour is over, want 2", got)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := x.j.Stats().Segments; got != 3 {
			t.Errorf("%d segments after the hour, want 3", got)
		}
		closed(t, x.j)
		x.holds(true)
		var causes []string
		for _, line := range wholeChain(t, x.dir) {
			if line.Type == TypeSeal {
				causes = append(causes, line.Cause)
			}
		}
		if want := []string{"age", "age", "shutdown", "shutdown"}; !slices.Equal(causes, want) {
			t.Errorf("segments ended by %v, want %v", causes, want)
		}
	})
}

// What a call waited for is synced by then, with before-answer; with interval once an
// interval, if there is something; with os not before the segment ends.
func TestWhenLinesAreSynced(t *testing.T) {
	for _, c := range []struct {
		durability        Durability
		calls, idle, free int // fdatasyncs of three calls, of a minute without any, of a free line
	}{
		{BeforeAnswer, 3, 0, 1},
		{Interval, 0, 1, 1},
		{System, 0, 0, 0},
	} {
		t.Run(string(c.durability), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newTrial(t, Config{Durability: c.durability, Interval: time.Second}, without)
				begun := x.syncs()
				since := func() (n int) {
					synctest.Wait()
					n, begun = x.syncs()-begun, x.syncs()
					return n
				}
				for _, name := range []string{"r1", "r2", "r3"} {
					if err := x.await(name); err != nil {
						t.Error(err)
					}
				}
				if got := since(); got != c.calls {
					t.Errorf("%d fdatasyncs for three calls, want %d", got, c.calls)
				}
				time.Sleep(time.Minute)
				if got := since(); got != c.idle {
					t.Errorf("%d fdatasyncs in a minute after them, want %d", got, c.idle)
				}
				x.leave("outcome")
				time.Sleep(3 * time.Millisecond)
				if got := since(); got != 0 || x.j.Stats().Records != 4 {
					t.Errorf("a free line: %d fdatasyncs, %d records, at once", got, x.j.Stats().Records)
				}
				time.Sleep(time.Second)
				if got := since(); got != c.free {
					t.Errorf("a free line: %d fdatasyncs after the interval, want %d", got, c.free)
				}
				closed(t, x.j)
				x.holds(true)
			})
		})
	}
}

// The clock is put back by many years between two starts, and nothing changes but times.
func TestClockIsPutBack(t *testing.T) {
	dir := quickDir(t)
	j := opened(t, Config{Dir: dir})
	appended(t, j, "now")
	closed(t, j)
	synctest.Test(t, func(t *testing.T) { // its clock begins in the year 2000
		x := newTrial(t, Config{Dir: dir, Age: time.Hour}, without)
		x.acked = []string{"now"}
		x.seqs = []uint64{2}
		if err := x.await("then"); err != nil {
			t.Error(err)
		}
		closed(t, x.j)
		x.holds(true)
		first, err := Segment{Path: filepath.Join(dir, segmentName(1))}.Header()
		if err != nil {
			t.Fatal(err)
		}
		second, err := Segment{Path: filepath.Join(dir, segmentName(4))}.Header()
		if err != nil || !second.Time.Before(first.Time) {
			t.Errorf("the second segment began at %v, the first at %v: %v", second.Time, first.Time, err)
		}
	})
}

// Few calls gather: a call that is alone is written at once, those that come together
// share a batch, and nobody waits longer than the longest gathering.
func TestGathering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrial(t, Config{Commit: 2 * time.Millisecond}, without)
		began := time.Now()
		if err := x.await("alone"); err != nil || time.Since(began) > 0 {
			t.Errorf("a call that is alone waited %v: %v", time.Since(began), err)
		}
		x.j.writer.pace = pace{target: 8, last: time.Now()} // synctest: the writer sleeps
		for n := range 3 {
			go func() {
				if _, err := x.j.Append(record(string(rune('a'+n))), true); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		before := x.j.Stats().Commits
		time.Sleep(1900 * time.Microsecond)
		synctest.Wait()
		if got := x.j.Stats(); got.Commits != before || got.Waiting != 3 {
			t.Errorf("before the time is over: %+v", got)
		}
		time.Sleep(200 * time.Microsecond)
		synctest.Wait()
		if got := x.j.Stats(); got.Commits != before+1 || got.Waiting != 0 {
			t.Errorf("after it: %+v", got)
		}
		closed(t, x.j)
	})
}
