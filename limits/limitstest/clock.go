package limitstest

import (
	"sync/atomic"
	"testing"
	"time"

	"brana/limits"
)

// Clock is a clock that tests move. It does not move while a request of a store is under way, for
// such a request would seem to take an hour.
type Clock struct {
	millis atomic.Int64
	// Quiet functions wait, before each move, until nothing is under way; release lets stores go
	// on.
	Quiet []func() (release func())
}

// ClockAt is a clock at a moment of local time in Prague.
func ClockAt(t testing.TB, local string) *Clock {
	t.Helper()
	c := &Clock{}
	c.millis.Store(Prague(t, local).UnixMilli())
	return c
}

// Millis is the moment in milliseconds since 1970.
func (c *Clock) Millis() int64 { return c.millis.Load() }

// Now is the moment.
func (c *Clock) Now() time.Time { return time.UnixMilli(c.millis.Load()) }

// Move moves the clock on.
func (c *Clock) Move(d time.Duration) { c.Set(c.millis.Load() + d.Milliseconds()) }

// Set moves the clock to a moment, in milliseconds since 1970.
func (c *Clock) Set(millis int64) {
	for _, quiet := range c.Quiet {
		defer quiet()()
	}
	c.millis.Store(millis)
}

// Zone is the time zone of the calendar.
func Zone() *time.Location {
	zone, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		panic(err)
	}
	return zone
}

// Prague is a moment of local time in Prague.
func Prague(t testing.TB, local string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05", local, Zone())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Czech is the calendar of tests: Mon-Fri 07:00-17:00 in Prague, Czech holidays.
func Czech(t testing.TB) *limits.Calendar {
	t.Helper()
	c, err := limits.NewCalendar(limits.CalendarConfig{
		Working: "Mon-Fri 07:00-17:00", Holidays: "cz", Zone: "Europe/Prague",
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Wednesday is an ordinary working day.
const Wednesday = "2026-03-04 "

// Eventually waits until something is done.
func Eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
