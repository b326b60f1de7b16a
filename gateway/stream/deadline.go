package stream

import (
	"context"
	"sync"
	"time"
)

// A Deadline is the context of a call. It ends when the upstreams have used up
// their time. Until the answer begins, all time counts. After that, only the time
// counts in which the gateway waits for more of the answer, and the bytes that came
// have earned some more, at the lowest rate. The time in which the caller takes its
// answer never counts; the caller has a patience of its own.
//
// It is a context of its own kind because a context of the library, with a timer
// and a place among the children of another, costs a call more than its check.
// Like those it may be kept after the call.
type Deadline struct {
	calls  *Calls
	by     time.Time // of the beginning of the answer
	start  time.Time
	giver  Patience
	paused bool // the answer has begun; nobody waits for an upstream

	// Guarded by calls.mu:
	at    time.Time // when it ends; zero: nobody waits
	place int       // in calls.open, -1 when it is not there

	mu    sync.Mutex // guards the fields below; it may be taken under calls.mu
	err   error      // why it has ended
	done  chan struct{}
	after []func() // run when it ends; nil: it has ended
	few   [2]func()
}

// Begin begins the time of a call. The rate is what bytes of the answer earn, in
// bytes a second. Its owner ends it by [Deadline.End].
func (c *Calls) Begin(timeout time.Duration, rate int64) *Deadline {
	d := &Deadline{calls: c, start: time.Now(), giver: Patience{Idle: timeout, Rate: rate}}
	d.by = d.start.Add(timeout)
	d.after = d.few[:0]
	c.enter(d)
	return d
}

// Deadline returns when the answer must have begun.
func (d *Deadline) Deadline() (time.Time, bool) { return d.by, true }

// Value has none.
func (d *Deadline) Value(any) any { return nil }

// Err is why the call has ended: context.DeadlineExceeded, what [Calls.Cut] said,
// or context.Canceled.
func (d *Deadline) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Done returns a channel that is closed when the call ends.
func (d *Deadline) Done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done == nil {
		d.done = make(chan struct{})
		if d.err != nil {
			close(d.done)
		}
	}
	return d.done
}

// AfterFunc runs f in a goroutine of its own when the call ends, as
// context.AfterFunc does, which makes use of it. stop withdraws f, and reports
// whether that came in time.
func (d *Deadline) AfterFunc(f func()) (stop func() bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		go f()
		return func() bool { return false }
	}
	i := len(d.after)
	d.after = append(d.after, f)
	return func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.err != nil || d.after[i] == nil {
			return false
		}
		d.after[i] = nil
		return true
	}
}

// Await is called before a wait for more of an answer, when n bytes of it have come.
// [Deadline.Pause] is called after the wait.
func (d *Deadline) Await(n int64) {
	by := d.giver.Begin(n)
	if !d.paused { // what the call has taken so far is its giver's
		d.giver.waited = d.giver.since.Sub(d.start)
		by = d.giver.until(n)
	}
	d.calls.move(d, by)
}

// Pause ends a wait. A deadline that has passed has ended the call; the next wait
// learns of it.
func (d *Deadline) Pause() {
	d.calls.move(d, time.Time{})
	d.giver.End()
	d.paused = true
}

// End ends the call. A second End changes nothing.
func (d *Deadline) End() {
	d.calls.leave(d)
	d.stop(context.Canceled)
}

// stop ends the call, once; why is its error.
func (d *Deadline) stop(why error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return
	}
	d.err = why
	if d.done != nil {
		close(d.done)
	}
	for _, f := range d.after {
		if f != nil {
			go f()
		}
	}
	d.after = nil
}
