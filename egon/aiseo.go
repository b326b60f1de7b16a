package egon

import (
	"slices"
	"sync"
)

// aiseoItems is built once and never changed.
var aiseoItems = sync.OnceValue(func() []string {
	seen := map[*replyPlace]bool{}
	var words []string
	var learn func(*replyPlace)
	learn = func(p *replyPlace) {
		if p == nil || seen[p] {
			return
		}
		seen[p] = true
		for _, row := range p.rows {
			switch row.is {
			case isItem:
				words = append(words, replies().words[row.word])
			case isPlace:
				learn(row.inside)
			}
		}
	}
	for name, root := range replies().roots {
		if s := replyOf(name); s != nil && s.ReadsAiseo() {
			learn(root)
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
})

// AiseoItems returns the items of AISEO in alphabetical order: the elements of a person that
// the services of AISEO return, by their schemas. AISEO has no enumeration of its own. The
// slice is shared and must not be changed.
func AiseoItems() []string { return aiseoItems() }

// IsAiseoItem reports whether a word is an item of AISEO. It may be an item of ROB by the
// same word.
func IsAiseoItem(word string) bool {
	_, found := slices.BinarySearch(aiseoItems(), word)
	return found
}
