package ledger

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

// shardedCalls is a call in each shard of the ledger.
func shardedCalls(rule limits.Rule) (calls []limits.Call) {
	for shard := range shardCount {
		k := kind{name: "sharded"}
		calls = append(calls, limits.Call{Key: k.account(shard, 0), Rule: rule, Lifetime: time.Minute})
	}
	return calls
}

// newClustered is a gateway with the rights that docs/redis.md names.
func newClustered(t *testing.T, c *redisCluster, replicas int) *Store {
	t.Helper()
	for _, n := range c.nodes {
		grantRights(t, n.server, "a Cluster", "`wait_replicas`")
	}
	config := testConfig(t, c.url("brana:word@"))
	config.Replicas = replicas
	r, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// A Cluster keeps the quotas and slots of callers in all shards while its slots move, and the
// whole of a quota is granted. It needs no more rights than docs/redis.md names. One of the
// gateways waits for replicas.
func TestClusterKeepsTheLimits(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, 1, steady)
	const quota, concurrent = 40, 4
	calls := shardedCalls(rule(quota, quota, concurrent))
	owners := map[int]int{}
	for shard := range calls {
		at, _ := c.owner(c.slotOf(shard))
		owners[at]++
	}
	if len(owners) != 3 {
		t.Fatalf("shards are on %v, want on three nodes", owners)
	}
	gateways := []*Store{newClustered(t, c, 0), newClustered(t, c, 1)}
	for _, g := range gateways {
		waitReady(t, "the gateways are ready", g)
	}
	var admitted, running [shardCount]atomic.Int64
	var group sync.WaitGroup
	stop := make(chan struct{})
	for _, g := range gateways {
		for shard, call := range calls {
			group.Go(func() {
				for {
					select {
					case <-stop:
						return
					case <-time.After(10 * time.Millisecond):
					}
					d, err := g.Admit(t.Context(), call)
					if err != nil || d.Verdict != limits.Admitted {
						continue
					}
					admitted[shard].Add(1)
					if n := running[shard].Add(1); n > concurrent {
						t.Errorf("shard %d: %d calls run at once", shard, n)
					}
					time.Sleep(10 * time.Millisecond)
					running[shard].Add(-1)
					_ = g.Release(t.Context(), d.Slot)
				}
			})
		}
	}
	// Permits that were granted while a slot moved may be lost; they stay counted. No others may.
	least := [shardCount]int64{}
	for shard := range least {
		least[shard] = quota
	}
	for _, shard := range []int{0, 5, 9} {
		least[shard] = quota * 3 / 4
		c.moveSlot(shard, func() { time.Sleep(300 * time.Millisecond) })
	}
	used := func() (short []string) {
		for shard := range admitted {
			if n := admitted[shard].Load(); n < least[shard] {
				short = append(short, fmt.Sprintf("shard %d: %d calls", shard, n))
			}
		}
		return short
	}
	for deadline := time.Now().Add(40 * time.Second); used() != nil && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(time.Second) // for calls beyond the quota
	close(stop)
	group.Wait()
	for shard := range admitted {
		if n := admitted[shard].Load(); n > quota {
			t.Errorf("shard %d: %d calls, quota %d", shard, n, quota)
		}
	}
	if short := used(); short != nil {
		t.Errorf("of quotas of %d: %v", quota, short)
	}
	for _, n := range c.nodes {
		if got := denied(t, n.Client); !slices.Equal(got, []string{"command config|get"}) && got != nil {
			t.Errorf("denied: %v", got)
		}
	}
}

// In a Cluster the replicas of the node that granted acknowledge the grant.
func TestClusterGrantsWaitForReplicas(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, 1, steady)
	g := newClustered(t, c, 1)
	waitReady(t, "the gateway is ready", g)
	calls := shardedCalls(rule(10, 10, 10))
	spend := func(shard int) error {
		d, err := g.Admit(t.Context(), calls[shard])
		if err == nil && d.Verdict != limits.Admitted {
			err = fmt.Errorf("shard %d: %v", shard, d.Verdict)
		}
		return err
	}
	for shard := range calls {
		if err := spend(shard); err != nil {
			t.Fatal(err)
		}
	}
	alone, _ := c.owner(c.slotOf(0))
	c.nodes[c.masters+alone].kill()
	for shard := range calls {
		owner, _ := c.owner(c.slotOf(shard))
		if owner != alone {
			what := fmt.Sprintf("shard %d, whose node has a replica, grants", shard)
			limitstest.Eventually(t, what, func() bool { return spend(shard) == nil })
			continue
		}
		what := fmt.Sprintf("shard %d, whose node has none, does not", shard)
		limitstest.Eventually(t, what, func() bool { return errors.Is(spend(shard), limits.ErrReplicas) })
	}
	c.nodes[c.masters+alone].restart(t)
	waitReady(t, "the node has a replica again", g)
	for shard := range calls {
		if err := spend(shard); err != nil {
			t.Error(err)
		}
	}
}
