package policy

import (
	"maps"
	"slices"
	"time"

	"brana/egon"
)

// A Verdict is the kind of a [Decision]. The zero Verdict is a refusal.
type Verdict uint8

// The verdicts.
const (
	NotGranted            Verdict = iota // no valid grant of the service: see Reason
	ItemUnknown                          // granted, but words of the request are no items
	ItemNotPermitted                     // granted, but not all items of the request, or none of them
	NoItems                              // granted, but the request asks for no item: see Apply
	ParameterNotPermitted                // all items are permitted, but not all parameters
	RowUnavailable                       // the row must be fetched first: see [Rows.Await]
	Granted
)

// A Decision answers whether a request may be made. Being refused is an answer,
// not an error.
type Decision struct {
	Verdict Verdict
	Version string    // of the snapshot that decided
	Limits  Limits    // of the service by the grant; zero when it is not granted
	Grant   *Grant    // that decided, or that is not valid now; nil when there is none
	Refused []Refusal // items or parameters, each once, in the order of the request
	Reason  Reason    // NotGranted only: why
	Row     Freshness // of the row that the decision rests on; Fresh when it rests on none

	Rule    ItemRule  // of [Snapshot.Apply]
	Removed []Refusal // items that AsIszr removes from the request, or Pass would
	Filled  []string  // items that AsIszr adds to a request that lists none, sorted

	// Hint is the right form of the id that Reason names, when only its case or its
	// leading zeros are wrong.
	Hint string
}

// A Refusal is one item or parameter that is not permitted.
type Refusal struct {
	Word    string
	Hint    string // the right form of the word when only its case is wrong, otherwise empty
	Input   bool   // a search input needs the right; the request does not name the item
	Unknown bool   // no item: [egon.UnknownItem], and none by [Snapshot.Names]

	source source // what could give the right
}

// OfMatrix reports whether a row of the matrix could give the right, and no grant.
func (r *Refusal) OfMatrix() bool { return r.source == matrixOnly }

// Decide answers whether the request may be made at this moment. It does no I/O, and
// does not allocate when it grants. It does not check the form of the request.
func (s *Snapshot) Decide(h *egon.Head, now time.Time) Decision {
	d := Decision{Version: s.version, Row: Fresh}
	i := &h.Info
	if len(i.Ais) == 0 {
		d.Reason = AisMissing
		return d
	}
	// The conversions stand in the key itself, so that they allocate nothing.
	grants := s.byCaller[caller{
		string(i.Agenda), string(i.AgendovaRole), string(i.Ovm), string(i.Ais),
	}]
	if len(grants) == 0 {
		d.Reason, d.Hint = s.unknown(callerOf(h.Quadruple()))
		return d
	}
	if d.Grant, d.Reason = current(grants, now); d.Reason != NoReason {
		return d
	}
	var granted bool
	if d.Limits, granted = d.Grant.LimitsFor(h.Service); !granted {
		d.Reason = ServiceNotGranted
		return d
	}
	row, fresh := s.row(i.Agenda, i.AgendovaRole, i.Ovm, now)
	if fresh != Fresh && d.RestsOnRow(h) {
		d.Row = fresh
	}
	if d.Row < Stale {
		d.Verdict = RowUnavailable
		return d
	}
	r := rights{grant: d.Grant, row: row, policy: s}
	if d.Refused = r.refusedItems(h); slices.ContainsFunc(d.Refused, isUnknown) {
		d.Verdict = ItemUnknown
	} else if d.Refused != nil {
		d.Verdict = ItemNotPermitted
	} else if d.Refused = r.refusedParameters(h.Media); d.Refused != nil {
		d.Verdict = ParameterNotPermitted
	} else {
		d.Verdict = Granted
	}
	return d
}

func isUnknown(r Refusal) bool { return r.Unknown }

// RestsOnRow reports whether the request needs rights that only the row of the
// caller's triple can give. It does not allocate.
func (d *Decision) RestsOnRow(h *egon.Head) bool {
	if h.Media != nil && len(h.Media.Kind.SearchItems()) > 0 {
		return true
	}
	for _, word := range d.Filled {
		if sourceFor(h.Service, word) == matrixOnly {
			return true
		}
	}
	for _, w := range h.Items {
		switch sourceFor(h.Service, w.Text) {
		case matrixOnly:
			return true
		case anySource:
			if d.Grant == nil || !d.Grant.has(h.Service, w.Text) {
				return true
			}
		}
	}
	return false
}

// rights are those of one caller: by its grant, and by the row of its triple, which
// may be nil. The policy has the items beyond the vocabulary.
type rights struct {
	grant  *Grant
	row    *itemSet
	policy *Snapshot
}

// permits reports whether a service may be asked for an item (e198 rules 2.11).
func (r rights) permits(s *egon.Service, word []byte) bool {
	switch sourceFor(s, word) {
	case controlWord:
		return true
	case matrixOnly:
		return r.row.has(word)
	case grantOnly:
		return r.grant.has(s, word)
	default:
		return r.grant.has(s, word) || r.row.has(word)
	}
}

// mostHints bounds the work on a request that lists thousands of wrong words: the
// refusals after that many have no hint.
const mostHints = 32

// refusedItems returns the requested items that are not permitted, then the items that
// are not permitted and whose rights the search inputs need.
func (r rights) refusedItems(h *egon.Head) []Refusal {
	var refused []Refusal
	var seen map[string]bool
	refuse := func(word string, input bool) {
		if seen == nil {
			seen = make(map[string]bool)
		}
		if !seen[word] {
			seen[word] = true
			one := Refusal{
				Word:    word,
				Input:   input,
				Unknown: !r.policy.knows(h.Service, word) && egon.UnknownItem(h.Service, word),
				source:  sourceFor(h.Service, word),
			}
			if len(refused) < mostHints {
				one.Hint = r.nearMiss(h.Service, word)
			}
			refused = append(refused, one)
		}
	}
	for _, w := range h.Items {
		if !r.permits(h.Service, w.Text) {
			refuse(string(w.Text), false)
		}
	}
	if h.Media != nil {
		for _, item := range h.Media.Kind.SearchItems() {
			if !r.row.has([]byte(item)) {
				refuse(item, true)
			}
		}
	}
	return refused
}

// refusedParameters returns the parameters of E198 that the request uses without a
// right.
func (r rights) refusedParameters(m *egon.MediaQuery) []Refusal {
	if m == nil {
		return nil
	}
	var refused []Refusal
	if m.Photos.Used || m.Signatures.Used {
		refused = r.parameter(refused, MediaCriteria)
	}
	if m.HideLog() {
		refused = r.parameter(refused, HideLog)
	}
	return refused
}

func (r rights) parameter(refused []Refusal, name string) []Refusal {
	if slices.Contains(r.grant.Parameters, name) {
		return refused
	}
	return append(refused, Refusal{Word: name, source: grantOnly})
}

// nearMiss returns the word that differs from this one only in case: a word of the
// vocabulary, or one that this caller has.
func (r rights) nearMiss(s *egon.Service, word string) string {
	if s.ReadsAiseo() {
		return nearAiseo(word, r.policy.aiseo)
	}
	near := egon.NearMiss(word)
	if items := r.grant.wordsFor(s); near == "" && len(items) > 0 {
		near = egon.NearMiss(word, items...)
	}
	if near == "" && r.row != nil {
		near = egon.NearMiss(word, r.row.kods...)
	}
	return near
}

// nearAiseo returns the item of AISEO or the control word that differs from a word only in
// case. Further words are the policy's own.
func nearAiseo(word string, further map[string]bool) string {
	near := egon.NearMiss(word, egon.AiseoItems()...)
	if near == "" && len(further) > 0 {
		near = egon.NearMiss(word, slices.Sorted(maps.Keys(further))...)
	}
	if control := egon.NearMiss(word); near == "" && sourceOf(control) == controlWord {
		near = control
	}
	return near
}
