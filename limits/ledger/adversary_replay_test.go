package ledger

import (
	"errors"
	"fmt"
	"slices"

	"brana/limits"
)

// tell replays what a gateway knows.
func (adv *adversary) replay(g *simGateway, e *entry) {
	e.Born, e.Net = g.born, &limits.Counts{g.net[0], g.net[1]}
	g.journal.Sweep(adv.now + adv.skew - 90_000_000)
	for _, b := range g.journal.Buckets {
		e.Journal = append(e.Journal, [3]int64{b.Leaves, b.Calls[0], b.Calls[1]})
	}
	for _, l := range g.open {
		e.Leases = append(e.Leases, [4]int64{l.seq, l.permits, l.leaves, int64(l.in)})
	}
	if g.heard > 0 && adv.now-g.heard <= leaseMillis {
		e.Seen = &[3]int64{g.seen[0], g.seen[1], g.seen[2]}
	}
}

// close closes the leases of a gateway that are over at a moment: what was used of them is known from now on.
func (adv *adversary) closeLeases(g *simGateway, now int64) {
	g.open = slices.DeleteFunc(g.open, func(l openLease) bool {
		if l.last > now {
			return false
		}
		g.net[l.in] += l.used
		if l.used > 0 {
			g.journal.Charge(l.leaves, only(l.in, l.used))
		}
		if back := [3]int64{l.seq, l.permits - l.used, int64(l.in)}; adv.chance(3) == 0 {
			g.heldBack = append(g.heldBack, back)
		} else {
			g.back = append(g.back, back)
		}
		return true
	})
}

// vanish notes, when the ledger forgets, what was seen counted and may not be told of: permits of answers that were lost,
// and calls that leave the hour before all has been told.
func (adv *adversary) noteLoss() {
	leaves := func(at, calls int64) {
		if adv.now-leaseMillis < at && at <= adv.now+leaseMillis {
			adv.unaccounted += calls
		}
	}
	for _, g := range adv.gateways {
		for _, b := range g.journal.Buckets {
			leaves(b.Leaves, b.Calls[0]+b.Calls[1])
		}
		for _, l := range g.open {
			leaves(l.leaves, l.permits)
		}
		for _, permits := range g.lostAnswers {
			adv.unaccounted += permits
		}
	}
}

// counted holds the ledger to what gateways know of: it counts what they used, what they may use of leases that are open,
// what they have not given back yet, and what others saw counted that nobody could tell of.
func (adv *adversary) checkCount() error {
	y, _, err := adv.ledger.operate(&request{Operator: true, Settled: true, Time: adv.now + adv.skew, Fence: fmt.Sprint("f", adv.fence), Entries: []entry{{key: adv.key}}})
	if errors.Is(err, limits.ErrLearning) {
		return nil
	}
	if err != nil {
		return err
	}
	known := adv.unaccounted
	for _, g := range adv.gateways {
		for _, b := range g.journal.Buckets {
			if b.Leaves > adv.now-2*leaseMillis {
				known += b.Calls[0] + b.Calls[1]
			}
		}
		for _, l := range g.open {
			known += l.permits
		}
		for _, back := range append(slices.Clone(g.back), g.heldBack...) {
			known += max(0, back[1])
		}
		for _, permits := range g.lostAnswers {
			known += permits
		}
	}
	if y.Sweep(adv.now); y.Counts[0]+y.Counts[1] > known {
		return fmt.Errorf("%v are counted, gateways know of %d", y.Counts, known)
	}
	return nil
}

// giveBack lets all gateways give back what they have, when it is over.
func (adv *adversary) giveBack() error {
	adv.quiet = true
	defer func() { adv.quiet = false }()
	for range 3 {
		adv.now += leaseMillis
		for _, g := range adv.gateways {
			if err := adv.ask(g); err != nil {
				return err
			}
			g.back, g.heldBack = append(g.back, g.heldBack...), nil
		}
	}
	return nil
}

// rest holds exactly what gateways used to be counted when all has been given back.
func (adv *adversary) checkAtEnd() error {
	if err := adv.giveBack(); err != nil {
		return err
	}
	for _, g := range adv.gateways {
		if len(g.open)+len(g.back)+len(g.lostAnswers) > 0 {
			return fmt.Errorf("%s still has leases %v, returns %v and %v", g.name, g.open, g.back, g.lostAnswers)
		}
	}
	return adv.checkCount()
}
