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
type player struct {
	ledger   shared
	chance   limitstest.Chance
	property string
	mistake  string
	renews   bool // calls, besides

	now, skew int64
	fence     int
	rule      limits.Rule
	key       limits.Key
	gateways  []*played
	uses      []made
	planned   []made  // uses of permits held until their last moment
	orphans   []int64 // ends of calls whose gateway is dead
	edges     []int64 // moments at which mistakes would show
	names     int
	saved     bool
	extras    []limits.Extra // in the order of their making
	forgotten int64          // calls made before are not looked at
	vanished  int64          // permits of lost answers, when the ledger forgot
	quiet     bool           // nothing is asked for any more, and no answer is lost
}

// played is one gateway.
type played struct {
	name       string
	seq, epoch int64
	drift      float64
	anchor     anchor
	open       []opened
	back       [][3]int64
	kept       [][3]int64      // returns that a slow gateway sends much later
	unheard    map[int64]int64 // permits of answers that were lost, by their seq
	late       *request        // under way still, though given up
	own, until int64
	life, wish int64 // of calls in slots: what was granted, and what is asked for
	ends       []int64
	net        limits.Counts
	journal    limits.Hour
	replay     bool
	seen       [3]int64
	heard      int64
	active     int64
	born       int64
}

// opened is a lease of a gateway that is open.
type opened struct {
	seq, permits, leaves int64
	in                   limits.Regime
	used, last           int64 // altogether, at a moment at the latest
}

func newPlayer(s shared, chance limitstest.Chance, property string) *player {
	if property == "renewals" {
		p := newPlayer(s, chance, "slots")
		p.renews = true
		return p
	}
	p := &player{ledger: s, chance: chance, property: property, now: 1_700_000_000_000 + int64(chance(3_600_000)), key: limits.KeyOf(property)}
	p.rule = rule(int64(1+chance(30)), int64(1+chance(30)), 1<<30)
	if property == "slots" {
		p.rule = rule(1<<40, 1<<40, 1+chance(12))
	}
	return p
}

func (p *player) start() *played {
	p.names++
	g := &played{name: fmt.Sprint("g", p.names), unheard: map[int64]int64{}}
	if p.property == "clock" {
		g.drift = float64(p.chance(1001)-500) / 1e6
	}
	p.gateways = append(p.gateways, g)
	return g
}

// settle lets all gateways send heartbeats until they have settled.
func (p *player) settle() error {
	for range 10 {
		settled, err := p.beat()
		if settled || err != nil {
			return err
		}
		p.now += 900
	}
	if p.mistake != "" {
		return nil
	}
	return errors.New("gateways do not settle")
}

// beat lets all gateways send a heartbeat and tells whether all have settled.
func (p *player) beat() (settled bool, err error) {
	settled = true
	for _, g := range p.gateways {
		g.seq++
		q := p.request(g)
		g.anchor.ask(q, g.clock(p.now))
		a, err := p.ledger.serve(q)
		if errors.Is(err, errStale) && p.mistake != "" {
			continue
		}
		if err != nil {
			return false, err
		}
		p.heed(g, q, p.now, &a)
		settled = settled && g.anchor.settled
	}
	return settled, nil
}

func (p *player) request(g *played) *request {
	return &request{Gateway: g.name, Seq: g.seq, Epoch: g.epoch, Trust: p.property != "loss", Policy: "p", Time: p.now + p.skew, Fence: fmt.Sprint("f", p.fence)}
}

// heed takes in the head of an answer.
func (p *player) heed(g *played, q *request, sent int64, a *answer) {
	g.anchor.heard(q, g.clock(sent), a)
	g.replay = g.replay || a.epoch != g.epoch && g.epoch != 0
	if g.epoch = a.epoch; !g.replay && len(a.allotments) > 0 {
		got := a.allotments[0].counts
		g.seen, g.heard = [3]int64{got[0], got[1], a.tick}, p.now
	}
}

func (p *player) play() error {
	for range 3 {
		p.start()
	}
	if err := p.settle(); err != nil {
		return err
	}
	s := p.chance(3)
	for step := range 120 {
		g := p.gateways[p.chance(len(p.gateways))]
		var err error
		move := p.chance(8)
		if p.property == "slots" && g.late != nil && p.chance(3) == 0 {
			move = 3
		}
		switch move {
		case 0, 1, 2:
			err = p.ask(g)
		case 3:
			err = p.misbehave(g, s)
		case 4:
			if p.renews && p.chance(3) > 0 {
				err = p.renew(g)
			}
			if err == nil {
				err = p.call(g)
			}
		default:
			err = p.jump()
		}
		if err == nil && p.property == "loss" && step%4 == 0 {
			err = p.counted()
		}
		if err != nil {
			return fmt.Errorf("step %d, rule %+v: %w", step, p.rule, err)
		}
	}
	if p.property == "loss" {
		return p.rest()
	}
	return nil
}

// clock is the monotonic clock of a gateway.
func (g *played) clock(now int64) int64 {
	return now - 1_700_000_000_000 + int64(float64(now-1_700_000_000_000)*g.drift)
}

func regimeOf(now int64) limits.Regime { return limits.Regime(now / 1_500_000 % 2) }

// ask asks for permits and slots, gives back what is over, and takes what comes or loses it.
func (p *player) ask(g *played) error {
	g.ends = slices.DeleteFunc(g.ends, func(end int64) bool { return end <= p.now })
	e := entry{key: p.key, Rule: [3]int64{p.rule.Working, p.rule.Off, int64(p.rule.Concurrent)}, Regime: regimeOf(p.now),
		Need: int64(p.chance(20)), More: int64(p.chance(20)), Busy: int64(len(g.ends))}
	if p.quiet {
		e.Need, e.More = 0, 0
	}
	p.close(g, p.now)
	if p.now-g.active > forgetAfter.Milliseconds() { // it has forgotten the caller, and begins anew
		g.open, g.back, g.kept, g.net, g.journal, g.replay = nil, nil, nil, limits.Counts{}, limits.Hour{}, true
		g.born = g.seq + 1
		clear(g.unheard)
	}
	g.active = p.now
	if g.replay { // all that is over is given back then
		g.back, g.kept = append(g.back, g.kept...), nil
	}
	e.Back = slices.Clone(g.back)
	if len(g.ends) == 0 {
		g.wish = 0
	}
	g.wish = max(g.wish, int64(1000+p.chance(60_000)))
	e.Life = g.wish
	e.Slots = e.Busy + int64(p.chance(8))
	if p.property != "slots" {
		e.Slots = e.Busy + 100
	}
	g.own = min(g.own, e.Slots)
	if g.replay {
		p.tell(g, &e)
	}
	g.seq++
	q := p.request(g)
	q.Entries = []entry{e}
	sent := p.now
	g.anchor.ask(q, g.clock(sent))
	fate := p.chance(map[bool]int{true: 5, false: 12}[p.property == "slots"])
	if p.property == "clock" && fate > 0 {
		p.now += int64(p.chance(2) * p.chance(76))
		q.Time = p.now + p.skew
	}
	if p.quiet {
		fate = 2
	}
	if fate == 0 { // arrives after later ones
		if p.property == "slots" || !sharp(p.property) { // an hour late it holds ledger time back by what clocks may be wrong in that hour: the margin is for that
			g.late = q
		}
		g.back = append(g.back, [3]int64{q.Seq, -1, 0})
		return nil
	}
	a, err := p.ledger.serve(q)
	if errors.Is(err, errStale) && p.mistake != "" {
		return nil
	}
	if err != nil {
		return err
	}
	if fate == 1 { // the answer is lost
		g.back = append(g.back, [3]int64{q.Seq, -1, 0})
		g.unheard[q.Seq] = a.allotments[0].permits
		return nil
	}
	p.hear(g, q, sent, &a)
	return nil
}

func (p *player) hear(g *played, q *request, sent int64, a *answer) {
	e, got := &q.Entries[0], a.allotments[0]
	for _, back := range g.back[:min(len(e.Back), len(g.back))] {
		delete(g.unheard, back[0])
	}
	g.back = g.back[min(len(e.Back), len(g.back)):]
	g.own, g.until, g.life = got.slots, sent+usableMillis, e.Life
	if e.Net != nil {
		g.replay = false
	}
	p.heed(g, q, sent, a)
	p.edges = append(p.edges, g.until, g.until+g.life)
	if got.permits == 0 {
		return
	}
	p.edges = append(p.edges, got.leaves)
	last := sent + usableMillis
	if sharp(p.property) {
		last = sent + leaseMillis
	}
	last-- // a permit is used before its lease is over
	if edge := (sent/1_500_000 + 1) * 1_500_000; last >= edge {
		last = edge - 1
	}
	last = max(last, p.now)
	used, over := got.permits, p.chance(4) == 0
	if over || p.chance(4) == 0 {
		used = int64(p.chance(int(used) + 1))
	}
	at := p.now
	if p.chance(3) > 0 && !(over && p.property == "operator") { // a lease is given back when it is over
		at = last
	}
	for range used {
		p.planned = append(p.planned, made{at: at, in: e.Regime})
	}
	g.open = append(g.open, opened{q.Seq, got.permits, got.leaves, e.Regime, used, last})
	if over {
		g.open[len(g.open)-1].last = at
		p.close(g, at)
	}
}

// renew lets the calls of a gateway go on just before the first of them ends.
func (p *player) renew(g *played) error {
	for range 1 + p.chance(4) {
		g.ends = slices.DeleteFunc(g.ends, func(end int64) bool { return end <= p.now })
		if len(g.ends) == 0 {
			return nil
		}
		p.now = max(p.now, slices.Min(g.ends)-1-int64(p.chance(2)*p.chance(3000)))
		if p.now >= g.until && p.mistake != "renews in silence" {
			if err := p.ask(g); err != nil {
				return err
			}
		}
		if p.now < g.until || p.mistake == "renews in silence" {
			for i := range g.ends {
				g.ends[i] = max(g.ends[i], p.now+g.life)
				p.edges = append(p.edges, g.ends[i])
			}
		}
	}
	return p.use()
}

// call starts calls in the slots held.
func (p *player) call(g *played) error {
	g.ends = slices.DeleteFunc(g.ends, func(end int64) bool { return end <= p.now })
	for range 1 + p.chance(8) {
		if p.now < g.until && int64(len(g.ends)) < g.own {
			end := p.now + 1 + int64(p.chance(int(g.life)))
			if p.chance(2) == 0 {
				end = p.now + g.life
			}
			g.ends = append(g.ends, end)
			p.edges = append(p.edges, end)
		}
	}
	running := 0
	for _, ends := range append([][]int64{p.orphans}, endsOf(p.gateways)...) {
		for _, end := range ends {
			if end > p.now {
				running++
			}
		}
	}
	if running > p.rule.Concurrent {
		return fmt.Errorf("%d calls run at once", running)
	}
	return nil
}

func endsOf(gateways []*played) (all [][]int64) {
	for _, g := range gateways {
		all = append(all, g.ends)
	}
	return all
}

// jump moves time to where mistakes are, and uses on the way what was planned.
func (p *player) jump() error {
	to := p.now + int64(p.chance(20_000))
	if p.property == "slots" && p.chance(2) == 0 {
		p.now += int64(p.chance(500))
		return nil
	}
	if len(p.edges) > 0 && p.chance(4) > 0 {
		to = p.edges[p.chance(len(p.edges))] - 1 + int64(p.chance(3))
		if p.property == "clock" {
			to += int64(p.chance(10_000))
		}
	} else if p.chance(8) == 0 && p.property != "slots" {
		to += 1_000_000
	}
	for p.property == "clock" && to > p.now+300_000 { // in an hour there are heartbeats
		p.now += 300_000
		if _, err := p.beat(); err != nil {
			return err
		}
	}
	if p.property == "loss" && to > p.now+2*leaseMillis { // by then leases are given back
		if err := p.giveBack(); err != nil {
			return err
		}
	}
	p.now = max(p.now, to)
	p.edges = slices.DeleteFunc(p.edges, func(edge int64) bool { return edge < p.now-1 })
	return p.use()
}

// use makes the calls that were planned, and holds every hour to the rule.
func (p *player) use() error {
	slices.SortStableFunc(p.planned, func(a, b made) int { return int(a.at - b.at) })
	for len(p.planned) > 0 && p.planned[0].at <= p.now {
		call := p.planned[0]
		p.planned = p.planned[1:]
		p.uses = append(p.uses, call)
		var hour limits.Counts
		for i := len(p.uses) - 1; i >= 0 && p.uses[i].at > call.at-windowMillis && p.uses[i].at > p.forgotten; i-- {
			hour[p.uses[i].in]++
		}
		rule := raised(p.rule, p.extras, call.at)
		most := rule.Quota(call.in)
		for r, calls := range hour {
			if calls > 0 {
				most = max(most, rule.Quota(limits.Regime(r)))
			}
		}
		if hour[call.in] > rule.Quota(call.in) || hour[0]+hour[1] > most {
			return fmt.Errorf("%v calls within an hour, %d extra are in force", hour, rule.Working-p.rule.Working)
		}
	}
	return nil
}
