package ledger

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

// threeGateways share a Redis that keeps a file, in virtual time, and make the calls of one caller.
type threeGateways struct {
	fleet
	t     *testing.T
	redis *node
	made  int64
}

func newThreeGateways(t *testing.T, rule limits.Rule) *threeGateways {
	t.Helper()
	clock := limitstest.ClockAt(t, limitstest.Wednesday+"10:00:00")
	f := &threeGateways{t: t, redis: startNode(t), fleet: fleet{clock: clock}}
	f.call = limits.Call{Key: limits.KeyOf("a"), Rule: rule, Lifetime: 10 * time.Second}
	f.make = func() *Store {
		config := testConfig(t, f.redis.url())
		config.Timeout = 5 * time.Second
		r, err := prepare(config)
		if err != nil {
			t.Fatal(err)
		}
		r.goBy(clock, 0, ledgerSource)
		t.Cleanup(func() { _ = r.client.Close() })
		return r
	}
	f.restartGateways()
	return f
}

// restartGateways replaces the gateways by three new ones.
func (f *threeGateways) restartGateways() {
	f.t.Helper()
	for _, r := range f.gateways {
		_ = r.client.Close()
	}
	f.gateways = f.gateways[:0]
	for range 3 {
		f.gateways = append(f.gateways, f.make())
	}
	for f.settle() != nil {
		f.t.Log("the ledger learns")
	}
}

// restartRedis starts the Redis that was killed. It waits until the pools of the gateways dial
// again: they go by the clock of the machine.
func (f *threeGateways) restartRedis() {
	f.t.Helper()
	f.redis.restart(f.t)
	for _, r := range f.gateways {
		limitstest.Eventually(f.t, "Redis is dialled", func() bool {
			return r.client.Ping(f.t.Context()).Err() == nil
		})
	}
}

// spend lets the gateways make calls in turn, n at once, four times a second. It returns the most
// permits that one of them held in between.
func (f *threeGateways) spend(turns, n int) (held int64) {
	f.t.Helper()
	for range turns {
		for _, r := range f.gateways {
			var slots []limits.Slot
			for range n {
				d, err := r.Admit(f.t.Context(), f.call)
				if err != nil || d.Verdict != limits.Admitted {
					f.t.Fatalf("%+v, %v", d, err)
				}
				f.made++
				slots = append(slots, d.Slot)
			}
			for _, s := range slots {
				_ = r.Release(context.Background(), s)
			}
			r.background.Wait()
		}
		for _, r := range f.gateways {
			held = max(held, r.Stats().Permits)
		}
		f.pass(250 * time.Millisecond)
	}
	return held
}

// pass lets time pass, and the gateways do what they do four times a second.
func (f *threeGateways) pass(d time.Duration) {
	for end := f.clock.Millis() + d.Milliseconds(); f.clock.Millis() < end; {
		f.clock.Move(min(tick, time.Duration(end-f.clock.Millis())*time.Millisecond))
		f.tick()
	}
}

// charged is what the ledger has counted, once it has learned.
func (f *threeGateways) charged() int64 {
	f.t.Helper()
	for range 100 {
		u, err := f.gateways[0].Usage(f.t.Context(), f.call)
		if err == nil {
			return u.Working + u.Off
		}
		if !errors.Is(err, limits.ErrLearning) {
			f.t.Fatal(err)
		}
		f.pass(time.Second)
	}
	f.t.Fatal("the ledger does not learn")
	return 0
}

// leased is the number of permits that the gateways hold.
func (f *threeGateways) leased() (permits int64) {
	for _, r := range f.gateways {
		permits += r.Stats().Permits
	}
	return permits
}

// Whatever Redis forgets, each permit that was used is counted once, and any other permit is free
// again when its lease is over. Permits of gateways that died stay counted.
func TestWhatNobodyUsedIsNotCharged(t *testing.T) {
	t.Parallel()
	for _, fault := range []struct {
		name  string
		run   func(*threeGateways)
		kills bool // gateways
	}{
		{"none", func(*threeGateways) {}, false},
		{"Redis killed, started with its file", func(f *threeGateways) {
			f.redis.kill()
			f.restartRedis()
		}, false},
		{"the same twice", func(f *threeGateways) {
			for range 2 {
				f.redis.kill()
				f.pass(3 * time.Second)
				f.restartRedis()
				f.pass(5 * time.Second)
			}
		}, false},
		{"Redis killed for longer than a lease", func(f *threeGateways) {
			f.redis.kill()
			f.pass(12 * time.Second)
			f.restartRedis()
		}, false},
		{"FLUSHALL", func(f *threeGateways) { f.redis.command("FLUSHALL") }, false},
		{"FLUSHALL twice", func(f *threeGateways) {
			f.redis.command("FLUSHALL")
			f.pass(time.Second)
			f.redis.command("FLUSHALL")
		}, false},
		{"gateways killed", (*threeGateways).restartGateways, true},
		{"gateways killed, and Redis, started with its file", func(f *threeGateways) {
			f.redis.kill()
			f.restartRedis()
			f.restartGateways()
		}, true},
	} {
		for _, shape := range []struct{ turns, atOnce, slots int }{{30, 1, 100}, {10, 3, 9}, {2, 20, 100}} {
			name := fmt.Sprintf("%s, %d at once of %d", fault.name, shape.atOnce, shape.slots)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				f := newThreeGateways(t, rule(300, 300, shape.slots))
				f.spend(shape.turns, shape.atOnce)
				held := f.leased()
				fault.run(f)
				f.pass(2*limits.Lease + 5*time.Second)
				charged := f.charged()
				t.Logf("%d made, %d held, then %d charged", f.made, held, charged)
				most := f.made
				if fault.kills {
					most += held
				}
				if charged < f.made || charged > most {
					t.Errorf("%d charged, want %d made and %d at most", charged, f.made, most)
				}
			})
		}
	}
}

// A gateway holds a fiftieth of a quota at most, however calls arrive. The test prints how many
// requests that costs.
func TestLeasesAreSmall(t *testing.T) {
	t.Parallel()
	shapes := []struct{ atOnce, slots int }{{1, 9}, {1, 100}, {3, 9}, {20, 100}}
	for _, quota := range []int64{60, 300, 3000, 1_000_000} {
		for _, shape := range shapes {
			turns := min(40, int(quota)/6/shape.atOnce) // half of the quota
			if turns == 0 {
				continue
			}
			name := fmt.Sprintf("%d an hour, %d at once of %d", quota, shape.atOnce, shape.slots)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				f := newThreeGateways(t, rule(quota, quota, shape.slots))
				sent := int64(0)
				for _, r := range f.gateways {
					sent -= r.script.sent.Load()
				}
				held := f.spend(turns, shape.atOnce)
				for _, r := range f.gateways {
					sent += r.script.sent.Load()
				}
				t.Logf("%s: %d made, at most %d held by one, %.2f requests for a call",
					t.Name(), f.made, held, float64(sent)/float64(f.made))
				if held > quota/50 {
					t.Errorf("a gateway held %d permits, want %d at most", held, quota/50)
				}
			})
		}
	}
}
