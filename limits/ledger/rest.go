package ledger

import "brana/limits"

// rest is what is left of a caller that holds nothing and does not call: what the ledger would have to be told if it
// forgot. Most callers of an hour are at rest, so it is kept small.
type rest struct {
	rule    limits.Rule
	born    int64
	net     limits.Counts
	journal []limits.Bucket
	done    *acts // nil when there are none
}

// acts are what an operator did to a caller, as last heard.
type acts struct {
	extra   limits.Extra
	cleared int64
}

// rests tells that nothing is held or under way, and that what the ledger last said is of no more use.
func (c *caller) rests(now int64) bool {
	c.without.Sweep(now)
	return c.resting(now) && !c.queued && !c.asking && !c.replay && c.own == 0 && c.count() == 0 &&
		len(c.leases)+len(c.back)+len(c.without.Buckets) == 0 && now-c.heard > leaseMillis
}

// rest leaves of the caller what has to be kept, or nil if that is nothing: what it had is not of this hour then, and
// whoever begins anew says so.
func (c *caller) rest(ledgerNow int64) *rest {
	c.journal.Sweep(ledgerNow)
	if len(c.journal.Buckets) == 0 && c.extra.Ends <= ledgerNow {
		return nil
	}
	r := &rest{rule: c.rule, born: c.born, net: c.net, journal: append([]limits.Bucket(nil), c.journal.Buckets...)}
	if c.extra != (limits.Extra{}) || c.cleared != 0 {
		r.done = &acts{c.extra, c.cleared}
	}
	return r
}

// wake makes a caller of what was left of it.
func (r *rest) wake(key limits.Key) *caller {
	c := &caller{key: key, rule: r.rule, behind: true, born: r.born, net: r.net}
	for _, b := range r.journal {
		c.journal.Charge(b.Leaves, b.Calls)
	}
	if r.done != nil {
		c.extra, c.cleared = r.done.extra, r.done.cleared
	}
	return c
}

// gone tells that nothing is left to know.
func (r *rest) gone(ledgerNow int64) bool {
	last := len(r.journal) - 1
	return (last < 0 || r.journal[last].Leaves <= ledgerNow) && (r.done == nil || r.done.extra.Ends <= ledgerNow)
}

// layDown puts a caller to rest.
func (l *lane) layDown(c *caller, ledgerNow int64) {
	delete(l.callers, c.key)
	if r := c.rest(ledgerNow); r != nil {
		l.idle[c.key] = r
	}
}

// rouse wakes a caller that was at rest; nil if there is none.
func (l *lane) rouse(key limits.Key) *caller {
	c, untold := (*caller)(nil), false
	if r := l.idle[key]; r != nil {
		c = r.wake(key)
	} else if r := l.untold[key]; r != nil {
		c, untold = r.wake(key), true
	} else {
		return nil
	}
	c.replay, c.owed = untold, untold
	delete(l.idle, key)
	delete(l.untold, key)
	l.callers[key] = c
	return c
}

// disturb makes all callers at rest untold: the ledger has forgotten them. They are roused a request at a time.
func (l *lane) disturb() {
	if len(l.untold) == 0 {
		l.untold, l.idle = l.idle, make(map[limits.Key]*rest)
		return
	}
	for key, r := range l.idle {
		l.untold[key] = r
	}
	clear(l.idle)
}

// rouseUntold puts so many callers that the ledger has to be told of into the queue.
func (l *lane) rouseUntold(n int) {
	for key := range l.untold {
		if n <= 0 {
			return
		}
		c := l.rouse(key)
		c.queued = true
		l.queue = append(l.queue, c)
		n--
	}
}

// forgetIdle drops those of whom nothing is left to know, looking once a minute.
func (l *lane) forgetIdle(now, ledgerNow int64) {
	if now < l.forget {
		return
	}
	l.forget = now + journalMillis
	for key, r := range l.idle {
		if r.gone(ledgerNow) {
			delete(l.idle, key)
		}
	}
}
