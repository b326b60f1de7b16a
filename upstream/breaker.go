package upstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
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

// A breaker is the one of a client; nil lets all calls through.
type breaker struct {
	two  *gobreaker.TwoStepCircuitBreaker[struct{}]
	half atomic.Bool // it is half-open

	mu    sync.Mutex
	probe *probe // that is under way; nil: none is
}

// A probe is the call that a half-open breaker has let through. One whose message
// is still arriving takes as long as its caller likes, so it leaves its place to
// the first call that does not.
type probe struct {
	asker
	done  func(error)
	ended chan struct{} // closed when what came of it is known, or it left its place
}

func newBreaker(name string, b Breaker, changed func(name string, to BreakerState)) *breaker {
	if b.Failures == 0 {
		return nil
	}
	own := &breaker{}
	own.two = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
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
		OnStateChange: func(name string, _, to gobreaker.State) {
			own.half.Store(to == gobreaker.StateHalfOpen)
			if changed != nil {
				changed(name, breakerStates[to])
			}
		},
	})
	return own
}

func (b *breaker) state() BreakerState {
	if b == nil {
		return BreakerClosed
	}
	return breakerStates[b.two.State()]
}

// errOpen says that an upstream was not asked, since it is down.
const errOpen = saying("the breaker is open")

// refuses reports whether it would refuse a call at this moment.
func (b *breaker) refuses(a asker) bool {
	switch b.state() {
	case BreakerOpen:
		return true
	case BreakerHalfOpen:
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.probe != nil && !b.probe.isSibling(a) && !b.probe.yields(a)
	}
	return false
}

// allow lets a call through, or refuses it with errOpen. What came of the call
// must be reported, once. A call whose sibling probes waits for what comes of
// that; when ctx ends before, the error is errUnproven.
func (b *breaker) allow(ctx context.Context, a asker) (report func(error), err error) {
	for {
		report, sibling, err := b.try(a)
		if sibling == nil {
			return report, err
		}
		select {
		case <-sibling.ended:
		case <-ctx.Done():
			return nil, errUnproven
		}
	}
}

// errUnproven says that a call was not sent, since it ended before it was known
// whether the upstream is up again.
const errUnproven = saying("wait for the probe of the breaker")

// try is allow without the wait: it may return the sibling that probes.
func (b *breaker) try(a asker) (report func(error), sibling *probe, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.family != nil && a.family.refused.Load() == b {
		return nil, nil, errOpen
	}
	if b.probe != nil && b.probe.yields(a) {
		b.end(errUnended)
	}
	done, err := b.two.Allow()
	switch {
	case err == nil && b.half.Load():
		return b.begin(&probe{a, done, make(chan struct{})}), nil, nil
	case err == nil:
		return done, nil, nil
	case b.probe != nil && b.probe.isSibling(a):
		return nil, b.probe, nil
	}
	if a.family != nil {
		a.family.refused.CompareAndSwap(nil, b)
	}
	return nil, nil, errOpen
}

// begin makes p the probe that is under way, until it is reported what came of
// it. One that says nothing leaves its place to the next call.
func (b *breaker) begin(p *probe) (report func(error)) {
	b.probe = p
	return func(err error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.probe == p { // otherwise another call has its place
			b.end(err)
		}
	}
}

// end ends the probe that is under way.
func (b *breaker) end(err error) {
	p := b.probe
	b.probe = nil
	p.done(err)
	close(p.ended)
}

func (p *probe) isSibling(a asker) bool { return a.family != nil && p.family == a.family }

// yields reports whether the probe leaves its place to a call.
func (p *probe) yields(a asker) bool { return p.arriving && !a.arriving }

// errUnended is the end of a call that never came to one.
const errUnended = saying("the call did not end")

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
const errEnded = saying("the call was ended")

// errLate marks one whose time was over.
const errLate = saying("its time is over")

// Breaker returns what the client's breaker does at this moment.
func (c *Client) Breaker() BreakerState { return c.breaker.state() }

// Name returns the name of the upstream in the configuration.
func (c *Client) Name() string { return c.cfg.Name }
