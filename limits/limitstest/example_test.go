package limitstest_test

import (
	"testing"

	"brana/limits"
	"brana/limits/limitstest"
)

// A store runs the contract in a test of its own.
func ExampleContract() {
	_ = func(t *testing.T) {
		newStore := func(t *testing.T, clock *limitstest.Clock) limitstest.Store {
			return limits.NewMemory(limitstest.Czech(t), clock.Now)
		}
		limitstest.Contract(t, limitstest.Traits{}, newStore)
	}
}
