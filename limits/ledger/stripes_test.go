package ledger

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

// With one stripe, decisions are as without: the contract holds to the last number.
func TestRedisWithAStripe(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	limitstest.Contract(t, traits, func(t *testing.T, clock *limitstest.Clock) limitstest.Store {
		r := newRedis(t, s, clock)
		r.striping = *stripeAlways(1)
		return r
	})
}

// striped returns whether the slot of a decision was taken in a stripe.
func striped(d limits.Decision) bool { return d.Slot.Place>>stripeBits > 0 }

// A stripe admits a call only if its shard would, by the same conditions. Any other call goes to
// the shard, which lends again.
func TestStripesAdmitWhatTheShardWould(t *testing.T) {
	s := startServer(t)
	for _, test := range []struct {
		name    string
		change  func(*Store, *limitstest.Caller, *limitstest.Clock)
		striped bool // the call after the change is admitted from a stripe
	}{
		{"nothing", func(*Store, *limitstest.Caller, *limitstest.Clock) {}, true},
		{"the rule", func(_ *Store, c *limitstest.Caller, _ *limitstest.Clock) {
			c.Call.Rule.Off--
		}, false},
		{"the version of the policy", func(_ *Store, c *limitstest.Caller, _ *limitstest.Clock) {
			c.Call.Policy = "q"
		}, false},
		{"the lifetime", func(_ *Store, c *limitstest.Caller, _ *limitstest.Clock) {
			c.Call.Lifetime++
		}, false},
		{"time for the calendar", func(_ *Store, _ *limitstest.Caller, clock *limitstest.Clock) {
			clock.Move(regimeCheck)
		}, false},
		{"the regime", func(_ *Store, _ *limitstest.Caller, clock *limitstest.Clock) {
			clock.Set(limitstest.Prague(t, limitstest.Wednesday+"17:00:00").UnixMilli())
		}, false},
		{"the lease is over", func(_ *Store, _ *limitstest.Caller, clock *limitstest.Clock) {
			clock.Move(limits.Lease)
		}, false},
		{"the store is closed", func(r *Store, _ *limitstest.Caller, _ *limitstest.Clock) {
			r.leaving.Store(true)
			r.tend(r.shardOf("a"))
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock := limitstest.ClockAt(t, limitstest.Wednesday+"16:59:55")
			r := newRedis(t, s, clock)
			r.striping = *stripeAlways(2)
			c := newCaller(t, r, "a", rule(1<<30, 1<<30, 1000))
			spendUntilLent(t, r, &c)
			if d := c.Admit(limits.Admitted); !striped(d) {
				t.Fatalf("decision %+v is not from a stripe", d)
			}
			test.change(r, &c, clock)
			if d := c.Admit(limits.Admitted); striped(d) != test.striped {
				t.Errorf("decision %+v is from a stripe: %v", d, striped(d))
			}
			sh := r.shardOf("a")
			sh.mu.Lock()
			defer sh.mu.Unlock()
		})
	}
}

// spendUntilLent makes calls until each stripe of the caller has two permits: whichever stripe the
// next two calls try, it admits them.
func spendUntilLent(t *testing.T, r *Store, c *limitstest.Caller) {
	t.Helper()
	for range 1000 {
		c.Spend(1)
		if p := r.shard(c.Call.Key).stripesOf(c.Call.Key); p != nil && p.leastPermits() >= 2 {
			return
		}
	}
	t.Fatal("no call had the shard lend two permits to each stripe")
}

// leastPermits is the least that a stripe has.
func (p *stripes) leastPermits() int64 {
	least := int64(math.MaxInt64)
	for i := range p.all {
		p.all[i].mu.Lock()
		least = min(least, p.all[i].permits)
		p.all[i].mu.Unlock()
	}
	return least
}

// shardOf is the shard of a caller by its name.
func (r *Store) shardOf(name string) *shard {
	key := limits.KeyOf(name)
	return &r.shards[key[0]%shardCount]
}

// A recalled caller knows what its stripes did: its pace, when it last called, the slots that are
// taken, and when the last of them ends.
func TestRecalledCallersAreWhole(t *testing.T) {
	clock := limitstest.ClockAt(t, limitstest.Wednesday+"10:00:00")
	r := newRedis(t, startServer(t), clock)
	r.striping = *stripeAlways(3)
	c := newCaller(t, r, "a", rule(1<<30, 1<<30, 1000))
	c.Spend(20)
	sh := r.shardOf("a")
	whole := func() (left, calls int64) {
		here := sh.callers[c.Call.Key]
		r.with(sh, here, func() { left, calls = here.permitsLeft(), here.calls })
		return left, calls
	}
	sh.mu.Lock()
	left, calls := whole()
	sh.mu.Unlock()
	var slots []limits.Slot
	clock.Move(time.Millisecond)
	for range 5 {
		d := c.Admit(limits.Admitted)
		if !striped(d) {
			t.Fatalf("decision %+v is not from a stripe", d)
		}
		slots = append(slots, d.Slot)
	}
	sh.mu.Lock()
	nowLeft, nowCalls := whole()
	here := sh.callers[c.Call.Key]
	if nowLeft != left-5 || nowCalls != calls+5 {
		t.Errorf("%d permits and %d calls, want %d and %d", nowLeft, nowCalls, left-5, calls+5)
	}
	if now := r.clock.now(); here.lastCall != now || here.lastExpiry() != now+time.Minute.Milliseconds() {
		t.Errorf("active %d, slots until %d, now %d", here.lastCall, here.lastExpiry(), now)
	}
	sh.mu.Unlock()
	if got := r.Stats(); got.Busy != 5 || got.Permits != left-5 {
		t.Errorf("stats = %+v, want 5 calls that run and %d permits", got, left-5)
	}
	if got, err := r.Usage(t.Context(), c.Call); err != nil || got.Running != 5 {
		t.Errorf("usage = %+v, %v, want 5 calls that run", got, err)
	}
	for _, slot := range slots[1:] {
		c.Release(slot)
	}
	if err := r.Renew(t.Context(), slots[0], time.Hour); err != nil {
		t.Fatal(err)
	}
	clock.Move(59 * time.Minute)
	if got := r.Stats(); got.Busy != 1 || got.Permits != 0 {
		t.Errorf("stats = %+v, want the call that was renewed, and no permits", got)
	}
	c.Release(slots[0])
	limitstest.Eventually(t, "the dormant caller has no stripes", func() bool {
		clock.Move(time.Second)
		sh.mu.Lock()
		defer sh.mu.Unlock()
		return sh.callers[c.Call.Key] == nil && sh.stripesOf(c.Call.Key) == nil
	})
	c.Spend(20)
	// A heartbeat recalls stripes; a call that meets it is decided at the shard.
	limitstest.Eventually(t, "a call is admitted from a stripe", func() bool {
		d := c.Admit(limits.Admitted)
		if !striped(d) {
			c.Release(d.Slot)
		}
		return striped(d)
	})
	for _, slot := range slots { // of former stripes
		c.Release(slot)
	}
	if got := r.Stats(); got.Busy != 1 {
		t.Errorf("stats = %+v, want the one call that runs", got)
	}
}

// A shard has stripes for a few callers only. It decides about the others itself.
func TestStripedCallersAreFew(t *testing.T) {
	clock := limitstest.ClockAt(t, limitstest.Wednesday+"10:00:00")
	r := newRedis(t, startServer(t), clock)
	r.striping = *stripeAlways(2)
	have := 0
	for n := range mostStriped + 3 {
		c := newCaller(t, r, "", rule(1<<30, 1<<30, 1000))
		c.Call.Key = limits.Key{7, byte(n)}
		c.Spend(20)
		if r.shard(c.Call.Key).stripesOf(c.Call.Key) != nil {
			have++
		}
	}
	if have != mostStriped {
		t.Errorf("%d callers have stripes, want %d", have, mostStriped)
	}
}

// A crowd is many goroutines that make calls of one large caller, and count each call before it
// ends.
type crowd struct {
	store                          *Store
	call                           limits.Call
	count                          func(admitted int64) // is called with each count
	begun                          sync.WaitGroup       // until each goroutine holds its first slot
	admitted, fromStripes, refused atomic.Int64
	running, most                  atomic.Int64
}

// work makes calls, of which a few run at once, until one is over the quota or the store is closed.
// With ruleVaries, the rule of its calls changes back and forth.
func (c *crowd) work(ctx context.Context, ruleVaries bool) (err error) {
	var held []limits.Slot
	release := func(most int) {
		for len(held) > most && err == nil {
			c.running.Add(-1)
			err = c.store.Release(ctx, held[0])
			held = held[1:]
		}
	}
	defer func() { release(0) }()
	call := c.call
	for i := 0; err == nil; i++ {
		if ruleVaries && i%50 == 0 {
			call.Rule.Concurrent = c.call.Rule.Concurrent / (1 + i/50%2)
		}
		d, failed := c.store.Admit(ctx, call)
		if i == 0 {
			c.begun.Done()
			c.begun.Wait()
		}
		if failed != nil || d.Verdict == limits.OverQuota {
			return failed
		}
		if d.Verdict == limits.OverConcurrency {
			c.refused.Add(1)
			release(0)
			continue
		}
		held = append(held, d.Slot)
		now := c.running.Add(1)
		for last := c.most.Load(); now > last && !c.most.CompareAndSwap(last, now); {
			last = c.most.Load()
		}
		if striped(d) {
			c.fromStripes.Add(1)
			if d.Running < 1 || d.Running > d.Concurrent || d.Remaining < 0 || d.Remaining > d.Quota {
				return fmt.Errorf("decision = %+v", d)
			}
		}
		c.count(c.admitted.Add(1))
		if i%7 == 0 {
			err = c.store.Renew(ctx, d.Slot, time.Minute)
		}
		release(5)
	}
	return err
}

// Many goroutines make calls of one large caller, while its rule changes, Stats is read, and at
// last the store closes. By their own count no more calls are admitted than the quota, no more
// run at once than allowed, and no permit is lost.
func TestStripesUnderContention(t *testing.T) {
	s := startServer(t)
	const quota = 30_000
	for _, test := range []struct {
		name       string
		closes     int64 // the store, after n calls; 0: never
		concurrent int
		ruleVaries bool
	}{
		{"to the last permit", 0, 64, true},
		{"closed on the way", quota / 2, 64, true},
		{"to the last slot", 0, 16, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRedis(t, s, nil)
			r.striping = *stripeAlways(4)
			var workers, others sync.WaitGroup
			c := &crowd{store: r, call: newCaller(t, r, "a", rule(quota, quota, test.concurrent)).Call}
			c.count = func(admitted int64) {
				if admitted == test.closes {
					others.Go(func() { _ = r.Close() })
				}
			}
			ctx, done := context.WithCancel(t.Context())
			others.Go(func() {
				for ctx.Err() == nil {
					r.tend(&r.shards[c.call.Key[0]%shardCount])
					if got := r.Stats(); got.Busy < 0 || got.Permits < 0 {
						t.Errorf("stats = %+v", got)
					}
				}
			})
			const many = 16 // the slots of the last case, so that some calls are refused
			c.begun.Add(many)
			for n := range many {
				workers.Go(func() {
					if err := c.work(t.Context(), test.ruleVaries && n == 0); err != nil && test.closes == 0 {
						t.Error(err)
					}
				})
			}
			workers.Wait()
			done()
			others.Wait()
			fromStripes, most, refused := c.fromStripes.Load(), c.most.Load(), c.refused.Load()
			t.Logf("%d admitted, %d from stripes, %d at once, %d refused",
				c.admitted.Load(), fromStripes, most, refused)
			if got := c.admitted.Load(); got > quota || test.closes == 0 && got < quota*99/100 {
				t.Errorf("admitted %d calls of %d", got, quota)
			}
			if most > int64(test.concurrent) {
				t.Errorf("%d calls ran at once, want %d at most", most, test.concurrent)
			}
			if test.ruleVaries && fromStripes == 0 || !test.ruleVaries && refused == 0 {
				t.Errorf("%d calls were admitted from stripes, %d refused: nothing was tried",
					fromStripes, refused)
			}
		})
	}
}
