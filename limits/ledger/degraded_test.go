package ledger

import (
	"context"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

// Held leases are used up first in any mode; then the mode decides, and the decision says so.
func TestModesWhileRedisIsDown(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		mode limits.Mode
		want int64 // calls admitted of 100, where the quota is 20 and two gateways share it
	}{{limits.Closed, 0}, {limits.Share, 10}, {limits.Open, 100}} {
		t.Run(test.mode.String(), func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			one, other := newRedis(t, s, nil), newRedis(t, s, nil)
			call := limits.Call{Key: limits.KeyOf("a"), Rule: rule(20, 20, 10), Lifetime: time.Minute, WhenDown: test.mode}
			limitstest.Eventually(t, "the gateways know of each other", func() bool {
				d, err := other.Admit(t.Context(), limits.Call{Key: call.Key, Rule: call.Rule, Lifetime: time.Minute})
				if err == nil && d.Verdict == limits.Admitted {
					_ = other.Release(t.Context(), d.Slot)
				}
				return knownGateways(one, call.Key) == 2
			})
			used := 20 - remaining(t, other, call)
			s.kill()
			limitstest.Eventually(t, "the loss is noticed", func() bool { return one.Ready(t.Context()) != nil && downOf(one, call.Key) })

			admitted := int64(0)
			for range 100 {
				d, err := one.Admit(t.Context(), call)
				switch {
				case test.mode == limits.Closed && err == nil:
					t.Fatalf("decision %+v without Redis", d)
				case test.mode != limits.Closed && (err != nil || d.Degraded != test.mode):
					t.Fatalf("decision %+v, %v, want one of mode %v", d, err, test.mode)
				case err == nil && d.Verdict == limits.Admitted:
					admitted++
					_ = one.Release(t.Context(), d.Slot)
				}
			}
			if admitted != test.want {
				t.Errorf("%d calls admitted, want %d", admitted, test.want)
			}

			// When Redis is back, what was admitted without it is counted, by the ledger that has
			// forgotten all.
			if !s.start() {
				t.Fatal("redis-server does not start again")
			}
			want := 20 - used - admitted // below zero after open
			limitstest.Eventually(t, "the ledger has learned", func() bool { return one.Ready(t.Context()) == nil && other.Ready(t.Context()) == nil })
			limitstest.Eventually(t, "the calls are counted", func() bool { return remaining(t, other, call) <= want })
			if got := remaining(t, other, call); got != want {
				t.Errorf("remaining %d, want %d of 20: %d used before and %d meanwhile", got, want, used, admitted)
			}
		})
	}
}

// remaining is what a gateway sees after asking the ledger, without using any of it.
func remaining(t testing.TB, r *Store, call limits.Call) (left int64) {
	t.Helper()
	sh := &r.shards[call.Key[0]%shardCount]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c := sh.caller(&call)
	var answered <-chan struct{}
	r.with(sh, c, func() {
		now := r.clock.now()
		sh.adopt(c, &call, now)
		c.lastCall = now - 2*idleAfter.Milliseconds()
		answered = r.enlist(sh, c)
	})
	if err := sh.wait(context.Background(), answered, time.After(5*time.Second)); err != nil {
		t.Fatal(err)
	}
	r.with(sh, c, func() { left = c.known.room + c.permitsLeft() })
	return left
}

func knownGateways(r *Store, key limits.Key) int64 {
	sh := &r.shards[key[0]%shardCount]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.gateways
}

func downOf(r *Store, key limits.Key) bool {
	sh := &r.shards[key[0]%shardCount]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.cause != nil
}

// A gateway that never heard of the others cannot take a share.
func TestShareNeedsToKnowTheOthers(t *testing.T) {
	r, err := New(Config{URL: "redis://127.0.0.1:" + freePort(t), Calendar: limitstest.Czech(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	call := limits.Call{Key: limits.KeyOf("a"), Rule: rule(20, 20, 10), Lifetime: time.Minute, WhenDown: limits.Share}
	if d, err := r.Admit(t.Context(), call); err == nil {
		t.Errorf("decision %+v", d)
	}
	call.WhenDown = limits.Open
	if d, err := r.Admit(t.Context(), call); err != nil || d.Verdict != limits.Admitted || d.Degraded != limits.Open {
		t.Errorf("decision %+v, %v", d, err)
	}
}

// Whatever happens to Redis, the gateways' own logs hold the quota: never more than it, and in
// the end all of it.
func TestQuotaIsKeptThroughFaults(t *testing.T) {
	t.Parallel()
	const quota = 600
	for _, fault := range []struct {
		name string
		does func(*server)
	}{
		{"emptied", func(s *server) { s.command("FLUSHALL") }},
		{"killed and started empty", func(s *server) { s.kill(); s.start() }},
		{"frozen and thawed", func(s *server) {
			_ = s.cmd.Process.Signal(syscall.SIGSTOP)
			time.Sleep(300 * time.Millisecond)
			_ = s.cmd.Process.Signal(syscall.SIGCONT)
		}},
		{"scripts flushed, connections cut", func(s *server) {
			s.command("SCRIPT FLUSH")
			s.command("CLIENT KILL TYPE normal SKIPME yes")
		}},
	} {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			gateways := []*Store{newRedis(t, s, nil), newRedis(t, s, nil), newRedis(t, s, nil)}
			call := limits.Call{Key: limits.KeyOf("a"), Rule: rule(quota, quota, 30), Lifetime: time.Minute}
			var admitted, running atomic.Int64
			ctx, stop := context.WithCancel(t.Context())
			var group sync.WaitGroup
			for _, g := range gateways {
				for range 3 {
					group.Go(func() {
						for ; ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
							d, err := g.Admit(ctx, call)
							if err != nil || d.Verdict != limits.Admitted {
								continue
							}
							admitted.Add(1)
							if n := running.Add(1); n > 30 {
								t.Errorf("%d calls run at once", n)
							}
							running.Add(-1)
							_ = g.Release(ctx, d.Slot)
						}
					})
				}
			}
			limitstest.Eventually(t, "a third of the quota is used", func() bool { return admitted.Load() > quota/3 })
			fault.does(s)
			limitstest.Eventually(t, "the quota is used up, but for leases lost", func() bool { return admitted.Load() >= quota-quota/10 })
			time.Sleep(2 * time.Second) // would more be admitted, it would be now
			stop()
			group.Wait()
			if n := admitted.Load(); n > quota {
				t.Errorf("%d calls admitted, quota %d", n, quota)
			} else {
				t.Logf("%d of %d admitted", n, quota)
			}
		})
	}
}
