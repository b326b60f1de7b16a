package ledger

import "brana/limits"

// rest is what is left of a caller that holds nothing and does not call: what the ledger would have to be told if it
// forgot. Most callers of an hour are at rest, so it is kept small.
type dormant struct {
	rule    limits.Rule
	born    int64
	net     limits.Counts
	journal []limits.Bucket
	acts    *acts // nil when there are none
}

// acts are what an operator did to a caller, as last heard.
type acts struct {
	extra   limits.Extra
	cleared int64
}

// rests tells that nothing is held or under way, and that what the ledger last said is of no more use.
func (c *caller) parks(now int64) bool {
	c.degraded.Sweep(now)
	return c.idle(now) && !c.queued && !c.asking && !c.replay && c.ownSlots == 0 && c.count() == 0 &&
		len(c.leases)+len(c.returns)+len(c.degraded.Buckets) == 0 && now-c.knownAt > leaseMillis
}

// rest leaves of the caller what has to be kept, or nil if that is nothing: what it had is not of this hour then, and
// whoever begins anew says so.
func (c *caller) park(ledgerNow int64) *dormant {
	c.journal.Sweep(ledgerNow)
	if len(c.journal.Buckets) == 0 && c.extra.Ends <= ledgerNow {
		return nil
	}
	r := &dormant{rule: c.rule, born: c.born, net: c.net, journal: append([]limits.Bucket(nil), c.journal.Buckets...)}
	if c.extra != (limits.Extra{}) || c.forgottenAt != 0 {
		r.acts = &acts{c.extra, c.forgottenAt}
	}
	return r
}

// wake makes a caller of what was left of it.
func (r *dormant) revive(key limits.Key) *caller {
	c := &caller{key: key, rule: r.rule, outdated: true, born: r.born, net: r.net}
	for _, b := range r.journal {
		c.journal.Charge(b.Leaves, b.Calls)
	}
	if r.acts != nil {
		c.extra, c.forgottenAt = r.acts.extra, r.acts.cleared
	}
	return c
}

// gone tells that nothing is left to know.
func (r *dormant) over(ledgerNow int64) bool {
	last := len(r.journal) - 1
	return (last < 0 || r.journal[last].Leaves <= ledgerNow) && (r.acts == nil || r.acts.extra.Ends <= ledgerNow)
}

// layDown puts a caller to rest.
func (sh *shard) park(c *caller, ledgerNow int64) {
	delete(sh.callers, c.key)
	if r := c.park(ledgerNow); r != nil {
		sh.dormant[c.key] = r
	}
}

// rouse wakes a caller that was at rest; nil if there is none.
func (sh *shard) revive(key limits.Key) *caller {
	c, untold := (*caller)(nil), false
	if r := sh.dormant[key]; r != nil {
		c = r.revive(key)
	} else if r := sh.unreplayed[key]; r != nil {
		c, untold = r.revive(key), true
	} else {
		return nil
	}
	c.replay, c.owed = untold, untold
	delete(sh.dormant, key)
	delete(sh.unreplayed, key)
	sh.callers[key] = c
	return c
}

// disturb makes all callers at rest untold: the ledger has forgotten them. They are roused a request at a time.
func (sh *shard) unsettle() {
	if len(sh.unreplayed) == 0 {
		sh.unreplayed, sh.dormant = sh.dormant, make(map[limits.Key]*dormant)
		return
	}
	for key, r := range sh.dormant {
		sh.unreplayed[key] = r
	}
	clear(sh.dormant)
}

// rouseUntold puts so many callers that the ledger has to be told of into the queue.
func (sh *shard) reviveUnreplayed(n int) {
	for key := range sh.unreplayed {
		if n <= 0 {
			return
		}
		c := sh.revive(key)
		c.queued = true
		sh.queue = append(sh.queue, c)
		n--
	}
}

// forgetIdle drops those of whom nothing is left to know, looking once a minute.
func (sh *shard) dropDormant(now, ledgerNow int64) {
	if now < sh.nextDrop {
		return
	}
	sh.nextDrop = now + journalMillis
	for key, r := range sh.dormant {
		if r.over(ledgerNow) {
			delete(sh.dormant, key)
		}
	}
}
