package upstream

import (
	"context"
	"time"

	"brana/egon"
)

// A plan divides the time of an E198 among its steps. A step may take the time that is
// left, less a tenth of the whole for each step behind it in the graph. So a registry
// that hangs is named while the caller still waits, a slow one may take most of the
// time, and each step behind it has some.
type plan struct {
	by      time.Time // zero: the call has no deadline
	tenth   time.Duration
	reading int // most steps behind O25: G02, or O08 and A28
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

// deadline returns when a step with that many steps behind it must have ended.
func (p plan) deadline(behind int) time.Time {
	if p.by.IsZero() {
		return p.by
	}
	return p.by.Add(-time.Duration(behind) * p.tenth)
}
