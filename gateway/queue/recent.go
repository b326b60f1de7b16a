package queue

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// RecentConfig bounds the memory of the ids of requests. All fields but Evicted
// are required.
//
// An id is used in two steps, so that a call which is not admitted has not used
// it: Claim holds the id; then Confirm uses it when the call was admitted, or
// Forget frees it. A claim that gets neither ends by itself: its gateway died, or
// could not reach the store.
type RecentConfig struct {
	Window time.Duration // from the use of an id until it is free again
	Most   int           // used ids of one AIS at most; the oldest is forgotten before its time
	// Evicted is called with the number of ids that were forgotten before their
	// time. It may be nil.
	Evicted func(ids int)
}

// Validate returns everything that is wrong with the bounds.
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

// hold is how long a claim lasts. It is far longer than a call takes until it is
// admitted or not. It is also the longest time for which a claim that got neither
// Confirm nor Forget keeps an id from its AIS.
const hold = time.Minute

// A Claim is the right to use an id. The zero Claim is none.
type Claim struct {
	ais, id string
	until   time.Time // when the id is free again
}

// ErrClaimOver is returned by Confirm when the claim has ended before.
var ErrClaimOver = errors.New("the claim of the request's id is over")

// within bounds the time of an operation by the end of the claim.
func (c Claim) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, c.until)
}
