package policy

import (
	"cmp"
	"slices"
)

// An Item is one item of the matrix: its code on the bus (KodIszr) and its code
// in RPP (KodRpp), which may be empty.
type Item struct {
	Kod, KodRpp string
}

// A row is a set of items.
type itemSet struct {
	items []Item   // as E227 lists them
	kods  []string // their codes, sorted, each once
}

// has reports whether the row has the item; a nil row has none.
func (r *itemSet) has(kod []byte) bool { return r != nil && has(r.kods, kod) }

// sort puts the items in the order of E227, and the codes in theirs, each once.
func (r *itemSet) sort() {
	slices.SortFunc(r.items, func(x, y Item) int {
		return cmp.Or(cmp.Compare(x.KodRpp, y.KodRpp), cmp.Compare(x.Kod, y.Kod))
	})
	r.items = slices.Compact(r.items)
	slices.Sort(r.kods)
	r.kods = slices.Compact(r.kods)
}

// newRow makes a row of items in any order; one that is there twice is taken
// once.
func newItemSet(items []Item) itemSet {
	r := itemSet{items: slices.Clone(items)}
	for _, item := range items {
		r.kods = append(r.kods, item.Kod)
	}
	r.sort()
	return r
}

// A rowSet is the items of a row. Triples by the million share a few hundred of
// them, so each is kept once.
type sharedSet struct {
	itemSet
	text string // the items, in their order
	uses int
}

// rowSets are the sets in use, by their text.
type sharedSets map[string]*sharedSet

// take returns the set of items in any order, for one more row.
func (s sharedSets) take(items []Item) *sharedSet {
	r := newItemSet(items)
	var text []byte
	for _, item := range r.items {
		text = append(append(append(append(text, item.Kod...), 0), item.KodRpp...), 0)
	}
	set := s[string(text)]
	if set == nil {
		set = &sharedSet{itemSet: r, text: string(text)}
		s[set.text] = set
	}
	set.uses++
	return set
}

// release gives a set back for one row.
func (s sharedSets) release(set *sharedSet) {
	if set.uses--; set.uses == 0 {
		delete(s, set.text)
	}
}
