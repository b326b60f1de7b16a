package ledger

import (
	"fmt"
	"testing"

	"brana/limits"
	"brana/limits/limitstest"

	"pgregory.net/rapid"
)

func TestRedisKeepsTheRollingHour(t *testing.T) {
	clock := &limitstest.Clock{}
	r := newRedis(t, startServer(t), clock)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		m := limitstest.NewModel(r, r.calendar, clock, limitstest.Rapidly(rt))
		m.Late = leased
		n++
		m.Call.Key = limits.KeyOf(fmt.Sprint(n))
		if err := m.Play(); err != nil {
			rt.Fatal(err)
		}
	})
}
