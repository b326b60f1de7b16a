package ledger

import (
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"

	"github.com/redis/go-redis/v9"
)

// newReplicated starts a master with a replica that follows it.
func newReplicated(t testing.TB) (master, replica *server) {
	t.Helper()
	master = startServer(t, "--repl-diskless-sync-delay", "0")
	replica = startServer(t, "--replicaof", "127.0.0.1 "+master.port)
	client := replica.client(t)
	limitstest.Eventually(t, "the replica follows", func() bool {
		return strings.Contains(client.Info(t.Context(), "replication").Val(), "master_link_status:up")
	})
	return master, replica
}

// newAcknowledged is a gateway that waits for replicas. Its ledger learns within a second.
func newAcknowledged(t testing.TB, s *server, replicas int, onRefill func(limits.Refill)) *Store {
	t.Helper()
	config := testConfig(t, s.url())
	config.Timeout, config.Replicas, config.OnRefill = time.Second, replicas, onRefill
	r, err := prepare(config)
	if err != nil {
		t.Fatal(err)
	}
	r.script.source = redis.NewScript(strings.Replace(ledgerSource, "1000, 12000\n", "1000, 1000\n", 1))
	r.open()
	t.Cleanup(func() { _ = r.Close() })
	waitReady(t, "the gateway is ready", r)
	return r
}

// A grant that too few replicas acknowledge is not used. It is given back when they are back.
func TestGrantsWaitForReplicas(t *testing.T) {
	t.Parallel()
	master, replica := newReplicated(t)
	var short atomic.Bool
	r := newAcknowledged(t, master, 1, func(f limits.Refill) {
		if errors.Is(f.Err, limits.ErrReplicas) {
			short.Store(true)
		}
	})
	c := newCaller(t, r, "a", rule(20, 20, 20))
	c.Spend(5)
	master.command("SCRIPT FLUSH") // loading it again loses nothing
	c.Spend(5)
	held := remaining(t, r, c.Call)
	_ = replica.cmd.Process.Signal(syscall.SIGSTOP)
	limitstest.Eventually(t, "calls get no decision", func() bool {
		_, err := r.Admit(t.Context(), c.Call)
		return errors.Is(err, limits.ErrReplicas)
	})
	if err := r.Ready(t.Context()); !errors.Is(err, limits.ErrReplicas) || !short.Load() {
		t.Errorf("ready: %v; a refill reported it: %v", err, short.Load())
	}
	_ = replica.cmd.Process.Signal(syscall.SIGCONT)
	waitReady(t, "the replica acknowledges", r)
	rest := remaining(t, r, c.Call)
	if held < rest {
		t.Errorf("%d calls remained before, and %d now", held, rest)
	}
	c.Spend(int(rest))
	c.Admit(limits.OverQuota)
}

// A master that is cut off goes on beside the replica that was promoted. It grants nothing that
// its replicas do not acknowledge. Without acknowledgements it does, which shows that the test
// can tell.
func TestSplitBrainKeepsTheQuota(t *testing.T) {
	t.Parallel()
	for replicas, within := range []bool{false, true} {
		t.Run([]string{"unacknowledged", "acknowledged"}[replicas], func(t *testing.T) {
			t.Parallel()
			const quota = 100
			master, replica := newReplicated(t)
			old := newAcknowledged(t, master, replicas, nil)
			call := limitstest.NewCaller(t, nil, "a", rule(quota, quota, quota)).Call
			admitted := spendAll(t, old, call, quota/4)
			if got := replica.command("REPLICAOF NO ONE"); got != "+OK" {
				t.Fatal(got)
			}
			admitted += spendAll(t, old, call, quota)
			promoted := newAcknowledged(t, replica, 0, nil)
			admitted += spendAll(t, promoted, call, quota)
			if (admitted <= quota) != within {
				t.Errorf("%d calls were admitted of a quota of %d", admitted, quota)
			}
			t.Logf("%d of %d", admitted, quota)
		})
	}
}

// spendAll makes calls until none is admitted, n at most, and returns how many were.
func spendAll(t *testing.T, r *Store, call limits.Call, n int) int {
	t.Helper()
	for made := range n {
		d, err := r.Admit(t.Context(), call)
		if err != nil || d.Verdict != limits.Admitted {
			return made
		}
		_ = r.Release(t.Context(), d.Slot)
	}
	return n
}

// What an acknowledgement adds to a request to the ledger: of one replica on the same machine.
func BenchmarkReplicas(b *testing.B) {
	master, _ := newReplicated(b)
	for replicas, name := range []string{"none acknowledges", "one acknowledges"} {
		b.Run(name, func(b *testing.B) {
			r := newAcknowledged(b, master, replicas, nil)
			call := limits.Call{Key: limits.KeyOf("a"), Rule: rule(1000, 1000, 10), Lifetime: time.Minute}
			for b.Loop() {
				remaining(b, r, call)
			}
		})
	}
}
