package upstream

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/sony/gobreaker/v2"
	"github.com/valyala/fasthttp"

	"brana/egon"
)

// A breaker belongs to one client. A nil breaker lets all calls through.
type breaker struct {
	two  *gobreaker.TwoStepCircuitBreaker[struct{}]
	half atomic.Bool // the state is half-open

	mu    sync.Mutex
	probe *probe // under way; nil: none
}

// A probe is the call that a half-open breaker has let through. A message that is still
// arriving takes as long as its caller likes, so such a probe yields to the first call
// that is here whole.
type probe struct {
	asker
	done  func(error)
	ended chan struct{} // closed when its outcome is known, or it has yielded
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
			judged := c.Requests - c.TotalExclusions
			return int64(c.TotalFailures) >= int64(b.Failures) && 2*c.TotalFailures >= judged
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

// refuses reports whether the breaker would refuse a call at this moment.
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

// allow lets a call through, or refuses it with errOpen. The caller reports the outcome
// once. A call whose sibling is the probe waits for its outcome. When ctx ends before,
// the error is errUnproven.
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

// try is allow without the wait: it may return the sibling that is the probe.
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

// begin makes p the probe under way, until its outcome is reported. After an outcome
// that says nothing the next call is the probe.
func (b *breaker) begin(p *probe) (report func(error)) {
	b.probe = p
	return func(err error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.probe == p { // otherwise it has yielded
			b.end(err)
		}
	}
}

// end ends the probe under way.
func (b *breaker) end(err error) {
	p := b.probe
	b.probe = nil
	p.done(err)
	close(p.ended)
}

func (p *probe) isSibling(a asker) bool { return a.family != nil && p.family == a.family }

// yields reports whether the probe yields to a call.
func (p *probe) yields(a asker) bool { return p.arriving && !a.arriving }

// saysNothing reports whether err says nothing about the state of the upstream: the
// caller or another step ended the call, or no connection was free.
func saysNothing(err error) bool {
	if err == nil {
		return false
	}
	var call *egon.CallError
	switch {
	case errors.Is(err, errClosed), errors.Is(err, errUnended),
		errors.Is(err, fasthttp.ErrNoFreeConns):
		return true
	case !errors.As(err, &call): // the body of the caller's message failed
		return true
	}
	return errors.Is(err, errEnded) && !call.Timeout
}

// An asker is the one for whom a call goes out.
type asker struct {
	service  string      // the relayed one, E198 for a step, E227 for a fetch
	party    egon.Party  // to name when the call fails; Nobody: the gateway names it
	family   *family     // of the E198 that a step belongs to; nil: none
	arriving bool        // its message is still coming from the caller, at the caller's speed
	message  string      // O08, relay: what the trace names
	trace    *egon.Trace // takes what came of it; nil: nobody wants to know
}

// A family is the steps of one E198. They succeed or fail together, so a half-open
// breaker counts them as one call: a step waits for the outcome of a sibling that is the
// probe. It is no probe after a sibling was refused, since that refusal ends the whole
// E198, and so the probe.
type family struct {
	refused atomic.Pointer[breaker] // the first that refused a step
}
