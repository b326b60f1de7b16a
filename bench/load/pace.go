package load

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// A Stretch is a time with one arrival rate.
type Stretch struct {
	Rate float64 // calls a second
	For  time.Duration
}

// A Pace says when calls start. Its stretches follow one another, and in each the
// calls are evenly spread.
type Pace []Stretch

// Validate reports a stretch without a rate or a length.
func (p Pace) Validate() error {
	if len(p) == 0 {
		return errors.New("pace has no stretch")
	}
	for _, s := range p {
		if !(s.Rate >= 0) || math.IsInf(s.Rate, 0) || s.For <= 0 {
			return fmt.Errorf(
				"pace of %v calls a second for %s: both must be positive", s.Rate, s.For,
			)
		}
	}
	return nil
}

// Calls is the number of calls that the pace starts.
func (p Pace) Calls() int {
	calls := 0.0
	for _, s := range p {
		calls += s.Rate * s.For.Seconds()
	}
	return int(math.Ceil(calls - 1e-6))
}

// For is the length of the pace.
func (p Pace) For() time.Duration {
	var d time.Duration
	for _, s := range p {
		d += s.For
	}
	return d
}

// Start is the start of call i, counted from 0, since the beginning; false when
// the pace is over by then. The fraction of a call that a stretch leaves is carried
// over to the next stretch, so that no rate is too low for a short one.
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
