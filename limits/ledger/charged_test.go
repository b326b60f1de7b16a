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

// trio is three gateways on one Redis that keeps a file, in virtual time, and the calls of one
// caller.
type trio struct {
	fleet
	t     *testing.T
	redis *node
	made  int64
}

func newTrio(t *testing.T, rule limits.Rule) *trio {
	t.Helper()
	clock := limitstest.ClockAt(t, limitstest.Wednesday+"10:00:00")
	f := &trio{t: t, redis: startNode(t), fleet: fleet{clock: clock, call: limits.Call{Key: limits.KeyOf("a"), Rule: rule, Lifetime: 10 * time.Second}}}
	f.make = func() *Store {
		r, err := prepare(Config{URL: f.redis.url(), Calendar: limitstest.Czech(t), Timeout: 5 * time.Second, TrustEmpty: true})
		if err != nil {
			t.Fatal(err)
		}
		r.goBy(clock, 0, ledgerSource)
		t.Cleanup(func() { _ = r.client.Close() })
		return r
	}
	f.hire()
	return f
}

// hire starts three gateways, in the place of those there were.
func (f *trio) hire() {
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

// begin starts the Redis that was killed, and waits until the gateways' pools, which go by the
// clock of the machine, dial again.
func (f *trio) begin() {
	f.t.Helper()
	f.redis.restart(f.t)
	for _, r := range f.gateways {
		limitstest.Eventually(f.t, "Redis is dialled", func() bool { return r.client.Ping(f.t.Context()).Err() == nil })
	}
}

// spend lets the gateways make calls in turn, each n at once, a few times a second, and tells the
// most permits that one of them held between.
func (f *trio) spend(turns, n int) (held int64) {
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

// pass lets time pass, and the gateways do what they do in it.
func (f *trio) pass(d time.Duration) {
	for end := f.clock.Millis() + d.Milliseconds(); f.clock.Millis() < end; {
		f.clock.Move(min(tick, time.Duration(end-f.clock.Millis())*time.Millisecond))
		f.tick()
	}
}

// charged is what the ledger has counted, when it knows.
func (f *trio) charged() int64 {
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

// idle is the permits that gateways hold.
func (f *trio) idle() (permits int64) {
	for _, r := range f.gateways {
		permits += r.Stats().Permits
	}
	return permits
}

// Whatever Redis forgets, a permit that no call has used is free again when a lease could have
// been used no longer, and each that was used is counted once. What gateways that died have held
// is counted.
func TestWhatNobodyUsedIsNotCharged(t *testing.T) {
	t.Parallel()
	for _, fault := range []struct {
		name  string
		does  func(*trio)
		fatal bool // to gateways
	}{
		{"none", func(*trio) {}, false},
		{"Redis killed, started with its file", func(f *trio) { f.redis.kill(); f.begin() }, false},
		{"the same twice", func(f *trio) {
			for range 2 {
				f.redis.kill()
				f.pass(3 * time.Second)
				f.begin()
				f.pass(5 * time.Second)
			}
		}, false},
		{"Redis killed for longer than a lease", func(f *trio) { f.redis.kill(); f.pass(12 * time.Second); f.begin() }, false},
		{"FLUSHALL", func(f *trio) { f.redis.command("FLUSHALL") }, false},
		{"FLUSHALL twice", func(f *trio) { f.redis.command("FLUSHALL"); f.pass(time.Second); f.redis.command("FLUSHALL") }, false},
		{"gateways killed", (*trio).hire, true},
		{"gateways killed, and Redis, started with its file", func(f *trio) { f.redis.kill(); f.begin(); f.hire() }, true},
	} {
		for _, shape := range []struct{ turns, atOnce, slots int }{{30, 1, 100}, {10, 3, 9}, {2, 20, 100}} {
			t.Run(fmt.Sprintf("%s, %d at once of %d", fault.name, shape.atOnce, shape.slots), func(t *testing.T) {
				t.Parallel()
				f := newTrio(t, rule(300, 300, shape.slots))
				f.spend(shape.turns, shape.atOnce)
				held := f.idle()
				fault.does(f)
				f.pass(2*limits.Lease + 5*time.Second)
				charged := f.charged()
				t.Logf("%d made, %d held, then %d charged", f.made, held, charged)
				if want := f.made; fault.fatal {
					if want += held; charged < f.made || charged > want {
						t.Errorf("%d charged, want %d made and at most the %d that were held", charged, f.made, held)
					}
				} else if charged != want {
					t.Errorf("%d charged, want the %d made", charged, want)
				}
			})
		}
	}
}

// A gateway holds a fiftieth of a quota at most, however calls come; what it costs in requests is
// printed.
func TestLeasesAreSmall(t *testing.T) {
	t.Parallel()
	for _, quota := range []int64{60, 300, 3000, 1_000_000} {
		for _, shape := range []struct{ atOnce, slots int }{{1, 9}, {1, 100}, {3, 9}, {20, 100}} {
			turns := min(40, int(quota)/6/shape.atOnce) // half of the quota
			if turns == 0 {
				continue
			}
			t.Run(fmt.Sprintf("%d an hour, %d at once of %d", quota, shape.atOnce, shape.slots), func(t *testing.T) {
				t.Parallel()
				f := newTrio(t, rule(quota, quota, shape.slots))
				sent := int64(0)
				for _, r := range f.gateways {
					sent -= r.sent.Load()
				}
				held := f.spend(turns, shape.atOnce)
				for _, r := range f.gateways {
					sent += r.sent.Load()
				}
				t.Logf("%s: %d made, at most %d held by one, %.2f requests for a call", t.Name(), f.made, held, float64(sent)/float64(f.made))
				if held > quota/50 {
					t.Errorf("a gateway held %d permits, want %d at most", held, quota/50)
				}
			})
		}
	}
}

// overcharged says, when all gateways of the fault suite have ended, which accounts are charged
// for more than was made of them and what gateways that were killed may have held.
func (c *gatewayProcs) overcharged(all *gatewayLogs) (lines []string) {
	c.t.Helper()
	r, err := prepare(Config{URL: c.config.URL, Calendar: limitstest.Czech(c.t), Timeout: 5 * time.Second})
	if err != nil {
		c.t.Fatal(err)
	}
	defer r.client.Close()
	made, charged := 0, int64(0)
	for account, calls := range all.calls {
		var round, shard int
		k := kindOf(account)
		if _, err := fmt.Sscanf(account[len(k.name):], ".%d.%d", &round, &shard); err != nil {
			c.t.Fatal(err)
		}
		u, err := r.Usage(c.t.Context(), limits.Call{Key: k.account(shard, round), Rule: k.rule})
		if err != nil {
			c.t.Fatalf("%s: %v", account, err)
		}
		made, charged = made+len(calls), charged+u.Working+u.Off
		held := c.killed * (k.rule.Working/prefetchFraction + int64(k.callers))
		if n := u.Working + u.Off; n > int64(len(calls))+held {
			lines = append(lines, fmt.Sprintf("%s: %d permits are charged, %d calls were made, dead gateways held %d at most", account, n, len(calls), held))
		}
	}
	c.t.Logf("%d calls were made and %d permits charged, %d gateways were killed", made, charged, c.killed)
	return lines
}
