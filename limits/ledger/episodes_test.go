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
func learnsFirst(s shared, c limitstest.Chance) error {
	p := newPlayer(s, c, "loss")
	asks, tells := p.start(), p.start()
	if err := p.settle(); err != nil {
		return err
	}
	s.flush()
	p.fence++
	ask := func(g *played, telling bool) (a answer, err error) {
		g.seq++
		q := p.request(g)
		q.Telling = telling
		q.Entries = []entry{{key: p.key, Rule: [3]int64{p.rule.Working, p.rule.Off, int64(p.rule.Concurrent)}, Need: 1, Slots: 1, Life: 1000}}
		g.anchor.ask(q, g.clock(p.now))
		if a, err = s.serve(q); err == nil {
			p.heed(g, q, p.now, &a)
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
		p.now += 1000
	}
	return nil
}

// misbehave does what the property is about.
func (p *player) misbehave(g *played, often int) error {
	switch p.property {
	case "clock":
		if p.chance(2) == 0 {
			p.skew = int64(p.chance(180_001) - 90_000)
		}
	case "loss":
		return p.lose(often)
	case "operator":
		if p.chance(3) > 0 {
			return p.operate()
		}
	}
	switch {
	case g.late != nil:
		q := g.late
		g.late = nil
		q.Time = p.now + p.skew
		q.Fence = fmt.Sprint("f", p.fence)
		if _, err := p.ledger.serve(q); err != nil && !errors.Is(err, errStale) {
			return err
		}
	case len(g.kept) > 0:
		g.back, g.kept = append(g.back, g.kept...), nil
	case p.chance(2) == 0 && p.property != "loss":
		p.orphans = append(p.orphans, g.ends...)
		p.gateways = slices.DeleteFunc(p.gateways, func(other *played) bool { return other == g })
		if fresh := p.start(); p.mistake == "reused name" {
			fresh.name, fresh.seq = g.name, g.seq
		}
		return p.settle()
	}
	return nil
}

// lose makes Redis forget: all, or what its replica had not got. Every gateway hears of it before the ledger opens.
func (p *player) lose(often int) error {
	switch p.chance(3 + often) {
	case 0:
		p.ledger.flush()
		p.vanish()
	case 1:
		p.ledger.save()
		p.saved = true
		return nil
	case 2:
		if !p.saved {
			return nil
		}
		p.ledger.restore()
		p.fence++
		p.vanish()
	default:
		return nil
	}
	for range 2 {
		for _, i := range rand.New(rand.NewPCG(uint64(p.now), 3)).Perm(len(p.gateways)) {
			for {
				before := p.gateways[i].seq
				heard := p.gateways[i].epoch
				if err := p.ask(p.gateways[i]); err != nil {
					return err
				}
				if last := p.gateways[i].back; len(last) == 0 || last[len(last)-1] != [3]int64{before + 1, -1, 0} {
					if p.gateways[i].epoch == heard && !p.gateways[i].replay {
						break
					}
				}
			}
		}
		p.now += int64(p.chance(3000))
	}
	return p.use()
}

// push lets two gateways ask in turn while the clock of Redis runs far too fast: the request of one is long under way, that of
// the other not at all. Each answer is later than its request was sent, and must not push ledger time on.
func (p *player) push() error {
	slow, fast := p.start(), p.start()
	if err := p.settle(); err != nil {
		return err
	}
	ask := func(g *played, sent int64) (int64, error) {
		g.seq++
		q := p.request(g)
		g.anchor.ask(q, g.clock(sent))
		a, err := p.ledger.serve(q)
		if err == nil {
			p.heed(g, q, sent, &a)
			if p.mistake != "" {
				g.anchor.bound = a.now - g.clock(sent)
			}
		}
		return a.now, err
	}
	for range 120 {
		sent := p.now
		p.now += 75
		p.skew += 200
		for _, turn := range []struct {
			g    *played
			sent int64
		}{{fast, p.now}, {slow, sent}, {slow, p.now}, {fast, sent}} {
			now, err := ask(turn.g, turn.sent)
			if err != nil {
				return err
			}
			if now-p.now > marginMillis {
				return fmt.Errorf("ledger time is pushed %d ms ahead", now-p.now)
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

// playPolicies plays steps of gateways that have settled.
func playPolicies(s shared, chance limitstest.Chance, steps []policyStep) error {
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
func policyChanges(s shared, chance limitstest.Chance) error {
	const low, high = 4, 10
	before := int64(chance(7))
	lowered := max(before, low)
	return playPolicies(s, chance, []policyStep{
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
func policyOrder(s shared, chance limitstest.Chance) error {
	const low, high = 4, 10
	return playPolicies(s, chance, []policyStep{
		{gateway: "a", policy: "old", quota: high},
		{gateway: "b", policy: "new", quota: low, adopts: true},
		{gateway: "b", policy: "new", quota: low, lost: true},
		{gateway: "a", policy: "old", quota: high},
		{gateway: "b", policy: "new", quota: low, after: 13 * time.Second},
		{gateway: "a", policy: "old", quota: high, need: 20, want: low},
	})
}

// operate grants extra calls, takes them back, or has forgotten what was used.
func (p *player) operate() error {
	if err := p.use(); err != nil {
		return err
	}
	e := entry{key: p.key}
	switch p.chance(4) {
	case 0:
	case 1:
		e.Op = "forget"
		p.now++ // what was used until now is before it
	default:
		e.Op, e.Extra = "raise", &[3]int64{0, int64(p.chance(2) * p.chance(20)), p.now + 1 + int64(p.chance(60_000*(1+59*p.chance(2))))}
	}
	_, _, err := p.ledger.operate(&request{Operator: true, Settled: true, Time: p.now + p.skew, Fence: fmt.Sprint("f", p.fence), Entries: []entry{e}})
	if err != nil {
		return err
	}
	switch e.Op {
	case "forget":
		p.forgotten = p.now - 1
	case "raise":
		p.extras = append(p.extras, limits.Extra{Made: p.now, Calls: e.Extra[1], Ends: e.Extra[2]})
		p.edges = append(p.edges, e.Extra[2], e.Extra[2]-leaseMillis)
	}
	return p.use()
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
