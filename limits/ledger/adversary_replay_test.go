package ledger

import (
	"errors"
	"fmt"
	"slices"

	"brana/limits"
)

// replay adds to an entry what a gateway knows.
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

// closeLeases closes the leases of a gateway that are over at a moment. They are given back with
// the next request, or much later.
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

// noteLoss adds, at a loss, the permits that a gateway may have seen counted and that none will
// report: those of lost answers, and calls that leave the hour before the replays are complete.
func (adv *adversary) noteLoss() {
	add := func(at, calls int64) {
		if adv.now-leaseMillis < at && at <= adv.now+leaseMillis {
			adv.unaccounted += calls
		}
	}
	for _, g := range adv.gateways {
		for _, b := range g.journal.Buckets {
			add(b.Leaves, b.Calls[0]+b.Calls[1])
		}
		for _, l := range g.open {
			add(l.leaves, l.permits)
		}
		for _, permits := range g.lostAnswers {
			adv.unaccounted += permits
		}
	}
}

// checkCount fails if the ledger counts more than gateways know of: what they used, their open
// leases, what they have not given back yet, and what is unaccounted for. A replay takes the newest
// calls of a gateway for those that an older memory lacks. So a call may count for longer, by as much
// as the leases were apart that were open in that memory.
func (adv *adversary) checkCount() error {
	y, err := adv.operateOn(entry{key: adv.key})
	if errors.Is(err, limits.ErrLearning) {
		return nil
	}
	if err != nil {
		return err
	}
	known := adv.unaccounted
	for _, g := range adv.gateways {
		for _, b := range g.journal.Buckets {
			if b.Leaves > adv.now-2*leaseMillis-adv.spread {
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

// giveBack lets all gateways give back their leases when these are over.
func (adv *adversary) giveBack() error {
	adv.quiet = true
	defer func() { adv.quiet, adv.gaveBackAt = false, adv.now }()
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

// checkAtEnd lets gateways give back everything. Then exactly what they used must be counted.
func (adv *adversary) checkAtEnd() error {
	if err := adv.giveBack(); err != nil {
		return err
	}
	for _, g := range adv.gateways {
		if len(g.open)+len(g.back)+len(g.lostAnswers) > 0 {
			return fmt.Errorf("%s still has leases %v, returns %v and %v",
				g.name, g.open, g.back, g.lostAnswers)
		}
	}
	return adv.checkCount()
}
