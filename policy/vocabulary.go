package policy

import "brana/egon"

// This file has the closed vocabulary of AISEO: the items of its schemas, and those that the
// policy declares.

// vocabulary reads the items of AISEO that a file declares.
func (m mapping) vocabulary() (declared []GrantItem) {
	n := m.values["vocabulary"]
	if n == nil {
		return nil
	}
	lists, ok := m.mapping(n, "vocabulary", "aiseo")
	if !ok {
		return nil
	}
	for _, s := range lists.list("aiseo") {
		near := nearAiseo(s.text, nil)
		switch {
		case egon.IsAiseoItem(s.text):
			m.fail(s.node, "%s is an item of AISEO by its schemas: remove it here", s.text)
		case near != "":
			m.fail(s.node, "%s is %s in another case: remove it here, and write %s in the grants",
				s.text, near, near)
		case egon.Granted.Has(egon.ItemRegister(s.text)):
			m.fail(s.node, "%s is an item of %s by its name: remove it here", s.text,
				keyOf(egon.ItemRegister(s.text)))
		case sourceOf(s.text) == controlWord:
			m.fail(s.node, "%s is a control word: remove it, it needs no right", s.text)
		case !isCode(s.text, longestItem):
			m.fail(s.node, "aiseo has %q: write one word as SeznamUdaju has it, at most %d "+
				"characters", s.text, longestItem)
		}
		declared = append(declared, GrantItem{s.text, egon.AISEO, m.whereOf(s.node)})
	}
	return declared
}

// declaredWords returns where each item of the vocabulary is declared. It notes those that
// are declared twice.
func declaredWords(vocabulary []GrantItem, p *problems) map[string]Place {
	words := make(map[string]Place)
	for _, item := range vocabulary {
		if at, twice := words[item.Word]; twice {
			p.add(item.Place, "%s is declared at %s already: keep one", item.Word, at)
			continue
		}
		words[item.Word] = item.Place
	}
	return words
}

// checkAiseo notes the items under AISEO that are not in its vocabulary.
func checkAiseo(items []GrantItem, declared map[string]Place, p *problems) {
	further := make(map[string]bool)
	for word := range declared {
		further[word] = true
	}
	for _, item := range items {
		_, known := declared[item.Word]
		if item.Register != egon.AISEO || known || egon.IsAiseoItem(item.Word) ||
			egon.Granted.Has(egon.ItemRegister(item.Word)) || !isCode(item.Word, longestItem) ||
			sourceOf(item.Word) == controlWord {
			continue // noted where it was read, if it is wrong
		}
		if near := nearAiseo(item.Word, further); near != "" {
			p.add(item.Place, "unknown item %s of AISEO: write %s", item.Word, near)
			continue
		}
		p.add(item.Place, "unknown item %s of AISEO: write one of its schemas, or declare it "+
			"once in the policy with vocabulary: {aiseo: [%s]}", item.Word, item.Word)
	}
}
