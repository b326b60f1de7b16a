package gateway

import (
	"context"
	"time"
)

// A deadline is the context of a call. It ends when the upstreams have used up
// their time: that of the call until the answer begins, and from then on only
// while the gateway waits for more of it, where the bytes that came have earned
// some more at the lowest rate. What the caller takes to receive its answer is
// not theirs; for that it has a patience of its own.
type deadline struct {
	context.Context
	by     time.Time // of the beginning of the answer
	start  time.Time
	cancel context.CancelCauseFunc
	timer  *time.Timer
	giver  patience
	paused bool // the answer has begun; nobody waits for an upstream
}

// newDeadline starts the time of a call.
func newDeadline(parent context.Context, timeout time.Duration, rate int64) *deadline {
	d := &deadline{start: now(), giver: patience{idle: timeout, rate: rate}}
	d.by = d.start.Add(timeout)
	d.Context, d.cancel = context.WithCancelCause(parent)
	d.timer = time.AfterFunc(timeout, func() { d.cancel(context.DeadlineExceeded) })
	return d
}

// Deadline returns when the answer must have begun.
func (d *deadline) Deadline() (time.Time, bool) { return d.by, true }

// Err says that the deadline has passed as any context does.
func (d *deadline) Err() error {
	err := d.Context.Err()
	if err != nil && context.Cause(d.Context) == context.DeadlineExceeded {
		return context.DeadlineExceeded
	}
	return err
}

// await is called before a wait for more of an answer of which so many bytes
// have come, and pause after it.
func (d *deadline) await(bytes int64) {
	if !d.paused {
		d.giver.waited = now().Sub(d.start)
	}
	d.timer.Reset(time.Until(d.giver.begin(bytes)))
}

func (d *deadline) pause() {
	d.timer.Stop() // one that has passed has ended the call, and the next wait learns it
	d.giver.end()
	d.paused = true
}

// end ends the call.
func (d *deadline) end() {
	d.timer.Stop()
	d.cancel(nil)
}
