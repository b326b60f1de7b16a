package ledger

import "brana/limits"

// dormant is what is left of a caller that holds nothing and does not call: what would have to be
// replayed to a ledger that forgot. Most callers of an hour are dormant, so it is kept small.
type dormant struct {
	rule    limits.Rule
	born    int64
	net     limits.Counts
	journal []limits.Bucket
	acts    *acts // nil when there are none
}

// acts are what an operator did to a caller, as last heard.
type acts struct {
	extra       limits.Extra
	forgottenAt int64
}

// parks reports whether a caller may become dormant: nothing is held or under way, and what the
// ledger last said is of no more use.
func (c *caller) parks(now int64) bool {
	c.degraded.Sweep(now)
	if !c.idle(now) || c.turn != silent || c.standing != synced || now-c.knownAt <= leaseMillis {
		return false
	}
	slots := c.ownSlots + int64(c.count())
	return slots == 0 && len(c.leases)+len(c.returns)+len(c.degraded.Buckets) == 0
}

// park is what has to be kept of a caller; nil if that is nothing. Then what it had is not of this
// hour, and whoever begins anew says so.
func (c *caller) park(ledgerNow int64) *dormant {
	c.journal.Sweep(ledgerNow)
	if len(c.journal.Buckets) == 0 && c.extra.Ends <= ledgerNow {
		return nil
	}
	d := &dormant{
		rule:    c.rule,
		born:    c.born,
		net:     c.net,
		journal: append([]limits.Bucket(nil), c.journal.Buckets...),
	}
	if c.extra != (limits.Extra{}) || c.forgottenAt != 0 {
		d.acts = &acts{c.extra, c.forgottenAt}
	}
	return d
}

// revive makes a caller of what was kept of it.
func (d *dormant) revive(key limits.Key) *caller {
	c := &caller{key: key, rule: d.rule, outdated: true, born: d.born, net: d.net}
	for _, b := range d.journal {
		c.journal.Charge(b.Leaves, b.Calls)
	}
	if d.acts != nil {
		c.extra, c.forgottenAt = d.acts.extra, d.acts.forgottenAt
	}
	return c
}

// over reports whether nothing is left to know.
func (d *dormant) over(ledgerNow int64) bool {
	last := len(d.journal) - 1
	if last >= 0 && d.journal[last].Leaves > ledgerNow {
		return false
	}
	return d.acts == nil || d.acts.extra.Ends <= ledgerNow
}
