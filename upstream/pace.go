package upstream

import (
	"errors"
	"math"

	"golang.org/x/time/rate"
)

// A Pace bounds the calls that this process sends to an upstream: PerSecond over time,
// and Burst at once after a pause. A call beyond it waits in the order of arrival, if
// its turn comes before its deadline. The zero Pace lets all calls through.
type Pace struct {
	PerSecond float64
	Burst     int
}

func (p Pace) validate() error {
	switch {
	case p == Pace{}:
		return nil
	case !(p.PerSecond > 0) || math.IsInf(p.PerSecond, 0):
		return errors.New("per_second: must be above zero")
	case p.Burst < 1:
		return errors.New("burst: must be at least 1, or no call could ever be sent")
	}
	return nil
}

func (p Pace) limiter() *rate.Limiter {
	if p == (Pace{}) {
		return nil
	}
	return rate.NewLimiter(rate.Limit(p.PerSecond), p.Burst)
}
