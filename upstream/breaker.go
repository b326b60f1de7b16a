package upstream

import (
	"errors"
	"fmt"
	"time"

	"github.com/sony/gobreaker/v2"
)

// A Breaker configures when calls to an upstream that is down are refused without
// asking it: when Failures calls failed within the Window, and these are at least half
// of all calls.
//
// A call fails when no answer of the contract comes: no connection, silence, a cut or
// unreadable answer, a SOAP Fault in place of a reply. An answer with status CHYBA is no
// failure, and neither is a call that ended for a reason outside the upstream. A relayed
// message is judged by the beginning of its answer; there a Fault is an answer, since
// the caller may have caused it.
//
// After Open one call goes through as a probe. Its outcome closes the breaker or opens
// it again. A message that its caller is still sending gives the probe up to the first
// call that is here whole.
type Breaker struct {
	Failures int           // 0 means no breaker
	Window   time.Duration // rolling
	Open     time.Duration // until the probe
}

// DefaultBreaker is the breaker of a configuration that names none.
func DefaultBreaker() Breaker {
	return Breaker{Failures: 10, Window: 10 * time.Second, Open: 5 * time.Second}
}

func (b Breaker) validate() error {
	switch {
	case b.Failures < 0:
		return errors.New("failures: must not be negative")
	case b.Failures > 0 && b.Window < windowParts*time.Millisecond:
		return fmt.Errorf("window: must be at least %d ms", windowParts)
	case b.Failures > 0 && b.Open <= 0:
		return errors.New("open: must be above zero")
	}
	return nil
}

// windowParts is the number of parts in which a window rolls.
const windowParts = 10

// A BreakerState is whether a breaker lets calls through.
type BreakerState int

// The states, with the values of brana_upstream_breaker_state.
const (
	BreakerClosed   BreakerState = iota // all calls go through
	BreakerHalfOpen                     // one call goes through
	BreakerOpen                         // no call goes through
)

// String is the state's name in the log and on the readiness page.
func (s BreakerState) String() string {
	return [...]string{"closed", "half-open", "open"}[s]
}

var breakerStates = map[gobreaker.State]BreakerState{
	gobreaker.StateClosed:   BreakerClosed,
	gobreaker.StateHalfOpen: BreakerHalfOpen,
	gobreaker.StateOpen:     BreakerOpen,
}
