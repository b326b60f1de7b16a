package policy

import (
	"slices"
	"time"

	"brana/egon"
)

// Apply says what becomes of a relayed request by the rule of its route. d is what
// [Snapshot.Decide] of the same snapshot said of it, and gets the outcome: its Verdict
// is Granted when the request goes on, without the items in Removed or with those in Filled.
// Under Pass it goes on unchanged.
//
// E198 has a rule of its own (seed E198 §5): its list is checked and never changed, unless
// it may pass. Apply does no I/O, and does not allocate when all that is asked for is
// permitted.
func (s *Snapshot) Apply(rule ItemRule, h *egon.Head, d *Decision, now time.Time) {
	d.Rule = rule
	switch {
	case d.Verdict == NotGranted || d.Verdict == ParameterNotPermitted:
	case rule == Pass:
		s.pass(h, d, now)
	case h.Media != nil:
	case d.Verdict == Granted && h.Service.Reads != 0 && !asksForItems(h):
		d.Verdict = NoItems
		if rule == AsIszr {
			s.fill(h, d, now)
		}
	case d.Verdict == ItemNotPermitted && rule == AsIszr && d.leavesItems(h):
		d.Verdict, d.Removed, d.Refused = Granted, d.Refused, nil
	}
}

// pass lets a request go on with any items. Its parameters are judged still. d.Row
// says whether the row that its reply is judged by is there.
func (s *Snapshot) pass(h *egon.Head, d *Decision, now time.Time) {
	if h.Service.Reads&^egon.Granted != 0 {
		_, d.Row = s.rowFor(h, now)
	}
	if d.Verdict == Granted {
		return
	}
	d.Verdict, d.Removed = Granted, d.Refused
	if d.Refused = (rights{grant: d.Grant}).refusedParameters(h.Media); d.Refused != nil {
		d.Verdict = ParameterNotPermitted
	}
}

// fill adds all that the caller may have of the registers that the service reads, as far as
// the service can answer with it. The
// verdict is RowUnavailable when only a row that must be fetched can say what that is, and
// stays as it is when it is nothing.
func (s *Snapshot) fill(h *egon.Head, d *Decision, now time.Time) {
	r := rights{grant: d.Grant, policy: s}
	if h.Service.Reads&^egon.Granted != 0 {
		if r.row, d.Row = s.rowFor(h, now); d.Row < Stale {
			d.Verdict = RowUnavailable
			return
		}
	}
	if d.Filled = r.permitted(h.Service); d.Filled != nil {
		d.Verdict = Granted
	}
}

func (s *Snapshot) rowFor(h *egon.Head, now time.Time) (*itemSet, Freshness) {
	return s.row(h.Info.Agenda, h.Info.AgendovaRole, h.Info.Ovm, now)
}

// permitted returns the items of the registers of a service that may be asked for and that its
// reply can hold, sorted. A word of the row that is in no vocabulary is not among them: no
// source says which register has it.
func (r rights) permitted(s *egon.Service) []string {
	words := r.grant.answers(s)
	if r.row != nil {
		for _, kod := range r.row.kods {
			if of := egon.ItemRegister(kod); s.Reads.Has(of) && s.Answers(of, kod, true) {
				words = append(words, kod)
			}
		}
	}
	words = slices.DeleteFunc(words, func(word string) bool { return !r.permits(s, []byte(word)) })
	slices.Sort(words)
	if words = slices.Compact(words); len(words) == 0 {
		return nil
	}
	return words
}

// asksForItems reports whether a request lists an item. Control words ask for none.
func asksForItems(h *egon.Head) bool {
	for _, w := range h.Items {
		if sourceOf(w.Text) != controlWord {
			return true
		}
	}
	return false
}

// leavesItems reports whether the request lists an item that is not refused.
func (d *Decision) leavesItems(h *egon.Head) bool {
	for _, w := range h.Items {
		if sourceOf(w.Text) != controlWord && !isAmong(d.Refused, w.Text) {
			return true
		}
	}
	return false
}

func isAmong[T string | []byte](list []Refusal, word T) bool {
	for i := range list {
		if list[i].Word == string(word) {
			return true
		}
	}
	return false
}

// Removes reports whether the request loses a word of its list.
func (d *Decision) Removes(word []byte) bool {
	return d.Rule == AsIszr && isAmong(d.Removed, word)
}

// Asks reports whether the request, as it goes on, asks for an item. One that goes on
// without items asks for all: the bus fills the list in.
func (d *Decision) Asks(h *egon.Head, item string) bool {
	switch {
	case len(d.Filled) > 0:
		return has(d.Filled, item)
	case !asksForItems(h):
		return true
	case d.Rule == AsIszr && isAmong(d.Removed, item):
		return false
	}
	return slices.ContainsFunc(h.Items, func(w egon.Word) bool { return string(w.Text) == item })
}
