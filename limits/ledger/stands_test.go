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

// A node is a server of several, which keeps its file over kill and start.
type node struct {
	*server
	*redis.Client
	options []string
}

func startNode(t *testing.T, options ...string) *node {
	t.Helper()
	logging.Disable() // of nodes that are down
	options = append([]string{"--appendonly", "yes", "--repl-diskless-sync-delay", "0", "--dir", t.TempDir()}, options...)
	s := startServer(t, options...)
	return &node{s, s.client(t), options}
}

func (n *node) address() string { return "127.0.0.1:" + n.port }

// begin starts a node that was killed.
func (n *node) begin(t *testing.T) {
	t.Helper()
	if !n.start(n.options...) {
		t.Fatalf("redis-server does not start again: %s", n.log.String())
	}
}

// says tells whether a section of INFO has a line.
func (n *node) says(section, line string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return strings.Contains(n.Info(ctx, section).Val(), line+"\r\n")
}

// do sends a command that must be done.
func (n *node) do(t *testing.T, words ...any) {
	t.Helper()
	if err := n.Do(context.Background(), words...).Err(); err != nil {
		t.Fatalf("%v: %v", words, err)
	}
}

// watched is a master with two replicas under three Sentinels.
type watched struct {
	t         *testing.T
	nodes     []*node
	sentinels []*server
}

func startWatched(t *testing.T) *watched {
	t.Helper()
	w := &watched{t: t, nodes: []*node{startNode(t)}}
	for range 2 {
		n := startNode(t)
		n.do(t, "REPLICAOF", "127.0.0.1", w.nodes[0].port)
		w.nodes = append(w.nodes, n)
	}
	for range 3 {
		config := filepath.Join(t.TempDir(), "sentinel.conf")
		text := "sentinel monitor brana 127.0.0.1 " + w.nodes[0].port + " 2\n" +
			"sentinel down-after-milliseconds brana 1000\nsentinel failover-timeout brana 3000\n"
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		w.sentinels = append(w.sentinels, startServer(t, config))
	}
	limitstest.Eventually(t, "the Sentinels know each other and the replicas", func() bool {
		return !slices.ContainsFunc(w.sentinels, func(s *server) bool {
			return s.command("SENTINEL REPLICAS brana") != "*2" || s.command("SENTINEL SENTINELS brana") != "*2"
		})
	})
	return w
}

func (w *watched) url() string {
	return fmt.Sprintf("%s?master_name=brana&addr=127.0.0.1:%s&addr=127.0.0.1:%s", w.sentinels[0].url(), w.sentinels[1].port, w.sentinels[2].port)
}

// master is the node that the Sentinels name, and that is it; nil while there is none.
func (w *watched) master() *node {
	s := redis.NewSentinelClient(&redis.Options{Addr: "127.0.0.1:" + w.sentinels[0].port})
	defer s.Close()
	address, err := s.GetMasterAddrByName(context.Background(), "brana").Result()
	if err != nil {
		return nil
	}
	for _, n := range w.nodes {
		if n.port == address[1] && n.says("replication", "role:master") {
			return n
		}
	}
	return nil
}

// replaced waits until another is master.
func (w *watched) replaced(old *node) {
	w.t.Helper()
	limitstest.Eventually(w.t, "another is master", func() bool {
		m := w.master()
		return m != nil && m != old
	})
}

// whole waits until both replicas follow, so that the next fault finds what this one found.
func (w *watched) whole() {
	w.t.Helper()
	limitstest.Eventually(w.t, "both replicas follow", func() bool {
		m := w.master()
		return m != nil && m.says("replication", "connected_slaves:2") && strings.Count(m.Info(context.Background(), "replication").Val(), "state=online") == 2
	})
}

// clustered is a Cluster whose masters come first.
type clustered struct {
	t       *testing.T
	masters int
	nodes   []*node
	ids     []string
}

// steady is a patience with nodes on a busy machine, of tests in which none is to be replaced.
const steady = 30 * time.Second

// startCluster starts masters with as many slots each, and replicas of each, which replace one that is silent for longer
// than patience.
func startCluster(t *testing.T, masters, replicas int, patience time.Duration) *clustered {
	t.Helper()
	c := &clustered{t: t, masters: masters}
	for range masters * (1 + replicas) {
		bus := freePort(t)
		n := startNode(t, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", fmt.Sprint(patience.Milliseconds()), "--cluster-require-full-coverage", "no")
		c.nodes = append(c.nodes, n)
		c.ids = append(c.ids, n.Do(t.Context(), "CLUSTER", "MYID").Val().(string))
		c.nodes[0].do(t, "CLUSTER", "MEET", "127.0.0.1", n.port, bus)
	}
	for i := range masters {
		c.nodes[i].do(t, "CLUSTER", "ADDSLOTSRANGE", i*slots/masters, (i+1)*slots/masters-1)
	}
	known := fmt.Sprintf("cluster_known_nodes:%d\r\n", len(c.nodes))
	c.agree("the nodes know each other", func(n *node) bool {
		return strings.Contains(n.ClusterInfo(t.Context()).Val(), known)
	})
	for i := masters; i < len(c.nodes); i++ {
		c.nodes[i].do(t, "CLUSTER", "REPLICATE", c.ids[i%masters])
	}
	c.agree("the Cluster is well", func(n *node) bool {
		info := n.ClusterInfo(t.Context()).Val() // a node is well that does not know who has which slots
		return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_slots_assigned:%d\r\n", slots)) && (slices.Index(c.nodes, n) < masters || n.says("replication", "master_link_status:up"))
	})
	return c
}

// slots is how many a Cluster has.
const slots = 16384

// agree waits until something holds of every node.
func (c *clustered) agree(what string, holds func(*node) bool) {
	c.t.Helper()
	limitstest.Eventually(c.t, what, func() bool {
		return !slices.ContainsFunc(c.nodes, func(n *node) bool { return !holds(n) })
	})
}

func (c *clustered) url(user string) string {
	text := "redis://" + user + c.nodes[0].address() + "?"
	for _, n := range c.nodes[1:] {
		text += "addr=" + n.address() + "&"
	}
	return strings.TrimSuffix(text, "&")
}

// owner is the node that has a slot, by what most of them say, and its place.
func (c *clustered) owner(slot int) (int, *node) {
	c.t.Helper()
	for _, n := range c.nodes {
		shards, err := n.ClusterShards(context.Background()).Result()
		if err != nil {
			continue
		}
		for _, s := range shards {
			if !slices.ContainsFunc(s.Slots, func(r redis.SlotRange) bool { return r.Start <= int64(slot) && int64(slot) <= r.End }) {
				continue
			}
			for _, one := range s.Nodes {
				if at := slices.Index(c.ids, one.ID); at >= 0 && c.nodes[at].says("replication", "role:master") {
					return at, c.nodes[at]
				}
			}
		}
	}
	return -1, nil
}

// slotOf is the slot of a shard of the ledger.
func (c *clustered) slotOf(shard int) int {
	slot, err := c.nodes[0].ClusterKeySlot(context.Background(), fmt.Sprintf("{%d}", shard)).Result()
	if err != nil {
		c.t.Fatal(err)
	}
	return int(slot)
}

// move moves the slot of a shard to the next master, its keys one by one; between is called when the first has gone.
func (c *clustered) move(shard int, between func()) {
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
		// The shard's own key goes first: the gateways' heartbeats follow it, and the accounts are not there yet.
		if at := slices.IndexFunc(keys, func(k string) bool { return strings.HasSuffix(k, ":shard") }); at >= 0 {
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

// faults of a master under Sentinels. After each the dead are back, and follow.
func (w *watched) faults(c *crew) []fault {
	killed := func(n *node) {
		n.kill()
		w.replaced(n)
		n.begin(w.t)
	}
	// cut keeps the replicas from their master for a second, in which it goes on granting if it is let.
	cut := func() {
		m := w.master()
		for _, n := range w.nodes {
			if n != m {
				n.do(w.t, "CONFIG", "SET", "masterauth", "wrong")
				n.do(w.t, "CLIENT", "KILL", "TYPE", "master")
			}
		}
		time.Sleep(time.Second)
	}
	join := func() {
		for _, n := range w.nodes {
			n.do(w.t, "CONFIG", "SET", "masterauth", "")
		}
		w.whole()
	}
	return []fault{
		{name: "none", does: func() {}},
		{name: "gateway killed, another started", does: func() { c.kill(0) }},
		{name: "master killed, a replica promoted", loses: true, does: func() { killed(w.master()) }, after: w.whole},
		{name: "master stopped for 10 s, a replica promoted", loses: true, does: func() { stopFor10s(w.master().cmd.Process) }, after: w.whole},
		{name: "replication cut, master killed, a replica promoted", loses: true, does: func() {
			cut()
			killed(w.master())
		}, after: join},
		{name: "the same, and a gateway killed", loses: true, does: func() {
			cut()
			m := w.master()
			c.kill(0)
			killed(m)
		}, after: join},
		{name: "FLUSHALL", loses: true, does: func() { w.master().do(w.t, "FLUSHALL") }, after: w.whole},
		{name: "SCRIPT FLUSH", does: func() { w.master().do(w.t, "SCRIPT", "FLUSH") }, after: w.whole},
	}
}

// faults of a Cluster, each of another of its nodes.
func (c *clustered) faults(crew *crew) []fault {
	well := func() {
		c.agree("the Cluster is well", func(n *node) bool {
			return strings.Contains(n.ClusterInfo(context.Background()).Val(), "cluster_state:ok") && (n.says("replication", "role:master") || n.says("replication", "master_link_status:up"))
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
	// A shard of each kind that makes calls to the end lies on the node of these.
	return []fault{
		{name: "none", does: func() {}},
		{name: "gateway killed, another started", does: func() { crew.kill(0) }},
		{name: "the slots of two shards moved", loses: true, does: func() {
			for _, shard := range []int{1, 3} {
				c.move(shard, func() { time.Sleep(200 * time.Millisecond) })
			}
		}, after: well},
		{name: "node killed, started with its file", loses: true, does: func() {
			n := owner(6)
			for _, replica := range c.nodes {
				replica.do(c.t, "CONFIG", "SET", "cluster-replica-no-failover", "yes")
			}
			n.kill()
			time.Sleep(3 * time.Second)
			n.begin(c.t)
			limitstest.Eventually(c.t, "the Cluster is well", func() bool { return strings.Contains(n.ClusterInfo(context.Background()).Val(), "cluster_state:ok") })
			for _, replica := range c.nodes {
				replica.do(c.t, "CONFIG", "SET", "cluster-replica-no-failover", "no")
			}
		}, after: well},
		{name: "node killed, its replica promoted", loses: true, does: func() {
			n := owner(8)
			n.kill()
			replaced(8, n)
			n.begin(c.t)
		}, after: well},
		{name: "node stopped for 10 s, its replica promoted", loses: true, does: func() { stopFor10s(owner(11).cmd.Process) }, after: well},
		{name: "FLUSHALL of a node", loses: true, does: func() { owner(13).do(c.t, "FLUSHALL") }, after: well},
		{name: "SCRIPT FLUSH of all nodes", does: func() {
			for _, n := range c.nodes {
				n.do(c.t, "SCRIPT", "FLUSH")
			}
		}},
	}
}
