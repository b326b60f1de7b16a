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

// Where gateways have different policies, the newest holds at all of them. A gateway that is behind
// refuses by it without asking again and again.
func TestGatewaysWithDifferentPolicies(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	ahead, late := newRedis(t, s, nil), newRedis(t, s, nil)
	call := func(policy string, calls int64, concurrent int) limits.Call {
		return limits.Call{
			Key: limits.KeyOf("a"), Rule: rule(calls, calls, concurrent),
			Lifetime: time.Minute, Policy: policy,
		}
	}
	var held []limits.Slot
	admit := func(r *Store, c limits.Call, want ...limits.Verdict) {
		t.Helper()
		before := r.script.sent.Load()
		d, err := r.Admit(t.Context(), c)
		if err != nil || !slices.Contains(want, d.Verdict) {
			t.Fatalf("decision %+v, %v, want %v", d, err, want)
		}
		if d.Verdict == limits.Admitted {
			held = append(held, d.Slot)
		} else if sent := r.script.sent.Load() - before; sent > 10 {
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
	admit(late, call("", 10, 10), limits.OverConcurrency) // its own policy would admit it
	for _, slot := range held {
		_ = ahead.Release(context.Background(), slot)
		_ = late.Release(context.Background(), slot)
	}

	// The first gateway with a newer policy raises the limits, though the other is still behind.
	late.Declare("higher")
	heard(late)
	for range 5 {
		admit(late, call("higher", 8, 20), limits.Admitted)
	}
	admit(late, call("higher", 8, 20), limits.OverQuota)
	admit(ahead, call("lower", 5, 3), limits.OverQuota)
	admit(late, call("unnamed", 1, 1), limits.OverQuota) // an older decision lowers nothing
	if got, err := late.Usage(t.Context(), call("higher", 8, 20)); err != nil || got.Working+got.Off != 8 {
		t.Errorf("usage %+v, %v, want 8 calls", got, err)
	}
}

// A gateway that does not know ledger time yet is granted no slot, and still refuses no call.
func TestFirstCallsOfAGatewayAreAdmitted(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for n := range 20 {
		config := testConfig(t, s.url())
		config.Prefix = fmt.Sprint(n, ":")
		r, err := prepare(config)
		if err != nil {
			t.Fatal(err)
		}
		d, err := r.Admit(t.Context(), newCaller(t, r, "a", rule(10, 10, 3)).Call)
		if err != nil || d.Verdict != limits.Admitted {
			t.Errorf("decision %+v, %v", d, err)
		}
		_ = r.Close()
	}
}
