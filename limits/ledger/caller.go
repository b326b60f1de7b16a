package ledger

import (
	"time"

	"brana/limits"
)

const (
	// ahead is for how long permits are leased in advance, at the rate of late: half a Lease, so that few are left over.
	prefetchSpan = limits.Lease / 2
	// fraction is the part of its quota that one gateway may hold for calls to come; ledger.lua has it too.
	prefetchFraction = 50
	// idle is how long after its last call a caller's leases are given back. With tick it is the longest that a permit
	// held in vain keeps another gateway from admitting a call.
	idleAfter = limits.Lease / 2
	// refusal is how long a refusal is repeated without asking the ledger again: a hammering caller costs 20 requests a
	// second, and a permit or slot that another gateway gives back is seen so much later.
	refusalRepeats = 50 * time.Millisecond
	// forget is how long after its last call a caller is forgotten; its journal is empty then.
	forgetAfter = limits.Longest + time.Minute

	journalMillis = int64(time.Minute / time.Millisecond)
)

// caller is what this gateway holds of one caller's limits, and what it knows of the rest. It does no I/O and reads no
// clock; now is milliseconds of the gateway's monotonic clock. Its shard's mutex guards it.
type caller struct {
	limits.Running
	key      limits.Key
	rule     limits.Rule
	outdated bool // rule is not known to be of the policy in force

	leases     []lease
	returns    []lease // over, and the ledger is to be told; left are the permits unused, -1 all
	callsSince int64   // since asked
	askedAt    int64
	rate       float64 // calls a second of late
	lastLease  int64   // permits of the last grant; below a quarter of them more are fetched ahead
	lastCall   int64   // when a call last came

	ownSlots, slotsUntil int64 // slots granted, and how long calls may be started in them,
	slotsLife, wantLife  int64 // if they live no longer than life; the longest there was is wish
	otherSlots           int64 // slots of other gateways
	slotsDenied          bool  // a ledger that was not learning granted fewer slots than were asked for

	waiting int64
	queued  bool
	asking  bool // a request that speaks of it is under way

	known   allotment // of the last answer
	knownAt int64     // when it came; 0: none is to be relied on

	// What the ledger would have to be told if it forgot, beside the leases that are open: permits used of others since it was born,
	// and those of the hour by minute; and that it is to be told.
	born     int64 // the shard's seq then
	net      limits.Counts
	journal  limits.Hour
	replay   bool
	owed     bool        // a ledger that forgot is shut until it is told
	degraded limits.Hour // calls admitted without the ledger, see Mode

	extra       limits.Extra // as last heard, and to be told too
	forgottenAt int64        // ledger time at which an operator had the ledger forget what was used

	stripes *stripes // of a large caller; else nil
}

// lease is a number of permits that may be used until its deadline in one regime.
type lease struct {
	seq              int64
	permits, left    int64 // that it had, and has
	leaves, deadline int64
	in               limits.Regime
}

// adopt takes on the rule of a call. A changed one holds at once: what was leased under the other is given back. The rule
// of a call that was decided under another policy than that in force gives way to one that is of it.
func (c *caller) adopt(call *limits.Call, behind bool, now int64) {
	c.lastCall = now
	c.wantLife = max(c.wantLife, limits.LifetimeMillis(call.Lifetime))
	if behind && !c.outdated {
		return
	}
	c.outdated = behind
	if call.Rule != c.rule {
		c.rule, c.knownAt = call.Rule, 0
		c.retireAll()
	}
}

// admit takes a permit and a slot of those held, both or none; done tells that there is a decision, an admission or a
// refusal that is fresh enough to be repeated.
func (c *caller) admit(now int64, call *limits.Call, in limits.Regime, number uint64) (verdict limits.Verdict, place int, done bool) {
	c.expire(now)
	c.retireOver(now, in)
	life := limits.LifetimeMillis(call.Lifetime)
	if len(c.leases) > 0 && int64(c.count()) < c.ownSlots && now < c.slotsUntil && life <= c.slotsLife {
		c.leases[0].left--
		c.callsSince++
		return limits.Admitted, c.Take(number, now+life), true
	}
	verdict, done = c.repeatsRefusal(now, in)
	return verdict, 0, done
}

// prolong renews a slot.
func (c *caller) renewSlot(now int64, s limits.Slot, life int64) {
	c.expire(now)
	if c.holds(s.Place, s.Number) {
		c.wantLife = max(c.wantLife, life)
		c.renew(s.Place, s.Number, now+life)
	}
}

// covered tells that the ledger counts the calls that run for as long as they may go on. It does for their lifetime when
// they began or were renewed while slots were held.
func (c *caller) covered() bool {
	return c.count() == 0 || c.last() <= c.slotsUntil+c.slotsLife
}

// refuses tells whether the last answer is fresh enough to refuse a call for which nothing is held, and why.
func (c *caller) repeatsRefusal(now int64, in limits.Regime) (verdict limits.Verdict, known bool) {
	ago := now - c.knownAt
	if c.knownAt == 0 || ago >= refusalRepeats.Milliseconds() {
		return limits.Admitted, false
	}
	if c.known.room+c.permitsLeft() <= 0 {
		return limits.OverQuota, ago < c.known.wait[in]
	}
	return limits.OverConcurrency, int64(c.count()) >= c.ownSlots && (c.slotsDenied || c.ownSlots+c.otherSlots >= int64(c.rule.Concurrent))
}

// drop puts aside the leases that are over.
func (c *caller) retireOver(now int64, in limits.Regime) {
	for len(c.leases) > 0 {
		if l := &c.leases[0]; l.left > 0 && now < l.deadline && l.in == in {
			return
		}
		c.retireFirst()
	}
}

// seal puts aside all leases.
func (c *caller) retireAll() {
	for len(c.leases) > 0 {
		c.retireFirst()
	}
}

// over closes the first lease: what was used of it is known from now on.
func (c *caller) retireFirst() {
	l := c.leases[0]
	c.record(l.leaves, l.in, l.permits-l.left)
	c.returns = append(c.returns, l)
	c.leases = c.leases[:copy(c.leases, c.leases[1:])]
}

func (c *caller) permitsLeft() (left int64) {
	for i := range c.leases {
		left += c.leases[i].left
	}
	return left
}

// short tells that permits will be used up soon.
func (c *caller) runsShort() bool {
	return c.lastLease >= 8 && !c.queued && c.permitsLeft() < c.lastLease/4
}

// spare is how many slots are kept beyond those busy. A small number of slots is not kept at all: another gateway may
// need the last.
func (c *caller) spareSlots(gateways int64) int64 {
	if c.keepsSpare(gateways) {
		return int64(c.rule.Concurrent) / (4 * gateways)
	}
	return 0
}

// spares tells that any slots are kept.
func (c *caller) keepsSpare(gateways int64) bool { return int64(c.rule.Concurrent) >= 4*gateways }

// resting tells that no call came for a while.
func (c *caller) idle(now int64) bool {
	return c.waiting == 0 && now-c.lastCall >= idleAfter.Milliseconds()
}

// restless tells that something is held that others may need, or is to be told: what the ledger forgot, or that a call
// goes on for longer.
func (c *caller) mustAsk(now, gateways int64) bool {
	spare := c.spareSlots(gateways)
	if c.idle(now) {
		spare = 0
	}
	return c.replay || !c.covered() || c.ownSlots > int64(c.count())+spare || c.idle(now) && (c.permitsLeft() > 0 || len(c.returns) > 0)
}

// entry says what is wanted, and puts aside what is not. Fewer slots hold from now on, more when they are granted.
func (c *caller) entry(now int64, in limits.Regime, gateways int64) entry {
	c.expire(now)
	c.retireOver(now, in)
	resting := c.idle(now)
	if resting {
		c.retireAll()
	}
	busy := int64(c.count())
	e := entry{key: c.key, Rule: [3]int64{c.rule.Working, c.rule.Off, int64(c.rule.Concurrent)}, Behind: c.outdated, Regime: in,
		Need: max(0, c.waiting-c.permitsLeft()), Busy: busy, Slots: busy + c.waiting}
	if !resting {
		e.More = min(c.expected(now)-e.Need, c.mostAhead(in, gateways)) - c.permitsLeft()
		e.Slots = busy + max(c.waiting, c.spareSlots(gateways))
	}
	e.Slots = max(busy, min(e.Slots, int64(c.rule.Concurrent)))
	c.ownSlots = min(c.ownSlots, e.Slots)
	if busy == 0 && c.waiting == 0 {
		c.wantLife = 0
	}
	e.Life = c.wantLife
	if c.replay {
		c.replayInto(&e, now)
	}
	for _, l := range c.returns {
		e.Back = append(e.Back, [3]int64{l.seq, l.left, int64(l.in)})
	}
	return e
}

// expected is how many calls may come while permits are leased ahead.
func (c *caller) expected(now int64) int64 {
	const least = 100 // milliseconds; a rate of less time is a guess
	passed := max(now-c.askedAt, least)
	late := float64(c.callsSince) * 1000 / float64(passed)
	c.rate = max(late, (c.rate+late)/2) // rises at once, falls by half
	c.callsSince, c.askedAt = 0, now
	return int64(c.rate * prefetchSpan.Seconds())
}

// most is how many permits may be held for calls to come: a fiftieth of the quota, and less when little is left, so that
// what all gateways hold together is half of that at most. The ledger, which does not know what is held, says the same of
// each lease.
func (c *caller) mostAhead(in limits.Regime, gateways int64) int64 {
	most := (c.rule.Quota(in) + c.known.raised) / prefetchFraction
	if c.knownAt != 0 {
		most = min(most, (c.known.room+c.permitsLeft())/(2*gateways))
	}
	return most
}

// tell replays what this gateway knows: what it used, and what it may use still, which it gives back in the end as ever.
func (c *caller) replayInto(e *entry, now int64) {
	c.replay, c.owed, e.owed = false, false, c.owed
	net := c.net
	e.Born, e.Net = c.born, &net
	for _, b := range c.journal.Buckets {
		e.Journal = append(e.Journal, [3]int64{b.Leaves, b.Calls[0], b.Calls[1]})
	}
	for _, l := range c.leases {
		e.Leases = append(e.Leases, [4]int64{l.seq, l.permits, l.leaves, int64(l.in)})
	}
	if c.extra.Made > 0 {
		e.Extra = &[3]int64{c.extra.Made, c.extra.Calls, c.extra.Ends}
	}
	if e.owed && c.knownAt != 0 && now-c.knownAt <= leaseMillis {
		e.Seen = &[3]int64{c.known.counts[0], c.known.counts[1], c.known.at}
	}
}

// lost notes that the answer to an entry did not come: whatever was granted is given back.
func (c *caller) lose(e *entry, seq int64) {
	c.replay, c.owed = c.replay || e.Net != nil, c.owed || e.owed
	c.returns = append(c.returns, lease{seq: seq, left: -1})
}

// granted takes in the answer to an entry sent at a moment; until is when the regime ends by this clock. A ledger that has
// turned out to be another than before is to be told all.
func (c *caller) apply(e *entry, g *allotment, seq, sent, now, until, ledgerNow int64, another bool) {
	c.returns = c.returns[min(len(e.Back), len(c.returns)):]
	if another {
		c.replay, c.owed = true, true
	}
	c.journal.Sweep(ledgerNow)
	c.applyActs(g)
	if g.permits > 0 {
		c.leases = append(c.leases, lease{seq: seq, permits: g.permits, left: g.permits, leaves: g.leaves, deadline: min(sent+usableMillis, until), in: e.Regime})
	}
	c.lastLease = g.permits
	c.ownSlots, c.slotsUntil, c.slotsLife, c.otherSlots = g.slots, sent+usableMillis, e.Life, g.others
	if !another { // what was known before is what has to be told
		c.known, c.knownAt = *g, now
		c.known.raised = g.extra.At(ledgerNow)
	}
}

// decideAlone decides without the ledger, as the call's Mode says: with a share of the limits, or without any. What is
// admitted so is told to the ledger when it is back.
func (c *caller) admitDegraded(now, ledgerNow int64, call *limits.Call, in limits.Regime, gateways int64, number uint64) (o limits.Outcome, rule limits.Rule, place int) {
	rule = call.Rule
	c.degraded.Sweep(now)
	if call.WhenDown == limits.Share {
		rule = limits.Rule{Working: rule.Working / gateways, Off: rule.Off / gateways, Concurrent: rule.Concurrent / int(gateways)}
		o.Verdict = limits.Decide(c.degraded.Counts, c.count(), rule, in)
	}
	switch o.Verdict {
	case limits.Admitted:
		var one limits.Counts
		one[in] = 1
		c.degraded.Charge(limits.Leaves(now, bucketMillis), one)
		c.record(limits.Leaves(ledgerNow, bucketMillis)+marginMillis, in, 1)
		c.replay = true
		place = c.Take(number, now+limits.LifetimeMillis(call.Lifetime))
	case limits.OverQuota:
		for r := range o.Wait {
			o.Wait[r] = c.degraded.Wait(now, rule, limits.Extra{}, limits.Regime(r))
		}
	}
	o.Room, o.Running, o.Reset = c.degraded.Counts.Room(rule, in), c.count(), c.degraded.ResetAfter(now)
	return o, rule, place
}

// note counts permits that were used.
func (c *caller) record(leaves int64, in limits.Regime, permits int64) {
	if permits == 0 {
		return
	}
	c.net[in] += permits
	var calls limits.Counts
	calls[in] = permits
	c.journal.Charge((leaves+journalMillis-1)/journalMillis*journalMillis, calls)
}

// outcome is what is known to the caller after a decision: as of the last answer, and of what is held.
func (c *caller) outcome(now int64, v limits.Verdict) limits.Outcome {
	ago := now - c.knownAt
	o := limits.Outcome{Verdict: v, Room: c.known.room + c.permitsLeft(), Running: int(c.otherSlots) + c.count(), Reset: max(0, c.known.reset-ago)}
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

// forgotten tells that nothing is left to know.
func (c *caller) forgettable(now int64) bool {
	return c.waiting == 0 && !c.queued && !c.asking && now-c.lastCall > forgetAfter.Milliseconds() && c.stripes == nil && c.Running.Idle(now)
}

// heed takes in what an operator has done. Of what was forgotten nothing is told to a ledger that has lost its memory,
// but for the minute in which leases could be held.
func (c *caller) applyActs(g *allotment) {
	if g.extra.Made > c.extra.Made {
		c.extra = g.extra
	}
	if g.forgotten > c.forgottenAt {
		c.forgottenAt = g.forgotten
		c.journal.Sweep(g.forgotten + windowMillis)
	}
}
