package limitstest

import (
	"sync/atomic"
	"testing"
	"time"

	"brana/limits"
)

// Clock is a clock that tests move. It stands still while a request of a store that goes by it is under way: else that
// would take an hour, which none can.
type Clock struct {
	millis atomic.Int64
	// Quiet holds up what is under way, before each move, and returns what lets it go on.
	Quiet []func() (release func())
}

// ClockAt is a clock that stands at a moment by the clocks of Prague.
func ClockAt(t testing.TB, local string) *Clock {
	t.Helper()
	h := &Clock{}
	h.millis.Store(Prague(t, local).UnixMilli())
	return h
}

// Millis is the moment in milliseconds since 1970.
func (h *Clock) Millis() int64 { return h.millis.Load() }

// Now is the moment.
func (h *Clock) Now() time.Time { return time.UnixMilli(h.millis.Load()) }

// Move moves it on.
func (h *Clock) Move(d time.Duration) { h.Set(h.millis.Load() + d.Milliseconds()) }

// Set moves it to a moment, in milliseconds since 1970.
func (h *Clock) Set(millis int64) {
	for _, quiet := range h.Quiet {
		defer quiet()()
	}
	h.millis.Store(millis)
}

// Zone is that of the calendar.
func Zone() *time.Location {
	zone, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		panic(err)
	}
	return zone
}

// Prague is a moment by the clocks of Prague.
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
	c, err := limits.NewCalendar(limits.CalendarConfig{Working: "Mon-Fri 07:00-17:00", Holidays: "cz", Zone: "Europe/Prague"})
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
