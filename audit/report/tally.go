package report

import (
	"cmp"
	"slices"
	"strings"

	"brana/audit"
	"brana/audit/query"
	"brana/egon"
)

// Sums are uses by their endings. Calls is the sum of the others.
type Sums struct {
	Calls      int64 `json:"calls"`
	Answered   int64 `json:"answered"`
	Failed     int64 `json:"failed"`
	Refused    int64 `json:"refused"`
	Broken     int64 `json:"broken"`
	Unfinished int64 `json:"unfinished"`
}

func (s *Sums) add(e ending) {
	s.Calls++
	switch e {
	case answered:
		s.Answered++
	case failed:
		s.Failed++
	case refused:
		s.Refused++
	case broken:
		s.Broken++
	case unfinished:
		s.Unfinished++
	}
}

// A Count is how many calls a word has, as the kind of a refusal.
type Count struct {
	Word  string `json:"word"`
	Calls int64  `json:"calls"`
}

// An Item is a word of SeznamUdaju or of replies, and how many calls asked for it, were refused
// because of it, and got it back.
type Item struct {
	Word        string `json:"word"`
	Asked       int64  `json:"asked"`
	Refused     int64  `json:"refused"`
	Returned    int64  `json:"returned"`
	Unpermitted int64  `json:"unpermitted"` // of those returned

	Edits
}

// Edits are how many calls the gateway changed because of an item, or would have changed.
type Edits struct {
	Removed     int64 `json:"removed"`      // from the request
	WouldRemove int64 `json:"would_remove"` // what the bus would remove
	Filled      int64 `json:"filled"`       // into the request
	Filtered    int64 `json:"filtered"`     // out of the answer
}

func (e *Edits) merge(o *Edits) {
	e.Removed += o.Removed
	e.WouldRemove += o.WouldRemove
	e.Filled += o.Filled
	e.Filtered += o.Filtered
}

// edited reports whether any of the items has edits.
func edited(list []Item) bool {
	return slices.ContainsFunc(list, func(i Item) bool { return i.Edits != Edits{} })
}

// Others is the word under which a table counts what comes after it is full.
const Others = "…"

// mostWords is the number of words that a table counts apart. Refused calls may hold any words,
// so a table that took them all would grow with them.
const mostWords = 1000

// words counts values by words, mostWords of them apart.
type words[V any] map[string]*V

func (w words[V]) at(word string) *V {
	if v := w[word]; v != nil {
		return v
	}
	if len(w) >= mostWords {
		word = Others
		if v := w[word]; v != nil {
			return v
		}
	}
	v := new(V)
	w[strings.Clone(word)] = v // a word of a record is a part of its line
	return v
}

// A tally sums uses.
type tally struct {
	Sums
	refusals words[int64]
	items    words[Item]
}

func newTally() tally { return tally{refusals: words[int64]{}, items: words[Item]{}} }

func (t *tally) add(u *query.Use, outcome string, end ending) {
	t.Sums.add(end)
	if end == refused {
		*t.refusals.at(outcome)++
	}
	for i, word := range u.Call.Asked {
		if !slices.Contains(u.Call.Asked[:i], word) { // a caller may have written it twice
			t.items.at(word).Asked++
		}
	}
	if d := u.Call.Decision; d != nil {
		t.decision(d)
	}
	results(u, func(r *audit.Record) {
		for _, word := range r.Returned {
			t.items.at(word).Returned++
		}
		for _, word := range r.Unpermitted {
			t.items.at(word).Unpermitted++
		}
		for _, word := range r.Filtered {
			t.items.at(word).Filtered++
		}
	})
}

func (t *tally) decision(d *audit.RecordedDecision) {
	for i := range d.Refused {
		t.items.at(d.Refused[i].Word).Refused++
	}
	for i := range d.Removed {
		t.items.at(d.Removed[i].Word).Removed++
	}
	for i := range d.WouldRemove {
		t.items.at(d.WouldRemove[i].Word).WouldRemove++
	}
	for _, word := range d.Filled {
		t.items.at(word).Filled++
	}
}

// merge adds the sums of another tally.
func (t *tally) merge(o *tally) {
	t.Sums = Sums{
		Calls:      t.Calls + o.Calls,
		Answered:   t.Answered + o.Answered,
		Failed:     t.Failed + o.Failed,
		Refused:    t.Refused + o.Refused,
		Broken:     t.Broken + o.Broken,
		Unfinished: t.Unfinished + o.Unfinished,
	}
	for word, n := range o.refusals {
		*t.refusals.at(word) += *n
	}
	for word, one := range o.items {
		item := t.items.at(word)
		item.Asked += one.Asked
		item.Refused += one.Refused
		item.Returned += one.Returned
		item.Unpermitted += one.Unpermitted
		item.Edits.merge(&one.Edits)
	}
}

// Totals are the sums over all callers.
type Totals struct {
	Sums
	Refusals []Count `json:"refusals"`
	Items    []Item  `json:"items"`
}

// totals returns the sums as they are shown.
func (t *tally) totals() Totals {
	return Totals{Sums: t.Sums, Refusals: sorted(t.refusals), Items: t.itemList()}
}

// sorted returns words and their counts, the most frequent first.
func sorted(counts words[int64]) []Count {
	list := make([]Count, 0, len(counts))
	for word, n := range counts {
		list = append(list, Count{word, *n})
	}
	slices.SortFunc(list, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Word, b.Word))
	})
	return list
}

// itemList returns the items, the most returned first.
func (t *tally) itemList() []Item {
	list := make([]Item, 0, len(t.items))
	for word, item := range t.items {
		if _, control := egon.ParseControl(word); !control {
			item.Word = word
			list = append(list, *item)
		}
	}
	slices.SortFunc(list, func(a, b Item) int {
		return cmp.Or(cmp.Compare(b.Returned, a.Returned), cmp.Compare(b.Asked, a.Asked),
			cmp.Compare(b.Refused, a.Refused), cmp.Compare(a.Word, b.Word))
	})
	return list
}
