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

// An asker is on whose behalf a call goes out.
type asker struct {
	service  string     // that was called: the relayed one, E198 of a step, E227 of a fetch
	party    egon.Party // to blame when it fails; Nobody: whoever asked names it
	family   *family    // of the E198 that a step belongs to; nil: it stands alone
	arriving bool       // its message still comes from the caller, at the caller's speed
}

// A family is the steps of one E198. They stand or fall together, so they are
// one call before a breaker that is half-open: a step waits for what comes of a
// sibling that probes, and does not probe when a sibling has been refused, since
// the end of that one would end the probe.
type family struct {
	refused atomic.Pointer[breaker] // the first that refused one of them
}
