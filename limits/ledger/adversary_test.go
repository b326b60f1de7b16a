package ledger

import (
	"errors"
	"fmt"
	"slices"

	"brana/limits"
	"brana/limits/limitstest"
)

// An adversary drives several gateways as badly as they may behave, against one account of a
// ledger: permits are used at the last moment or never, answers are lost, requests arrive after
// later ones, gateways crash, clocks step, Redis loses its memory. It attacks one property and
// reports when that is broken.
type adversary struct {
	ledger   testLedger
	chance   limitstest.Chance
	property string
	mistake  string // that the gateways make; empty: none
	renews   bool   // calls are renewed, too

	now, skew   int64 // true time, and the clock of Redis less it, in milliseconds
	fence       int
	rule        limits.Rule
	key         limits.Key
	gateways    []*simGateway
	uses        []made
	planned     []made  // uses of permits that are held until their last moment
	orphans     []int64 // ends of calls whose gateway is dead
	edges       []int64 // moments at which mistakes would show
	started     int     // gateways
	saved       bool
	extras      []limits.Extra // oldest first
	forgotten   int64          // calls until then do not count
	unaccounted int64          // permits that may be counted though no gateway reports them
	gaveBackAt  int64          // when all gateways last gave back their leases
	savedSpread int64          // the longest time between two leases open when the replica was saved
	spread      int64          // the same of the last replica that became master
	quiet       bool           // gateways ask for nothing more, and no answer is lost
}

// simGateway is one gateway of an adversary.
type simGateway struct {
	name           string
	seq, epoch     int64
	drift          float64
	anchor         anchor
	open           []openLease
	back           [][3]int64      // leases to give back with the next request
	heldBack       [][3]int64      // leases that are given back much later
	lostAnswers    map[int64]int64 // permits of answers that were lost, by their seq
	late           *request        // given up, but still on its way
	own, until     int64           // slots, and the moment until which they may be used
	life, wantLife int64           // lifetimes of calls: as granted, and as asked for
	ends           []int64         // of calls that run
	net            limits.Counts
	journal        limits.Hour
	replay         bool
	seen           [3]int64
	heard          int64
	active         int64
	born           int64
}

// openLease is a lease that its gateway has not given back.
type openLease struct {
	seq, permits, leaves int64
	in                   limits.Regime
	used, last           int64 // permits that will be used, and the last moment of their use
}

// epochOfTests is a moment before all that tests do, in milliseconds since 1970.
const epochOfTests = 1_700_000_000_000

func newAdversary(l testLedger, chance limitstest.Chance, property string) *adversary {
	if property == "renewals" {
		adv := newAdversary(l, chance, "slots")
		adv.renews = true
		return adv
	}
	adv := &adversary{
		ledger: l, chance: chance, property: property,
		now: epochOfTests + int64(chance(3_600_000)), key: limits.KeyOf(property),
	}
	adv.gaveBackAt = adv.now
	adv.rule = rule(int64(1+chance(30)), int64(1+chance(30)), 1<<30)
	if property == "slots" {
		adv.rule = rule(1<<40, 1<<40, 1+chance(12))
	}
	return adv
}

// start starts another gateway.
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

// heartbeat lets all gateways send a heartbeat, and returns whether all have settled.
func (adv *adversary) heartbeat() (settled bool, err error) {
	settled = true
	for _, g := range adv.gateways {
		g.seq++
		q := adv.request(g)
		g.anchor.ask(q, g.clock(adv.now))
		a, err := adv.serve(q)
		if errors.Is(err, errStale) && adv.mistake != "" {
			continue
		}
		if err != nil {
			return false, err
		}
		adv.applyHead(g, q, adv.now, &a)
		settled = settled && g.anchor.settled()
	}
	return settled, nil
}

// serve has a request served now.
func (adv *adversary) serve(q *request) (answer, error) {
	adv.ledger.at(adv.now+adv.skew, fmt.Sprint("f", adv.fence))
	return adv.ledger.serve(q)
}

// operateOn does to the account what an operator wants now, or looks at it.
func (adv *adversary) operateOn(e entry) (y limits.Tally, err error) {
	adv.ledger.at(adv.now+adv.skew, fmt.Sprint("f", adv.fence))
	y, _, err = adv.ledger.operate(&request{Operator: true, Settled: true, Entries: []entry{e}})
	return y, err
}

// request is a request without entries.
func (adv *adversary) request(g *simGateway) *request {
	return &request{
		Gateway: g.name, Seq: g.seq, Epoch: g.epoch, Trust: adv.property != "loss", Policy: "p",
	}
}

// applyHead applies the head of an answer.
func (adv *adversary) applyHead(g *simGateway, q *request, sent int64, a *answer) {
	g.anchor.heard(q, g.clock(sent), a)
	g.replay = g.replay || a.epoch != g.epoch && g.epoch != 0
	if g.epoch = a.epoch; !g.replay && len(a.allotments) > 0 {
		got := a.allotments[0].counts
		g.seen, g.heard = [3]int64{got[0], got[1], a.tick}, adv.now
	}
}

// run attacks the property in 120 random steps.
func (adv *adversary) run() error {
	for range 3 {
		adv.start()
	}
	if err := adv.settle(); err != nil {
		return err
	}
	losses := adv.chance(3)
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
			err = adv.misbehave(g, losses)
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
	passed := now - epochOfTests
	return passed + int64(float64(passed)*g.drift)
}

const regimeMillis = 1_500_000

// regimeOf is the regime of a moment: it changes every 25 minutes.
func regimeOf(now int64) limits.Regime { return limits.Regime(now / regimeMillis % 2) }

// jump moves time to where mistakes would show, and makes the calls that were planned until then.
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
	for adv.property == "clock" && to > adv.now+300_000 { // heartbeats are sent meanwhile
		adv.now += 300_000
		if _, err := adv.heartbeat(); err != nil {
			return err
		}
	}
	if adv.property == "loss" && to > adv.now+2*leaseMillis { // leases are given back meanwhile
		if err := adv.giveBack(); err != nil {
			return err
		}
	}
	adv.now = max(adv.now, to)
	adv.edges = slices.DeleteFunc(adv.edges, func(edge int64) bool { return edge < adv.now-1 })
	return adv.useAndCheck()
}

// useAndCheck makes the calls that were planned until now. It fails if the hour before one of them
// holds more than the rule allows.
func (adv *adversary) useAndCheck() error {
	slices.SortStableFunc(adv.planned, func(a, b made) int { return int(a.at - b.at) })
	for len(adv.planned) > 0 && adv.planned[0].at <= adv.now {
		call := adv.planned[0]
		adv.planned = adv.planned[1:]
		adv.uses = append(adv.uses, call)
		var hour limits.Counts
		from := max(call.at-windowMillis, adv.forgotten)
		for i := len(adv.uses) - 1; i >= 0 && adv.uses[i].at > from; i-- {
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
			return fmt.Errorf("%v calls within an hour, %d extra are in force",
				hour, rule.Working-adv.rule.Working)
		}
	}
	return nil
}
