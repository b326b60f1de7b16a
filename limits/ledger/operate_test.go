package ledger

import (
	"errors"
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

// Gateways replay extra calls to a ledger that has lost its memory.
func TestOperatorsActsSurviveALoss(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	r := newRedis(t, s, nil)
	c := newCaller(t, r, "a", rule(100, 100, 5))
	c.Spend(50)
	if err := r.Raise(t.Context(), c.Call, 20, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	c.Spend(10)
	before := remaining(t, r, c.Call)
	if before < 50 || before > 60 {
		t.Fatalf("remaining %d, want some 60", before)
	}
	s.command("FLUSHALL")
	waitLoss(t, r)
	if _, err := r.Usage(t.Context(), c.Call); !errors.Is(err, limits.ErrLearning) {
		t.Errorf("usage while learning: %v, want %v", err, limits.ErrLearning)
	}
	if err := r.Forget(t.Context(), c.Call); !errors.Is(err, limits.ErrLearning) {
		t.Errorf("forget while learning: %v, want %v", err, limits.ErrLearning)
	}
	waitReady(t, "the ledger has learned", r)
	remaining(t, r, c.Call)
	if u := c.Usage(); u.Extra != 20 || u.Quota != 120 || u.Working+u.Off != 60 {
		t.Errorf("usage after the loss = %+v, want 60 of 120 used", u)
	}
}

// Gateways see the calls of each other, and what an operator does at one of them.
func TestOperatorsActsReachAllGateways(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	one := newCaller(t, newRedis(t, s, nil), "a", rule(5, 5, 5))
	two := newCaller(t, newRedis(t, s, nil), "a", rule(5, 5, 5))
	one.Spend(5)
	two.Admit(limits.OverQuota)
	if err := one.Store.Raise(t.Context(), one.Call, 3, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(refusalRepeats) // until then two repeats its refusal
	two.Spend(3)
	two.Admit(limits.OverQuota)
	if u := one.Usage(); u.Working+u.Off != 8 || u.Remaining != 0 || u.Extra != 3 {
		t.Errorf("usage = %+v, want 8 of 8 used", u)
	}
	limitstest.Eventually(t, "the leases are given back and what was used is forgotten", func() bool {
		if err := two.Store.Forget(t.Context(), one.Call); err != nil {
			t.Fatal(err)
		}
		return one.Usage().Remaining == 8
	})
	time.Sleep(refusalRepeats)
	one.Spend(8)
	one.Admit(limits.OverQuota)
}
