package ledger

import "time"

// clock is a gateway's. It is an interface for tests, which move theirs by hand.
type clock interface {
	// now is the moment by a monotonic clock, in milliseconds. It is above zero, and cheaper than
	// wall.
	now() int64
	// wall is the moment by the wall clock.
	wall() time.Time
	// at is a moment that wall returned, by the monotonic clock.
	at(t time.Time) int64
}

// machineClock is the clock of this machine; its monotonic time begins at a start.
type machineClock struct{ start time.Time }

func (c *machineClock) now() int64           { return time.Since(c.start).Milliseconds() + 1 }
func (c *machineClock) wall() time.Time      { return time.Now() }
func (c *machineClock) at(t time.Time) int64 { return t.Sub(c.start).Milliseconds() + 1 }
