//go:build !race

package gateway

import (
	"testing"

	"brana/egon"
)

// What an exchange may allocate, 15 of it for the three contexts of a call. A
// change of these numbers is a decision.
func TestAllocationsPerExchange(t *testing.T) {
	for _, c := range []struct {
		name, path string
		message    []byte
		budget     float64
	}{
		{"relay", "/publikace/E05", call{items: []string{"Jmeno", "Prijmeni"}}.message(), 17},
		{"refused", "/publikace/E05", call{ais: "999003"}.message(), 23},
	} {
		l := newLoop(t, c.path, c.message, staticRelay(replyOf("E05", egon.OK)), unlimited)
		if n := testing.AllocsPerRun(200, func() { l.exchange(t) }); n > c.budget {
			t.Errorf("%s: %v allocations, budget %v", c.name, n, c.budget)
		}
	}
}
