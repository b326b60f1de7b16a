//go:build !race

package upstream

import (
	"strings"
	"testing"

	"brana/egon"
)

// What a relayed call may allocate, its message and the test's own reader
// included, whatever the length of the bodies.
func TestRelayAllocations(t *testing.T) {
	for _, size := range []int{2 << 10, 64 << 10} {
		body := strings.Repeat("x", size-1) + "!"
		r := NewRelay(client(t, Config{URL: answeringAfter("!", ok(body)).listen(t)}))
		buf := make([]byte, 32<<10)
		got := testing.AllocsPerRun(100, func() {
			m := &egon.Message{Service: e05, Length: int64(size), Body: strings.NewReader(body)}
			a, err := r.Send(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			for err == nil {
				_, err = a.Body.Read(buf)
			}
			a.Body.Close()
		})
		if got > 16 {
			t.Errorf("%d bytes: %v allocations, want at most 16", size, got)
		}
	}
}
