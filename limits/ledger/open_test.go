package ledger

import (
	"testing"

	"brana/limits"
	"brana/limits/limitstest"

	"github.com/redis/go-redis/v9"
)

var rule = limitstest.Rule

// traits are those of a ledger that leases permits.
var traits = limitstest.Traits{Late: leased, Repeats: refusalRepeats}

// leased is Late of a ledger: a permit may be used for a Lease after its grant, and clocks differ.
const leased = limits.Lease + limits.Margin

// newRedis opens a store on a running server. If clock is nil, real clocks are used.
func newRedis(t testing.TB, s *server, clock *limitstest.Clock) *Store {
	t.Helper()
	return newRedisOf(t, s, clock, ledgerSource)
}

// newRedisOf is newRedis with another script.
func newRedisOf(t testing.TB, s *server, clock *limitstest.Clock, source string) *Store {
	t.Helper()
	config := testConfig(t, s.url())
	config.Prefix = t.Name() + ":"
	r, err := prepare(config)
	if err != nil {
		t.Fatal(err)
	}
	r.script.source = redis.NewScript(source)
	if clock != nil {
		r.goBy(clock, 0, source)
	}
	r.open()
	t.Cleanup(func() { _ = r.Close() })
	waitReady(t, "the gateway is ready", r)
	return r
}

// newCaller is a caller at a store, with the traits of ledgers.
func newCaller(t testing.TB, r *Store, name string, rule limits.Rule) limitstest.Caller {
	c := limitstest.NewCaller(t, r, name, rule)
	c.Traits = traits
	return c
}

func TestRedis(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	limitstest.Contract(t, traits, func(t *testing.T, clock *limitstest.Clock) limitstest.Store {
		return newRedis(t, s, clock)
	})
}
