package policy

import (
	"slices"
	"time"

	"brana/egon"
)

// A Verdict is the kind of a [Decision]. The zero Verdict is a refusal.
type Verdict uint8

// The verdicts.
const (
	NotGranted            Verdict = iota // no valid grant of this service to this quadruple; see Reason
	ItemUnknown                          // the grant stands, words of the request are no items
	ItemNotPermitted                     // the grant stands, items of the request are beyond it
	ParameterNotPermitted                // all items are permitted, a parameter is not
	RowUnavailable                       // the items need the row of the caller's triple, which has to be fetched first; see [Rows.Await]
	Granted
)

// A Decision answers whether a request may be made. Being refused is an answer,
// not an error.
type Decision struct {
	Verdict Verdict
	Version string    // of the snapshot that decided
	Limits  Limits    // of the grant; zero unless the quadruple has one that is valid now
	Grant   *Grant    // the grant it rests on, or whose validity is amiss; nil when there is none
	Refused []Refusal // items or parameters, each once, in the order of the request
	Reason  Reason    // NotGranted only: why
	Row     Freshness // of the row that the decision rests on; Fresh when it rests on none
	Hint    string    // the id that Reason names as it would be right, when only its case or its leading zeros differ
}

// A Refusal is one item or parameter that is not permitted.
type Refusal struct {
	Word    string
	Hint    string // the word as it would be right when only its case is wrong, otherwise empty
	Input   bool   // the right is needed for a search input; nobody asked for the item itself
	Unknown bool   // it is no item: see [egon.UnknownItem]; and no grant and no row of a matrix file has it
}

// Decide answers whether the request may be made at this moment. It does no
// I/O, and does not allocate when it grants. Whether the request is well made
// is not its business.
func (s *Snapshot) Decide(h *egon.Head, now time.Time) Decision {
	d := Decision{Version: s.version, Row: Fresh}
	i := &h.Info
	if len(i.Ais) == 0 {
		d.Reason = AisMissing
		return d
	}
	grants := s.byCaller[caller{string(i.Agenda), string(i.AgendovaRole), string(i.Ovm), string(i.Ais)}]
	if len(grants) == 0 {
		d.Reason, d.Hint = s.unknown(callerOf(h.Quadruple()))
		return d
	}
	if d.Grant, d.Reason = current(grants, now); d.Reason != NoReason {
		return d
	}
	d.Limits = d.Grant.Limits
	if !d.Grant.covers(h.Service) {
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
	r := rights{grant: d.Grant, row: row, words: s.words}
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
// caller's triple can give. It allocates nothing.
func (d *Decision) RestsOnRow(h *egon.Head) bool {
	if h.Media != nil && len(h.Media.Kind.SearchItems()) > 0 {
		return true
	}
	for _, w := range h.Items {
		switch sourceOf(w.Text) {
		case matrixOnly:
			return true
		case anySource:
			if !h.Service.ReadsAiseo() && (d.Grant == nil || !d.Grant.has(w.Text)) {
				return true
			}
		}
	}
	return false
}

// rights are what one caller has: by its grant, and by the row of its triple,
// which may be nil. words are items beyond the vocabulary that somebody has.
type rights struct {
	grant *Grant
	row   *itemSet
	words map[string]bool
}

// permits says whether an item word may be asked of a service (e198 rules
// 2.11). A word that the vocabulary does not have is the evidence's own where
// the service reads AISEO, and then the matrix does not give it.
func (r rights) permits(s *egon.Service, word []byte) bool {
	switch sourceOf(word) {
	case controlWord:
		return true
	case matrixOnly:
		return r.row.has(word)
	case grantOnly:
		return r.grant.has(word)
	default:
		return r.grant.has(word) || !s.ReadsAiseo() && r.row.has(word)
	}
}

// mostHints bounds the work on a request that lists thousands of wrong words:
// the items after so many are named without a hint.
const mostHints = 32

// refusedItems returns the items asked for that are not permitted, then the
// items whose rights the search inputs need and that are not permitted either.
func (r rights) refusedItems(h *egon.Head) []Refusal {
	var refused []Refusal
	var seen map[string]bool
	refuse := func(word string, input bool) {
		if seen == nil {
			seen = make(map[string]bool)
		}
		if !seen[word] {
			seen[word] = true
			one := Refusal{Word: word, Input: input,
				Unknown: sourceOf(word) == anySource && !r.words[word] && egon.UnknownItem(h.Service, word)}
			if len(refused) < mostHints {
				one.Hint = r.nearMiss(word)
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

// refusedParameters returns the parameters of E198 that are used without right.
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
	return append(refused, Refusal{Word: name})
}

// nearMiss returns the word that differs from this one only in case: of the
// vocabulary, or of what this caller has.
func (r rights) nearMiss(word string) string {
	near := egon.NearMiss(word)
	if near == "" && len(r.grant.Items) > 0 {
		near = egon.NearMiss(word, r.grant.Items...)
	}
	if near == "" && r.row != nil {
		near = egon.NearMiss(word, r.row.kods...)
	}
	return near
}
