package policy

import (
	"slices"

	"brana/egon"
)

// A GrantItem is one item that a grant gives, in the word of SeznamUdaju.
type GrantItem struct {
	Word string
	// Register is the one under which the item is written: AISEO, EOP or ECD. NoRegister: the
	// list has no registers. A word that names its register, as EopFoto does, is of that one;
	// any other is of each register whose items grants give.
	Register egon.Register
	Place    Place
}

// grantRegisters are the registers whose items grants give, with their keys in a file.
var grantRegisters = [...]struct {
	key      string
	register egon.Register
}{
	{"aiseo", egon.AISEO},
	{"eop", egon.EOP},
	{"ecd", egon.ECD},
}

// grantedWords are the words of a grant, sorted, by their register. Those of NoRegister hold
// for services of which no source says what registers they read.
type grantedWords [egon.ECD + 1][]string

func wordsOf(items []GrantItem) (words grantedWords) {
	for _, item := range items {
		for _, r := range grantRegisters {
			if item.isOf(r.register) {
				words[r.register] = append(words[r.register], item.Word)
			}
		}
		if item.Register == egon.NoRegister || egon.Granted.Has(egon.ItemRegister(item.Word)) {
			words[egon.NoRegister] = append(words[egon.NoRegister], item.Word)
		}
	}
	for r := range words {
		slices.Sort(words[r])
	}
	return words
}

// isOf reports whether the item is one of a register whose items grants give.
func (i GrantItem) isOf(register egon.Register) bool {
	own := egon.ItemRegister(i.Word)
	flat := i.Register == egon.NoRegister
	return i.Register == register || flat && (own == register || !egon.Granted.Has(own))
}

// has reports whether the grant gives an item of a service. It does not allocate.
func (g *Grant) has(s *egon.Service, item []byte) bool {
	if s.Reads == 0 {
		return has(g.words[egon.NoRegister], item)
	}
	for _, r := range grantRegisters {
		if s.Reads.Has(r.register) && has(g.words[r.register], item) {
			return true
		}
	}
	return false
}

// wordsFor returns the items that the grant gives of a service.
func (g *Grant) wordsFor(s *egon.Service) (words []string) {
	if s.Reads == 0 {
		return g.words[egon.NoRegister]
	}
	for _, r := range grantRegisters {
		if s.Reads.Has(r.register) {
			words = append(words, g.words[r.register]...)
		}
	}
	return words
}

// answers returns the items that the grant gives of a service, and that its reply can hold.
func (g *Grant) answers(s *egon.Service) (words []string) {
	for _, r := range grantRegisters {
		if !s.Reads.Has(r.register) {
			continue
		}
		for _, item := range g.Items {
			named := item.Register != egon.NoRegister
			if item.isOf(r.register) && s.Answers(r.register, item.Word, named) {
				words = append(words, item.Word)
			}
		}
	}
	return words
}

// items reads the items of a grant: a list, or lists by their registers.
func (m mapping) items() (items []GrantItem) {
	n := m.values["items"]
	if _, byRegister := pairsOf(n); !byRegister {
		for _, s := range m.list("items") {
			m.checkListed(s)
			items = append(items, GrantItem{s.text, egon.NoRegister, m.whereOf(s.node)})
		}
		return items
	}
	lists, _ := m.mapping(n, "items", "aiseo?", "eop?", "ecd?")
	for _, r := range grantRegisters {
		for _, s := range lists.list(r.key) {
			m.checkOf(r.register, r.key, s)
			items = append(items, GrantItem{s.text, r.register, m.whereOf(s.node)})
		}
	}
	return items
}

// checkListed checks a word of a list without registers.
func (m mapping) checkListed(s scalar) {
	if sourceOf(s.text) == matrixOnly {
		advice := "remove it here"
		if egon.IsAiseoItem(s.text) {
			advice = "for the item of AISEO write items: {aiseo: [" + s.text + "]}"
		}
		m.fail(s.node, "%s is an item of a base registry: it belongs to the matrix, %s",
			s.text, advice)
		return
	}
	m.checkWord(s)
}

// checkOf checks a word under a register. Whether a word is one of AISEO is known when all
// files are read.
func (m mapping) checkOf(register egon.Register, key string, s scalar) {
	switch own := egon.ItemRegister(s.text); {
	case egon.Granted.Has(own) && own != register:
		m.fail(s.node, "%s is no item of %s: write it under %s", s.text, key, keyOf(own))
	case register == egon.AISEO && sourceOf(s.text) == anySource && isCode(s.text, longestItem):
		// checkAiseo knows
	case own == egon.NoRegister:
		m.checkWord(s)
	}
}

func keyOf(register egon.Register) string {
	for _, r := range grantRegisters {
		if r.register == register {
			return r.key
		}
	}
	return ""
}

// checkWord checks that a word may be one of SeznamUdaju, and an item.
func (m mapping) checkWord(s scalar) {
	near := egon.NearMiss(s.text)
	switch {
	case sourceOf(s.text) == controlWord:
		m.fail(s.node, "%s is a control word: remove it, it needs no right", s.text)
	case near != "":
		m.fail(s.node, "unknown item %s: write %s", s.text, near)
	case !isCode(s.text, longestItem):
		m.fail(s.node,
			"items has %q: write one word as SeznamUdaju has it, at most %d characters",
			s.text, longestItem)
	}
}
