package upstream

import (
	"context"
	"errors"
	"math"

	"golang.org/x/time/rate"

	"brana/egon"
)

// A Pace is how many calls a second this process sends to an upstream: PerSecond
// over time, and Burst at once after a pause. A call beyond it waits, in the
// order of coming, but only if its turn comes before its deadline. The zero Pace
// lets all through.
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

// errPace says that a call was not sent, since its turn would have come too late.
const errPace = saying("the pace of the upstream leaves no turn within the time of the call")

// await waits for the turn of the call. One that the breaker would refuse needs
// no turn, for nothing will be sent.
func (k *call) await(ctx context.Context) error {
	if k.pace == nil || k.breaker.refuses(k.asker) {
		return nil
	}
	err := k.pace.Wait(ctx)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return k.failed(ctx, nil, waiting, err)
	}
	return &egon.CallError{Party: k.party, Name: k.cfg.Name, Busy: true, Err: errPace}
}
