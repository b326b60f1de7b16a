package egon

import (
	"iter"
	"math/bits"
	"slices"
	"unicode/utf8"

	"brana/egon/xmltext"
)

// Returned is the set of items that a reply held: with a value, in any of its persons. An
// element of a person that is no known item is in it by its name. The zero value is empty.
// A Returned borrows nothing and may be copied.
type Returned struct {
	words   [maxItemWords / 64]uint64 // by the index of each word in the table
	unknown [maxUnknown]unknownName
	names   uint8 // of unknown
	cut     bool  // there were more names
}

// Bounds of a [Returned]. What a registry sends must not make a record longer.
const (
	maxItemWords     = 256
	maxUnknown       = 8
	maxUnknownBytes  = 40
	unknownMark      = "?"
	cutMark          = "…"
	moreUnknownNames = unknownMark + cutMark
)

// AlwaysReturned is the item that each person of ROB has in a reply, asked for or not: the
// schema makes it mandatory (RobDotazyData, Osoba). It is the number of the person in the
// message, so it needs no right to come back.
const AlwaysReturned = "Aifo"

// An unknownName is the beginning of a local name.
type unknownName struct {
	text [maxUnknownBytes]byte
	size uint8
	cut  bool
}

func (n *unknownName) String() string {
	s := unknownMark + string(n.text[:n.size])
	if n.cut {
		s += cutMark
	}
	return s
}

// Add adds an item by its word. A word that no reply can hold is added as an unknown name.
func (r *Returned) Add(word string) {
	if i, ok := replies().index[word]; ok {
		r.add(i)
		return
	}
	r.addUnknown([]byte(word))
}

func (r *Returned) add(index int) { r.words[index/64] |= 1 << (index % 64) }

// addUnknown adds an element that is no known item.
func (r *Returned) addUnknown(local []byte) {
	var n unknownName
	end := len(local)
	if end > maxUnknownBytes {
		for end = maxUnknownBytes; end > 0 && !utf8.RuneStart(local[end]); end-- {
		}
		n.cut = true
	}
	n.size = uint8(copy(n.text[:], local[:end]))
	switch {
	case slices.Contains(r.unknown[:r.names], n):
	case r.names < maxUnknown:
		r.unknown[r.names] = n
		r.names++
	default:
		r.cut = true
	}
}

// addPerson adds the items of a person in ROB's answer to O08, of the children that keep
// reports true of.
func (r *Returned) addPerson(osoba *xmltext.Node, keep func(*xmltext.Node) bool) {
	for _, n := range osoba.Children {
		row := replies().records["rob-osoba"].byName[n.Local]
		if row != nil && row.is == isItem && keep(n) && hasValue(n) {
			r.add(row.word)
		}
	}
}

// hasValue reports whether an element has text in it, or any element inside has.
func hasValue(n *xmltext.Node) bool {
	return !blank([]byte(n.Text)) || slices.ContainsFunc(n.Children, hasValue)
}

// Merge adds all of another set.
func (r *Returned) Merge(other *Returned) {
	for i, w := range other.words {
		r.words[i] |= w
	}
	for i := range other.unknown[:other.names] {
		r.addUnknown(other.unknown[i].whole())
	}
	r.cut = r.cut || other.cut
}

// whole returns what addUnknown makes the same name of.
func (n *unknownName) whole() []byte {
	if n.cut {
		return append(n.text[:n.size:n.size], cutMark...)
	}
	return n.text[:n.size]
}

// Empty reports whether there is no item in the set.
func (r *Returned) Empty() bool { return *r == Returned{} }

// Words returns the words in the order of the table, then ?name for each element that is
// no known item, and ?… when there were more of these than eight. A name of more than 40
// bytes is cut and ends with …. Known words need no memory.
func (r *Returned) Words() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i, w := range r.words {
			for ; w != 0; w &= w - 1 {
				if !yield(replies().words[i*64+bits.TrailingZeros64(w)]) {
					return
				}
			}
		}
		for i := range r.unknown[:r.names] {
			if !yield(r.unknown[i].String()) {
				return
			}
		}
		if r.cut {
			yield(moreUnknownNames)
		}
	}
}

// IsUnknownName reports whether a word of [Returned.Words] is an element that is no known
// item.
func IsUnknownName(word string) bool { return word[0] == unknownMark[0] }

// ReturnedWords returns all words of items that a reply can hold, in the order of the
// table. The slice is shared and must not be changed.
func ReturnedWords() []string { return replies().words }
