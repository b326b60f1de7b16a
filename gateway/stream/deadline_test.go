package stream

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

var errCut = fmt.Errorf("all calls are cut: %w", context.Canceled)

// A deadline ends as any context does, and so does what hangs on it: whatever
// ends it, the contexts below it and the functions that wait for it learn why.
func TestADeadlineIsAContext(t *testing.T) {
	for name, c := range map[string]struct {
		end       func(*Calls, *Deadline)
		err       error
		cancelled bool
	}{
		"its time passes": {
			func(*Calls, *Deadline) { time.Sleep(time.Minute) }, context.DeadlineExceeded, false,
		},
		"it is ended": {func(_ *Calls, d *Deadline) { d.End() }, context.Canceled, true},
		"all are cut": {func(c *Calls, _ *Deadline) { c.Cut(errCut) }, errCut, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all := &Calls{}
				d := all.Begin(time.Minute, 1)
				if by, ok := d.Deadline(); !ok || by != time.Now().Add(time.Minute) {
					t.Errorf("Deadline = %v, %v", by, ok)
				}
				if d.Err() != nil || context.Cause(d) != nil {
					t.Errorf("before its end: %v, %v", d.Err(), context.Cause(d))
				}
				child, cancel := context.WithCancel(d)
				defer cancel()
				ran := make(chan error, 3)
				context.AfterFunc(d, func() { ran <- d.Err() })
				d.AfterFunc(func() { ran <- d.Err() })
				kept, stopped := d.AfterFunc(func() { t.Error("it was stopped") }), false
				if stopped = kept(); !stopped || kept() {
					t.Error("stop says the wrong thing")
				}
				time.Sleep(time.Minute - 1)
				synctest.Wait()
				if d.Err() != nil || len(ran) > 0 {
					t.Errorf("it ended too early: %v", d.Err())
				}
				c.end(all, d)
				<-d.Done()
				<-child.Done()
				for _, err := range []error{d.Err(), context.Cause(d), context.Cause(child)} {
					if err != c.err {
						t.Errorf("it ended with %v, want %v", err, c.err)
					}
				}
				if errors.Is(d.Err(), context.Canceled) != c.cancelled {
					t.Errorf("%v is a cancellation: %v", d.Err(), !c.cancelled)
				}
				stop := d.AfterFunc(func() { ran <- d.Err() }) // after the end: at once
				for range 3 {
					if err := <-ran; err != c.err {
						t.Errorf("a function ran with %v", err)
					}
				}
				if stop() {
					t.Error("what has run was stopped")
				}
				d.End()
				if d.Err() != c.err {
					t.Errorf("a second end changed it to %v", d.Err())
				}
			})
		})
	}
}

// A call that comes after the cut has ended before it began.
func TestNoCallBeginsAfterTheCut(t *testing.T) {
	all := &Calls{}
	all.Cut(errCut)
	d := all.Begin(time.Minute, 1)
	if <-d.Done(); d.Err() != errCut {
		t.Errorf("Err = %v", d.Err())
	}
	d.End()
}

// One timer serves all calls: each ends at its own time, whatever came before
// and after it, and a pause holds it up.
func TestDeadlinesPassInTheirOwnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, begin := &Calls{}, time.Now()
		ended := make(chan time.Duration, 8)
		start := func(timeout time.Duration) *Deadline {
			d := all.Begin(timeout, 1)
			d.AfterFunc(func() {
				if d.Err() == context.DeadlineExceeded {
					ended <- time.Since(begin)
				}
			})
			return d
		}
		start(5 * time.Second)
		start(3 * time.Second).End()
		start(2 * time.Second)
		start(7 * time.Second)
		paused := start(4 * time.Second)
		time.Sleep(time.Second)
		paused.Await(0)
		paused.Pause() // one second of its four is gone
		time.Sleep(9 * time.Second)
		paused.Await(2) // two bytes earn two seconds, up to what it had at first
		time.Sleep(10 * time.Second)
		synctest.Wait()
		close(ended)
		var got []time.Duration
		for d := range ended {
			got = append(got, d)
		}
		want := []time.Duration{2 * time.Second, 5 * time.Second, 7 * time.Second, 14 * time.Second}
		if len(got) != len(want) {
			t.Fatalf("ended at %v, want %v", got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("ended at %v, want %v", got, want)
			}
		}
		if n := all.Open(); n != 4 { // whoever began them ends them
			t.Errorf("%d calls are left", n)
		}
	})
}
