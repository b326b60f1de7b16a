package upstream

import (
	"context"
	"time"

	"brana/egon"
)

// This file divides the time of a call of E198.

// A plan splits the time of a call over its steps: each may take what is left,
// but for a tenth of the whole for each step that comes after it on its way
// through the graph. So a registry that hangs is named while the caller still
// waits, a slow one may take most of the time, and each step behind it has some.
type plan struct {
	by      time.Time // zero: the call has no deadline
	tenth   time.Duration
	reading int // steps behind O25 at most: G02, or O08 and A28
}

func planOf(ctx context.Context, h *egon.Head) plan {
	p := plan{reading: 1}
	if flow := h.Flow(); flow.RobRead && flow.Ruian != egon.Necti {
		p.reading = 2
	}
	if by, ok := ctx.Deadline(); ok {
		p.by, p.tenth = by, max(time.Until(by), 0)/10
	}
	return p
}

// deadline is when a step must have ended that has so many behind it.
func (p plan) deadline(behind int) time.Time {
	if p.by.IsZero() {
		return p.by
	}
	return p.by.Add(-time.Duration(behind) * p.tenth)
}

// A turn is that of a step: whom it asks on whose behalf, and when it must have
// ended.
type turn struct {
	client *Client
	asker
	by time.Time // zero: never
}

// take takes a step in its turn.
func take[T any](ctx context.Context, t turn, step func(context.Context, *call) (T, error)) (T, error) {
	if !t.by.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, t.by)
		defer cancel()
	}
	return through(ctx, t.client, t.asker, func(k *call) (T, error) { return step(ctx, k) })
}

// A leash is a context whose deadline can be taken off: of an answer the head
// must be here in time, while its body takes as long as it is taken.
type leash struct {
	context.Context
	by     time.Time
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

// newLeash returns a context that ends at by; the zero time means never.
func newLeash(ctx context.Context, by time.Time) *leash {
	l := &leash{by: by}
	l.Context, l.cancel = context.WithCancelCause(ctx)
	if !by.IsZero() {
		l.timer = time.AfterFunc(time.Until(by), func() { l.cancel(context.DeadlineExceeded) })
	}
	return l
}

// Deadline returns when the context ends.
func (l *leash) Deadline() (time.Time, bool) {
	if by, ok := l.Context.Deadline(); ok && (l.by.IsZero() || by.Before(l.by)) {
		return by, true
	}
	return l.by, !l.by.IsZero()
}

// takeOff lifts the deadline.
func (l *leash) takeOff() {
	if l.timer != nil {
		l.timer.Stop() // one that has passed has ended the context, and whoever reads learns it there
	}
}

// end gives the context back.
func (l *leash) end() {
	l.takeOff()
	l.cancel(nil)
}
