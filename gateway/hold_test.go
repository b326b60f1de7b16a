package gateway

import (
	"context"
	"testing"
	"time"

	"brana/gateway/queue"
	"brana/limits"
)

// Whatever a hold has is given back once, in whichever order its owners end.
func TestAHoldIsGivenBackOnce(t *testing.T) {
	for name, c := range map[string]struct {
		end   func(h *hold)
		rooms int // that stay with the queue
	}{
		"released":       {func(h *hold) { h.release() }, 0},
		"released again": {func(h *hold) { h.release(); h.release() }, 0},
		"withdrawn, released": {func(h *hold) {
			h.withdraw()
			h.withdraw()
			h.release()
		}, 0},
		"handed over": {func(h *hold) {
			j := h.handOver()
			h.release()
			j.release()
		}, 1},
		"handed over, job first": {func(h *hold) {
			j := h.handOver()
			j.release()
			h.release()
		}, 1},
		"withdrawn, handed over": {func(h *hold) {
			h.withdraw()
			j := h.handOver()
			h.release()
			j.release()
		}, 0},
		"released, handed over": {func(h *hold) {
			h.release()
			j := h.handOver()
			j.release()
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := newTally()
			s := newStores(t, l)
			deleted := 0
			s.before["delete"] = func() error { deleted++; return nil }
			h := hold{parts: &Parts{Limiter: s, IDs: s, Queue: s}}
			ctx := context.Background()
			if fresh, err := h.claimID(ctx, "999001", requestID); !fresh || err != nil {
				t.Fatal(fresh, err)
			}
			room := queue.Job{Ais: "999001", ID: iszrID, Service: "E227", Lifetime: time.Minute}
			if err := h.openRoom(ctx, room); err != nil {
				t.Fatal(err)
			}
			if _, err := h.admit(ctx, limits.Call{}); err != nil {
				t.Fatal(err)
			}
			c.end(&h)
			if deleted != 1-c.rooms {
				t.Errorf("the room was given back %d times", deleted)
			}
			l.check(t, c.rooms, slots, claims, rooms)
		})
	}
}
