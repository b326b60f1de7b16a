package limits

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"
)

// Gateways with different policies: the newest holds for all, and who is behind is told so without asking on and on.
func TestGatewaysWithDifferentPolicies(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	ahead, late := newRedis(t, s, nil), newRedis(t, s, nil)
	call := func(policy string, calls int64, concurrent int) Call {
		return Call{Key: KeyOf("a"), Rule: Rule{calls, calls, concurrent}, Lifetime: time.Minute, Policy: policy}
	}
	var held []Slot
	admit := func(r *Redis, c Call, want ...Verdict) {
		t.Helper()
		before := r.sent.Load()
		d, err := r.Admit(t.Context(), c)
		if err != nil || !slices.Contains(want, d.Verdict) {
			t.Fatalf("decision %+v, %v, want %v", d, err, want)
		}
		if d.Verdict == Admitted {
			held = append(held, d.Slot)
		} else if sent := r.sent.Load() - before; sent > 10 {
			t.Errorf("asked the ledger %d times to refuse one call", sent)
		}
	}
	heard := func(r *Redis) {
		l := &r.lanes[call("", 0, 0).Key[0]%lanes]
		wait(t, "the ledger knows the policy", func() bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			return !l.adopts
		})
	}
	ahead.Declare("lower")
	heard(ahead)
	admit(ahead, call("lower", 5, 3), Admitted)
	admit(late, call("", 10, 10), Admitted)
	admit(late, call("", 10, 10), Admitted)
	admit(late, call("", 10, 10), OverConcurrency) // as its own policy would not have it
	for _, slot := range held {
		_ = ahead.Release(context.Background(), slot)
		_ = late.Release(context.Background(), slot)
	}

	// Raised by the first gateway that has it, though the other is behind still.
	late.Declare("higher")
	heard(late)
	for range 5 {
		admit(late, call("higher", 8, 20), Admitted)
	}
	admit(late, call("higher", 8, 20), OverQuota)
	admit(ahead, call("lower", 5, 3), OverQuota)
	admit(late, call("unnamed", 1, 1), OverQuota) // decided before the change, it lowers nothing
	if got, err := late.Usage(t.Context(), call("higher", 8, 20)); err != nil || got.Working+got.Off != 8 {
		t.Errorf("usage %+v, %v, want 8 calls", got, err)
	}
}

// A gateway that does not know ledger time yet is granted no slot; that refuses nobody.
func TestFirstCallsOfAGatewayAreAdmitted(t *testing.T) {
	s := startServer(t)
	for n := range 20 {
		r, err := prepare(RedisConfig{URL: s.url(), Calendar: czech(t), Timeout: 2 * time.Second, Prefix: fmt.Sprint(n, ":"), TrustEmpty: true})
		if err != nil {
			t.Fatal(err)
		}
		d, err := r.Admit(t.Context(), Call{Key: KeyOf("a"), Rule: Rule{10, 10, 3}, Lifetime: time.Minute})
		if err != nil || d.Verdict != Admitted {
			t.Errorf("decision %+v, %v", d, err)
		}
		_ = r.Close()
	}
}
