package ledger

import (
	"context"
	"errors"
	"time"

	"brana/limits"
)

// Admit decides about a call. An admitted one has used a permit of its hour and holds a Slot until
// Release or the end of its Lifetime. An error means that there was no decision within the Timeout
// or ctx, and that the call's Mode is Closed; limits.ErrLifetime is the exception.
func (r *Store) Admit(ctx context.Context, call limits.Call) (limits.Decision, error) {
	if call.Lifetime <= 0 {
		return limits.Decision{}, limits.ErrLifetime
	}
	sh := r.shard(call.Key)
	if d, done := r.admitStriped(sh, &call); done {
		return d, nil
	}
	return r.admitAtShard(ctx, sh, &call)
}

// admitStriped admits a call by what a stripe holds, and reports whether it could.
func (r *Store) admitStriped(sh *shard, call *limits.Call) (d limits.Decision, done bool) {
	p := sh.stripesOf(call.Key)
	if p == nil {
		return d, false
	}
	h := r.hint()
	for range p.all {
		at := *h % len(p.all)
		if k := &p.all[at]; k.mu.TryLock() {
			// The clock is read here, not before: the stripe may have been lent to meanwhile.
			d, done = p.admit(at, call, r.clock.now())
			k.mu.Unlock()
			break
		}
		h = &stripeNumbers[(at+1)%len(p.all)]
	}
	r.hints.Put(h)
	return d, done
}

// hint is the stripe to try first: that which this processor used last, or the next in turn.
func (r *Store) hint() *int {
	if h, ok := r.hints.Get().(*int); ok {
		return h
	}
	return &stripeNumbers[r.nextStripe.Add(1)%uint64(r.striping.stripes)]
}

// admitAtShard decides by what the shard holds or knows, or else asks the ledger.
func (r *Store) admitAtShard(
	ctx context.Context, sh *shard, call *limits.Call,
) (d limits.Decision, err error) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c, done := sh.caller(call), false
	r.with(sh, c, func() {
		now := r.clock.now() // not before: who waited for the shard would use a lease that is over
		sh.adopt(c, call, now)
		done = r.decide(sh, c, call, now, &d)
	})
	if !done {
		err = r.await(ctx, sh, c, call, &d)
	}
	return d, err
}

// decide decides by what is held or known into d, and reports whether it could.
func (r *Store) decide(
	sh *shard, c *caller, call *limits.Call, now int64, d *limits.Decision,
) bool {
	in := r.regimeAt(sh, now)
	verdict, place, done := c.admit(now, call, in, sh.lastSlot+1)
	if !done {
		return false
	}
	var t time.Time
	if verdict == limits.OverQuota {
		t = r.clock.wall()
	}
	*d = c.outcome(now, verdict).Decision(call.Rule, r.calendar, t, in)
	if verdict == limits.Admitted {
		d.Slot = sh.newSlot(call.Key, place)
		if c.runsShort() && sh.cause == nil {
			r.enlist(sh, c)
		}
		if c.stripes == nil && c.plenty(&r.striping, in) != nil {
			sh.openStripes(c, call.Policy, r.striping.stripes)
		}
	}
	return true
}

// await decides into d when the ledger has answered.
func (r *Store) await(
	ctx context.Context, sh *shard, c *caller, call *limits.Call, d *limits.Decision,
) error {
	patience := time.NewTimer(r.timeout)
	defer patience.Stop()
	for {
		if sh.cause != nil {
			return r.degrade(sh, c, call, sh.cause, d)
		}
		var answered <-chan struct{}
		r.with(sh, c, func() {
			c.waiting++
			answered = r.enlist(sh, c)
		})
		err := sh.wait(ctx, answered, patience.C)
		done := false
		r.with(sh, c, func() {
			c.waiting--
			done = err == nil && r.decide(sh, c, call, r.clock.now(), d)
		})
		switch {
		case errors.Is(err, errSlow):
			return r.degrade(sh, c, call, err, d)
		case err != nil, done:
			return err
		}
	}
}

// degrade decides a call into d without the ledger; why is returned if the call's Mode forbids
// that.
func (r *Store) degrade(
	sh *shard, c *caller, call *limits.Call, why error, d *limits.Decision,
) error {
	if call.WhenDown == limits.Closed || call.WhenDown == limits.Share && sh.gateways == 0 {
		return why
	}
	t := r.clock.wall()
	now := r.clock.at(t)
	in := r.calendar.Regime(t)
	at := moments{now: now, ledger: t.UnixMilli()}
	if sh.anchor.seen() {
		at.ledger = sh.anchor.allowed(now)
	}
	r.with(sh, c, func() {
		o, rule, place := c.admitDegraded(at, call, in, sh.sharers(), sh.lastSlot+1)
		*d = o.Decision(rule, r.calendar, t, in)
		d.Degraded = call.WhenDown
		if o.Verdict == limits.Admitted {
			d.Slot = sh.newSlot(call.Key, place)
		}
	})
	return nil
}

// Release gives a slot back; the permit stays used. A slot given back before, or expired, is left
// alone. It never fails: other gateways learn of it in the background.
func (r *Store) Release(_ context.Context, slot limits.Slot) error {
	sh := r.shard(slot.Key)
	if slot.Place>>stripeBits > 0 {
		if p := sh.stripesOf(slot.Key); p != nil && p.release(slot) {
			return nil
		}
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if c := sh.callers[slot.Key]; c != nil {
		r.with(sh, c, func() {
			c.release(slot.Place, slot.Number)
			if !c.keepsSpare(sh.sharers()) && c.ownSlots > int64(c.count()) && !r.leaving.Load() {
				r.enlist(sh, c)
			}
		})
	}
	return nil
}

// Renew lets the call of a slot go on: the slot frees itself after a lifetime from now, or when it
// would have, whichever is later. One given back before, or expired, is left alone. It does not
// wait: if the ledger has to know, it is asked in the background until it has answered. The only
// error is limits.ErrLifetime.
func (r *Store) Renew(_ context.Context, slot limits.Slot, lifetime time.Duration) error {
	if lifetime <= 0 {
		return limits.ErrLifetime
	}
	sh := r.shard(slot.Key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if c := sh.callers[slot.Key]; c != nil {
		r.with(sh, c, func() {
			c.renewSlot(r.clock.now(), slot, limits.LifetimeMillis(lifetime))
			if !c.covered() && !r.leaving.Load() {
				r.enlist(sh, c)
			}
		})
	}
	return nil
}
