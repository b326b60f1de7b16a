//go:build !race

package ledger

import (
	"strings"
	"testing"
	"time"
)

// Under the race detector the processes would take the machine from the tests beside them; whole gateways under it have
// tests of their own.

// Whatever happens to gateways, Redis and the way between them, the gateways' own logs keep every limit.
func TestFaults(t *testing.T) {
	t.Parallel()
	t.Run("single", func(t *testing.T) {
		s := startStand(t)
		c := newCrew(t, orders{URL: "redis://" + s.way.address(), Script: steppedScript(t, variant{})}, 4)
		c.playAll(s.faults(c))
	})
	if chosenFaults == "" {
		return
	}
	t.Run("replicated, with Sentinels, one replica acknowledges", func(t *testing.T) {
		w := startWatched(t)
		c := newCrew(t, orders{URL: w.url(), Replicas: 1}, 4)
		c.playAll(w.faults(c))
	})
	t.Run("Cluster with replicas", func(t *testing.T) {
		cluster := startCluster(t, 3, 1, time.Second)
		c := newCrew(t, orders{URL: cluster.url("")}, 4)
		c.playAll(cluster.faults(c))
	})
}

// The test of the test: logs of gateways whose ledger is wrong are not let pass.
func TestFaultsBreakTheLimitsOfMutants(t *testing.T) {
	t.Parallel()
	for _, mutant := range []struct {
		variant
		says string
		does string // to Redis, when limits are reached
	}{
		{variant{"permits are not charged", "charge(leaves, only(r, permits))\n    holder", "holder", ""}, "calls in an hour", ""},
		{variant{"others' slots are not counted", "others = others + other.slots", "others = 0", ""}, "calls at once", ""},
		{variant{"nothing is told after a loss", "if entry.net then replay(holder, entry) end", "", ""}, "calls in an hour", "FLUSHALL"},
		{variant{"no bound of ledger time", "math.min(math.max(now, request.least), request.bound)", "now", ""}, "calls in an hour", clockOn},
	} {
		t.Run(mutant.name, func(t *testing.T) {
			s := startServer(t)
			source := strings.Replace(steppedScript(t, mutant.variant), "1000, 12000\n", "1000, 1000\n", 1) // learns for a second
			c := newCrew(t, orders{URL: s.url(), Script: source}, 2)
			c.begin(mutant.name)
			s.command(mutant.does)
			c.wait("the logs say that a limit is broken", func() bool {
				all, err := c.read() // a line may be half written
				return err == nil && strings.Contains(strings.Join(all.broken(), "\n"), mutant.says)
			})
		})
	}
}
