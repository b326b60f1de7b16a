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
