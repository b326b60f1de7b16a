package upstream

import (
	"context"
	"time"
)

// A leash is a context whose deadline can be taken off: of an answer the head
// must be here in time, while its body takes as long as it is taken.
type headDeadline struct {
	context.Context
	by     time.Time
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

// newLeash returns a context that ends at by; the zero time means never.
func newHeadDeadline(ctx context.Context, by time.Time) *headDeadline {
	l := &headDeadline{by: by}
	l.Context, l.cancel = context.WithCancelCause(ctx)
	if !by.IsZero() {
		l.timer = time.AfterFunc(time.Until(by), func() { l.cancel(context.DeadlineExceeded) })
	}
	return l
}

// Deadline returns when the context ends.
func (l *headDeadline) Deadline() (time.Time, bool) {
	if by, ok := l.Context.Deadline(); ok && (l.by.IsZero() || by.Before(l.by)) {
		return by, true
	}
	return l.by, !l.by.IsZero()
}

// takeOff lifts the deadline.
func (l *headDeadline) lift() {
	if l.timer != nil {
		l.timer.Stop() // one that has passed has ended the context, and whoever reads learns it there
	}
}

// end gives the context back.
func (l *headDeadline) end() {
	l.lift()
	l.cancel(nil)
}
