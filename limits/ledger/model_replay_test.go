package ledger

import "brana/limits"

// past is what gateways report of a count that the ledger may have forgotten.
type past struct {
	epoch  int64
	seen   limits.Counts
	seenAt int64 // 0: no gateway saw a count
	gone   limits.Counts
}

// of is the past of an account in this epoch.
func (m *modelLedger) of(a *modelAccount) *past {
	if a.past == nil || a.past.epoch != m.epoch {
		a.past = &past{epoch: m.epoch}
	}
	return a.past
}

func (m *modelLedger) sweep(a *modelAccount, now int64) {
	if a.past != nil && a.past.seenAt > 0 {
		for _, left := range a.Buckets {
			if left.Leaves <= now && left.Leaves > a.past.seenAt {
				a.depart(left.Calls)
			}
		}
	}
	a.Sweep(now)
}

func (a *modelAccount) depart(calls limits.Counts) {
	if a.past != nil {
		a.past.gone = limits.Counts{a.past.gone[0] + calls[0], a.past.gone[1] + calls[1]}
	}
}

func only(in limits.Regime, n int64) (c limits.Counts) {
	c[in] = n
	return c
}

func (m *modelLedger) settle(a *modelAccount, h *holder, back [3]int64, now int64) {
	seq, unused := back[0], back[1]
	l, found := h.leases[seq]
	if !m.is("settled twice") {
		delete(h.leases, seq)
	}
	if !found {
		if !m.is("returns to a lost ledger not seen") {
			a.depart(only(limits.Regime(back[2]), max(0, unused)))
		}
		return
	}
	lost := unused < 0
	if lost {
		unused = l.permits
	}
	unused = min(unused, l.permits)
	if !(lost && m.is("lost leases known")) {
		h.net[l.regime] += l.permits - unused
	} else {
		h.net[l.regime] += l.permits
	}
	if l.void && !m.is("void leases settled") || l.leaves <= now && !m.is("settled late") || unused == 0 {
		return
	}
	a.Charge(l.leaves, only(l.regime, -unused))
	a.depart(only(l.regime, unused))
}

func (m *modelLedger) replay(a *modelAccount, h *holder, e *entry, head *answer) {
	open := map[int64]modelLease{}
	for _, l := range e.Leases {
		open[l[0]] = modelLease{permits: l[1], leaves: l[2], regime: limits.Regime(l[3])}
	}
	for seq, l := range h.leases {
		if _, held := open[seq]; !held {
			if !l.void && l.leaves > head.now && !m.is("closed leases stay") {
				a.Charge(l.leaves, only(l.regime, -l.permits))
			}
			delete(h.leases, seq)
		}
	}
	for seq, l := range open {
		if _, known := h.leases[seq]; !known || m.is("open leases twice") {
			if l.leaves > head.now && !m.is("open leases not counted") {
				a.Charge(l.leaves, only(l.regime, l.permits))
			}
			h.leases[seq] = l
		}
	}
	if h.born != e.Born && !m.is("begins anew unnoticed") {
		h.born, h.net = e.Born, limits.Counts{}
	}
	for i := len(e.Journal) - 1; i >= 0; i-- {
		var calls limits.Counts
		for r := range calls {
			calls[r] = max(0, min(e.Journal[i][r+1], e.Net[r]-h.net[r]))
			h.net[r] += calls[r]
		}
		if e.Journal[i][0] > head.now && calls != (limits.Counts{}) {
			a.Charge(e.Journal[i][0], calls)
		}
	}
	h.net = *e.Net
	if e.Extra != nil && a.extra.Made < e.Extra[0] {
		a.extra = limits.Extra{Made: e.Extra[0], Calls: e.Extra[1], Ends: e.Extra[2]}
	}
	if e.Seen != nil {
		if p := m.of(a); p.seenAt < e.Seen[2] || m.is("any count seen") {
			p.seen, p.seenAt = limits.Counts(e.Seen[:2]), e.Seen[2]
		}
	}
}

// reckon charges what a gateway saw counted and no gateway has replayed.
func (m *modelLedger) reckon(a *modelAccount, leaves int64) {
	if p := a.past; p.seenAt > 0 && p.epoch == m.epoch {
		unknown := p.seen.Less(a.Counts).Less(p.gone)
		for r := range unknown {
			unknown[r] = max(0, unknown[r])
		}
		if unknown != (limits.Counts{}) {
			a.Charge(leaves, unknown)
		}
	}
	a.past = nil
}
