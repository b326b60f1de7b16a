//go:build linux && (amd64 || arm64) && !race

package socket

import "testing"

func TestNothingIsAllocated(t *testing.T) {
	c, other := pair(t)
	buf := make([]byte, 64)
	n := testing.AllocsPerRun(200, func() {
		_ = c.SetDeadline(far())
		if _, err := c.Write(buf[:8]); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Read(buf); err != nil {
			t.Fatal(err)
		}
		if !c.Silent() {
			t.Fatal("the connection is not silent")
		}
		if _, err := other.Write(buf[:8]); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(buf); err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(far().AddDate(1, 0, 0))
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
