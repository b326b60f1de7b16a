package ledger

import (
	"maps"
	"slices"

	"brana/limits"
)

// book is ledger.lua in Go: one shard, in the words of the script. It is the model that the script is held to, and the
// properties are proven on both.
type book struct {
	mutant                    string
	lease, margin, learn      int64
	bucket, small, smallQuota int64
	fence                     string
	epoch, open               int64
	off, last, tick           int64
	told, known, fresh        bool // the clock is told; there is a shard at all; it began empty
	shut                      bool // whoever asks; of the request at hand
	gateways                  map[string]member
	policies                  map[string]version
	accounts                  map[limits.Key]*bookAccount
}

type bookAccount struct {
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
	leases                        map[int64]bookLease
}

type bookLease struct {
	permits, leaves int64
	regime          limits.Regime
	void            bool
}

func newBook(mutant string) *book {
	b := &book{mutant: mutant, lease: leaseMillis, margin: marginMillis, learn: 12_000,
		bucket: bucketMillis, small: 1000, smallQuota: 500}
	b.flush()
	return b
}

// flush is FLUSHALL.
func (b *book) flush() {
	b.fence, b.epoch, b.open, b.off, b.last, b.tick = "", 0, 0, 0, 0, 0
	b.told, b.known, b.fresh = false, false, true
	b.gateways, b.policies, b.accounts = map[string]member{}, map[string]version{}, map[limits.Key]*bookAccount{}
}

// clone is what a replica has, or an older dump.
func (b *book) clone() *book {
	c := *b
	c.gateways, c.policies = maps.Clone(b.gateways), maps.Clone(b.policies)
	c.accounts = map[limits.Key]*bookAccount{}
	for key, a := range b.accounts {
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

func (b *book) is(mutant string) bool { return b.mutant == mutant }

func (b *book) serve(q *request) (answer, error) {
	me, met := b.gateways[q.Gateway]
	if met && q.Seq <= me.seq {
		return answer{}, errStale
	}
	lost := !b.known || (b.fence != q.Fence && !b.is("fence ignored")) || q.Epoch > b.epoch
	b.known = true
	learn := int64(0)
	if lost {
		newest := max(b.epoch, q.Epoch)
		learn = b.learn
		if newest == 0 {
			learn = 2 * heartbeat.Milliseconds()
			if q.Trust {
				learn = 0
			}
		}
		b.epoch, b.fence = max(newest+1, q.Time), q.Fence
	}
	now := b.clock(q, lost)
	if lost {
		b.open = now + learn
	}
	b.open = min(b.open, now+b.learn)
	a := answer{now: now, epoch: b.epoch}
	untold := b.meet(q, &a)
	a.learning = (now < b.open || untold && !b.is("opens untold")) && !b.is("no learning")
	b.shut = a.learning
	if !a.learning && b.told {
		b.fresh = false
	}
	a.learning = a.learning || !q.Settled
	behind := b.adopt(q, &a, !met)
	b.tick = max(now, b.tick+1)
	a.tick = b.tick
	for i := range q.Entries {
		a.allotments = append(a.allotments, b.grant(q, &q.Entries[i], &a, behind || q.Entries[i].Behind && !b.is("calls not asked")))
	}
	return a, nil
}

func (b *book) clock(q *request, lost bool) int64 {
	if q.Bound == 0 && !q.Alone {
		if b.told {
			return b.last
		}
		return q.Time
	}
	now := q.Time + b.off
	if !b.told && q.Bound != 0 {
		now = q.Bound
	}
	if q.Bound != 0 && !b.is("no bound") {
		now = min(max(now, q.Least), q.Bound)
	}
	if b.told && !(b.fresh && (lost || now < b.open)) {
		now = max(now, b.last)
	}
	b.told, b.off, b.last = true, now-q.Time, now
	return now
}

func (b *book) latest(now, quota int64) int64 {
	grain, used := b.bucket, now+b.lease
	if quota <= b.smallQuota {
		grain = b.small
	}
	if b.is("charge at grant") {
		used = now
	}
	if b.is("bucket short") {
		used -= grain
	}
	return limits.Leaves(used, grain) + b.margin
}

func (b *book) grant(q *request, e *entry, head *answer, behind bool) allotment {
	now := head.now
	a := b.accounts[e.key]
	if a == nil {
		a = &bookAccount{holders: map[string]*holder{}}
		b.accounts[e.key] = a
	}
	h := a.holders[q.Gateway]
	if h == nil {
		h = &holder{leases: map[int64]bookLease{}}
		a.holders[q.Gateway] = h
	}
	if q.Seq <= h.seq && !b.is("seq ignored") {
		return allotment{at: head.tick}
	}
	h.at, h.seq = now, q.Seq
	if b.shut {
		b.of(a)
	}
	b.sweep(a, now)
	for _, back := range e.Back {
		b.settle(a, h, back, now)
	}
	if e.Net != nil && !b.is("no replay") {
		b.replay(a, h, e, head)
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
	most := b.raise(a, declared, now)
	if a.past != nil && !b.shut {
		b.reckon(a, b.latest(now, quota))
	}
	g := allotment{leaves: b.latest(now, quota), at: head.tick}
	g.slots, g.others = b.slots(q.Gateway, a, h, e, rule[2], now, head.learning)
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
		h.leases[q.Seq] = bookLease{g.permits, g.leaves, e.Regime, false}
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

func (b *book) slots(gateway string, a *bookAccount, h *holder, e *entry, most, now int64, learning bool) (own, others int64) {
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
	if b.is("slots live for a lease") {
		life = 0
	}
	h.slots = own
	if own > 0 {
		h.expires = max(h.expires, now+b.lease+life+b.margin)
	} else {
		h.expires = 0
	}
	return own, others
}

// raise is the rule with the extra calls of a moment.
func (b *book) raise(a *bookAccount, rule limits.Rule, now int64) limits.Rule {
	if b.is("extra calls to their end") {
		now -= b.lease
	}
	return a.extra.Raise(rule, now)
}

// operate answers an operator.
func (b *book) operate(q *request) (y limits.Tally, now int64, err error) {
	now = q.Time
	if b.told {
		now = b.last
	}
	lost := !b.known || b.fence != q.Fence || q.Epoch > b.epoch
	if lost || now < b.open {
		return y, 0, limits.ErrLearning
	}
	e := &q.Entries[0]
	a := b.accounts[e.key]
	if a == nil {
		a = &bookAccount{holders: map[string]*holder{}}
		if e.Op != "" {
			b.accounts[e.key] = a
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
		if b.is("forgets leases") {
			kept = limits.Hour{}
		}
		a.Hour, a.past, a.cleared = kept, nil, max(now, a.cleared+1)
	}
	y.Hour, y.Extra, y.Forgotten, y.Late = limits.Hour{Counts: a.Counts, Buckets: slices.Clone(a.Buckets)}, a.extra, a.cleared, leaseMillis+marginMillis
	return y, now, nil
}
