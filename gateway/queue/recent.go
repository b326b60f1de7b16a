package queue

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// RecentConfig bounds what is remembered of the ids of requests. All fields but
// Evicted are required.
//
// An id is used in two steps, so that a call which is not admitted has not used
// it: Claim holds it, and Confirm uses it when the call was admitted, or Forget
// lets it go. A claim of a gateway that died, or could not say how its call
// went on, is let go by itself.
type RecentConfig struct {
	Window time.Duration // an id is used for so long
	Most   int           // used ids of one AIS at most; the oldest is forgotten before its time
	// Evicted is told how many ids were forgotten before their time; it may be
	// nil.
	Evicted func(ids int)
}

// Validate says all that is wrong with the bounds.
func (c RecentConfig) Validate() error {
	var errs []error
	if c.Window < time.Second {
		errs = append(errs, fmt.Errorf("window %v is below 1s", c.Window))
	}
	if c.Most < 1 {
		errs = append(errs, fmt.Errorf("most %d is below 1", c.Most))
	}
	return errors.Join(errs...)
}

func (c RecentConfig) evicted(ids int) {
	if ids > 0 && c.Evicted != nil {
		c.Evicted(ids)
	}
}

// hold is how long a claim lasts. It is far more than may pass until the call
// is admitted or not, and the time for which an id may be lost in between.
const hold = time.Minute

// A Claim is the right to use an id. The zero Claim is none.
type Claim struct {
	ais, id string
	until   time.Time // when others may have it again
}

// ErrClaimOver is returned by Confirm when the claim has not lasted so long.
var ErrClaimOver = errors.New("the claim of the request's id is over")

// within bounds the time of a confirmation by that of the claim.
func (c Claim) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, c.until)
}
