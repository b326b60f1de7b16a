package limits

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
)

// learnsFirst: a ledger that has forgotten grants nothing before it has learned what gateways know.
func learnsFirst(s shared, c chance) error {
	p := newPlayer(s, c, "loss")
	g := p.start()
	if err := p.settle(); err != nil {
		return err
	}
	s.flush()
	p.fence++
	for range 5 {
		g.seq++
		q := p.request(g)
		q.Entries = []entry{{key: p.key, Rule: [3]int64{p.rule.Working, p.rule.Off, int64(p.rule.Concurrent)}, Need: 1, Slots: 1, Life: 1000}}
		g.anchor.ask(q, g.clock(p.now))
		a, err := s.serve(q)
		if err != nil {
			return err
		}
		if !a.learning || a.grants[0].permits > 0 {
			return fmt.Errorf("%v granted within seconds of a loss", a.grants[0].permits)
		}
		p.heed(g, q, p.now, &a)
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
				if last := p.gateways[i].back; len(last) == 0 || last[len(last)-1] != [2]int64{before + 1, -1} {
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

// policyChanges plays a policy that is lowered and raised again while one gateway is behind.
func policyChanges(s shared, chance chance) error {
	const low, high = 4, 10
	now := int64(1_700_000_000_000) + int64(chance(100_000))
	seqs, epochs, granted := map[string]int64{}, map[string]int64{}, int64(0)
	ask := func(gateway, policy string, quota, need int64) (int64, error) {
		seqs[gateway]++
		now += int64(chance(900))
		a, err := s.serve(&request{Gateway: gateway, Seq: seqs[gateway], Epoch: epochs[gateway], Trust: true, Policy: policy, Time: now, Fence: "f",
			Bound: now, Least: now, Settled: true, Entries: []entry{{key: KeyOf("policy"), Rule: [3]int64{quota, quota, 100}, Need: need, Slots: need}}})
		if err != nil {
			return 0, err
		}
		epochs[gateway] = a.epoch
		granted += a.grants[0].permits
		return a.grants[0].permits, nil
	}
	before := int64(chance(7))
	for _, step := range []struct {
		gateway, policy string
		quota, need     int64
		want            func() int64 // granted altogether afterwards
	}{
		{"a", "old", high, before, func() int64 { return before }},
		{"b", "new", low, 0, func() int64 { return before }},
		{"a", "old", high, 10, func() int64 { return max(before, low) }}, // who is behind cannot raise
		{"b", "new", low, 10, func() int64 { return max(before, low) }},
		{"a", "new", low, 10, func() int64 { return max(before, low) }},
		{"b", "newest", high, 10, func() int64 { return max(before, low) }}, // raised, when all have it
		{"a", "newest", high, 10, func() int64 { return high }},             // and nothing used was forgotten
		{"b", "newest", high, 10, func() int64 { return high }},
	} {
		if _, err := ask(step.gateway, step.policy, step.quota, step.need); err != nil {
			return err
		}
		if granted != step.want() {
			return fmt.Errorf("%s with policy %s: %d granted altogether, want %d", step.gateway, step.policy, granted, step.want())
		}
	}
	return nil
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
		p.extras = append(p.extras, extra{p.now, e.Extra[1], e.Extra[2]})
		p.edges = append(p.edges, e.Extra[2], e.Extra[2]-leaseMillis)
	}
	return p.use()
}

// raised is the rule of a moment with the most extra calls that were in force within a lease before it, and have not
// ended.
func raised(rule Rule, extras []extra, at int64) Rule {
	most := int64(0)
	for i, e := range extras {
		replaced := i+1 < len(extras) && extras[i+1].made <= at-leaseMillis
		if e.made <= at && at < e.ends && !replaced {
			most = max(most, e.calls)
		}
	}
	rule.Working, rule.Off = rule.Working+most, rule.Off+most
	return rule
}
