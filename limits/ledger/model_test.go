package ledger

import (
	"maps"
	"slices"

	"brana/limits"
)

// modelLedger is ledger.lua in Go, for one shard, with the names of the script. Tests hold the
// script to it, and try every property on both.
type modelLedger struct {
	mutant                    string
	lease, margin, learn      int64
	bucket, small, smallQuota int64

	redisTime  int64  // the clock of Redis now
	redisFence string // and its identity

	// the shard
	fence           string
	epoch, open     int64
	off, last, tick int64
	// timed: ledger time is known; known: the shard exists; fresh: it began empty.
	timed, known, fresh bool
	shut                bool // nothing is granted by the request at hand
	gateways            map[string]member
	policies            map[string]version
	accounts            map[limits.Key]*modelAccount

	saved *modelLedger // see save
}

type modelAccount struct {
	limits.Hour
	rule    *[3]int64
	extra   limits.Extra
	cleared int64
	past    *past
	holders map[string]*holder
}

type holder struct {
	slots, expires, at, seq, born int64
	net                           limits.Counts
	leases                        map[int64]modelLease
}

type modelLease struct {
	permits, leaves int64
	regime          limits.Regime
	void            bool
}

func newModel(mutant string) *modelLedger {
	m := &modelLedger{mutant: mutant, lease: leaseMillis, margin: marginMillis, learn: 12_000,
		bucket: bucketMillis, small: 1000, smallQuota: 500}
	m.flush()
	return m
}

// flush is FLUSHALL.
func (m *modelLedger) flush() {
	m.fence, m.epoch, m.open, m.off, m.last, m.tick = "", 0, 0, 0, 0, 0
	m.timed, m.known, m.fresh = false, false, true
	m.gateways, m.policies = map[string]member{}, map[string]version{}
	m.accounts = map[limits.Key]*modelAccount{}
}

// clone is a copy that shares nothing.
func (m *modelLedger) clone() *modelLedger {
	c := *m
	c.gateways, c.policies = maps.Clone(m.gateways), maps.Clone(m.policies)
	c.accounts = map[limits.Key]*modelAccount{}
	for key, a := range m.accounts {
		d := *a
		d.Buckets = append([]limits.Bucket(nil), a.Buckets...)
		if a.past != nil {
			p := *a.past
			d.past = &p
		}
		d.holders = map[string]*holder{}
		for id, h := range a.holders {
			g := *h
			g.leases = maps.Clone(h.leases)
			d.holders[id] = &g
		}
		c.accounts[key] = &d
	}
	return &c
}

func (m *modelLedger) at(now int64, fence string) { m.redisTime, m.redisFence = now, fence }

func (m *modelLedger) is(mutant string) bool { return m.mutant == mutant }

func (m *modelLedger) serve(q *request) (answer, error) {
	me, met := m.gateways[q.Gateway]
	if met && q.Seq <= me.seq {
		return answer{}, errStale
	}
	lost := !m.known || (m.fence != m.redisFence && !m.is("fence ignored")) || q.Epoch > m.epoch
	m.known = true
	learn := int64(0)
	if lost {
		newest := max(m.epoch, q.Epoch)
		learn = m.learn
		if newest == 0 {
			learn = 2 * heartbeat.Milliseconds()
			if q.Trust {
				learn = 0
			}
		}
		m.epoch, m.fence = max(newest+1, m.redisTime), m.redisFence
	}
	now := m.clock(q, lost)
	if lost {
		m.open = now + learn
	}
	m.open = min(m.open, now+m.learn)
	a := answer{now: now, epoch: m.epoch}
	untold := m.meet(q, &a)
	a.learning = (now < m.open || untold && !m.is("opens untold")) && !m.is("no learning")
	m.shut = a.learning
	if !a.learning && m.timed {
		m.fresh = false
	}
	a.learning = a.learning || !q.Settled
	behind := m.adopt(q, &a, !met)
	m.tick = max(now, m.tick+1)
	a.tick = m.tick
	for i := range q.Entries {
		e := &q.Entries[i]
		a.allotments = append(a.allotments, m.grant(q, e, &a, behind || e.Outdated && !m.is("calls not asked")))
	}
	return a, nil
}

func (m *modelLedger) clock(q *request, lost bool) int64 {
	if q.Bound == 0 && !q.Alone {
		if m.timed {
			return m.last
		}
		return m.redisTime
	}
	now := m.redisTime + m.off
	if !m.timed && q.Bound != 0 {
		now = q.Bound
	}
	if q.Bound != 0 && !m.is("no bound") {
		now = min(max(now, q.Least), q.Bound)
	}
	if m.timed && !(m.fresh && (lost || now < m.open)) {
		now = max(now, m.last)
	}
	m.timed, m.off, m.last = true, now-m.redisTime, now
	return now
}

func (m *modelLedger) latest(now, quota int64) int64 {
	grain, used := m.bucket, now+m.lease
	if quota <= m.smallQuota {
		grain = m.small
	}
	if m.is("charge at grant") {
		used = now
	}
	if m.is("bucket short") {
		used -= grain
	}
	return limits.Leaves(used, grain) + m.margin
}

func (m *modelLedger) grant(q *request, e *entry, head *answer, behind bool) allotment {
	now := head.now
	a := m.accounts[e.key]
	if a == nil {
		a = &modelAccount{holders: map[string]*holder{}}
		m.accounts[e.key] = a
	}
	h := a.holders[q.Gateway]
	if h == nil {
		h = &holder{leases: map[int64]modelLease{}}
		a.holders[q.Gateway] = h
	}
	if q.Seq <= h.seq && !m.is("seq ignored") {
		return allotment{at: head.tick}
	}
	h.at, h.seq = now, q.Seq
	if m.shut {
		m.of(a)
	}
	m.sweep(a, now)
	for _, back := range e.Back {
		m.settle(a, h, back, now)
	}
	if e.Net != nil && !m.is("no replay") {
		m.replay(a, h, e, head)
	}
	rule := e.Rule
	if behind && a.rule != nil {
		for i := range rule {
			rule[i] = min(rule[i], a.rule[i])
		}
	}
	a.rule = &rule
	declared := limits.Rule{Working: rule[0], Off: rule[1], Concurrent: int(rule[2])}
	quota := declared.Quota(e.Regime)
	most := m.raise(a, declared, now)
	if a.past != nil && !m.shut {
		m.reckon(a, m.latest(now, quota))
	}
	g := allotment{leaves: m.latest(now, quota), at: head.tick}
	g.slots, g.others = m.slots(q.Gateway, a, h, e, rule[2], now, head.learning)
	free := int64(0)
	if !head.learning {
		free = max(0, a.Counts.Room(most, e.Regime))
	}
	g.permits = max(0, min(e.Need, free, g.slots-e.Busy))
	if g.slots > e.Busy {
		g.permits += max(0, min(e.More, (free-g.permits)/(2*head.gateways), most.Quota(e.Regime)/50))
	}
	if g.permits > 0 {
		var calls limits.Counts
		calls[e.Regime] = g.permits
		a.Charge(g.leaves, calls)
		h.leases[q.Seq] = modelLease{g.permits, g.leaves, e.Regime, false}
	}
	g.room, g.reset, g.counts = a.Counts.Room(most, e.Regime), a.ResetAfter(now), a.Counts
	g.extra, g.forgotten = a.extra, a.cleared
	if g.room <= 0 {
		for r := range g.wait {
			g.wait[r] = a.Wait(now, declared, a.extra, limits.Regime(r))
		}
	}
	return g
}

func (m *modelLedger) slots(
	gateway string, a *modelAccount, h *holder, e *entry, most, now int64, learning bool,
) (own, others int64) {
	for id, other := range a.holders {
		if other.slots > 0 && other.expires <= now {
			other.slots, other.expires = 0, 0
		}
		if id != gateway {
			others += other.slots
			if other.slots == 0 && other.at <= now-2*windowMillis {
				delete(a.holders, id)
			}
		}
	}
	own = e.Busy
	if !learning {
		own = max(own, min(e.Slots, most-others))
	}
	life := e.Life
	if m.is("slots live for a lease") {
		life = 0
	}
	h.slots = own
	if own > 0 {
		h.expires = max(h.expires, now+m.lease+life+m.margin)
	} else {
		h.expires = 0
	}
	return own, others
}

// raise is the rule with the extra calls of a moment.
func (m *modelLedger) raise(a *modelAccount, rule limits.Rule, now int64) limits.Rule {
	if m.is("extra calls to their end") {
		now -= m.lease
	}
	return a.extra.Raise(rule, now)
}

// operate answers an operator.
func (m *modelLedger) operate(q *request) (y limits.Tally, now int64, err error) {
	now = m.redisTime
	if m.timed {
		now = m.last
	}
	lost := !m.known || m.fence != m.redisFence || q.Epoch > m.epoch
	if lost || now < m.open {
		return y, 0, limits.ErrLearning
	}
	e := &q.Entries[0]
	a := m.accounts[e.key]
	if a == nil {
		a = &modelAccount{holders: map[string]*holder{}}
		if e.Op != "" {
			m.accounts[e.key] = a
		}
	}
	var kept limits.Hour
	for _, h := range a.holders {
		if h.slots > 0 && h.expires > now {
			y.Slots += int(h.slots)
		}
		for seq, l := range h.leases {
			if !l.void && l.leaves > now+windowMillis {
				y.Leased += l.permits
				var calls limits.Counts
				calls[l.regime] = l.permits
				kept.Charge(l.leaves, calls)
			} else if e.Op == "forget" {
				l.void = true
				h.leases[seq] = l
			}
		}
	}
	switch e.Op {
	case "raise":
		made := int64(0)
		if a.extra.Made > 0 {
			made = a.extra.Made + 1
		}
		a.extra = limits.Extra{Made: max(now, made), Calls: e.Extra[1], Ends: e.Extra[2]}
	case "forget":
		if m.is("forgets leases") {
			kept = limits.Hour{}
		}
		a.Hour, a.past, a.cleared = kept, nil, max(now, a.cleared+1)
	}
	y.Hour = limits.Hour{Counts: a.Counts, Buckets: slices.Clone(a.Buckets)}
	y.Extra, y.Forgotten, y.Late = a.extra, a.cleared, leaseMillis+marginMillis
	return y, now, nil
}
