package ledger

import (
	"fmt"
	"testing"

	"brana/limits"
	"brana/limits/limitstest"

	"pgregory.net/rapid"
)

func TestRedisKeepsTheRollingHour(t *testing.T) {
	t.Parallel()
	clock := &limitstest.Clock{}
	r := newRedis(t, startServer(t), clock)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		m := limitstest.NewOracle(r, r.calendar, clock, limitstest.FromRapid(rt))
		m.Late = leased
		n++
		m.Call.Key = limits.KeyOf(fmt.Sprint(n))
		if err := m.Run(); err != nil {
			rt.Fatal(err)
		}
	})
}
