package audittest

import (
	"math/rand/v2"
	"time"
)

// A clock says when calls come.
type clock struct {
	from  time.Time
	begun []float64 // share of all calls that come before each hour, and 1 behind the last
	calls float64
	next  float64 // number of calls that have come
	hour  int
}

// load is the relative number of calls in an hour of a working day, from midnight.
var load = [24]float64{
	1, 1, 1, 1, 1, 2, 6, 20, 40, 48, 50, 44,
	30, 36, 42, 38, 26, 12, 6, 4, 3, 2, 2, 1,
}

// weekend is the share of the load of a working day that remains.
const weekend = 0.1

func newClock(from time.Time, days, calls int) clock {
	c := clock{from: from, calls: float64(calls), begun: []float64{0}}
	sum := 0.0
	for hour := range days * 24 {
		t := from.Add(time.Duration(hour) * time.Hour)
		weight := load[t.Hour()]
		if day := t.Weekday(); day == time.Saturday || day == time.Sunday {
			weight *= weekend
		}
		sum += weight
		c.begun = append(c.begun, sum)
	}
	for i := range c.begun {
		c.begun[i] /= sum
	}
	return c
}

// advance returns the time of the next call.
func (c *clock) advance(r *rand.Rand) time.Time {
	share := (c.next + r.Float64()) / c.calls
	c.next++
	for c.hour < len(c.begun)-2 && share >= c.begun[c.hour+1] {
		c.hour++
	}
	of := (share - c.begun[c.hour]) / (c.begun[c.hour+1] - c.begun[c.hour])
	since := time.Duration((float64(c.hour) + of) * float64(time.Hour))
	return c.from.Add(since).Truncate(time.Microsecond)
}
