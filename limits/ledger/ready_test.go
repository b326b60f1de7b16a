package ledger

import (
	"testing"
	"time"

	"brana/limits/limitstest"
)

// testConfig is a configuration for a Redis of a test, which may be new.
func testConfig(t testing.TB, url string) Config {
	t.Helper()
	return Config{
		URL: url, Calendar: limitstest.Czech(t), Timeout: 2 * time.Second, TrustEmpty: true,
	}
}

// waitReady waits until a gateway can decide, because of what has happened.
func waitReady(t testing.TB, what string, r *Store) {
	t.Helper()
	limitstest.Eventually(t, what, func() bool { return r.Ready(t.Context()) == nil })
}

// waitLoss waits until a gateway notices that it cannot decide.
func waitLoss(t testing.TB, r *Store) {
	t.Helper()
	limitstest.Eventually(t, "the loss is noticed", func() bool { return r.Ready(t.Context()) != nil })
}
