package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"brana/limits"
)

// Admit decides about a call; an admitted one has used a permit of its hour and holds a Slot until Release or the end of
// its Lifetime. Any error means that no decision could be had within the Timeout or ctx, and that the call's Mode is
// Closed; except ErrLifetime.
func (r *Store) Admit(ctx context.Context, call limits.Call) (limits.Decision, error) {
	if call.Lifetime <= 0 {
		return limits.Decision{}, limits.ErrLifetime
	}
	l := &r.lanes[call.Key[0]%lanes]
	if d, done := r.pay(l, &call); done {
		return d, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.caller(&call)
	defer r.deal(l, c)
	now := r.now() // not before: who waited for the lane would use a lease that is over
	l.adopt(c, &call, now)
	if d, done := r.decide(l, c, &call, now); done {
		return d, nil
	}
	return r.await(ctx, l, c, &call)
}

// decide decides by what is held or known; done tells whether that could be. The caller holds the lane.
func (r *Store) decide(l *lane, c *caller, call *limits.Call, now int64) (d limits.Decision, done bool) {
	in := r.regime(l, now)
	verdict, place, done := c.admit(now, call, in, l.slot+1)
	if !done {
		return d, false
	}
	var t time.Time
	if verdict == limits.OverQuota {
		t = r.clock()
	}
	d = c.outcome(now, verdict).Decision(call.Rule, r.calendar, t, in)
	if verdict == limits.Admitted {
		d.Slot = l.given(call.Key, place)
		if c.short() && l.down == nil {
			r.enlist(l, c)
		}
		if c.purse == nil && c.ample(&r.dealing, in) != nil {
			r.openPurse(l, c, call.Policy)
		}
	}
	return d, true
}

// await decides when the ledger has answered.
func (r *Store) await(ctx context.Context, l *lane, c *caller, call *limits.Call) (limits.Decision, error) {
	patience := time.NewTimer(r.timeout)
	defer patience.Stop()
	for {
		if l.down != nil {
			return r.alone(l, c, call, l.down)
		}
		c.waiting++
		answered := r.enlist(l, c)
		r.deal(l, c)
		err := l.wait(ctx, answered, patience.C)
		l.gather(c)
		c.waiting--
		switch {
		case errors.Is(err, errSlow):
			return r.alone(l, c, call, err)
		case err != nil:
			return limits.Decision{}, err
		}
		if d, done := r.decide(l, c, call, r.now()); done {
			return d, nil
		}
	}
}

var errSlow = errors.New("ask the ledger: redis takes too long")

// wait gives up the lane until the next request is answered.
func (l *lane) wait(ctx context.Context, answered <-chan struct{}, patience <-chan time.Time) error {
	l.mu.Unlock()
	defer l.mu.Lock()
	select {
	case <-answered:
		return nil
	case <-patience:
		return errSlow
	case <-ctx.Done():
		return fmt.Errorf("ask the ledger: %w", context.Cause(ctx))
	}
}

// alone decides a call without the ledger.
func (r *Store) alone(l *lane, c *caller, call *limits.Call, why error) (limits.Decision, error) {
	if call.WhenDown == limits.Closed || call.WhenDown == limits.Share && l.gateways == 0 {
		return limits.Decision{}, why
	}
	t, now := r.time()
	in := r.calendar.Regime(t)
	ledgerNow := t.UnixMilli()
	if l.anchor.seen {
		ledgerNow = l.anchor.allowed(now)
	}
	o, rule, place := c.decideAlone(now, ledgerNow, call, in, max(1, l.gateways), l.slot+1)
	d := o.Decision(rule, r.calendar, t, in)
	d.Degraded = call.WhenDown
	if o.Verdict == limits.Admitted {
		d.Slot = l.given(call.Key, place)
	}
	return d, nil
}

// given is the slot just taken at a place.
func (l *lane) given(key limits.Key, place int) limits.Slot {
	l.slot++
	return limits.Slot{Key: key, Place: uint64(place), Number: l.slot}
}

// Release gives a slot back; the permit stays used. A slot given back before, or expired, is left alone. It never fails:
// other gateways learn of it in the background.
func (r *Store) Release(_ context.Context, slot limits.Slot) error {
	l := &r.lanes[slot.Key[0]%lanes]
	if slot.Place>>pocketBits > 0 {
		if p := l.purse(slot.Key); p != nil && p.giveBack(slot) {
			return nil
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.callers[slot.Key]
	if c == nil {
		return nil
	}
	l.gather(c)
	defer r.deal(l, c)
	c.release(slot.Place, slot.Number)
	if !c.spares(max(1, l.gateways)) && c.own > int64(c.count()) && !r.leaving.Load() {
		r.enlist(l, c)
	}
	return nil
}

// Renew lets the call of a slot go on: the slot frees itself after a lifetime from now, or when it would have, whichever
// is later. One given back before, or expired, is left alone. It does not wait: when other gateways have to be told, that
// is done in the background, and tried until the ledger has answered. The only error is ErrLifetime.
func (r *Store) Renew(_ context.Context, slot limits.Slot, lifetime time.Duration) error {
	if lifetime <= 0 {
		return limits.ErrLifetime
	}
	l := &r.lanes[slot.Key[0]%lanes]
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.callers[slot.Key]
	if c == nil {
		return nil
	}
	l.gather(c)
	defer r.deal(l, c)
	now := r.now()
	c.prolong(now, slot, limits.LifetimeMillis(lifetime))
	if !c.covered() && !r.leaving.Load() {
		r.enlist(l, c)
	}
	return nil
}
