//go:build !race

package limits_test

import (
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

// The budgets are allocations for each call in a steady state. Raising one is a reviewed change.
func TestMemoryAllocates(t *testing.T) {
	clock := limitstest.ClockAt(t, limitstest.Wednesday+"10:00:00")
	m := limits.NewMemory(limitstest.Czech(t), clock.Now)
	call := limits.Call{Key: limits.KeyOf("a"), Rule: limitstest.Rule(1<<40, 1<<40, 100), Lifetime: time.Minute}
	once := func() {
		d, err := m.Admit(t.Context(), call)
		if err != nil || d.Verdict != limits.Admitted {
			t.Fatalf("decision = %+v, %v", d, err)
		}
		if err := m.Release(t.Context(), d.Slot); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 * limits.Window / limits.Grain { // buckets of a whole hour are allocated once
		once()
		clock.Move(limits.Grain)
	}
	const budget = 0
	if got := testing.AllocsPerRun(1000, func() { once(); clock.Move(time.Second) }); got > budget {
		t.Errorf("Admit and Release allocate %v times, budget %d", got, budget)
	}
	call.Rule.Working, call.Rule.Off = 1, 1
	if got := testing.AllocsPerRun(1000, func() {
		if d, err := m.Admit(t.Context(), call); err != nil || d.Verdict != limits.OverQuota {
			t.Fatalf("decision = %+v, %v", d, err)
		}
	}); got > budget {
		t.Errorf("a refusal allocates %v times, budget %d", got, budget)
	}
}
