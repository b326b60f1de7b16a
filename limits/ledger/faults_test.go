//go:build !race

package ledger

import (
	"strings"
	"testing"
	"time"
)

// The processes of the fault suite are not built under the race detector: they would take the whole
// machine from the tests beside them. Other tests run whole gateways under it.

// Whatever happens to gateways, to Redis and to the network between them, every limit holds by the
// gateways' own logs.
func TestFaults(t *testing.T) {
	t.Parallel()
	t.Run("single", func(t *testing.T) {
		s := startSingleRedis(t)
		config := procConfig{URL: "redis://" + s.proxy.address(), Script: steppedScript(t, variant{})}
		p := startGateways(t, config, 4)
		p.runFaults(s.faults(p))
	})
	if chosenFaults == "" {
		return
	}
	t.Run("replicated, with Sentinels, one replica acknowledges", func(t *testing.T) {
		s := startSentinelRedis(t)
		p := startGateways(t, procConfig{URL: s.url(), Replicas: 1}, 4)
		p.runFaults(s.faults(p))
	})
	t.Run("Cluster with replicas", func(t *testing.T) {
		c := startCluster(t, 3, 1, time.Second)
		p := startGateways(t, procConfig{URL: c.url("")}, 4)
		p.runFaults(c.faults(p))
	})
}

// The test of the test: a wrong ledger shows in the logs of its gateways.
func TestFaultsBreakTheLimitsOfMutants(t *testing.T) {
	t.Parallel()
	for _, mutant := range []struct {
		variant
		want    string // in the judgement
		command string // to Redis, when limits are reached
	}{
		{variant{
			name: "permits are not charged",
			from: "charge(leaves, only(r, permits))\n    holder", to: "holder",
		}, "calls in an hour", ""},
		{variant{
			name: "others' slots are not counted",
			from: "others = others + other.slots", to: "others = 0",
		}, "calls at once", ""},
		{variant{
			name: "nothing is replayed after a loss",
			from: "if entry.net then replay(holder, entry) end",
		}, "calls in an hour", "FLUSHALL"},
		{variant{
			name: "no bound of ledger time",
			from: "math.min(math.max(now, request.least), request.bound)", to: "now",
		}, "calls in an hour", clockOn},
	} {
		t.Run(mutant.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			source := steppedScript(t, mutant.variant)
			source = strings.Replace(source, "1000, 12000\n", "1000, 1000\n", 1) // learns for a second
			p := startGateways(t, procConfig{URL: s.url(), Script: source}, 2)
			p.beginRound(mutant.name)
			s.command(mutant.command)
			p.wait("the logs show a broken limit", func() bool {
				logs, err := p.readLogs() // a line may be half written
				return err == nil && strings.Contains(strings.Join(logs.broken(), "\n"), mutant.want)
			})
		})
	}
}
