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

func newClustered(t *testing.T, c *redisCluster, replicas int) *Store {
	t.Helper()
	for _, n := range c.nodes {
		grantRights(t, n.server, "a Cluster", "`wait_replicas`")
	}
	r, err := New(Config{URL: c.url("brana:word@"), Calendar: limitstest.Czech(t), Timeout: 2 * time.Second, TrustEmpty: true, Replicas: replicas})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// With the rights that the operator's page names, quotas and slots of callers in all shards are kept by a Cluster whose slots move while calls come, and all of a quota
// can be had; also by a gateway that has replicas acknowledge.
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
		t.Fatalf("shards lie on %v", owners)
	}
	gateways := []*Store{newClustered(t, c, 0), newClustered(t, c, 1)}
	for _, g := range gateways {
		limitstest.Eventually(t, "the gateways are ready", func() bool { return g.Ready(t.Context()) == nil })
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
	// What was granted while a slot moved may be lost, and stays counted; of the others nothing may be.
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
	time.Sleep(time.Second) // would more be admitted, it would be now
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

// In a Cluster a grant is acknowledged by replicas of the node that made it.
func TestClusterGrantsWaitForReplicas(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, 1, steady)
	g := newClustered(t, c, 1)
	limitstest.Eventually(t, "the gateway is ready", func() bool { return g.Ready(t.Context()) == nil })
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
			limitstest.Eventually(t, fmt.Sprintf("shard %d, whose node has a replica, grants", shard), func() bool { return spend(shard) == nil })
			continue
		}
		limitstest.Eventually(t, fmt.Sprintf("shard %d, whose node has none, does not", shard), func() bool { return errors.Is(spend(shard), limits.ErrReplicas) })
	}
	c.nodes[c.masters+alone].restart(t)
	limitstest.Eventually(t, "it has one again", func() bool { return g.Ready(t.Context()) == nil })
	for shard := range calls {
		if err := spend(shard); err != nil {
			t.Error(err)
		}
	}
}
