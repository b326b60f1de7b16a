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

// An itemSet is what a triple may have.
type itemSet struct {
	items []Item   // as E227 lists them
	kods  []string // their codes, sorted, each once
}

// has reports whether the item is in the set; a nil set has none.
func (r *itemSet) has(kod []byte) bool { return r != nil && has(r.kods, kod) }

// sort orders the items as E227 does, and the codes by themselves, each once.
func (r *itemSet) sort() {
	slices.SortFunc(r.items, func(x, y Item) int {
		return cmp.Or(cmp.Compare(x.KodRpp, y.KodRpp), cmp.Compare(x.Kod, y.Kod))
	})
	r.items = slices.Compact(r.items)
	slices.Sort(r.kods)
	r.kods = slices.Compact(r.kods)
}

// newItemSet makes a set of items in any order; duplicates count once.
func newItemSet(items []Item) itemSet {
	r := itemSet{items: slices.Clone(items)}
	for _, item := range items {
		r.kods = append(r.kods, item.Kod)
	}
	r.sort()
	return r
}

// A sharedSet is an item set with a count of its users. Millions of triples share a
// few hundred sets, so each is kept once.
type sharedSet struct {
	itemSet
	text string // the items, in their order
	uses int
}

// sharedSets are the sets in use, by their text.
type sharedSets map[string]*sharedSet

// take returns the set of these items, for one more row.
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

// release gives the set of one row back.
func (s sharedSets) release(set *sharedSet) {
	if set.uses--; set.uses == 0 {
		delete(s, set.text)
	}
}
