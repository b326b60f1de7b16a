package upstream

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
	"github.com/valyala/fasthttp"

	"brana/egon"
)

// A Breaker says when calls of an upstream that is down are refused without
// asking it: when so many have broken down within the window, and these are at
// least half of all. A breakdown is that no answer of the contract came: no
// connection, silence, a cut or unreadable answer, a SOAP Fault in place of a
// reply. What the registry answers, CHYBA too, is none, and neither is the end
// of the call for a reason that lies elsewhere. After Open one call goes through
// as a probe; its end closes the breaker, or opens it again.
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

// A breaker is the one of a client.
type breaker struct {
	two *gobreaker.TwoStepCircuitBreaker[struct{}] // nil: all calls go through
}

func newBreaker(name string, b Breaker, changed func(name string, to BreakerState)) breaker {
	if b.Failures == 0 {
		return breaker{}
	}
	s := gobreaker.Settings{
		Name:         name,
		MaxRequests:  1,
		Interval:     b.Window,
		BucketPeriod: b.Window / windowParts,
		Timeout:      b.Open,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			return int64(c.TotalFailures) >= int64(b.Failures) && 2*c.TotalFailures >= c.Requests-c.TotalExclusions
		},
		IsSuccessful: func(err error) bool { return err == nil || errors.Is(err, errRefused) },
		IsExcluded:   saysNothing,
	}
	if changed != nil {
		s.OnStateChange = func(name string, _, to gobreaker.State) { changed(name, breakerStates[to]) }
	}
	return breaker{gobreaker.NewTwoStepCircuitBreaker[struct{}](s)}
}

func (b breaker) state() BreakerState {
	if b.two == nil {
		return BreakerClosed
	}
	return breakerStates[b.two.State()]
}

// errOpen says that an upstream was not asked, since it is down.
var errOpen = errors.New("the breaker is open")

// allow asks whether a call may go through. How it ended must be reported; only
// the first report counts.
func (b breaker) allow() (report func(error), err error) {
	if b.two == nil {
		return func(error) {}, nil
	}
	done, err := b.two.Allow()
	if err != nil {
		return nil, errOpen
	}
	var once sync.Once
	return func(err error) { once.Do(func() { done(err) }) }, nil
}

// errUnended is the end of a call that never came to one.
var errUnended = errors.New("the call did not end")

// saysNothing reports whether err tells nothing of the state of the upstream:
// the call was ended from elsewhere, by its caller or by another step, or found
// no free connection.
func saysNothing(err error) bool {
	if err == nil {
		return false
	}
	var call *egon.CallError
	switch {
	case errors.Is(err, errClosed), errors.Is(err, errUnended), errors.Is(err, fasthttp.ErrNoFreeConns):
		return true
	case !errors.As(err, &call): // of the body of the caller's message
		return true
	}
	return errors.Is(err, errEnded) && !call.Timeout
}

// errEnded marks the error of a call whose context ended.
var errEnded = errors.New("the call was ended")

// attempt asks c, unless its breaker is open.
func attempt[T any](c *Client, ask func() (T, error)) (v T, err error) {
	if c.breaker.two == nil {
		return ask()
	}
	report, err := c.breaker.two.Allow() // how it ended is reported once, below
	if err != nil {
		return v, &egon.CallError{Name: c.cfg.Name, Err: errOpen}
	}
	err = errUnended // unless ask returns
	defer func() { report(err) }()
	v, err = ask()
	return v, err
}

// Breaker returns what the client's breaker does at this moment.
func (c *Client) Breaker() BreakerState { return c.breaker.state() }

// Name returns the name of the upstream in the configuration.
func (c *Client) Name() string { return c.cfg.Name }
