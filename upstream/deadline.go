package upstream

import (
	"context"
	"time"
)

// A headDeadline is a context whose deadline can be lifted. The head of an answer must be
// here in time, while its body takes as long as its reader does.
type headDeadline struct {
	context.Context
	by     time.Time
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

// newHeadDeadline returns a context that ends at by; the zero time means never.
func newHeadDeadline(ctx context.Context, by time.Time) *headDeadline {
	d := &headDeadline{by: by}
	d.Context, d.cancel = context.WithCancelCause(ctx)
	if !by.IsZero() {
		d.timer = time.AfterFunc(time.Until(by), func() { d.cancel(context.DeadlineExceeded) })
	}
	return d
}

// Deadline returns when the context ends.
func (d *headDeadline) Deadline() (time.Time, bool) {
	if by, ok := d.Context.Deadline(); ok && (d.by.IsZero() || by.Before(d.by)) {
		return by, true
	}
	return d.by, !d.by.IsZero()
}

// lift lifts the deadline. One that has passed has ended the context already.
func (d *headDeadline) lift() {
	if d.timer != nil {
		d.timer.Stop()
	}
}

// end releases the context.
func (d *headDeadline) end() {
	d.lift()
	d.cancel(nil)
}
