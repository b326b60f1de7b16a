package egon

import "sync"

// ComesUnasked reports whether a reply of a service may hold an item for which the request
// did not ask: the schema demands it in a record, or the item is in a list of those that
// were verified, or no source says its word.
func ComesUnasked(s *Service, word string) bool {
	i, known := replies().index[word]
	set := unasked()[s.replyName()]
	return known && set != nil && set.has(i)
}

// unasked are the items that come unasked, by the name of the reply.
var unasked = sync.OnceValue(func() map[string]*wordSet {
	all := map[string]*wordSet{}
	for name, root := range replies().roots {
		all[name] = &wordSet{}
		root.addUnasked(all[name], map[*replyPlace]bool{replies().ofReplies: true})
	}
	return all
})

// addUnasked adds the items that come unasked in p and the places in it.
func (p *replyPlace) addUnasked(set *wordSet, seen map[*replyPlace]bool) {
	if seen[p] {
		return
	}
	seen[p] = true
	for _, row := range p.rows {
		switch {
		case row.is == isPlace:
			row.inside.addUnasked(set, seen)
		case row.is == isList:
			for _, i := range replies().robWords {
				set.add(i)
			}
		case row.is == isItem && (row.always || row.unasked):
			set.add(row.word)
		}
	}
}
