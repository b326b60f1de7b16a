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

// In any mode, leases are used up first. Then the mode decides, and the decision says so.
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
			closed := newCaller(t, one, "a", rule(20, 20, 10)).Call
			call := closed
			call.WhenDown = test.mode
			limitstest.Eventually(t, "the gateways know of each other", func() bool {
				d, err := other.Admit(t.Context(), closed)
				if err == nil && d.Verdict == limits.Admitted {
					_ = other.Release(t.Context(), d.Slot)
				}
				return knownGateways(one, call.Key) == 2
			})
			used := 20 - remaining(t, other, call)
			s.kill()
			waitLoss(t, one)
			limitstest.Eventually(t, "its shard notices", func() bool { return downOf(one, call.Key) })

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

			// When Redis is back, and has lost its memory, the calls made meanwhile are counted.
			if !s.start() {
				t.Fatal("redis-server does not start again")
			}
			want := 20 - used - admitted // below zero after open
			waitReady(t, "the ledger has learned", one)
			waitReady(t, "the ledger has learned", other)
			limitstest.Eventually(t, "the calls are counted", func() bool {
				return remaining(t, other, call) <= want
			})
			if got := remaining(t, other, call); got != want {
				t.Errorf("remaining %d, want %d of 20: %d used before and %d meanwhile",
					got, want, used, admitted)
			}
		})
	}
}

// remaining asks the ledger what is left of a quota, without using any of it.
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

// A gateway that has never heard of others does not know its share, and is closed.
func TestShareNeedsToKnowTheOthers(t *testing.T) {
	r, err := New(Config{URL: "redis://127.0.0.1:" + freePort(t), Calendar: limitstest.Czech(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	call := newCaller(t, r, "a", rule(20, 20, 10)).Call
	call.WhenDown = limits.Share
	if d, err := r.Admit(t.Context(), call); err == nil {
		t.Errorf("decision %+v", d)
	}
	call.WhenDown = limits.Open
	d, err := r.Admit(t.Context(), call)
	if err != nil || d.Verdict != limits.Admitted || d.Degraded != limits.Open {
		t.Errorf("decision %+v, %v", d, err)
	}
}

// Whatever happens to Redis, no more calls are admitted than the quota, and in the end nearly all
// of it are.
func TestQuotaIsKeptThroughFaults(t *testing.T) {
	t.Parallel()
	const quota = 600
	for _, fault := range []struct {
		name string
		run  func(*server)
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
			limitstest.Eventually(t, "a third of the quota is used", func() bool {
				return admitted.Load() > quota/3
			})
			fault.run(s)
			limitstest.Eventually(t, "the quota is used up, except for lost leases", func() bool {
				return admitted.Load() >= quota-quota/10
			})
			time.Sleep(2 * time.Second) // for calls beyond the quota
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
