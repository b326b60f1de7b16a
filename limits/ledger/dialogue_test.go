package ledger

import (
	"errors"
	"fmt"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

// A dialogue is a sequence of requests of settled gateways about one caller, written out, for
// mistakes that the adversary would find by luck alone.
type dialogue struct {
	ledger testLedger
	now    int64
	seqs   map[string]int64
	epoch  int64
}

func newDialogue(l testLedger, chance limitstest.Chance) *dialogue {
	return &dialogue{ledger: l, now: epochOfTests + int64(chance(100_000)), seqs: map[string]int64{}}
}

func (d *dialogue) after(passed time.Duration) { d.now += passed.Milliseconds() }

// write is a request that is sent later.
func (d *dialogue) write(gateway string, e entry) *request {
	e.key, e.Rule, e.Life = limits.KeyOf("a"), [3]int64{100, 100, 10}, time.Minute.Milliseconds()
	d.seqs[gateway]++
	return &request{
		Gateway: gateway, Seq: d.seqs[gateway], Epoch: d.epoch, Trust: true, Settled: true,
		Policy: "p", Entries: []entry{e},
	}
}

func (d *dialogue) send(q *request) (g allotment, err error) {
	q.Bound, q.Least = d.now, d.now
	d.ledger.at(d.now, "f")
	a, err := d.ledger.serve(q)
	if err != nil {
		return g, err
	}
	d.epoch = max(d.epoch, a.epoch)
	return a.allotments[0], nil
}

func (d *dialogue) say(gateway string, e entry) (allotment, error) {
	return d.send(d.write(gateway, e))
}

// lateRequest: a request that arrives long after a later one takes nothing away from it.
func lateRequest(l testLedger, chance limitstest.Chance) error {
	d := newDialogue(l, chance)
	late := d.write("a", entry{Slots: int64(chance(3))})
	all, err := d.say("a", entry{Slots: 10})
	if err != nil {
		return err
	}
	if pause := chance(2) * 61; pause > 0 { // the shard forgets the gateway
		d.after(time.Duration(pause) * time.Second)
		if _, err := d.say("c", entry{}); err != nil {
			return err
		}
	}
	if _, err := d.send(late); err != nil && !errors.Is(err, errStale) {
		return err
	}
	if g, err := d.say("b", entry{Slots: 10}); err != nil || all.slots+g.slots > 10 {
		return fmt.Errorf("%d and %d slots of 10, %v", all.slots, g.slots, err)
	}
	return nil
}

// lastCountSeen: of the counts that gateways saw before a loss the last one holds, whichever
// gateway replays first.
func lastCountSeen(l testLedger, chance limitstest.Chance) error {
	d := newDialogue(l, chance)
	got, err := d.say("a", entry{Need: 10, Slots: 10})
	if err != nil {
		return err
	}
	early, err := d.say("b", entry{Slots: 1})
	if err != nil {
		return err
	}
	last, err := d.say("a", entry{Back: [][3]int64{{1, 6, 0}}})
	if err != nil {
		return err
	}
	l.flush()
	used := limits.Counts{got.permits - 6, 0}
	replays := map[string]entry{
		"a": {
			Born: 1, Net: &used, Journal: [][3]int64{{got.leaves, used[0], 0}},
			Seen: &[3]int64{last.counts[0], 0, last.at},
		},
		"b": {Born: 1, Net: &limits.Counts{}, Seen: &[3]int64{early.counts[0], 0, early.at}},
	}
	for i, first := 0, chance(2); i < 2; i++ {
		name := []string{"a", "b"}[(i+first)%2]
		if _, err := d.say(name, replays[name]); err != nil {
			return err
		}
	}
	d.after(13 * time.Second)
	if g, err := d.say("b", entry{}); err != nil || g.counts != used {
		return fmt.Errorf("%v counted, %v used, %v", g.counts, used, err)
	}
	return nil
}

// beginsAnew: a gateway that has forgotten a caller begins to count anew. A ledger with an older
// memory does not take the calls of before for the new ones.
func beginsAnew(l testLedger, chance limitstest.Chance) error {
	d := newDialogue(l, chance)
	old := int64(1 + chance(5))
	if _, err := d.say("a", entry{Born: 1, Net: &limits.Counts{}, Need: old, Slots: 10}); err != nil {
		return err
	}
	if _, err := d.say("a", entry{Back: [][3]int64{{1, 0, 0}}}); err != nil {
		return err
	}
	l.save()
	d.after(forgetAfter + time.Minute)
	got, err := d.say("a", entry{Born: 3, Net: &limits.Counts{}, Need: 4, Slots: 10})
	if err != nil {
		return err
	}
	if _, err := d.say("a", entry{Back: [][3]int64{{3, 0, 0}}}); err != nil {
		return err
	}
	l.restore()
	d.epoch++ // another life of the ledger, which some gateway has seen
	replay := entry{Born: 3, Net: &limits.Counts{4, 0}, Journal: [][3]int64{{got.leaves, 4, 0}}}
	if _, err := d.say("a", replay); err != nil {
		return err
	}
	d.after(13 * time.Second)
	if g, err := d.say("a", entry{}); err != nil || g.counts != (limits.Counts{4, 0}) {
		return fmt.Errorf("%v counted, 4 used, %v", g.counts, err)
	}
	return nil
}
