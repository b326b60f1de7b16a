package upstream

import (
	"context"
	"sync/atomic"
	"time"

	"brana/egon"
)

// This file is the one way to an upstream: a relayed message, each step of E198,
// the evidences and the questions of E227 all take it. None is exempt, since
// only a call can send.

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

// A call is one that its upstream's door has let in. Its opener ends it.
type call struct {
	*Client
	asker

	report func(error) // to the breaker
	ended  atomic.Bool
	sent   time.Time // when its first message began to go out; zero: nothing did
}

// went notes that something of a message went out on nc, which began then, and
// that the head of its answer is here or will not come.
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

// open lets a call in: it waits for its turn (Pace) and asks the breaker, within
// the time of ctx. The error is an *egon.CallError that blames a.party.
func (c *Client) open(ctx context.Context, a asker) (*call, error) {
	k := &call{Client: c, asker: a}
	if err := k.await(ctx); err != nil {
		return nil, err
	}
	if c.breaker == nil {
		return k, nil
	}
	report, err := c.breaker.allow(ctx, a)
	if err != nil {
		return nil, k.failed(ctx, nil, judging, err)
	}
	k.report = report
	return k, nil
}

// end tells the breaker what came of the call; nil is an answer. Only the first
// word counts.
func (k *call) end(err error) {
	if !k.ended.Swap(true) && k.report != nil {
		k.report(err)
	}
}

// through opens a call of c, asks, and ends the call with what came of it.
func through[T any](ctx context.Context, c *Client, a asker, ask func(*call) (T, error)) (v T, err error) {
	k, err := c.open(ctx, a)
	if err != nil {
		return v, err
	}
	err = errUnended // unless ask returns
	defer func() { k.end(err) }()
	v, err = ask(k)
	return v, err
}
