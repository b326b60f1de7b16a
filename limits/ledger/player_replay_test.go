package ledger

import (
	"errors"
	"fmt"
	"slices"

	"brana/limits"
)

// tell replays what a gateway knows.
func (p *player) tell(g *played, e *entry) {
	e.Born, e.Net = g.born, &limits.Counts{g.net[0], g.net[1]}
	g.journal.Sweep(p.now + p.skew - 90_000_000)
	for _, b := range g.journal.Buckets {
		e.Journal = append(e.Journal, [3]int64{b.Leaves, b.Calls[0], b.Calls[1]})
	}
	for _, l := range g.open {
		e.Leases = append(e.Leases, [4]int64{l.seq, l.permits, l.leaves, int64(l.in)})
	}
	if g.heard > 0 && p.now-g.heard <= leaseMillis {
		e.Seen = &[3]int64{g.seen[0], g.seen[1], g.seen[2]}
	}
}

// close closes the leases of a gateway that are over at a moment: what was used of them is known from now on.
func (p *player) close(g *played, now int64) {
	g.open = slices.DeleteFunc(g.open, func(l opened) bool {
		if l.last > now {
			return false
		}
		g.net[l.in] += l.used
		if l.used > 0 {
			g.journal.Charge(l.leaves, only(l.in, l.used))
		}
		if back := [3]int64{l.seq, l.permits - l.used, int64(l.in)}; p.chance(3) == 0 {
			g.kept = append(g.kept, back)
		} else {
			g.back = append(g.back, back)
		}
		return true
	})
}

// vanish notes, when the ledger forgets, what was seen counted and may not be told of: permits of answers that were lost,
// and calls that leave the hour before all has been told.
func (p *player) vanish() {
	leaves := func(at, calls int64) {
		if p.now-leaseMillis < at && at <= p.now+leaseMillis {
			p.vanished += calls
		}
	}
	for _, g := range p.gateways {
		for _, b := range g.journal.Buckets {
			leaves(b.Leaves, b.Calls[0]+b.Calls[1])
		}
		for _, l := range g.open {
			leaves(l.leaves, l.permits)
		}
		for _, permits := range g.unheard {
			p.vanished += permits
		}
	}
}

// counted holds the ledger to what gateways know of: it counts what they used, what they may use of leases that are open,
// what they have not given back yet, and what others saw counted that nobody could tell of.
func (p *player) counted() error {
	y, _, err := p.ledger.operate(&request{Operator: true, Settled: true, Time: p.now + p.skew, Fence: fmt.Sprint("f", p.fence), Entries: []entry{{key: p.key}}})
	if errors.Is(err, limits.ErrLearning) {
		return nil
	}
	if err != nil {
		return err
	}
	known := p.vanished
	for _, g := range p.gateways {
		for _, b := range g.journal.Buckets {
			if b.Leaves > p.now-2*leaseMillis {
				known += b.Calls[0] + b.Calls[1]
			}
		}
		for _, l := range g.open {
			known += l.permits
		}
		for _, back := range append(slices.Clone(g.back), g.kept...) {
			known += max(0, back[1])
		}
		for _, permits := range g.unheard {
			known += permits
		}
	}
	if y.Sweep(p.now); y.Counts[0]+y.Counts[1] > known {
		return fmt.Errorf("%v are counted, gateways know of %d", y.Counts, known)
	}
	return nil
}

// giveBack lets all gateways give back what they have, when it is over.
func (p *player) giveBack() error {
	p.quiet = true
	defer func() { p.quiet = false }()
	for range 3 {
		p.now += leaseMillis
		for _, g := range p.gateways {
			if err := p.ask(g); err != nil {
				return err
			}
			g.back, g.kept = append(g.back, g.kept...), nil
		}
	}
	return nil
}

// rest holds exactly what gateways used to be counted when all has been given back.
func (p *player) rest() error {
	if err := p.giveBack(); err != nil {
		return err
	}
	for _, g := range p.gateways {
		if len(g.open)+len(g.back)+len(g.unheard) > 0 {
			return fmt.Errorf("%s still has leases %v, returns %v and %v", g.name, g.open, g.back, g.unheard)
		}
	}
	return p.counted()
}
