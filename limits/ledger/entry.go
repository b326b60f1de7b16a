package ledger

import "brana/limits"

const (
	// prefetchSpan is for how long permits are leased ahead, at the rate of late: half a Lease, so
	// that few are left over.
	prefetchSpan = limits.Lease / 2
	// prefetchFraction is the part of its quota that one gateway may hold for calls to come;
	// ledger.lua has it too.
	prefetchFraction = 50
)

// entry is what the next request asks for a caller. What is not wanted is put aside: fewer slots
// hold from now on, more when they are granted.
func (c *caller) entry(now int64, in limits.Regime, gateways int64) entry {
	c.expire(now)
	c.retireOver(now, in)
	idle := c.idle(now)
	if idle {
		c.retireAll()
	}
	busy := int64(c.count())
	e := entry{
		key:      c.key,
		Rule:     [3]int64{c.rule.Working, c.rule.Off, int64(c.rule.Concurrent)},
		Outdated: c.outdated,
		Regime:   in,
		Need:     max(0, c.waiting-c.permitsLeft()),
		Busy:     busy,
		Slots:    busy + c.waiting,
	}
	if !idle {
		e.More = min(c.expected(now)-e.Need, c.mostAhead(in, gateways)) - c.permitsLeft()
		e.Slots = busy + max(c.waiting, c.spareSlots(gateways))
	}
	e.Slots = max(busy, min(e.Slots, int64(c.rule.Concurrent)))
	c.ownSlots = min(c.ownSlots, e.Slots)
	if busy == 0 && c.waiting == 0 {
		c.wantLife = 0
	}
	e.Life = c.wantLife
	if c.standing != synced {
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
	passed := max(now-c.asked, least)
	late := float64(c.calls) * 1000 / float64(passed)
	c.rate = max(late, (c.rate+late)/2) // rises at once, falls by half
	c.calls, c.asked = 0, now
	return int64(c.rate * prefetchSpan.Seconds())
}

// mostAhead is how many permits may be held for calls to come: a fiftieth of the quota, and less
// when little is left, so that what all gateways hold together is half of that at most. The ledger,
// which does not know what is held, bounds each lease in the same way.
func (c *caller) mostAhead(in limits.Regime, gateways int64) int64 {
	most := (c.rule.Quota(in) + c.known.raised) / prefetchFraction
	if c.knownAt != 0 {
		most = min(most, (c.known.room+c.permitsLeft())/(2*gateways))
	}
	return most
}

// replayInto puts into an entry what this gateway knows: what it used, and what it may still use,
// which it gives back in the end as ever.
func (c *caller) replayInto(e *entry, now int64) {
	e.standing, c.standing = c.standing, synced
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
	if e.standing == owed && c.knownAt != 0 && now-c.knownAt <= leaseMillis {
		e.Seen = &[3]int64{c.known.counts[0], c.known.counts[1], c.known.at}
	}
}

// lose notes that the answer to an entry did not come: whatever was granted is given back.
func (c *caller) lose(e *entry, seq int64) {
	c.standing = max(c.standing, e.standing)
	c.returns = append(c.returns, lease{seq: seq, left: -1})
}

// reply is an answer and what it answers. Moments are of this gateway's clock.
type reply struct {
	q           *request
	a           *answer
	sent, heard int64 // when the request was sent, and when the answer came
	until       int64 // when the regime ends in which it was sent
}

// apply takes in the answer to entry i of a request. A ledger that has turned out to be another
// than before has everything replayed.
func (c *caller) apply(i int, f *reply, another bool) {
	e, got := &f.q.Entries[i], &f.a.allotments[i]
	c.returns = c.returns[min(len(e.Back), len(c.returns)):]
	if another {
		c.standing = owed
	}
	c.journal.Sweep(f.a.now)
	c.applyOrders(got)
	usable := f.sent + usableMillis
	if got.permits > 0 {
		c.leases = append(c.leases, lease{
			seq:      f.q.Seq,
			permits:  got.permits,
			left:     got.permits,
			leaves:   got.leaves,
			deadline: min(usable, f.until),
			in:       e.Regime,
		})
	}
	c.lastLease = got.permits
	c.ownSlots, c.slotsUntil, c.slotsLife, c.otherSlots = got.slots, usable, e.Life, got.others
	c.slotsDenied = !f.a.learning && got.slots < e.Slots
	if !another { // what was known before is what has to be replayed
		c.known, c.knownAt = *got, f.heard
		c.known.raised = got.extra.At(f.a.now)
	}
}

// applyOrders takes in what an operator has done. What was forgotten is replayed to no ledger that
// has lost its memory, but for the minute in which leases could be held.
func (c *caller) applyOrders(got *allotment) {
	if got.extra.Made > c.extra.Made {
		c.extra = got.extra
	}
	if got.forgotten > c.forgottenAt {
		c.forgottenAt = got.forgotten
		c.journal.Sweep(got.forgotten + windowMillis)
	}
}
