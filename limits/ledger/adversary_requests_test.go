package ledger

import (
	"errors"
	"fmt"
	"slices"

	"brana/limits"
)

// What a gateway of the adversary asks for, and what it does with the answer.

// ask sends a request for permits and slots that also gives back what is over. Its answer may be
// lost, or it may arrive after later requests.
func (adv *adversary) ask(g *simGateway) error {
	e := adv.entry(g)
	g.seq++
	q := adv.request(g)
	q.Entries = []entry{e}
	sent := adv.now
	g.anchor.ask(q, g.clock(sent))
	fate := 0
	if adv.property == "slots" {
		fate = adv.chance(5)
	} else {
		fate = adv.chance(12)
	}
	if adv.property == "clock" && fate > 0 {
		adv.now += int64(adv.chance(2) * adv.chance(76))
	}
	if adv.quiet {
		fate = 2
	}
	if fate == 0 {
		// An hour late, it holds ledger time back by as much as clocks may be wrong in an hour. The
		// margin covers that; a sharp ledger has none.
		if adv.property == "slots" || !sharp(adv.property) {
			g.late = q
		}
		g.back = append(g.back, [3]int64{q.Seq, -1, 0})
		return nil
	}
	a, err := adv.serve(q)
	if errors.Is(err, errStale) && adv.mistake != "" {
		return nil
	}
	if err != nil {
		return err
	}
	if fate == 1 { // the answer is lost
		g.back = append(g.back, [3]int64{q.Seq, -1, 0})
		g.lostAnswers[q.Seq] = a.allotments[0].permits
		return nil
	}
	adv.applyAnswer(g, q, sent, &a)
	return nil
}

// entry is what a gateway asks for and gives back.
func (adv *adversary) entry(g *simGateway) entry {
	g.ends = slices.DeleteFunc(g.ends, func(end int64) bool { return end <= adv.now })
	e := entry{
		key:    adv.key,
		Rule:   [3]int64{adv.rule.Working, adv.rule.Off, int64(adv.rule.Concurrent)},
		Regime: regimeOf(adv.now),
		Need:   int64(adv.chance(20)), More: int64(adv.chance(20)), Busy: int64(len(g.ends)),
	}
	if adv.quiet {
		e.Need, e.More = 0, 0
	}
	adv.closeLeases(g, adv.now)
	if adv.now-g.active > forgetAfter.Milliseconds() {
		g.beginAnew()
	}
	g.active = adv.now
	if g.replay { // with a replay, everything that is over is given back
		g.back, g.heldBack = append(g.back, g.heldBack...), nil
	}
	e.Back = slices.Clone(g.back)
	if len(g.ends) == 0 {
		g.wantLife = 0
	}
	g.wantLife = max(g.wantLife, int64(1000+adv.chance(60_000)))
	e.Life = g.wantLife
	e.Slots = e.Busy + int64(adv.chance(8))
	if adv.property != "slots" {
		e.Slots = e.Busy + 100
	}
	g.own = min(g.own, e.Slots)
	if g.replay {
		adv.replay(g, &e)
	}
	return e
}

// beginAnew forgets the caller, as a gateway does after an hour without a call.
func (g *simGateway) beginAnew() {
	g.open, g.back, g.heldBack = nil, nil, nil
	g.net, g.journal, g.replay = limits.Counts{}, limits.Hour{}, true
	g.born = g.seq + 1
	clear(g.lostAnswers)
}

// applyAnswer applies an answer, and plans when the permits granted will be used.
func (adv *adversary) applyAnswer(g *simGateway, q *request, sent int64, a *answer) {
	e, got := &q.Entries[0], a.allotments[0]
	for _, back := range g.back[:min(len(e.Back), len(g.back))] {
		delete(g.lostAnswers, back[0])
	}
	g.back = g.back[min(len(e.Back), len(g.back)):]
	g.own, g.until, g.life = got.slots, sent+usableMillis, e.Life
	if e.Net != nil {
		g.replay = false
	}
	adv.applyHead(g, q, sent, a)
	adv.edges = append(adv.edges, g.until, g.until+g.life)
	if got.permits == 0 {
		return
	}
	adv.edges = append(adv.edges, got.leaves)
	last := adv.lastUse(sent)
	used, over := got.permits, adv.chance(4) == 0
	if over || adv.chance(4) == 0 {
		used = int64(adv.chance(int(used) + 1))
	}
	at := adv.now
	// An operator may forget the permits of a lease that was given back. So where there is one, a
	// lease is given back when its calls were made, as real gateways do.
	if adv.chance(3) > 0 && !(over && adv.property == "operator") {
		at = last
	}
	for range used {
		adv.planned = append(adv.planned, made{at: at, in: e.Regime})
	}
	g.open = append(g.open, openLease{q.Seq, got.permits, got.leaves, e.Regime, used, last})
	if over {
		g.open[len(g.open)-1].last = at
		adv.closeLeases(g, at)
	}
}

// lastUse is the last moment at which a permit of a request may be used: before its lease is over,
// and in the regime of the request.
func (adv *adversary) lastUse(sent int64) int64 {
	last := sent + usableMillis
	if sharp(adv.property) {
		last = sent + leaseMillis
	}
	change := (sent/regimeMillis + 1) * regimeMillis
	return max(min(last, change)-1, adv.now)
}

// silently is the mistake of a gateway that renews calls and asks the ledger for nothing.
const silently = "renews in silence"

// renewCalls lets the calls of a gateway go on, just before the first of them ends.
func (adv *adversary) renewCalls(g *simGateway) error {
	for range 1 + adv.chance(4) {
		g.ends = slices.DeleteFunc(g.ends, func(end int64) bool { return end <= adv.now })
		if len(g.ends) == 0 {
			return nil
		}
		adv.now = max(adv.now, slices.Min(g.ends)-1-int64(adv.chance(2)*adv.chance(3000)))
		if adv.now >= g.until && adv.mistake != silently {
			if err := adv.ask(g); err != nil {
				return err
			}
		}
		if adv.now < g.until || adv.mistake == silently {
			for i := range g.ends {
				g.ends[i] = max(g.ends[i], adv.now+g.life)
				adv.edges = append(adv.edges, g.ends[i])
			}
		}
	}
	return adv.useAndCheck()
}

// startCalls starts calls in the slots that a gateway holds, and checks how many run.
func (adv *adversary) startCalls(g *simGateway) error {
	g.ends = slices.DeleteFunc(g.ends, func(end int64) bool { return end <= adv.now })
	for range 1 + adv.chance(8) {
		if adv.now < g.until && int64(len(g.ends)) < g.own {
			end := adv.now + 1 + int64(adv.chance(int(g.life)))
			if adv.chance(2) == 0 {
				end = adv.now + g.life
			}
			g.ends = append(g.ends, end)
			adv.edges = append(adv.edges, end)
		}
	}
	ends := slices.Clone(adv.orphans)
	for _, g := range adv.gateways {
		ends = append(ends, g.ends...)
	}
	running := len(slices.DeleteFunc(ends, func(end int64) bool { return end <= adv.now }))
	if running > adv.rule.Concurrent {
		return fmt.Errorf("%d calls run at once", running)
	}
	return nil
}
