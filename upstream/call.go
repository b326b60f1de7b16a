package upstream

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"brana/egon"
)

// This file is the one way to an upstream. Relayed messages, the steps of E198, the
// evidences and the questions of E227 all take it, since only a call can send.

// A call is admitted by the pace and the breaker of its upstream. Its opener ends it.
type call struct {
	*Client
	asker

	report func(error) // to the breaker
	ended  atomic.Bool
	sent   time.Time // when its first message began to go out; zero: nothing was sent

	began time.Time
	kod   string // VysledekKod of its answer, when it is known
	span  int    // its number in the trace
}

// went notes a message that began to go out on nc at a moment. The head of its answer is
// here, or will not come. A message does not count before its first byte is sent.
func (k *call) went(began time.Time, nc *conn) {
	if nc.out == 0 {
		return
	}
	if k.sent.IsZero() {
		k.sent = began
	}
	if k.cfg.OnSent != nil {
		k.cfg.OnSent(k.cfg.Name, k.service, time.Since(began))
	}
}

// open admits a call: it waits for its turn (see [Pace]) and asks the breaker, within
// the time of ctx. The error is an *egon.CallError that names a.party.
func (c *Client) open(ctx context.Context, a asker) (*call, error) {
	k := &call{Client: c, asker: a, began: time.Now()}
	k.span = a.trace.Begin(c.cfg.Name, a.message)
	if err := k.await(ctx); err != nil {
		k.end(err)
		return nil, err
	}
	if c.breaker == nil {
		return k, nil
	}
	report, err := c.breaker.allow(ctx, a)
	if err != nil {
		refused := k.failed(ctx, nil, judging, err)
		k.end(refused)
		return nil, refused
	}
	k.report = report
	return k, nil
}

// end reports the outcome of the call to the breaker and to the trace; nil is an answer.
// Only the first report counts, but the trace also learns when an answer breaks later.
func (k *call) end(err error) {
	if k.ended.Swap(true) {
		if err != nil && !errors.Is(err, errClosed) {
			k.trace.Judge(k.span, resultOf(k.kod, err))
		}
		return
	}
	if k.trace != nil {
		k.trace.End(k.span, resultOf(k.kod, err), time.Since(k.began))
	}
	if k.report != nil {
		k.report(err)
	}
}

// resultOf returns what came of a call with an outcome, whose answer had the VysledekKod
// kod if there was one.
func resultOf(kod string, err error) egon.SpanResult {
	var call *egon.CallError
	var fault *egon.FaultError
	switch {
	case err == nil:
		return egon.ResultOf(kod)
	case errors.Is(err, errRefused):
		return egon.SpanChyba
	case errors.As(err, &fault):
		return egon.SpanFault
	case errors.Is(err, errOpen):
		return egon.SpanRefused
	case errors.Is(err, errUnended):
		return egon.SpanFailed
	case !errors.As(err, &call): // the body of the caller's message failed
		return egon.SpanEnded
	case call.Busy:
		return egon.SpanBusy
	case call.Timeout:
		return egon.SpanTimeout
	case errors.Is(err, errEnded):
		return egon.SpanEnded
	}
	return egon.SpanFailed
}

// through opens a call of c, asks, and ends the call with the outcome.
func through[T any](
	ctx context.Context, c *Client, a asker, ask func(*call) (T, error),
) (v T, err error) {
	k, err := c.open(ctx, a)
	if err != nil {
		return v, err
	}
	err = errUnended // unless ask returns
	defer func() { k.end(err) }()
	v, err = ask(k)
	return v, err
}

// await waits for the turn of the call. A call that the breaker would refuse needs no
// turn, since nothing will be sent.
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

// failed makes err, which came at a stage, the error of the call; nc is nil when it had
// no connection.
func (k *call) failed(ctx context.Context, nc *conn, at stage, err error) *egon.CallError {
	c := causeOf(at, err)
	e := &egon.CallError{Party: k.party, Name: k.cfg.Name, Err: c}
	switch {
	case ctx.Err() != nil:
		why := context.Cause(ctx)
		e.Timeout = errors.Is(why, context.DeadlineExceeded)
		c.because(errEnded)
		c.is = append(c.is, why) // an error of the gateway or of another step
		if e.Timeout {
			c.because(errLate)
		}
	case nc != nil || errors.Is(err, fasthttp.ErrTimeout):
		e.Timeout = isTimeout(err)
	}
	if nc != nil {
		e.Sent = nc.out > 0
		if nc.used && nc.in == 0 && !e.Timeout && ctx.Err() == nil {
			c.because(errStale)
		}
	}
	return e
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// unreadable returns the error of an answer that breaks the contract.
func (k *call) unreadable(err error) error {
	return &egon.CallError{Party: k.party, Name: k.cfg.Name, Sent: true, Err: causeOf(judging, err)}
}

// refused returns the error of an answer whose status s is CHYBA. Of the details only
// the codes go on: the texts of a registry stay inside.
func (k *call) refused(s egon.Status) *egon.CallError {
	e := &egon.CallError{Party: k.party, Name: k.cfg.Name, Sent: true, Err: errRefused}
	for _, d := range s.Details {
		e.Detail = append(e.Detail, egon.Detail{SubKod: d.SubKod, Puvodce: k.party}.Systemic())
	}
	return e
}
