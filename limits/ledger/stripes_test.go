package ledger

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

// With one stripe all is told as if there were none: the contract holds to the last number.
func TestRedisWithAStripe(t *testing.T) {
	s := startServer(t)
	limitstest.Contract(t, traits, func(t *testing.T, clock *limitstest.Clock) limitstest.Store {
		r := newRedis(t, s, clock)
		r.striping = *stripeAlways(1)
		return r
	})
}

// striped tells that a decision's slot was taken in a stripe.
func striped(d limits.Decision) bool { return d.Slot.Place>>stripeBits > 0 }

// A stripe admits only what the shard would by the same things; all else goes to the shard, which
// deals again.
func TestStripesGoByWhatTheLaneGoesBy(t *testing.T) {
	s := startServer(t)
	for _, test := range []struct {
		name    string
		changes func(*testing.T, *Store, *limitstest.Caller, *limitstest.Clock)
		stays   bool // the call after the change is admitted, but not from a stripe
	}{
		{"nothing", func(*testing.T, *Store, *limitstest.Caller, *limitstest.Clock) {}, true},
		{"the rule", func(_ *testing.T, _ *Store, c *limitstest.Caller, _ *limitstest.Clock) { c.Call.Rule.Off-- }, false},
		{"the version of the policy", func(_ *testing.T, _ *Store, c *limitstest.Caller, _ *limitstest.Clock) { c.Call.Policy = "q" }, false},
		{"a lifetime that the ledger does not know", func(_ *testing.T, _ *Store, c *limitstest.Caller, _ *limitstest.Clock) { c.Call.Lifetime++ }, false},
		{"the calendar is to be looked at", func(_ *testing.T, _ *Store, _ *limitstest.Caller, clock *limitstest.Clock) { clock.Move(regimeCheck) }, false},
		{"the regime", func(t *testing.T, _ *Store, _ *limitstest.Caller, clock *limitstest.Clock) {
			clock.Set(limitstest.Prague(t, limitstest.Wednesday+"17:00:00").UnixMilli())
		}, false},
		{"the lease is over", func(_ *testing.T, _ *Store, _ *limitstest.Caller, clock *limitstest.Clock) { clock.Move(limits.Lease) }, false},
		{"the store is closed", func(t *testing.T, r *Store, _ *limitstest.Caller, _ *limitstest.Clock) {
			r.leaving.Store(true)
			r.tend(r.shardOf("a"))
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock := limitstest.ClockAt(t, limitstest.Wednesday+"16:59:55")
			r := newRedis(t, s, clock)
			r.striping = *stripeAlways(2)
			c := newCaller(t, r, "a", rule(1<<30, 1<<30, 1000))
			c.Spend(20)
			if d := c.Admit(limits.Admitted); !striped(d) {
				t.Fatalf("decision %+v is not from a stripe", d)
			}
			test.changes(t, r, &c, clock)
			if d := c.Admit(limits.Admitted); striped(d) != test.stays {
				t.Errorf("decision %+v is from a stripe: %v", d, striped(d))
			}
			sh := r.shardOf("a")
			sh.mu.Lock()
			defer sh.mu.Unlock()
		})
	}
}

func (r *Store) shardOf(name string) *shard {
	key := limits.KeyOf(name)
	return &r.shards[key[0]%shardCount]
}

// What stripes did is the caller's: its pace, when it last called, the slots that are taken, and when
// the last of them ends.
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
	limitstest.Eventually(t, "the caller that rests has no stripes", func() bool {
		clock.Move(time.Second)
		sh.mu.Lock()
		defer sh.mu.Unlock()
		return sh.callers[c.Call.Key] == nil && sh.stripesOf(c.Call.Key) == nil
	})
	c.Spend(20)
	later := c.Admit(limits.Admitted)
	for _, slot := range slots { // of stripes that are no more
		c.Release(slot)
	}
	if got := r.Stats(); !striped(later) || got.Busy != 1 {
		t.Errorf("stats = %+v, want the one call that runs", got)
	}
}

// A shard has stripes for a few callers only; the others are decided about as ever.
func TestStripedCallersAreFew(t *testing.T) {
	clock := limitstest.ClockAt(t, limitstest.Wednesday+"10:00:00")
	r := newRedis(t, startServer(t), clock)
	r.striping = *stripeAlways(2)
	fromStripes := 0
	for n := range mostStriped + 3 {
		c := newCaller(t, r, "", rule(1<<30, 1<<30, 1000))
		c.Call.Key = limits.Key{7, byte(n)}
		c.Spend(20)
		if striped(c.Admit(limits.Admitted)) {
			fromStripes++
		}
	}
	if fromStripes != mostStriped {
		t.Errorf("%d callers have stripes, want %d", fromStripes, mostStriped)
	}
}

// crowd is many callers at once of one large caller's calls, and what they log: each call before
// it ends.
type crowd struct {
	store                          *Store
	call                           limits.Call
	count                          func(admitted int64) // is told each
	begun                          sync.WaitGroup       // each has made its first call, and holds its slot
	admitted, fromStripes, refused atomic.Int64
	running, most                  atomic.Int64
}

// work makes calls, of which a few run at once, until they are refused over quota or the store is
// closed; a moody one's rule changes back and forth.
func (c *crowd) work(ctx context.Context, moody bool) (err error) {
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
		if moody && i%50 == 0 {
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
		for now, last := c.running.Add(1), c.most.Load(); now > last && !c.most.CompareAndSwap(last, now); last = c.most.Load() {
		}
		if striped(d) {
			c.fromStripes.Add(1)
			if d.Running < 1 || d.Running > d.Concurrent || d.Remaining < 0 || d.Remaining > d.Quota {
				return fmt.Errorf("told %+v", d)
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

// Many at once at one large caller, while its rule changes, others look, and at last the store
// closes: by the log of those who call, no more is admitted than the quota, no more run than may,
// and no permit is lost.
func TestStripesUnderContention(t *testing.T) {
	s := startServer(t)
	const quota = 30_000
	for _, test := range []struct {
		name       string
		closes     int64 // after so many calls; 0: never
		concurrent int
		moody      bool
	}{
		{"to the last permit", 0, 64, true},
		{"closed on the way", quota / 2, 64, true},
		{"to the last slot", 0, 16, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRedis(t, s, nil)
			r.striping = *stripeAlways(4)
			var workers, others sync.WaitGroup
			c := &crowd{store: r, call: limits.Call{Key: limits.KeyOf(t.Name()), Rule: rule(quota, quota, test.concurrent), Lifetime: time.Minute}}
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
			const many = 16 // all slots in the last case, so that whoever calls next is refused
			c.begun.Add(many)
			for n := range many {
				workers.Go(func() {
					if err := c.work(t.Context(), test.moody && n == 0); err != nil && test.closes == 0 {
						t.Error(err)
					}
				})
			}
			workers.Wait()
			done()
			others.Wait()
			t.Logf("%d admitted, %d from stripes, %d at once, %d refused", c.admitted.Load(), c.fromStripes.Load(), c.most.Load(), c.refused.Load())
			if got := c.admitted.Load(); got > quota || test.closes == 0 && got < quota*99/100 {
				t.Errorf("admitted %d calls of %d", got, quota)
			}
			if c.most.Load() > int64(test.concurrent) || test.moody && c.fromStripes.Load() == 0 || !test.moody && c.refused.Load() == 0 {
				t.Errorf("%d calls ran at once, %d were admitted from stripes, %d refused", c.most.Load(), c.fromStripes.Load(), c.refused.Load())
			}
		})
	}
}
