package ledger

import (
	"fmt"

	"brana/limits/limitstest"
)

// learnsFirst: a ledger that lost its memory grants nothing before it has learned what gateways
// know. It waits for gateways that announce a replay, and for silent ones no longer than for any
// other.
func learnsFirst(l testLedger, chance limitstest.Chance) error {
	adv := newAdversary(l, chance, "loss")
	asks, replays := adv.start(), adv.start()
	if err := adv.settle(); err != nil {
		return err
	}
	l.flush()
	adv.fence++
	// The replay is announced for some seconds. Then the gateway says that it is done, or
	// nothing.
	seconds, silent := 12+chance(20), chance(2) == 0
	for second := 0; second < seconds+14; second++ {
		if second < seconds || !silent && second < seconds+1 {
			if _, err := adv.askOne(replays, second < seconds); err != nil {
				return err
			}
		}
		a, err := adv.askOne(asks, false)
		if err != nil {
			return err
		}
		shut := seconds
		if silent {
			shut += 11 // a silent gateway is waited for
		}
		switch open := !a.learning; {
		case open && second < shut || a.allotments[0].permits > 0 && !open:
			return fmt.Errorf("open %d seconds after a loss, %v granted; replay for %d, silent then: %v",
				second, a.allotments[0].permits, seconds, silent)
		case !open && second > shut+1:
			return fmt.Errorf("shut %d seconds after a loss; replay for %d, silent then: %v",
				second, seconds, silent)
		}
		adv.now += 1000
	}
	return nil
}

// askOne asks for one permit and one slot; announces says that more is to be replayed.
func (adv *adversary) askOne(g *simGateway, announces bool) (answer, error) {
	g.seq++
	q := adv.request(g)
	q.Replaying = announces
	q.Entries = []entry{{
		key:  adv.key,
		Rule: [3]int64{adv.rule.Working, adv.rule.Off, int64(adv.rule.Concurrent)},
		Need: 1, Slots: 1, Life: 1000,
	}}
	g.anchor.ask(q, g.clock(adv.now))
	a, err := adv.serve(q)
	if err == nil {
		adv.applyHead(g, q, adv.now, &a)
	}
	return a, err
}
