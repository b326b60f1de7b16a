//go:build !race

package limits

import (
	"testing"
	"time"
)

// Budgets: allocations per call in a steady state. A change is a reviewed line.
func TestMemoryAllocates(t *testing.T) {
	clock := handsAt(t, wednesday+"10:00:00")
	m := NewMemory(czech(t), clock.now)
	call := Call{Key: KeyOf("a"), Rule: Rule{1 << 40, 1 << 40, 100}, Lifetime: time.Minute}
	once := func() {
		d, err := m.Admit(t.Context(), call)
		if err != nil || d.Verdict != Admitted {
			t.Fatalf("decision = %+v, %v", d, err)
		}
		if err := m.Release(t.Context(), d.Slot); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 * windowMillis / bucketMillis { // an hour's buckets are grown once
		once()
		clock.move(Bucket)
	}
	const budget = 0
	if got := testing.AllocsPerRun(1000, func() { once(); clock.move(time.Second) }); got > budget {
		t.Errorf("Admit and Release allocate %v times, budget %d", got, budget)
	}
	call.Rule.Working, call.Rule.Off = 1, 1
	if got := testing.AllocsPerRun(1000, func() {
		if d, err := m.Admit(t.Context(), call); err != nil || d.Verdict != OverQuota {
			t.Fatalf("decision = %+v, %v", d, err)
		}
	}); got > budget {
		t.Errorf("a refusal allocates %v times, budget %d", got, budget)
	}
}

// A call that is decided by what the gateway holds; leasing more allocates, once for thousands of calls.
func TestLeasedCallsAllocate(t *testing.T) {
	r := newRedis(t, startServer(t), nil)
	for _, test := range []struct {
		name       string
		concurrent int
		pockets    bool
	}{
		{"at the lane", 10, false},
		{"from a pocket", 1 << 20, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			call := Call{Key: KeyOf(test.name), Rule: Rule{1 << 40, 1 << 40, test.concurrent}, Lifetime: time.Minute}
			paid := 0
			once := func() {
				d, err := r.Admit(t.Context(), call)
				if err != nil || d.Verdict != Admitted {
					t.Fatalf("decision = %+v, %v", d, err)
				}
				if d.Slot.place>>pocketBits > 0 {
					paid++
				}
				if err := r.Release(t.Context(), d.Slot); err != nil {
					t.Fatal(err)
				}
			}
			const budget, runs = 0, 10_000
			for range 100_000 {
				once()
			}
			for tries := 0; test.pockets && paid < runs && tries < 1000; tries++ { // leases grow with the pace
				paid = 0
				for range runs {
					once()
				}
			}
			paid = 0
			if got := testing.AllocsPerRun(runs, once); got > budget {
				t.Errorf("Admit and Release allocate %v times, budget %d", got, budget)
			}
			if test.pockets && paid < runs/2 || !test.pockets && paid > 0 {
				t.Errorf("%d of %d calls were admitted from pockets", paid, runs)
			}
		})
	}
}

// Budgets: how many requests to Redis a decision costs, heartbeats included.
func TestDecisionsSeldomAskRedis(t *testing.T) {
	s := startServer(t)
	for _, test := range []struct {
		name   string
		budget float64
		decide func(r *Redis) (decisions int)
	}{
		{"a large caller", 0.0005, func(r *Redis) int {
			const n = 500_000
			call := benchCall("large")
			for range n {
				exchange(t, r, call)
			}
			return n
		}},
		{"ten thousand ordinary callers", 0.25, func(r *Redis) int {
			return play(t, r, ordinaryCalls(10_000), 5*time.Second)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRedis(t, s, nil)
			test.decide(r) // rates are learned
			before := r.sent.Load()
			decisions := test.decide(r)
			got := float64(r.sent.Load()-before) / float64(decisions)
			if t.Logf("%d decisions, %.6f requests for each", decisions, got); got > test.budget {
				t.Errorf("%.6f requests for a decision, budget %v", got, test.budget)
			}
		})
	}
}
