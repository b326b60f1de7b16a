package ledger

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

// learnsFirst: a ledger that has forgotten grants nothing before it has learned what gateways know: those that say they
// tell are waited for, and those of whom nothing more is heard for as long as any is.
func learnsFirst(s testLedger, c limitstest.Chance) error {
	adv := newAdversary(s, c, "loss")
	asks, tells := adv.start(), adv.start()
	if err := adv.settle(); err != nil {
		return err
	}
	s.flush()
	adv.fence++
	ask := func(g *simGateway, telling bool) (a answer, err error) {
		g.seq++
		q := adv.request(g)
		q.Telling = telling
		q.Entries = []entry{{key: adv.key, Rule: [3]int64{adv.rule.Working, adv.rule.Off, int64(adv.rule.Concurrent)}, Need: 1, Slots: 1, Life: 1000}}
		g.anchor.ask(q, g.clock(adv.now))
		if a, err = s.serve(q); err == nil {
			adv.applyHead(g, q, adv.now, &a)
		}
		return a, err
	}
	long, silent := 12+c(20), c(2) == 0
	for second := 0; second < long+14; second++ {
		if second < long || !silent && second < long+1 {
			if _, err := ask(tells, second < long); err != nil {
				return err
			}
		}
		a, err := ask(asks, false)
		if err != nil {
			return err
		}
		shut := long // from the last word that more is to be told,
		if silent {
			shut += 11 // learning goes on for so many seconds
		}
		switch open := !a.learning; {
		case open && second < shut || a.allotments[0].permits > 0 && !open:
			return fmt.Errorf("open %d seconds after a loss, %v granted; told for %d, silent then: %v", second, a.allotments[0].permits, long, silent)
		case !open && second > shut+1:
			return fmt.Errorf("shut %d seconds after a loss; told for %d, silent then: %v", second, long, silent)
		}
		adv.now += 1000
	}
	return nil
}

// misbehave does what the property is about.
func (adv *adversary) misbehave(g *simGateway, often int) error {
	switch adv.property {
	case "clock":
		if adv.chance(2) == 0 {
			adv.skew = int64(adv.chance(180_001) - 90_000)
		}
	case "loss":
		return adv.lose(often)
	case "operator":
		if adv.chance(3) > 0 {
			return adv.operate()
		}
	}
	switch {
	case g.late != nil:
		q := g.late
		g.late = nil
		q.Time = adv.now + adv.skew
		q.Fence = fmt.Sprint("f", adv.fence)
		if _, err := adv.ledger.serve(q); err != nil && !errors.Is(err, errStale) {
			return err
		}
	case len(g.heldBack) > 0:
		g.back, g.heldBack = append(g.back, g.heldBack...), nil
	case adv.chance(2) == 0 && adv.property != "loss":
		adv.orphans = append(adv.orphans, g.ends...)
		adv.gateways = slices.DeleteFunc(adv.gateways, func(other *simGateway) bool { return other == g })
		if fresh := adv.start(); adv.mistake == "reused name" {
			fresh.name, fresh.seq = g.name, g.seq
		}
		return adv.settle()
	}
	return nil
}

// lose makes Redis forget: all, or what its replica had not got. Every gateway hears of it before the ledger opens.
func (adv *adversary) lose(often int) error {
	switch adv.chance(3 + often) {
	case 0:
		adv.ledger.flush()
		adv.noteLoss()
	case 1:
		adv.ledger.save()
		adv.saved = true
		return nil
	case 2:
		if !adv.saved {
			return nil
		}
		adv.ledger.restore()
		adv.fence++
		adv.noteLoss()
	default:
		return nil
	}
	for range 2 {
		for _, i := range rand.New(rand.NewPCG(uint64(adv.now), 3)).Perm(len(adv.gateways)) {
			for {
				before := adv.gateways[i].seq
				heard := adv.gateways[i].epoch
				if err := adv.ask(adv.gateways[i]); err != nil {
					return err
				}
				if last := adv.gateways[i].back; len(last) == 0 || last[len(last)-1] != [3]int64{before + 1, -1, 0} {
					if adv.gateways[i].epoch == heard && !adv.gateways[i].replay {
						break
					}
				}
			}
		}
		adv.now += int64(adv.chance(3000))
	}
	return adv.useAndCheck()
}

// push lets two gateways ask in turn while the clock of Redis runs far too fast: the request of one is long under way, that of
// the other not at all. Each answer is later than its request was sent, and must not push ledger time on.
func (adv *adversary) pushClock() error {
	slow, fast := adv.start(), adv.start()
	if err := adv.settle(); err != nil {
		return err
	}
	ask := func(g *simGateway, sent int64) (int64, error) {
		g.seq++
		q := adv.request(g)
		g.anchor.ask(q, g.clock(sent))
		a, err := adv.ledger.serve(q)
		if err == nil {
			adv.applyHead(g, q, sent, &a)
			if adv.mistake != "" {
				g.anchor.bound = a.now - g.clock(sent)
			}
		}
		return a.now, err
	}
	for range 120 {
		sent := adv.now
		adv.now += 75
		adv.skew += 200
		for _, turn := range []struct {
			g    *simGateway
			sent int64
		}{{fast, adv.now}, {slow, sent}, {slow, adv.now}, {fast, sent}} {
			now, err := ask(turn.g, turn.sent)
			if err != nil {
				return err
			}
			if now-adv.now > marginMillis {
				return fmt.Errorf("ledger time is pushed %d ms ahead", now-adv.now)
			}
		}
	}
	return nil
}

// policyStep is what one gateway asks under its policy, and what has been granted altogether then.
type policyStep struct {
	gateway, policy string
	quota, need     int64
	adopts, behind  bool
	after           time.Duration // the step before
	lost            bool          // the ledger, before this step
	want            int64
}

// runPolicySteps plays steps of gateways that have settled.
func runPolicySteps(s testLedger, chance limitstest.Chance, steps []policyStep) error {
	now := int64(1_700_000_000_000) + int64(chance(100_000))
	seqs, epochs, policies, taken, granted := map[string]int64{}, map[string]int64{}, map[string]string{}, map[string]int64{}, int64(0)
	for i, step := range steps {
		g := step.gateway
		seqs[g]++
		now += step.after.Milliseconds() + int64(chance(900))
		if step.lost {
			s.flush()
		}
		if policies[g] != step.policy {
			policies[g], taken[g] = step.policy, 0
		}
		a, err := s.serve(&request{Gateway: g, Seq: seqs[g], Epoch: epochs[g], Trust: true, Policy: step.policy, Taken: taken[g], Adopts: step.adopts,
			Time: now, Fence: "f", Bound: now, Least: now, Settled: true, Entries: []entry{{key: limits.KeyOf("policy"),
				Rule: [3]int64{step.quota, step.quota, 100}, Behind: step.behind, Need: step.need, Slots: step.need}}})
		if err != nil {
			return err
		}
		epochs[g], taken[g] = a.epoch, a.taken
		if granted += a.allotments[0].permits; granted != step.want {
			return fmt.Errorf("step %d, %s with policy %s: %d granted altogether, want %d", i, g, step.policy, granted, step.want)
		}
	}
	return nil
}

// policyChanges plays a policy that is lowered and raised while gateways are behind.
func policyChanges(s testLedger, chance limitstest.Chance) error {
	const low, high = 4, 10
	before := int64(chance(7))
	lowered := max(before, low)
	return runPolicySteps(s, chance, []policyStep{
		{gateway: "a", policy: "old", quota: high, need: before, want: before},
		{gateway: "b", policy: "new", quota: low, adopts: true, want: before},
		{gateway: "a", policy: "old", quota: high, need: 10, want: lowered},               // who is behind cannot raise
		{gateway: "b", policy: "new", quota: low, need: 10, want: lowered},                //
		{gateway: "b", policy: "new", quota: high, need: 10, behind: true, want: lowered}, // nor can a call decided before
		{gateway: "c", policy: "old", quota: high, need: 10, want: lowered},               // nor who starts with what was known
		{gateway: "a", policy: "newest", quota: high, need: 10, adopts: true, want: high}, // raised by the first, nothing used forgotten
		{gateway: "b", policy: "new", quota: low, need: 10, want: high},
		// What nobody has had for an hour is over.
		{gateway: "d", policy: "old", quota: high, need: 20, after: limits.Window + 30*time.Second, want: 2 * high},
	})
}

// policyOrder loses the ledger: the order of policies is what gateways have heard, whoever tells first.
func policyOrder(s testLedger, chance limitstest.Chance) error {
	const low, high = 4, 10
	return runPolicySteps(s, chance, []policyStep{
		{gateway: "a", policy: "old", quota: high},
		{gateway: "b", policy: "new", quota: low, adopts: true},
		{gateway: "b", policy: "new", quota: low, lost: true},
		{gateway: "a", policy: "old", quota: high},
		{gateway: "b", policy: "new", quota: low, after: 13 * time.Second},
		{gateway: "a", policy: "old", quota: high, need: 20, want: low},
	})
}

// operate grants extra calls, takes them back, or has forgotten what was used.
func (adv *adversary) operate() error {
	if err := adv.useAndCheck(); err != nil {
		return err
	}
	e := entry{key: adv.key}
	switch adv.chance(4) {
	case 0:
	case 1:
		e.Op = "forget"
		adv.now++ // what was used until now is before it
	default:
		e.Op, e.Extra = "raise", &[3]int64{0, int64(adv.chance(2) * adv.chance(20)), adv.now + 1 + int64(adv.chance(60_000*(1+59*adv.chance(2))))}
	}
	_, _, err := adv.ledger.operate(&request{Operator: true, Settled: true, Time: adv.now + adv.skew, Fence: fmt.Sprint("f", adv.fence), Entries: []entry{e}})
	if err != nil {
		return err
	}
	switch e.Op {
	case "forget":
		adv.forgotten = adv.now - 1
	case "raise":
		adv.extras = append(adv.extras, limits.Extra{Made: adv.now, Calls: e.Extra[1], Ends: e.Extra[2]})
		adv.edges = append(adv.edges, e.Extra[2], e.Extra[2]-leaseMillis)
	}
	return adv.useAndCheck()
}

// raised is the rule of a moment with the most extra calls that were in force within a lease before it, and have not
// ended.
func raised(rule limits.Rule, extras []limits.Extra, at int64) limits.Rule {
	most := int64(0)
	for i, e := range extras {
		replaced := i+1 < len(extras) && extras[i+1].Made <= at-leaseMillis
		if e.Made <= at && at < e.Ends && !replaced {
			most = max(most, e.Calls)
		}
	}
	rule.Working, rule.Off = rule.Working+most, rule.Off+most
	return rule
}
