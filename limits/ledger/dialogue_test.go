package ledger

import (
	"errors"
	"fmt"
	"time"

	"brana/limits"
	"brana/limits/limitstest"
)

// talk is what settled gateways say to a ledger about one caller, word by word: for mistakes that a player finds by luck
// alone.
type dialogue struct {
	ledger testLedger
	now    int64
	seqs   map[string]int64
	epoch  int64
}

func newDialogue(s testLedger, chance limitstest.Chance) *dialogue {
	return &dialogue{ledger: s, now: 1_700_000_000_000 + int64(chance(100_000)), seqs: map[string]int64{}}
}

func (t *dialogue) after(d time.Duration) { t.now += d.Milliseconds() }

// write is a request that is not sent yet.
func (t *dialogue) write(gateway string, e entry) *request {
	e.key, e.Rule, e.Life = limits.KeyOf("talk"), [3]int64{100, 100, 10}, time.Minute.Milliseconds()
	t.seqs[gateway]++
	return &request{Gateway: gateway, Seq: t.seqs[gateway], Epoch: t.epoch, Trust: true, Policy: "p", Settled: true, Entries: []entry{e}}
}

func (t *dialogue) send(q *request) (g allotment, err error) {
	q.Time, q.Bound, q.Least, q.Fence = t.now, t.now, t.now, "f"
	a, err := t.ledger.serve(q)
	if err != nil {
		return g, err
	}
	t.epoch = max(t.epoch, a.epoch)
	return a.allotments[0], nil
}

func (t *dialogue) say(gateway string, e entry) (allotment, error) {
	return t.send(t.write(gateway, e))
}

// lateRequest: what a gateway asked before it asked for more arrives long after that, and takes nothing of it away.
func lateRequest(s testLedger, chance limitstest.Chance) error {
	t := newDialogue(s, chance)
	late := t.write("a", entry{Slots: int64(chance(3))})
	all, err := t.say("a", entry{Slots: 10})
	if err != nil {
		return err
	}
	if pause := chance(2) * 61; pause > 0 { // the ledger does not know the gateway any more
		t.after(time.Duration(pause) * time.Second)
		if _, err := t.say("c", entry{}); err != nil {
			return err
		}
	}
	if _, err := t.send(late); err != nil && !errors.Is(err, errStale) {
		return err
	}
	if g, err := t.say("b", entry{Slots: 10}); err != nil || all.slots+g.slots > 10 {
		return fmt.Errorf("%d and %d slots of 10, %w", all.slots, g.slots, err)
	}
	return nil
}

// lastCountSeen: of what gateways have seen counted before a loss, the last is right, whoever tells first.
func lastCountSeen(s testLedger, chance limitstest.Chance) error {
	t := newDialogue(s, chance)
	got, err := t.say("a", entry{Need: 10, Slots: 10})
	if err != nil {
		return err
	}
	early, err := t.say("b", entry{Slots: 1})
	if err != nil {
		return err
	}
	last, err := t.say("a", entry{Back: [][3]int64{{1, 6, 0}}})
	if err != nil {
		return err
	}
	s.flush()
	used := limits.Counts{got.permits - 6, 0}
	tells := map[string]entry{
		"a": {Born: 1, Net: &used, Journal: [][3]int64{{got.leaves, used[0], 0}}, Seen: &[3]int64{last.counts[0], 0, last.at}},
		"b": {Born: 1, Net: &limits.Counts{}, Seen: &[3]int64{early.counts[0], 0, early.at}},
	}
	for i, first := 0, chance(2); i < 2; i++ {
		name := []string{"a", "b"}[(i+first)%2]
		if _, err := t.say(name, tells[name]); err != nil {
			return err
		}
	}
	t.after(13 * time.Second)
	if g, err := t.say("b", entry{}); err != nil || g.counts != used {
		return fmt.Errorf("%v counted, %v used, %w", g.counts, used, err)
	}
	return nil
}

// beginsAnew: a gateway that has forgotten a caller begins to count anew. A ledger whose memory is of before does not take
// the old calls for the new ones.
func beginsAnew(s testLedger, chance limitstest.Chance) error {
	t := newDialogue(s, chance)
	old := int64(1 + chance(5))
	if _, err := t.say("a", entry{Born: 1, Net: &limits.Counts{}, Need: old, Slots: 10}); err != nil {
		return err
	}
	if _, err := t.say("a", entry{Back: [][3]int64{{1, 0, 0}}}); err != nil {
		return err
	}
	s.save()
	t.after(forgetAfter + time.Minute)
	got, err := t.say("a", entry{Born: 3, Net: &limits.Counts{}, Need: 4, Slots: 10})
	if err != nil {
		return err
	}
	if _, err := t.say("a", entry{Back: [][3]int64{{3, 0, 0}}}); err != nil {
		return err
	}
	s.restore()
	t.epoch++ // another life of the ledger, which somebody has seen
	if _, err := t.say("a", entry{Born: 3, Net: &limits.Counts{4, 0}, Journal: [][3]int64{{got.leaves, 4, 0}}}); err != nil {
		return err
	}
	t.after(13 * time.Second)
	if g, err := t.say("a", entry{}); err != nil || g.counts != (limits.Counts{4, 0}) {
		return fmt.Errorf("%v counted, 4 used, %w", g.counts, err)
	}
	return nil
}
