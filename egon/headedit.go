package egon

import "slices"

// Without returns the edits that take words out of SeznamUdaju: each with the white space
// before the next word of its list, the last one with that after the word before. Every
// other byte stays. It returns nil when there is no such word.
func (h *Head) Without(removed func(word []byte) bool) (edits []Edit) {
	for from := 0; from < len(h.Items); {
		to := from + 1
		for to < len(h.Items) && h.Items[to].list == h.Items[from].list {
			to++
		}
		edits = without(edits, h.Items[from:to], removed)
		from = to
	}
	return edits
}

// without appends the edits that take words out of one list.
func without(edits []Edit, list []Word, removed func(word []byte) bool) []Edit {
	for i := 0; i < len(list); i++ {
		first := i
		for i < len(list) && removed(list[i].Text) {
			i++
		}
		if i == first {
			continue
		}
		edit := Edit{At: list[first].Offset, End: list[i-1].End}
		switch {
		case i < len(list):
			edit.End = list[i].Offset
		case first > 0:
			edit.At = list[first-1].End
		}
		edits = append(edits, edit)
	}
	return edits
}

// With returns the edit that adds words to SeznamUdaju after those that it has, in a message
// of a service that reads persons. It adds SeznamUdaju and AutorizaceInfo where the message
// lacks them, in the place and the namespace that the schema gives them (IszrAbstract
// 1.9.0). Every other byte stays. In an internal message the words go into the list of its
// publisher, in the publisher's own names.
func (h *Head) With(words []string) Edit {
	if m := h.Service.message; m != nil {
		return h.withOwn(m, words)
	}
	var text []byte
	if len(h.Items) > 0 {
		text = append(text, ' ')
	}
	text = appendWords(text, words)
	switch {
	case h.list.after > 0:
		return h.list.appended(text)
	case h.authorization.after > 0:
		name := h.authorization.sibling(elItems.name)
		return h.authorization.appended(shut(append(open(nil, name), text...), name))
	}
	return Edit{At: h.afterInfo, End: h.afterInfo, Text: slices.Concat(
		[]byte(`<AutorizaceInfo xmlns="`+NSAbstract+`"><SeznamUdaju>`), text,
		[]byte(`</SeznamUdaju></AutorizaceInfo>`))}
}

// withOwn is With of an internal message. The list of ROB is the first in SeznamUdaju, those
// of an AIS are the last.
func (h *Head) withOwn(m *message, words []string) Edit {
	if h.list.after > 0 {
		var text []byte
		if slices.ContainsFunc(h.Items, func(w Word) bool { return h.list.holds(&w) }) {
			text = append(text, ' ')
		}
		return h.list.appended(m.appendNames(text, words))
	}
	list := m.appendList(nil, words)
	switch {
	case h.lists.after == 0:
		return Edit{At: h.afterInfo, End: h.afterInfo, Text: slices.Concat(
			[]byte(`<AutorizaceInfo xmlns="`+h.Service.Namespace+`"><SeznamUdaju xmlns="`+NSReg+`">`),
			list, []byte(`</SeznamUdaju></AutorizaceInfo>`))}
	case m.list.register == ROB:
		return h.lists.prepended(list)
	}
	return h.lists.appended(list)
}
