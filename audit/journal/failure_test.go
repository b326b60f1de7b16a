package journal

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Each operation of a story fails once, in each way. What was promised is there, and what
// nobody waited for as well.
func TestEachOperationFailsOnce(t *testing.T) {
	for _, durability := range []Durability{BeforeAnswer, Interval, System} {
		cfg := Config{Size: 1500, Durability: durability}
		var ops []string
		synctest.Test(t, func(t *testing.T) {
			x := newTrial(t, cfg, func(string, int) fault { return fault{} })
			if err := x.story(); err != nil {
				t.Fatal(err)
			}
			if len(x.refused) > 0 {
				t.Errorf("%v were refused", x.refused)
			}
			x.holds(true)
			ops = x.disk.ops
		})
		for i, op := range ops {
			for _, share := range []float64{0, 0.5, 1} {
				if share == 0.5 && op != "write" {
					continue
				}
				t.Run(fmt.Sprintf("%s/%d %s/%v of it", durability, i+1, op, share), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						x := newTrial(t, cfg, func(_ string, number int) fault {
							return fault{fails: number == i+1, share: share}
						})
						err := x.story()
						x.holds(err == nil)
						x.fewRefused(op, err)
					})
				})
			}
		}
	}
}

// fewRefused fails if one fault has cost more than the calls it met.
func (x *trial) fewRefused(op string, err error) {
	x.t.Helper()
	if len(x.refused) > 1 {
		x.t.Errorf("one failed %s refused %v", op, x.refused)
	}
	if err != nil && !errors.Is(err, errFault) {
		x.t.Errorf("Close: %v", err)
	}
}

// The disk is full, or read-only, for a while: from each operation on, a number of them
// fail. Calls are refused at once meanwhile, and nothing is lost.
func TestDiskFailsForAWhile(t *testing.T) {
	for _, share := range []float64{0, 0.5} {
		for from := 1; from < 60; from += 3 {
			t.Run(fmt.Sprintf("from operation %d/%v of it", from, share), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					x := newTrial(t, Config{Size: 1500}, func(op string, number int) fault {
						return fault{fails: from <= number && number < from+8 && op != "close", share: share}
					})
					err := x.story()
					x.holds(err == nil)
					if !x.happened(WasBlocked) || !x.happened(WasUnblocked) {
						t.Errorf("events %v", x.events)
					}
				})
			})
		}
	}
}

func TestBlockedJournalRefusesAtOnceAndSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		x := newTrial(t, Config{}, func(op string, _ int) fault { return fault{fails: full.Load()} })
		if err := x.await("before"); err != nil {
			t.Fatal(err)
		}
		full.Store(true)
		if err := x.await("refused"); !errors.Is(err, errFault) {
			t.Errorf("the call that met the fault: %v", err)
		}
		time.Sleep(10 * time.Second)
		x.leave("outcome")
		began := time.Now()
		err := x.await("refused too")
		if !errors.Is(err, errFault) || time.Since(began) > 0 || x.j.Blocked() == nil {
			t.Errorf("a call while blocked: %v after %v", err, time.Since(began))
		}
		if want := "write the journal: begin a segment: injected fault"; err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		tried := x.disk.count()
		time.Sleep(time.Minute)
		if n := x.disk.count() - tried; n < 55 || n > 130 {
			t.Errorf("%d operations in a minute: an attempt a second is wanted", n)
		}
		full.Store(false)
		time.Sleep(time.Second)
		if err := x.await("after"); err != nil {
			t.Error(err)
		}
		if err := x.j.Close(); err != nil {
			t.Error(err)
		}
		x.holds(true)
		var blocked, unblocked int
		for _, e := range x.events {
			switch e.What {
			case WasBlocked:
				blocked++
			case WasUnblocked:
				unblocked++
			}
		}
		if blocked != 1 || unblocked != 1 || !x.happened(SegmentFailed) {
			t.Errorf("blocked %d times, unblocked %d times", blocked, unblocked)
		}
	})
}

func TestMemoryOfABlockedJournalIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		x := newTrial(t, Config{}, func(string, int) fault { return fault{fails: full.Load()} })
		full.Store(true)
		_ = x.await("refused")
		big := strings.Repeat("x", 100<<10)
		var kept uint64
		for n := range 100 {
			if _, err := x.j.Append(record(fmt.Sprintf("%d %s", n, big)), false); err == nil {
				kept++
			}
		}
		stats := x.j.Stats()
		if stats.Pending > mostFree || stats.Pending < mostFree/2 || stats.Lost != 100-kept {
			t.Errorf("kept %d: %+v", kept, stats)
		}
		full.Store(false)
		time.Sleep(2 * time.Second)
		if err := x.j.Close(); err != nil {
			t.Error(err)
		}
		if got := uint64(len(names(wholeChain(t, x.dir)))); got != kept {
			t.Errorf("%d lines are there, %d were kept", got, kept)
		}
		lost := uint64(0)
		for _, e := range x.events {
			lost += e.Lost
		}
		if lost != 100-kept {
			t.Errorf("events tell of %d lost lines, want %d", lost, 100-kept)
		}
	})
}

// A disk that does not answer fails the calls after the timeout, and no more calls wait for
// it. What it has written late is in the chain, once.
func TestStalledDisk(t *testing.T) {
	for _, op := range []string{"write", "sync"} {
		for _, fails := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, fails %v", op, fails), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { stalls(t, op, fails) })
			})
		}
	}
}

func stalls(t *testing.T, op string, fails bool) {
	stall := make(chan struct{})
	var armed atomic.Bool
	x := newTrial(t, Config{Timeout: 5 * time.Second}, func(o string, _ int) (f fault) {
		if o == op && armed.Swap(false) {
			f = fault{fails: fails, stall: stall}
		}
		return f
	})
	if err := x.await("before"); err != nil {
		t.Fatal(err)
	}
	armed.Store(true)
	began := time.Now()
	results := make(chan time.Duration, 3)
	call := func(name string) {
		if _, err := x.j.Append(record(name), true); err == nil {
			t.Errorf("%s was promised by a disk that stalls", name)
		}
		results <- time.Since(began)
	}
	x.leave("outcome in flight")
	go call("in flight")
	synctest.Wait()
	time.Sleep(4 * time.Second)
	x.leave("outcome gathered")
	go call("gathered")
	for range 2 {
		if took := <-results; took != 5*time.Second {
			t.Errorf("a call waited %v", took)
		}
	}
	call("blocked")
	if took := <-results; took != 5*time.Second {
		t.Errorf("a call waited although it is blocked: %v", took)
	}
	if err := x.j.Blocked(); err == nil || err.Error() != "the disk has not answered for 5s" {
		t.Errorf("blocked: %v", err)
	}
	time.Sleep(25 * time.Second)
	close(stall)
	time.Sleep(time.Second)
	if err := x.await("after"); err != nil {
		t.Error(err)
	}
	if err := x.j.Close(); err != nil {
		t.Error(err)
	}
	x.refused = []string{"in flight", "gathered", "blocked"}
	x.holds(true)
	there := names(wholeChain(t, x.dir))
	if late := slices.Contains(there, "in flight"); late == fails {
		t.Errorf("the line of the batch in flight is there: %v", late)
	}
	if slices.Contains(there, "gathered") || slices.Contains(there, "blocked") {
		t.Errorf("a refused line that was in memory is written: %v", there)
	}
}

// Calls that gather while a batch fails get the numbers that their lines have, behind lines of
// that batch that are written again.
func TestCallsThatGatherWhileABatchFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stall := make(chan struct{})
		var armed atomic.Bool
		x := newTrial(t, Config{}, func(op string, _ int) (f fault) {
			if op == "sync" && armed.Swap(false) {
				f = fault{fails: true, stall: stall}
			}
			return f
		})
		armed.Store(true)
		x.leave("outcome in flight")
		x.leave("another outcome in flight")
		met := make(chan error)
		go func() {
			_, err := x.j.Append(record("in flight"), true)
			met <- err
		}()
		synctest.Wait()
		x.leave("outcome gathered")
		for _, name := range []string{"gathered", "gathered too"} {
			go func() {
				seq, err := x.j.Append(record(name), true)
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				x.mu.Lock()
				defer x.mu.Unlock()
				x.acked, x.seqs = append(x.acked, name), append(x.seqs, seq)
			}()
			synctest.Wait()
		}
		close(stall)
		if err := <-met; !errors.Is(err, errFault) {
			t.Errorf("the call of the batch: %v", err)
		}
		synctest.Wait()
		closed(t, x.j)
		x.refused = []string{"in flight"}
		x.holds(true)
	})
}
