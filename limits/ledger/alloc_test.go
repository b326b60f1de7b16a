//go:build !race

package ledger

import (
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

// A call that is decided by what the gateway holds allocates nothing. Leasing more does, once for
// thousands of calls.
func TestLeasedCallsAllocate(t *testing.T) {
	r := newRedis(t, startServer(t), nil)
	for _, test := range []struct {
		name       string
		concurrent int
		stripes    bool
	}{
		{"at the shard", 10, false},
		{"from a stripe", 1 << 20, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			call := newCaller(t, r, test.name, rule(1<<40, 1<<40, test.concurrent)).Call
			fromStripes := 0
			once := func() {
				d, err := r.Admit(t.Context(), call)
				if err != nil || d.Verdict != limits.Admitted {
					t.Fatalf("decision = %+v, %v", d, err)
				}
				if d.Slot.Place>>stripeBits > 0 {
					fromStripes++
				}
				if err := r.Release(t.Context(), d.Slot); err != nil {
					t.Fatal(err)
				}
			}
			const budget, runs = 0, 10_000
			for range 100_000 {
				once()
			}
			// Leases grow with the pace, until there are enough permits for stripes.
			for tries := 0; test.stripes && fromStripes < runs && tries < 1000; tries++ {
				fromStripes = 0
				for range runs {
					once()
				}
			}
			fromStripes = 0
			if got := testing.AllocsPerRun(runs, once); got > budget {
				t.Errorf("Admit and Release allocate %v times, budget %d", got, budget)
			}
			if test.stripes && fromStripes < runs/2 || !test.stripes && fromStripes > 0 {
				t.Errorf("%d of %d calls were admitted from stripes", fromStripes, runs)
			}
		})
	}
}

// The budgets are requests to Redis for each decision, heartbeats included. The clock is the test's:
// a slow machine would decide more calls after their leases.
func TestDecisionsSeldomAskRedis(t *testing.T) {
	s := startServer(t)
	for _, test := range []struct {
		name   string
		budget float64
		decide func(r *Store, clock *limitstest.Clock) (decisions int)
	}{
		{"a large caller", 0.0005, func(r *Store, clock *limitstest.Clock) int {
			return decideEach(t, r, clock, []limits.Call{limitstest.LargeCall("large")}, 1000)
		}},
		{"ten thousand ordinary callers", 0.25, func(r *Store, clock *limitstest.Clock) int {
			return decideEach(t, r, clock, ordinaryCalls(10_000), 100)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock := limitstest.ClockAt(t, limitstest.Wednesday+"10:00:00")
			r := newRedis(t, s, clock)
			test.decide(r, clock) // so that the rates of calls are known
			before := r.script.sent.Load()
			decisions := test.decide(r, clock)
			got := float64(r.script.sent.Load()-before) / float64(decisions)
			if t.Logf("%d decisions, %.6f requests for each", decisions, got); got > test.budget {
				t.Errorf("%.6f requests for a decision, budget %v", got, test.budget)
			}
		})
	}
}

// decideEach decides a number of calls every 10 ms for 5 seconds of the clock, each call in its turn.
func decideEach(
	t *testing.T, r *Store, clock *limitstest.Clock, calls []limits.Call, every int,
) (decisions int) {
	const step, length = 10 * time.Millisecond, 5 * time.Second
	for range length / step {
		for range every {
			limitstest.Exchange(t, r, calls[decisions%len(calls)])
			decisions++
		}
		clock.Move(step)
	}
	return decisions
}
