package load

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// A Stretch is a time of one arrival rate.
type Stretch struct {
	Rate float64 // calls a second
	For  time.Duration
}

// A Pace says when calls are to start: its stretches follow one another, and in
// each the calls are evenly spread.
type Pace []Stretch

// Validate reports a stretch that is none.
func (p Pace) Validate() error {
	if len(p) == 0 {
		return errors.New("pace has no stretch")
	}
	for _, s := range p {
		if !(s.Rate >= 0) || math.IsInf(s.Rate, 0) || s.For <= 0 {
			return fmt.Errorf("pace of %v calls a second for %s: both must be positive", s.Rate, s.For)
		}
	}
	return nil
}

// Calls is how many calls the pace starts.
func (p Pace) Calls() int {
	calls := 0.0
	for _, s := range p {
		calls += s.Rate * s.For.Seconds()
	}
	return int(math.Ceil(calls - 1e-6))
}

// For is how long the pace lasts.
func (p Pace) For() time.Duration {
	var d time.Duration
	for _, s := range p {
		d += s.For
	}
	return d
}

// Start is when call i starts, counted from 0 and from the beginning; false
// when the pace is over by then. What a stretch leaves of a call is carried
// over to the next one, so that no rate is too low for a short stretch.
func (p Pace) Start(i int) (time.Duration, bool) {
	left, begin := float64(i), time.Duration(0)
	for _, s := range p {
		calls := s.Rate * s.For.Seconds()
		if left < calls-1e-6 {
			return begin + time.Duration(left/s.Rate*float64(time.Second)), true
		}
		left, begin = max(left-calls, 0), begin+s.For
	}
	return 0, false
}
