package ledger

import (
	"time"

	"brana/limits"
)

const (
	// idleAfter is how long after its last call a caller's leases are given back. With tick it is
	// the longest that a permit held in vain keeps another gateway from admitting a call.
	idleAfter = limits.Lease / 2
	// refusalRepeats is how long a refusal is repeated without asking the ledger again. A caller
	// that hammers costs 20 requests a second; a permit or slot that another gateway gives back is
	// seen so much later.
	refusalRepeats = 50 * time.Millisecond
	// forgetAfter is how long after its last call a caller is forgotten; its journal is empty then.
	forgetAfter = limits.Longest + time.Minute

	// journalMillis is the grain of a journal.
	journalMillis = int64(time.Minute / time.Millisecond)
)

// turn is where a caller stands in the requests of its shard.
type turn uint8

const (
	// silent: nothing is to be asked.
	silent turn = iota
	// queued: the next request has an entry for it.
	queued
	// asking: the request under way has one.
	asking
	// asksAgain: so has the request under way, and so will the next: more was needed meanwhile.
	asksAgain
)

func (t turn) isQueued() bool { return t == queued || t == asksAgain }

// enqueue reports whether the caller is to be put into the queue: it is not there yet.
func (t *turn) enqueue() bool {
	switch *t {
	case silent:
		*t = queued
		return true
	case asking:
		*t = asksAgain
		return true
	}
	return false
}

// answer notes that the request under way has ended.
func (t *turn) answer() {
	switch *t {
	case asking:
		*t = silent
	case asksAgain:
		*t = queued
	}
}

// caller is what this gateway holds of one caller's limits, and what it knows of the rest. It does
// no I/O and reads no clock. Its shard's mutex guards it. Moments are milliseconds of the gateway's
// monotonic clock, but for those marked as of ledger time.
type caller struct {
	key      limits.Key
	rule     limits.Rule
	outdated bool // rule is not known to be of the policy in force

	turn     turn
	waiting  int64 // calls that wait for an answer
	lastCall int64 // when a call last came
	calls    int64 // since asked
	asked    int64
	rate     float64 // calls a second of late

	leases    []lease // that may be used, oldest first
	returns   []lease // over, to be reported. Left are the permits unused, -1 is all
	lastLease int64   // permits of the last one; below a quarter of them more are fetched ahead

	takenSlots
	ownSlots    int64 // slots granted; calls may be started in them
	slotsUntil  int64 // before this moment,
	slotsLife   int64 // if they live no longer than this
	wantLife    int64 // the longest lifetime there was
	otherSlots  int64 // slots of other gateways
	slotsDenied bool  // a ledger that was not learning granted fewer than were asked for

	known   allotment // of the last answer
	knownAt int64     // when it came; 0: none is to be relied on

	// What the ledger would have to hear if it forgot, beside the leases that are open.
	standing    standing
	born        int64         // the seq of the shard when this account began
	net         limits.Counts // permits used of leases that are over, since it was born
	journal     limits.Hour   // those of the hour by minute, in ledger time
	extra       limits.Extra  // as last heard
	forgottenAt int64         // ledger time at which an operator had what was used forgotten

	degraded limits.Hour // calls admitted without the ledger, see limits.Mode
}

// lease is a number of permits that may be used in one regime.
type lease struct {
	seq      int64 // of the request that was granted it
	permits  int64 // that it had
	left     int64 // that it has
	leaves   int64 // ledger time at which they leave the count
	deadline int64 // none is used from this moment on
	in       limits.Regime
}

// adopt takes on the rule of a call. A changed one holds at once: what was leased under the other
// is given back. The rule of a call decided under another policy than that in force gives way to
// one that is of it.
func (c *caller) adopt(call *limits.Call, outdated bool, now int64) {
	c.lastCall = now
	c.wantLife = max(c.wantLife, limits.LifetimeMillis(call.Lifetime))
	if outdated && !c.outdated {
		return
	}
	c.outdated = outdated
	if call.Rule != c.rule {
		c.rule, c.knownAt = call.Rule, 0
		c.retireAll()
	}
}

// admit takes a permit and a slot of those held, both or none. It reports whether there is a
// decision: an admission, or a refusal that is fresh enough to be repeated.
func (c *caller) admit(
	now int64, call *limits.Call, in limits.Regime, number uint64,
) (verdict limits.Verdict, place int, done bool) {
	c.expire(now)
	c.retireOver(now, in)
	life := limits.LifetimeMillis(call.Lifetime)
	free := int64(c.count()) < c.ownSlots && now < c.slotsUntil && life <= c.slotsLife
	if len(c.leases) > 0 && free {
		c.leases[0].left--
		c.calls++
		return limits.Admitted, c.running.Take(number, now+life), true
	}
	verdict, done = c.repeatsRefusal(now, in)
	return verdict, 0, done
}

// repeatsRefusal reports whether the last answer is fresh enough to refuse a call for which nothing
// is held, and why.
func (c *caller) repeatsRefusal(now int64, in limits.Regime) (verdict limits.Verdict, known bool) {
	ago := now - c.knownAt
	if c.knownAt == 0 || ago >= refusalRepeats.Milliseconds() {
		return limits.Admitted, false
	}
	if c.known.room+c.permitsLeft() <= 0 {
		return limits.OverQuota, ago < c.known.wait[in]
	}
	taken := int64(c.count()) >= c.ownSlots
	all := c.ownSlots+c.otherSlots >= int64(c.rule.Concurrent)
	return limits.OverConcurrency, taken && (c.slotsDenied || all)
}

// admitDegraded decides without the ledger, as the call's Mode says: with a share of the limits, or
// without any. It returns the rule that decided. The ledger counts what is admitted when it is
// back.
func (c *caller) admitDegraded(
	at moments, call *limits.Call, in limits.Regime, gateways int64, number uint64,
) (o limits.Outcome, rule limits.Rule, place int) {
	rule = call.Rule
	c.degraded.Sweep(at.now)
	if call.WhenDown == limits.Share {
		rule = limits.Rule{
			Working:    rule.Working / gateways,
			Off:        rule.Off / gateways,
			Concurrent: rule.Concurrent / int(gateways),
		}
		o.Verdict = limits.Decide(c.degraded.Counts, c.count(), rule, in)
	}
	switch o.Verdict {
	case limits.Admitted:
		var one limits.Counts
		one[in] = 1
		c.degraded.Charge(limits.Leaves(at.now, bucketMillis), one)
		c.record(limits.Leaves(at.ledger, bucketMillis)+marginMillis, in, 1)
		c.standing = max(c.standing, unsynced)
		place = c.running.Take(number, at.now+limits.LifetimeMillis(call.Lifetime))
	case limits.OverQuota:
		for r := range o.Wait {
			o.Wait[r] = c.degraded.Wait(at.now, rule, limits.Extra{}, limits.Regime(r))
		}
	}
	o.Room, o.Running = c.degraded.Counts.Room(rule, in), c.count()
	o.Reset = c.degraded.ResetAfter(at.now)
	return o, rule, place
}

// moments is one moment by this gateway's clock and in ledger time.
type moments struct{ now, ledger int64 }

// outcome is what a decision reports: as of the last answer, and of what is held.
func (c *caller) outcome(now int64, v limits.Verdict) limits.Outcome {
	ago := now - c.knownAt
	o := limits.Outcome{
		Verdict: v,
		Room:    c.known.room + c.permitsLeft(),
		Running: int(c.otherSlots) + c.count(),
		Reset:   max(0, c.known.reset-ago),
	}
	if c.knownAt != 0 {
		o.Extra = c.known.raised
	}
	if v == limits.OverQuota {
		o.Room = 0
		for r, wait := range c.known.wait {
			o.Wait[r] = max(0, wait-ago)
		}
	}
	return o
}

// renewSlot lets the call of a slot go on for a lifetime from now.
func (c *caller) renewSlot(now int64, s limits.Slot, life int64) {
	c.expire(now)
	if in, place := c.where(s.Place); in.Holds(place, s.Number) {
		c.wantLife = max(c.wantLife, life)
		in.Renew(place, s.Number, now+life)
	}
}

// covered reports whether the ledger counts the calls that run for as long as they may go on. It
// does for their lifetime when they began or were renewed while slots were held.
func (c *caller) covered() bool {
	return c.count() == 0 || c.lastExpiry() <= c.slotsUntil+c.slotsLife
}

// retireOver puts aside the leases that are over.
func (c *caller) retireOver(now int64, in limits.Regime) {
	for len(c.leases) > 0 {
		if l := &c.leases[0]; l.left > 0 && now < l.deadline && l.in == in {
			return
		}
		c.retireFirst()
	}
}

// retireAll puts aside all leases.
func (c *caller) retireAll() {
	for len(c.leases) > 0 {
		c.retireFirst()
	}
}

// retireFirst puts aside the oldest lease: what was used of it is known from now on.
func (c *caller) retireFirst() {
	l := c.leases[0]
	c.record(l.leaves, l.in, l.permits-l.left)
	c.returns = append(c.returns, l)
	c.leases = c.leases[:copy(c.leases, c.leases[1:])]
}

// record notes permits that were used, and when they leave the count in ledger time.
func (c *caller) record(leaves int64, in limits.Regime, permits int64) {
	if permits == 0 {
		return
	}
	c.net[in] += permits
	var calls limits.Counts
	calls[in] = permits
	c.journal.Charge((leaves+journalMillis-1)/journalMillis*journalMillis, calls)
}

// permitsLeft is how many permits are held.
func (c *caller) permitsLeft() (left int64) {
	for i := range c.leases {
		left += c.leases[i].left
	}
	return left
}

// runsShort reports whether permits will be used up soon.
func (c *caller) runsShort() bool {
	return c.lastLease >= 8 && !c.turn.isQueued() && c.permitsLeft() < c.lastLease/4
}

// spareSlots is how many slots are kept beyond those busy. Of few slots none is kept: another
// gateway may need the last.
func (c *caller) spareSlots(gateways int64) int64 {
	if c.keepsSpare(gateways) {
		return int64(c.rule.Concurrent) / (4 * gateways)
	}
	return 0
}

// keepsSpare reports whether any slots are kept.
func (c *caller) keepsSpare(gateways int64) bool { return int64(c.rule.Concurrent) >= 4*gateways }

// idle reports whether no call came for a while.
func (c *caller) idle(now int64) bool {
	return c.waiting == 0 && now-c.lastCall >= idleAfter.Milliseconds()
}

// mustAsk reports whether something is held that others may need, or whether the ledger has to hear
// of what it forgot, or of a call that goes on for longer.
func (c *caller) mustAsk(now, gateways int64) bool {
	spare := c.spareSlots(gateways)
	if c.idle(now) {
		spare = 0
	}
	switch {
	case c.standing != synced, !c.covered(), c.ownSlots > int64(c.count())+spare:
		return true
	}
	return c.idle(now) && (c.permitsLeft() > 0 || len(c.returns) > 0)
}

// forgettable reports whether nothing is left to know.
func (c *caller) forgettable(now int64) bool {
	return c.waiting == 0 && c.turn == silent && now-c.lastCall > forgetAfter.Milliseconds() &&
		c.stripes == nil && c.running.Idle(now)
}

// fullness is the share of its quota that is used, at all gateways; 0 when it is unknown.
func (c *caller) fullness(in limits.Regime) float64 {
	quota := c.rule.Quota(in) + c.known.raised
	if c.knownAt == 0 || quota <= 0 {
		return 0
	}
	return float64(quota-c.known.room-c.permitsLeft()) / float64(quota)
}

// usable is how many permits are held in leases that are not over.
func (c *caller) usable(now int64) (left int64) {
	for i := range c.leases {
		if now < c.leases[i].deadline {
			left += c.leases[i].left
		}
	}
	return left
}
