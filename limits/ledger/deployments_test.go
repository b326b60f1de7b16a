package ledger

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"brana/limits/limitstest"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

// A node is one server of several. It keeps its file over kill and restart.
type node struct {
	*server
	*redis.Client
	options []string
}

func startNode(t *testing.T, options ...string) *node {
	t.Helper()
	logging.Disable() // it would print failed dials of nodes that are down
	options = append([]string{
		"--appendonly", "yes", "--repl-diskless-sync-delay", "0", "--dir", t.TempDir(),
	}, options...)
	s := startServer(t, options...)
	return &node{s, s.client(t), options}
}

func (n *node) address() string { return "127.0.0.1:" + n.port }

// restart starts a node that was killed.
func (n *node) restart(t *testing.T) {
	t.Helper()
	if !n.start(n.options...) {
		t.Fatalf("redis-server does not start again: %s", n.log.String())
	}
}

// hasInfo returns whether a section of INFO has a line.
func (n *node) hasInfo(section, line string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return strings.Contains(n.Info(ctx, section).Val(), line+"\r\n")
}

// do sends a command that must succeed.
func (n *node) do(t *testing.T, words ...any) {
	t.Helper()
	if err := n.Do(context.Background(), words...).Err(); err != nil {
		t.Fatalf("%v: %v", words, err)
	}
}

// sentinelRedis is a master with two replicas under three Sentinels.
type sentinelRedis struct {
	t         *testing.T
	nodes     []*node
	sentinels []*server
}

func startSentinelRedis(t *testing.T) *sentinelRedis {
	t.Helper()
	r := &sentinelRedis{t: t, nodes: []*node{startNode(t)}}
	for range 2 {
		n := startNode(t)
		n.do(t, "REPLICAOF", "127.0.0.1", r.nodes[0].port)
		r.nodes = append(r.nodes, n)
	}
	for range 3 {
		config := filepath.Join(t.TempDir(), "sentinel.conf")
		text := "sentinel monitor brana 127.0.0.1 " + r.nodes[0].port + " 2\n" +
			"sentinel down-after-milliseconds brana 1000\nsentinel failover-timeout brana 3000\n"
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r.sentinels = append(r.sentinels, startServer(t, config))
	}
	limitstest.Eventually(t, "the Sentinels know each other and the replicas", func() bool {
		return !slices.ContainsFunc(r.sentinels, func(s *server) bool {
			return s.command("SENTINEL REPLICAS brana") != "*2" ||
				s.command("SENTINEL SENTINELS brana") != "*2"
		})
	})
	return r
}

func (r *sentinelRedis) url() string {
	return fmt.Sprintf("%s?master_name=brana&addr=127.0.0.1:%s&addr=127.0.0.1:%s",
		r.sentinels[0].url(), r.sentinels[1].port, r.sentinels[2].port)
}

// master is the node that the Sentinels name, once it is a master; nil while there is none.
func (r *sentinelRedis) master() *node {
	s := redis.NewSentinelClient(&redis.Options{Addr: "127.0.0.1:" + r.sentinels[0].port})
	defer s.Close()
	address, err := s.GetMasterAddrByName(context.Background(), "brana").Result()
	if err != nil {
		return nil
	}
	for _, n := range r.nodes {
		if n.port == address[1] && n.hasInfo("replication", "role:master") {
			return n
		}
	}
	return nil
}

// waitForNewMaster waits until another node than old is the master.
func (r *sentinelRedis) waitForNewMaster(old *node) {
	r.t.Helper()
	limitstest.Eventually(r.t, "another is master", func() bool {
		m := r.master()
		return m != nil && m != old
	})
}

// waitForReplicas waits until both replicas follow, so that each fault begins in the same state.
func (r *sentinelRedis) waitForReplicas() {
	r.t.Helper()
	limitstest.Eventually(r.t, "both replicas follow", func() bool {
		m := r.master()
		if m == nil || !m.hasInfo("replication", "connected_slaves:2") {
			return false
		}
		info := m.Info(context.Background(), "replication").Val()
		return strings.Count(info, "state=online") == 2
	})
}

// redisCluster is a Cluster; the masters are its first nodes.
type redisCluster struct {
	t       *testing.T
	masters int
	nodes   []*node
	ids     []string
}

// steady is a node timeout for tests in which no node is to be replaced, on a busy machine.
const steady = 30 * time.Second

// startCluster starts masters with equal shares of the slots, and replicas of each. A replica
// replaces a master that is silent for longer than timeout.
func startCluster(t *testing.T, masters, replicas int, timeout time.Duration) *redisCluster {
	t.Helper()
	c := &redisCluster{t: t, masters: masters}
	for range masters * (1 + replicas) {
		bus := freePort(t)
		n := startNode(t, "--cluster-enabled", "yes", "--cluster-port", bus,
			"--cluster-node-timeout", fmt.Sprint(timeout.Milliseconds()),
			"--cluster-require-full-coverage", "no")
		c.nodes = append(c.nodes, n)
		c.ids = append(c.ids, n.Do(t.Context(), "CLUSTER", "MYID").Val().(string))
		c.nodes[0].do(t, "CLUSTER", "MEET", "127.0.0.1", n.port, bus)
	}
	for i := range masters {
		c.nodes[i].do(t, "CLUSTER", "ADDSLOTSRANGE", i*slots/masters, (i+1)*slots/masters-1)
	}
	known := fmt.Sprintf("cluster_known_nodes:%d\r\n", len(c.nodes))
	c.waitForAll("the nodes know each other", func(n *node) bool {
		return strings.Contains(n.ClusterInfo(t.Context()).Val(), known)
	})
	for i := masters; i < len(c.nodes); i++ {
		c.nodes[i].do(t, "CLUSTER", "REPLICATE", c.ids[i%masters])
	}
	c.waitForAll("the Cluster is well", func(n *node) bool {
		// A node is "ok" also when it does not know yet which node has which slots.
		info := n.ClusterInfo(t.Context()).Val()
		return strings.Contains(info, "cluster_state:ok") &&
			strings.Contains(info, fmt.Sprintf("cluster_slots_assigned:%d\r\n", slots)) &&
			(slices.Index(c.nodes, n) < masters ||
				n.hasInfo("replication", "master_link_status:up"))
	})
	return c
}

// slots is the number of slots of a Cluster.
const slots = 16384

// waitForAll waits until something holds of every node.
func (c *redisCluster) waitForAll(what string, holds func(*node) bool) {
	c.t.Helper()
	limitstest.Eventually(c.t, what, func() bool {
		return !slices.ContainsFunc(c.nodes, func(n *node) bool { return !holds(n) })
	})
}

func (c *redisCluster) url(user string) string {
	text := "redis://" + user + c.nodes[0].address() + "?"
	for _, n := range c.nodes[1:] {
		text += "addr=" + n.address() + "&"
	}
	return strings.TrimSuffix(text, "&")
}

// owner is the master that has a slot, and its index; -1 and nil if no node knows one.
func (c *redisCluster) owner(slot int) (int, *node) {
	c.t.Helper()
	for _, n := range c.nodes {
		shards, err := n.ClusterShards(context.Background()).Result()
		if err != nil {
			continue
		}
		for _, s := range shards {
			if !slices.ContainsFunc(s.Slots, func(r redis.SlotRange) bool {
				return r.Start <= int64(slot) && int64(slot) <= r.End
			}) {
				continue
			}
			for _, one := range s.Nodes {
				at := slices.Index(c.ids, one.ID)
				if at >= 0 && c.nodes[at].hasInfo("replication", "role:master") {
					return at, c.nodes[at]
				}
			}
		}
	}
	return -1, nil
}

// isOK returns whether a node of a Cluster serves its slots.
func (n *node) isOK() bool {
	return strings.Contains(n.ClusterInfo(context.Background()).Val(), "cluster_state:ok")
}

// slotOf is the slot of a shard of the ledger.
func (c *redisCluster) slotOf(shard int) int {
	slot, err := c.nodes[0].ClusterKeySlot(context.Background(), fmt.Sprintf("{%d}", shard)).Result()
	if err != nil {
		c.t.Fatal(err)
	}
	return int(slot)
}

// moveSlot moves the slot of a shard to the next master, key by key. It calls between after the
// first key.
func (c *redisCluster) moveSlot(shard int, between func()) {
	c.t.Helper()
	ctx, slot := context.Background(), c.slotOf(shard)
	from, source := c.owner(slot)
	to := (from + 1) % c.masters
	target := c.nodes[to]
	target.do(c.t, "CLUSTER", "SETSLOT", slot, "IMPORTING", c.ids[from])
	source.do(c.t, "CLUSTER", "SETSLOT", slot, "MIGRATING", c.ids[to])
	for moved := 0; ; moved++ {
		keys := source.ClusterGetKeysInSlot(ctx, slot, 100).Val()
		if len(keys) == 0 {
			break
		}
		// The shard's own key goes first: heartbeats follow it to a node without the accounts.
		isShard := func(key string) bool { return strings.HasSuffix(key, ":shard") }
		if at := slices.IndexFunc(keys, isShard); at >= 0 {
			keys[0], keys[at] = keys[at], keys[0]
		}
		source.do(c.t, "MIGRATE", "127.0.0.1", target.port, keys[0], 0, 1000)
		if moved == 0 {
			between()
		}
	}
	for _, n := range []*node{target, source} {
		n.do(c.t, "CLUSTER", "SETSLOT", slot, "NODE", c.ids[to])
	}
}

// faults are those of a master under Sentinels. After each, killed nodes are back and follow.
func (r *sentinelRedis) faults(p *gatewayProcs) []fault {
	killed := func(n *node) {
		n.kill()
		r.waitForNewMaster(n)
		n.restart(r.t)
	}
	// cut separates the replicas from their master for a second, in which it could go on granting.
	cut := func() {
		m := r.master()
		for _, n := range r.nodes {
			if n != m {
				n.do(r.t, "CONFIG", "SET", "masterauth", "wrong")
				n.do(r.t, "CLIENT", "KILL", "TYPE", "master")
			}
		}
		time.Sleep(time.Second)
	}
	join := func() {
		for _, n := range r.nodes {
			n.do(r.t, "CONFIG", "SET", "masterauth", "")
		}
		r.waitForReplicas()
	}
	return []fault{
		{name: "none", run: func() {}},
		{name: "gateway killed, another started", run: func() { p.kill(0) }},
		{
			name: "master killed, a replica promoted", loses: true,
			run: func() { killed(r.master()) }, after: r.waitForReplicas,
		},
		{
			name: "master stopped for 10 s, a replica promoted", loses: true,
			run: func() { stopFor10s(r.master().cmd.Process) }, after: r.waitForReplicas,
		},
		{name: "replication cut, master killed, a replica promoted", loses: true, run: func() {
			cut()
			killed(r.master())
		}, after: join},
		{name: "the same, and a gateway killed", loses: true, run: func() {
			cut()
			m := r.master()
			p.kill(0)
			killed(m)
		}, after: join},
		{
			name: "FLUSHALL", loses: true,
			run: func() { r.master().do(r.t, "FLUSHALL") }, after: r.waitForReplicas,
		},
		{
			name: "SCRIPT FLUSH",
			run:  func() { r.master().do(r.t, "SCRIPT", "FLUSH") }, after: r.waitForReplicas,
		},
	}
}

// faults are those of a Cluster, each of another of its nodes.
func (c *redisCluster) faults(p *gatewayProcs) []fault {
	well := func() {
		c.waitForAll("the Cluster is well", func(n *node) bool {
			return n.isOK() && (n.hasInfo("replication", "role:master") ||
				n.hasInfo("replication", "master_link_status:up"))
		})
	}
	owner := func(shard int) *node {
		_, n := c.owner(c.slotOf(shard))
		return n
	}
	replaced := func(shard int, old *node) {
		limitstest.Eventually(c.t, "a replica is promoted", func() bool {
			n := owner(shard)
			return n != nil && n != old
		})
	}
	// Each of these nodes has a shard of a kind that makes calls to the end.
	return []fault{
		{name: "none", run: func() {}},
		{name: "gateway killed, another started", run: func() { p.kill(0) }},
		{name: "the slots of two shards moved", loses: true, run: func() {
			for _, shard := range []int{1, 3} {
				c.moveSlot(shard, func() { time.Sleep(200 * time.Millisecond) })
			}
		}, after: well},
		{name: "node killed, started with its file", loses: true, run: func() {
			n := owner(6)
			for _, replica := range c.nodes {
				replica.do(c.t, "CONFIG", "SET", "cluster-replica-no-failover", "yes")
			}
			n.kill()
			time.Sleep(3 * time.Second)
			n.restart(c.t)
			limitstest.Eventually(c.t, "the Cluster is well", n.isOK)
			for _, replica := range c.nodes {
				replica.do(c.t, "CONFIG", "SET", "cluster-replica-no-failover", "no")
			}
		}, after: well},
		{name: "node killed, its replica promoted", loses: true, run: func() {
			n := owner(8)
			n.kill()
			replaced(8, n)
			n.restart(c.t)
		}, after: well},
		{
			name: "node stopped for 10 s, its replica promoted", loses: true,
			run: func() { stopFor10s(owner(11).cmd.Process) }, after: well,
		},
		{
			name: "FLUSHALL of a node", loses: true,
			run: func() { owner(13).do(c.t, "FLUSHALL") }, after: well,
		},
		{name: "SCRIPT FLUSH of all nodes", run: func() {
			for _, n := range c.nodes {
				n.do(c.t, "SCRIPT", "FLUSH")
			}
		}},
	}
}
