package ledger

import "time"

// clock tells a gateway the time. It is an interface for tests, which move theirs by hand.
type clock interface {
	// now is the moment by a monotonic clock, in milliseconds. It is above zero, and cheaper than
	// wall.
	now() int64
	// wall is the moment by the wall clock, and the same moment by the monotonic one.
	wall() (t time.Time, now int64)
}

// machineClock is the clock of this machine; its monotonic time begins at a start.
type machineClock struct{ start time.Time }

func (c *machineClock) now() int64 { return time.Since(c.start).Milliseconds() + 1 }

func (c *machineClock) wall() (t time.Time, now int64) {
	t = time.Now()
	return t, t.Sub(c.start).Milliseconds() + 1
}
