package gateway

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"brana/gateway/queue"
	"brana/limits"
)

// slotMargin is how much longer than any wait of a call its slot lives. While
// bytes flow it is renewed, twice in this time at most. The slot of a gateway that
// died frees itself.
const slotMargin = 30 * time.Second

// A hold is what a call holds at the stores: the claim of its id and the room for
// an answer that comes later, which are reserved before the call is admitted, and
// its slot, which comes with the admission.
//
// As with permits, a refused call has used nothing and an admitted call has,
// whatever comes of it: what is reserved is kept by confirm, or goes back by
// withdraw. The slot goes back by release, with whatever else is still held, or to
// a job by handOver. Withdraw and release may be called again. When a store fails,
// what was not given back frees itself: the id within a minute, the slot with its
// lifetime.
type hold struct {
	parts *Parts // whose stores hold it

	claim   queue.Claim
	room    *queue.Job // the job that the room is for; nil: none
	slot    limits.Slot
	renewed time.Time // when the slot was taken or renewed
	claimed bool      // claim holds the id of the request
	slotted bool      // slot is held
}

// claimID claims the id of a request, and reports whether no other has it.
func (h *hold) claimID(ctx context.Context, ais, id string) (bool, error) {
	claim, fresh, err := h.parts.IDs.Claim(ctx, ais, id)
	if err != nil || !fresh {
		return false, err
	}
	h.claim, h.claimed = claim, true
	return true, nil
}

// openRoom takes room for the answer of a job. A store that failed may have taken
// the room, and answered too late: so the room is held unless the queue is full.
func (h *hold) openRoom(ctx context.Context, j queue.Job) error {
	err := h.parts.Queue.Open(ctx, j)
	if !errors.Is(err, queue.ErrFull) {
		h.room = &j
	}
	return err
}

// admit takes the permit and the slot of a call in one step, all or nothing.
func (h *hold) admit(ctx context.Context, c limits.Call) (limits.Decision, error) {
	d, err := h.parts.Limiter.Admit(ctx, c)
	if err == nil && d.Verdict == limits.Admitted {
		h.slot, h.slotted, h.renewed = d.Slot, true, time.Now()
	}
	return d, err
}

// confirm keeps the claimed id, which is used from now on.
func (h *hold) confirm(ctx context.Context) error {
	if !h.claimed {
		return nil
	}
	if err := h.parts.IDs.Confirm(ctx, h.claim); err != nil {
		return err
	}
	h.claimed = false
	return nil
}

// renew lengthens the life of the slot once half of slotMargin has passed.
func (h *hold) renew(lifetime time.Duration) {
	if !h.slotted || time.Since(h.renewed) < slotMargin/2 {
		return
	}
	h.renewed = time.Now()
	renew := func() error { return h.parts.Limiter.Renew(context.Background(), h.slot, lifetime) }
	if err := safely(renew); err != nil {
		h.parts.Log.Warn(
			"renew slot: the call may be counted no more before it has ended", zap.Error(err))
	}
}

// handOver gives the slot to the job of the call. The room stays in the queue,
// which reports the job as lost when its answer does not come.
func (h *hold) handOver() hold {
	to := hold{parts: h.parts, slot: h.slot, slotted: h.slotted, renewed: h.renewed}
	h.slotted, h.room = false, nil
	return to
}

// withdraw gives back what is reserved. It must be done before the caller learns
// that its call does not go on: an honest retry comes at once.
func (h *hold) withdraw() {
	ctx := context.Background() // the call may have been cut; the stores have their own bounds
	var errs []error
	if h.claimed {
		h.claimed = false
		errs = append(errs, safely(func() error { return h.parts.IDs.Forget(ctx, h.claim) }))
	}
	if room := h.room; room != nil {
		h.room = nil
		errs = append(errs, safely(func() error {
			return h.parts.Queue.Delete(ctx, room.Ais, room.ID)
		}))
	}
	if err := errors.Join(errs...); err != nil {
		h.parts.Log.Warn("give back what a refused call had reserved:"+
			" it goes by itself when its time is over", zap.Error(err))
	}
}

// release gives back everything that is held.
func (h *hold) release() {
	h.withdraw()
	if !h.slotted {
		return
	}
	h.slotted = false
	release := func() error { return h.parts.Limiter.Release(context.Background(), h.slot) }
	if err := safely(release); err != nil {
		h.parts.Log.Warn("release slot: it frees itself when its time is over", zap.Error(err))
	}
}
