package ledger

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"brana/limits"
)

// What the adversary does to gateways and to the ledger.

// misbehave does something that the property must withstand.
func (adv *adversary) misbehave(g *simGateway, losses int) error {
	switch adv.property {
	case "clock":
		if adv.chance(2) == 0 {
			adv.skew = int64(adv.chance(180_001) - 90_000)
		}
	case "loss":
		return adv.lose(losses)
	case "operator":
		if adv.chance(3) > 0 {
			return adv.operate()
		}
	}
	switch {
	case g.late != nil:
		q := g.late
		g.late = nil
		if _, err := adv.serve(q); err != nil && !errors.Is(err, errStale) {
			return err
		}
	case len(g.heldBack) > 0:
		g.back, g.heldBack = append(g.back, g.heldBack...), nil
	case adv.chance(2) == 0 && adv.property != "loss":
		return adv.crash(g)
	}
	return nil
}

// crash ends a gateway and starts another. Its calls go on.
func (adv *adversary) crash(g *simGateway) error {
	adv.orphans = append(adv.orphans, g.ends...)
	at := slices.Index(adv.gateways, g)
	adv.gateways = slices.Delete(adv.gateways, at, at+1)
	if fresh := adv.start(); adv.mistake == "reused name" {
		fresh.name, fresh.seq = g.name, g.seq
	}
	return adv.settle()
}

// lose makes Redis lose all its memory, or what its replica has not received, about every third
// time; losses makes it rarer. Every gateway hears of it before the ledger opens.
func (adv *adversary) lose(losses int) error {
	switch adv.chance(3 + losses) {
	case 0:
		adv.ledger.flush()
		adv.noteLoss()
	case 1:
		adv.ledger.save()
		adv.saved, adv.savedSpread = true, adv.now-adv.gaveBackAt
		return nil
	case 2:
		if !adv.saved {
			return nil
		}
		adv.ledger.restore()
		adv.fence++
		adv.spread = adv.savedSpread
		adv.noteLoss()
	default:
		return nil
	}
	for range 2 {
		for _, i := range rand.New(rand.NewPCG(uint64(adv.now), 3)).Perm(len(adv.gateways)) {
			if err := adv.askUntilReplayed(adv.gateways[i]); err != nil {
				return err
			}
		}
		adv.now += int64(adv.chance(3000))
	}
	return adv.useAndCheck()
}

// askUntilReplayed asks until an answer has arrived and nothing is left to replay.
func (adv *adversary) askUntilReplayed(g *simGateway) error {
	for {
		seq, epoch := g.seq, g.epoch
		if err := adv.ask(g); err != nil {
			return err
		}
		last := len(g.back) - 1
		lost := last >= 0 && g.back[last] == [3]int64{seq + 1, -1, 0}
		if !lost && g.epoch == epoch && !g.replay {
			return nil
		}
	}
}

// pushClock lets two gateways ask in turn while the clock of Redis runs far too fast. One has
// requests that are on their way for long, those of the other arrive at once. Each answer is later
// than its request was sent, and must not push ledger time on.
func (adv *adversary) pushClock() error {
	slow, fast := adv.start(), adv.start()
	if err := adv.settle(); err != nil {
		return err
	}
	ask := func(g *simGateway, sent int64) (int64, error) {
		g.seq++
		q := adv.request(g)
		g.anchor.ask(q, g.clock(sent))
		a, err := adv.serve(q)
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

// operate does what an operator may: it grants extra calls, takes them back, or forgets what was
// used.
func (adv *adversary) operate() error {
	if err := adv.useAndCheck(); err != nil {
		return err
	}
	e := entry{key: adv.key}
	switch adv.chance(4) {
	case 0:
	case 1:
		e.Op = "forget"
		adv.now++ // calls until now are before it
	default:
		calls := int64(adv.chance(2) * adv.chance(20))
		ends := adv.now + 1 + int64(adv.chance(60_000*(1+59*adv.chance(2))))
		e.Op, e.Extra = "raise", &[3]int64{0, calls, ends}
	}
	if _, err := adv.operateOn(e); err != nil {
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

// raised is the rule of a moment with the most extra calls that may be used then: those in force,
// and those that were replaced within the lease before.
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
