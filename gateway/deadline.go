package gateway

import (
	"context"
	"sync"
	"time"
)

// A deadline is the context of a call. It ends when the upstreams have used up
// their time: that of the call until the answer begins, and from then on only
// while the gateway waits for more of it, where the bytes that came have earned
// some more at the lowest rate. What the caller takes to receive its answer is
// not theirs; for that it has a patience of its own.
//
// It is a context of its own kind because one of the library's, with a timer and
// a place among the children of another, costs a call more than its check. Like
// those it may be kept after the call.
type deadline struct {
	calls  *calls
	by     time.Time // of the beginning of the answer
	start  time.Time
	giver  patience
	paused bool // the answer has begun; nobody waits for an upstream

	at    time.Time // when it ends; zero: nobody waits. Guarded by calls.mu, as is:
	place int       // in calls.open

	mu    sync.Mutex // guards these:
	err   error      // why it has ended
	done  chan struct{}
	after []func() // what is done when it ends; nil: not any more
	few   [2]func()
}

// newDeadline starts the time of a call.
func (c *calls) newDeadline(timeout time.Duration, rate int64) *deadline {
	d := &deadline{calls: c, start: time.Now(), giver: patience{idle: timeout, rate: rate}}
	d.by = d.start.Add(timeout)
	d.after = d.few[:0]
	c.enter(d)
	return d
}

// Deadline returns when the answer must have begun.
func (d *deadline) Deadline() (time.Time, bool) { return d.by, true }

// Value has none.
func (d *deadline) Value(any) any { return nil }

// Err says why the call has ended: that its deadline has passed, errDraining,
// or context.Canceled.
func (d *deadline) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Done returns a channel that is closed when the call ends.
func (d *deadline) Done() <-chan struct{} {
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
// context.AfterFunc does, which makes use of it; stop says that it need not, and
// reports whether that came in time.
func (d *deadline) AfterFunc(f func()) (stop func() bool) {
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

// await is called before a wait for more of an answer of which so many bytes
// have come, and pause after it.
func (d *deadline) await(bytes int64) {
	by := d.giver.begin(bytes)
	if !d.paused { // what the call has taken so far is its giver's
		d.giver.waited = d.giver.since.Sub(d.start)
		by = d.giver.until(bytes)
	}
	d.calls.move(d, by)
}

func (d *deadline) pause() {
	d.calls.move(d, time.Time{}) // one that has passed has ended the call, and the next wait learns it
	d.giver.end()
	d.paused = true
}

// end ends the call.
func (d *deadline) end() {
	d.calls.leave(d)
	d.stop(context.Canceled)
}

// stop says why the call ends, once.
func (d *deadline) stop(why error) {
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

// calls are the calls under way, by their deadlines. They share one timer, which
// is never set later than the first of them: most calls end long before, and so
// none of them sets it.
type calls struct {
	mu    sync.Mutex
	open  []*deadline
	timer *time.Timer // nil before the first call
	due   time.Time   // of timer; zero: it is not set
	ended error       // why no call goes on
}

func (c *calls) enter(d *deadline) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil {
		d.place = -1
		d.stop(c.ended)
		return
	}
	d.place = len(c.open)
	c.open = append(c.open, d)
	c.set(d, d.by)
}

func (c *calls) leave(d *deadline) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.place < 0 {
		return
	}
	last := len(c.open) - 1
	c.open[d.place] = c.open[last]
	c.open[d.place].place = d.place
	c.open[last] = nil
	c.open = c.open[:last]
	d.place = -1
}

// move sets when d ends; the zero time: not by its deadline.
func (c *calls) move(d *deadline, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(d, at)
}

func (c *calls) set(d *deadline, at time.Time) {
	d.at = at
	if at.IsZero() || !c.due.IsZero() && !at.Before(c.due) {
		return
	}
	c.due = at
	if c.timer == nil {
		c.timer = time.AfterFunc(time.Until(at), c.pass)
	} else {
		c.timer.Reset(time.Until(at))
	}
}

// pass ends the calls whose deadline has passed.
func (c *calls) pass() {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := time.Now()
	c.due = time.Time{}
	for _, d := range c.open {
		switch {
		case d.at.IsZero():
		case d.at.After(at):
			c.set(d, d.at)
		default:
			d.at = time.Time{}
			d.stop(context.DeadlineExceeded)
		}
	}
}

// cut ends all calls, and those that are still to come.
func (c *calls) cut(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = why
	for _, d := range c.open {
		d.stop(why)
	}
}
