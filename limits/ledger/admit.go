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
	sh := &r.shards[call.Key[0]%shardCount]
	if d, done := r.admitStriped(sh, &call); done {
		return d, nil
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c := sh.caller(&call)
	defer r.lend(sh, c)
	now := r.now() // not before: who waited for the shard would use a lease that is over
	sh.adopt(c, &call, now)
	if d, done := r.decide(sh, c, &call, now); done {
		return d, nil
	}
	return r.await(ctx, sh, c, &call)
}

// decide decides by what is held or known; done tells whether that could be. The caller holds the shard.
func (r *Store) decide(sh *shard, c *caller, call *limits.Call, now int64) (d limits.Decision, done bool) {
	in := r.regime(sh, now)
	verdict, place, done := c.admit(now, call, in, sh.lastSlot+1)
	if !done {
		return d, false
	}
	var t time.Time
	if verdict == limits.OverQuota {
		t = r.clock()
	}
	d = c.outcome(now, verdict).Decision(call.Rule, r.calendar, t, in)
	if verdict == limits.Admitted {
		d.Slot = sh.newSlot(call.Key, place)
		if c.runsShort() && sh.cause == nil {
			r.enlist(sh, c)
		}
		if c.stripes == nil && c.plenty(&r.striping, in) != nil {
			r.openStripes(sh, c, call.Policy)
		}
	}
	return d, true
}

// await decides when the ledger has answered.
func (r *Store) await(ctx context.Context, sh *shard, c *caller, call *limits.Call) (limits.Decision, error) {
	patience := time.NewTimer(r.timeout)
	defer patience.Stop()
	for {
		if sh.cause != nil {
			return r.degrade(sh, c, call, sh.cause)
		}
		c.waiting++
		answered := r.enlist(sh, c)
		r.lend(sh, c)
		err := sh.wait(ctx, answered, patience.C)
		sh.recall(c)
		c.waiting--
		switch {
		case errors.Is(err, errSlow):
			return r.degrade(sh, c, call, err)
		case err != nil:
			return limits.Decision{}, err
		}
		if d, done := r.decide(sh, c, call, r.now()); done {
			return d, nil
		}
	}
}

var errSlow = errors.New("ask the ledger: redis takes too long")

// wait gives up the shard until the next request is answered.
func (sh *shard) wait(ctx context.Context, answered <-chan struct{}, patience <-chan time.Time) error {
	sh.mu.Unlock()
	defer sh.mu.Lock()
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
func (r *Store) degrade(sh *shard, c *caller, call *limits.Call, why error) (limits.Decision, error) {
	if call.WhenDown == limits.Closed || call.WhenDown == limits.Share && sh.gateways == 0 {
		return limits.Decision{}, why
	}
	t, now := r.time()
	in := r.calendar.Regime(t)
	ledgerNow := t.UnixMilli()
	if sh.anchor.seen {
		ledgerNow = sh.anchor.allowed(now)
	}
	o, rule, place := c.admitDegraded(now, ledgerNow, call, in, max(1, sh.gateways), sh.lastSlot+1)
	d := o.Decision(rule, r.calendar, t, in)
	d.Degraded = call.WhenDown
	if o.Verdict == limits.Admitted {
		d.Slot = sh.newSlot(call.Key, place)
	}
	return d, nil
}

// given is the slot just taken at a place.
func (sh *shard) newSlot(key limits.Key, place int) limits.Slot {
	sh.lastSlot++
	return limits.Slot{Key: key, Place: uint64(place), Number: sh.lastSlot}
}

// Release gives a slot back; the permit stays used. A slot given back before, or expired, is left alone. It never fails:
// other gateways learn of it in the background.
func (r *Store) Release(_ context.Context, slot limits.Slot) error {
	sh := &r.shards[slot.Key[0]%shardCount]
	if slot.Place>>stripeBits > 0 {
		if p := sh.stripesOf(slot.Key); p != nil && p.release(slot) {
			return nil
		}
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c := sh.callers[slot.Key]
	if c == nil {
		return nil
	}
	sh.recall(c)
	defer r.lend(sh, c)
	c.release(slot.Place, slot.Number)
	if !c.keepsSpare(max(1, sh.gateways)) && c.ownSlots > int64(c.count()) && !r.leaving.Load() {
		r.enlist(sh, c)
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
	sh := &r.shards[slot.Key[0]%shardCount]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c := sh.callers[slot.Key]
	if c == nil {
		return nil
	}
	sh.recall(c)
	defer r.lend(sh, c)
	now := r.now()
	c.renewSlot(now, slot, limits.LifetimeMillis(lifetime))
	if !c.covered() && !r.leaving.Load() {
		r.enlist(sh, c)
	}
	return nil
}
