package upstream

import (
	"errors"
	"fmt"
	"time"

	"github.com/sony/gobreaker/v2"
)

// A Breaker says when calls of an upstream that is down are refused without
// asking it: when so many have broken down within the window, and these are at
// least half of all. A breakdown is that no answer of the contract came: no
// connection, silence, a cut or unreadable answer, a SOAP Fault in place of a
// reply. What the registry answers, CHYBA too, is none, and neither is the end
// of the call for a reason that lies elsewhere. Of a relayed message the
// beginning of the answer says what came of it, and a Fault is an answer, since
// the caller may have caused it. After Open one call goes through as a probe; its
// end closes the breaker, or opens it again. A message that its caller is still
// sending probes only until a call comes that is here whole.
type Breaker struct {
	Failures int           // 0 means no breaker
	Window   time.Duration // rolling
	Open     time.Duration
}

// DefaultBreaker is what a configuration that says nothing means.
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

// windowParts is in how many parts a window rolls.
const windowParts = 10

// A BreakerState is what a breaker does with calls.
type BreakerState int

// The states, with the values of brana_upstream_breaker_state.
const (
	BreakerClosed   BreakerState = iota // they go through
	BreakerHalfOpen                     // one of them goes through
	BreakerOpen                         // none does
)

// String is the state's name in the log and on the readiness page.
func (s BreakerState) String() string {
	return [...]string{"closed", "half-open", "open"}[s]
}

var breakerStates = map[gobreaker.State]BreakerState{
	gobreaker.StateClosed: BreakerClosed, gobreaker.StateHalfOpen: BreakerHalfOpen, gobreaker.StateOpen: BreakerOpen,
}
