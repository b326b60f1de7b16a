package ledger

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

// Gateways with different policies: the newest holds for all, and who is behind is told so without asking on and on.
func TestGatewaysWithDifferentPolicies(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	ahead, late := newRedis(t, s, nil), newRedis(t, s, nil)
	call := func(policy string, calls int64, concurrent int) limits.Call {
		return limits.Call{Key: limits.KeyOf("a"), Rule: rule(calls, calls, concurrent), Lifetime: time.Minute, Policy: policy}
	}
	var held []limits.Slot
	admit := func(r *Store, c limits.Call, want ...limits.Verdict) {
		t.Helper()
		before := r.sent.Load()
		d, err := r.Admit(t.Context(), c)
		if err != nil || !slices.Contains(want, d.Verdict) {
			t.Fatalf("decision %+v, %v, want %v", d, err, want)
		}
		if d.Verdict == limits.Admitted {
			held = append(held, d.Slot)
		} else if sent := r.sent.Load() - before; sent > 10 {
			t.Errorf("asked the ledger %d times to refuse one call", sent)
		}
	}
	heard := func(r *Store) {
		sh := &r.shards[call("", 0, 0).Key[0]%shardCount]
		limitstest.Eventually(t, "the ledger knows the policy", func() bool {
			sh.mu.Lock()
			defer sh.mu.Unlock()
			return !sh.policyNew
		})
	}
	ahead.Declare("lower")
	heard(ahead)
	admit(ahead, call("lower", 5, 3), limits.Admitted)
	admit(late, call("", 10, 10), limits.Admitted)
	admit(late, call("", 10, 10), limits.Admitted)
	admit(late, call("", 10, 10), limits.OverConcurrency) // as its own policy would not have it
	for _, slot := range held {
		_ = ahead.Release(context.Background(), slot)
		_ = late.Release(context.Background(), slot)
	}

	// Raised by the first gateway that has it, though the other is behind still.
	late.Declare("higher")
	heard(late)
	for range 5 {
		admit(late, call("higher", 8, 20), limits.Admitted)
	}
	admit(late, call("higher", 8, 20), limits.OverQuota)
	admit(ahead, call("lower", 5, 3), limits.OverQuota)
	admit(late, call("unnamed", 1, 1), limits.OverQuota) // decided before the change, it lowers nothing
	if got, err := late.Usage(t.Context(), call("higher", 8, 20)); err != nil || got.Working+got.Off != 8 {
		t.Errorf("usage %+v, %v, want 8 calls", got, err)
	}
}

// A gateway that does not know ledger time yet is granted no slot; that refuses nobody.
func TestFirstCallsOfAGatewayAreAdmitted(t *testing.T) {
	s := startServer(t)
	for n := range 20 {
		r, err := prepare(Config{URL: s.url(), Calendar: limitstest.Czech(t), Timeout: 2 * time.Second, Prefix: fmt.Sprint(n, ":"), TrustEmpty: true})
		if err != nil {
			t.Fatal(err)
		}
		d, err := r.Admit(t.Context(), limits.Call{Key: limits.KeyOf("a"), Rule: rule(10, 10, 3), Lifetime: time.Minute})
		if err != nil || d.Verdict != limits.Admitted {
			t.Errorf("decision %+v, %v", d, err)
		}
		_ = r.Close()
	}
}
