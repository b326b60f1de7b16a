package ledger

import (
	"errors"
	"fmt"
	"slices"

	"brana/limits"
	"brana/limits/limitstest"
)

// player plays several gateways as badly as they may behave against one caller's account: permits are used at the last
// moment or never, answers are lost, requests arrive after later ones, gateways crash, clocks step, Redis forgets.
type adversary struct {
	ledger   testLedger
	chance   limitstest.Chance
	property string
	mistake  string
	renews   bool // calls, besides

	now, skew   int64
	fence       int
	rule        limits.Rule
	key         limits.Key
	gateways    []*simGateway
	uses        []made
	planned     []made  // uses of permits held until their last moment
	orphans     []int64 // ends of calls whose gateway is dead
	edges       []int64 // moments at which mistakes would show
	started     int
	saved       bool
	extras      []limits.Extra // in the order of their making
	forgotten   int64          // calls made before are not looked at
	unaccounted int64          // permits of lost answers, when the ledger forgot
	quiet       bool           // nothing is asked for any more, and no answer is lost
}

// played is one gateway.
type simGateway struct {
	name           string
	seq, epoch     int64
	drift          float64
	anchor         anchor
	open           []openLease
	back           [][3]int64
	heldBack       [][3]int64      // returns that a slow gateway sends much later
	lostAnswers    map[int64]int64 // permits of answers that were lost, by their seq
	late           *request        // under way still, though given up
	own, until     int64
	life, wantLife int64 // of calls in slots: what was granted, and what is asked for
	ends           []int64
	net            limits.Counts
	journal        limits.Hour
	replay         bool
	seen           [3]int64
	heard          int64
	active         int64
	born           int64
}

// openLease is a lease of a gateway that is open.
type openLease struct {
	seq, permits, leaves int64
	in                   limits.Regime
	used, last           int64 // altogether, at a moment at the latest
}

func newAdversary(s testLedger, chance limitstest.Chance, property string) *adversary {
	if property == "renewals" {
		adv := newAdversary(s, chance, "slots")
		adv.renews = true
		return adv
	}
	adv := &adversary{ledger: s, chance: chance, property: property, now: 1_700_000_000_000 + int64(chance(3_600_000)), key: limits.KeyOf(property)}
	adv.rule = rule(int64(1+chance(30)), int64(1+chance(30)), 1<<30)
	if property == "slots" {
		adv.rule = rule(1<<40, 1<<40, 1+chance(12))
	}
	return adv
}

func (adv *adversary) start() *simGateway {
	adv.started++
	g := &simGateway{name: fmt.Sprint("g", adv.started), lostAnswers: map[int64]int64{}}
	if adv.property == "clock" {
		g.drift = float64(adv.chance(1001)-500) / 1e6
	}
	adv.gateways = append(adv.gateways, g)
	return g
}

// settle lets all gateways send heartbeats until they have settled.
func (adv *adversary) settle() error {
	for range 10 {
		settled, err := adv.heartbeat()
		if settled || err != nil {
			return err
		}
		adv.now += 900
	}
	if adv.mistake != "" {
		return nil
	}
	return errors.New("gateways do not settle")
}

// beat lets all gateways send a heartbeat and tells whether all have settled.
func (adv *adversary) heartbeat() (settled bool, err error) {
	settled = true
	for _, g := range adv.gateways {
		g.seq++
		q := adv.request(g)
		g.anchor.ask(q, g.clock(adv.now))
		a, err := adv.ledger.serve(q)
		if errors.Is(err, errStale) && adv.mistake != "" {
			continue
		}
		if err != nil {
			return false, err
		}
		adv.applyHead(g, q, adv.now, &a)
		settled = settled && g.anchor.settled
	}
	return settled, nil
}

func (adv *adversary) request(g *simGateway) *request {
	return &request{Gateway: g.name, Seq: g.seq, Epoch: g.epoch, Trust: adv.property != "loss", Policy: "p", Time: adv.now + adv.skew, Fence: fmt.Sprint("f", adv.fence)}
}

// heed takes in the head of an answer.
func (adv *adversary) applyHead(g *simGateway, q *request, sent int64, a *answer) {
	g.anchor.heard(q, g.clock(sent), a)
	g.replay = g.replay || a.epoch != g.epoch && g.epoch != 0
	if g.epoch = a.epoch; !g.replay && len(a.allotments) > 0 {
		got := a.allotments[0].counts
		g.seen, g.heard = [3]int64{got[0], got[1], a.tick}, adv.now
	}
}

func (adv *adversary) run() error {
	for range 3 {
		adv.start()
	}
	if err := adv.settle(); err != nil {
		return err
	}
	s := adv.chance(3)
	for step := range 120 {
		g := adv.gateways[adv.chance(len(adv.gateways))]
		var err error
		move := adv.chance(8)
		if adv.property == "slots" && g.late != nil && adv.chance(3) == 0 {
			move = 3
		}
		switch move {
		case 0, 1, 2:
			err = adv.ask(g)
		case 3:
			err = adv.misbehave(g, s)
		case 4:
			if adv.renews && adv.chance(3) > 0 {
				err = adv.renewCalls(g)
			}
			if err == nil {
				err = adv.startCalls(g)
			}
		default:
			err = adv.jump()
		}
		if err == nil && adv.property == "loss" && step%4 == 0 {
			err = adv.checkCount()
		}
		if err != nil {
			return fmt.Errorf("step %d, rule %+v: %w", step, adv.rule, err)
		}
	}
	if adv.property == "loss" {
		return adv.checkAtEnd()
	}
	return nil
}

// clock is the monotonic clock of a gateway.
func (g *simGateway) clock(now int64) int64 {
	return now - 1_700_000_000_000 + int64(float64(now-1_700_000_000_000)*g.drift)
}

func regimeOf(now int64) limits.Regime { return limits.Regime(now / 1_500_000 % 2) }

// ask asks for permits and slots, gives back what is over, and takes what comes or loses it.
func (adv *adversary) ask(g *simGateway) error {
	g.ends = slices.DeleteFunc(g.ends, func(end int64) bool { return end <= adv.now })
	e := entry{key: adv.key, Rule: [3]int64{adv.rule.Working, adv.rule.Off, int64(adv.rule.Concurrent)}, Regime: regimeOf(adv.now),
		Need: int64(adv.chance(20)), More: int64(adv.chance(20)), Busy: int64(len(g.ends))}
	if adv.quiet {
		e.Need, e.More = 0, 0
	}
	adv.closeLeases(g, adv.now)
	if adv.now-g.active > forgetAfter.Milliseconds() { // it has forgotten the caller, and begins anew
		g.open, g.back, g.heldBack, g.net, g.journal, g.replay = nil, nil, nil, limits.Counts{}, limits.Hour{}, true
		g.born = g.seq + 1
		clear(g.lostAnswers)
	}
	g.active = adv.now
	if g.replay { // all that is over is given back then
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
	g.seq++
	q := adv.request(g)
	q.Entries = []entry{e}
	sent := adv.now
	g.anchor.ask(q, g.clock(sent))
	fate := adv.chance(map[bool]int{true: 5, false: 12}[adv.property == "slots"])
	if adv.property == "clock" && fate > 0 {
		adv.now += int64(adv.chance(2) * adv.chance(76))
		q.Time = adv.now + adv.skew
	}
	if adv.quiet {
		fate = 2
	}
	if fate == 0 { // arrives after later ones
		if adv.property == "slots" || !sharp(adv.property) { // an hour late it holds ledger time back by what clocks may be wrong in that hour: the margin is for that
			g.late = q
		}
		g.back = append(g.back, [3]int64{q.Seq, -1, 0})
		return nil
	}
	a, err := adv.ledger.serve(q)
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
	last := sent + usableMillis
	if sharp(adv.property) {
		last = sent + leaseMillis
	}
	last-- // a permit is used before its lease is over
	if edge := (sent/1_500_000 + 1) * 1_500_000; last >= edge {
		last = edge - 1
	}
	last = max(last, adv.now)
	used, over := got.permits, adv.chance(4) == 0
	if over || adv.chance(4) == 0 {
		used = int64(adv.chance(int(used) + 1))
	}
	at := adv.now
	if adv.chance(3) > 0 && !(over && adv.property == "operator") { // a lease is given back when it is over
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

// renew lets the calls of a gateway go on just before the first of them ends.
func (adv *adversary) renewCalls(g *simGateway) error {
	for range 1 + adv.chance(4) {
		g.ends = slices.DeleteFunc(g.ends, func(end int64) bool { return end <= adv.now })
		if len(g.ends) == 0 {
			return nil
		}
		adv.now = max(adv.now, slices.Min(g.ends)-1-int64(adv.chance(2)*adv.chance(3000)))
		if adv.now >= g.until && adv.mistake != "renews in silence" {
			if err := adv.ask(g); err != nil {
				return err
			}
		}
		if adv.now < g.until || adv.mistake == "renews in silence" {
			for i := range g.ends {
				g.ends[i] = max(g.ends[i], adv.now+g.life)
				adv.edges = append(adv.edges, g.ends[i])
			}
		}
	}
	return adv.useAndCheck()
}

// call starts calls in the slots held.
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
	running := 0
	for _, ends := range append([][]int64{adv.orphans}, endsOf(adv.gateways)...) {
		for _, end := range ends {
			if end > adv.now {
				running++
			}
		}
	}
	if running > adv.rule.Concurrent {
		return fmt.Errorf("%d calls run at once", running)
	}
	return nil
}

func endsOf(gateways []*simGateway) (all [][]int64) {
	for _, g := range gateways {
		all = append(all, g.ends)
	}
	return all
}

// jump moves time to where mistakes are, and uses on the way what was planned.
func (adv *adversary) jump() error {
	to := adv.now + int64(adv.chance(20_000))
	if adv.property == "slots" && adv.chance(2) == 0 {
		adv.now += int64(adv.chance(500))
		return nil
	}
	if len(adv.edges) > 0 && adv.chance(4) > 0 {
		to = adv.edges[adv.chance(len(adv.edges))] - 1 + int64(adv.chance(3))
		if adv.property == "clock" {
			to += int64(adv.chance(10_000))
		}
	} else if adv.chance(8) == 0 && adv.property != "slots" {
		to += 1_000_000
	}
	for adv.property == "clock" && to > adv.now+300_000 { // in an hour there are heartbeats
		adv.now += 300_000
		if _, err := adv.heartbeat(); err != nil {
			return err
		}
	}
	if adv.property == "loss" && to > adv.now+2*leaseMillis { // by then leases are given back
		if err := adv.giveBack(); err != nil {
			return err
		}
	}
	adv.now = max(adv.now, to)
	adv.edges = slices.DeleteFunc(adv.edges, func(edge int64) bool { return edge < adv.now-1 })
	return adv.useAndCheck()
}

// use makes the calls that were planned, and holds every hour to the rule.
func (adv *adversary) useAndCheck() error {
	slices.SortStableFunc(adv.planned, func(a, b made) int { return int(a.at - b.at) })
	for len(adv.planned) > 0 && adv.planned[0].at <= adv.now {
		call := adv.planned[0]
		adv.planned = adv.planned[1:]
		adv.uses = append(adv.uses, call)
		var hour limits.Counts
		for i := len(adv.uses) - 1; i >= 0 && adv.uses[i].at > call.at-windowMillis && adv.uses[i].at > adv.forgotten; i-- {
			hour[adv.uses[i].in]++
		}
		rule := raised(adv.rule, adv.extras, call.at)
		most := rule.Quota(call.in)
		for r, calls := range hour {
			if calls > 0 {
				most = max(most, rule.Quota(limits.Regime(r)))
			}
		}
		if hour[call.in] > rule.Quota(call.in) || hour[0]+hour[1] > most {
			return fmt.Errorf("%v calls within an hour, %d extra are in force", hour, rule.Working-adv.rule.Working)
		}
	}
	return nil
}
