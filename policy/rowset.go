package policy

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"slices"
)

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

// A rowSum identifies the content of rows, whatever their order: the sum of the
// digests of each of them.
type contentSum struct {
	high, low uint64
}

func (s contentSum) add(t contentSum) contentSum {
	low, carry := bits.Add64(s.low, t.low, 0)
	high, _ := bits.Add64(s.high, t.high, carry)
	return contentSum{high, low}
}

func (s contentSum) less(t contentSum) contentSum {
	low, borrow := bits.Sub64(s.low, t.low, 0)
	high, _ := bits.Sub64(s.high, t.high, borrow)
	return contentSum{high, low}
}

// sumOf is the digest of one row.
func sumOf(t Triple, set *sharedSet) contentSum {
	var text []byte
	for _, code := range []string{t.Agenda, t.Role, t.Ovm} {
		text = append(append(text, code...), 0)
	}
	digest := sha256.Sum256(append(text, set.text...))
	return contentSum{binary.LittleEndian.Uint64(digest[:8]), binary.LittleEndian.Uint64(digest[8:16])}
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
