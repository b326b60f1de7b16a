package ledger

import "brana/limits"

// recall takes back what stripes have not used. Their mutexes are held until lend.
func (c *caller) recall() {
	if c.stripes == nil {
		return
	}
	p, unused := c.stripes, int64(0)
	for i := range p.all {
		k := &p.all[i]
		k.mu.Lock()
		if k.used > 0 {
			c.calls += k.used
			c.lastCall = max(c.lastCall, k.active)
		}
		unused += k.permits
		k.permits, k.used, k.slots = 0, 0, 0
	}
	p.until = 0
	for i := range c.leases {
		if c.leases[i].seq == p.seq {
			c.leases[i].left += unused
			return
		}
	}
}

// plenty is a lease that is worth lending, if the slots are, too; else nil.
func (c *caller) plenty(worth *striping, in limits.Regime) *lease {
	if worth.stripes == 0 || c.ownSlots-int64(c.count()) < worth.slots {
		return nil
	}
	for i := range c.leases {
		if l := &c.leases[i]; l.left >= worth.permits && l.in == in {
			return l
		}
	}
	return nil
}

// fill lends half of a lease and half of the free slots, until a moment at most. The slots get
// numbers after lastSlot; the last of these numbers is returned.
func (p *stripes) fill(c *caller, from *lease, until int64, lastSlot uint64) uint64 {
	p.rule, p.in, p.seq = c.rule, from.in, from.seq
	p.until = min(from.deadline, c.slotsUntil, until)
	p.life = min(c.slotsLife, c.wantLife)
	p.outcome = limits.Outcome{
		Room:    c.known.room + c.permitsLeft(),
		Running: int(c.otherSlots) + c.count(),
		Reset:   c.knownAt + c.known.reset,
	}
	if c.knownAt != 0 {
		p.outcome.Extra = c.known.raised
	}
	permits, slots := (from.left+1)/2, (c.ownSlots-int64(c.count())+1)/2
	from.left -= permits
	for i := range p.all {
		k := &p.all[i]
		k.permits = part(permits, len(p.all), i)
		k.taken = int64(k.running.Count())
		k.slots = k.taken + part(slots, len(p.all), i)
		k.number = lastSlot // each stripe has as many numbers as permits
		lastSlot += uint64(k.permits)
	}
	return lastSlot
}

// part is the i-th of n parts of whole.
func part(whole int64, n, i int) int64 {
	each, more := whole/int64(n), whole%int64(n)
	if int64(i) < more {
		each++
	}
	return each
}
