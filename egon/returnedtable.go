package egon

import (
	_ "embed"
	"strings"
	"sync"

	"brana/egon/xmltext"
)

//go:embed returned.txt
var returnedText string

// replies is the table of returned.txt. It is built once and never changed.
var replies = sync.OnceValue(readReplies)

// A replyTable says what elements of replies are items.
type replyTable struct {
	words     []string               // of all items
	index     map[string]int         // of each word in words
	roots     map[string]*replyPlace // the element of the operation, by the name of the reply
	records   map[string]*replyPlace // by their names in the text
	robWords  map[string]int         // index of the word of each name that ROB itself uses
	spaces    map[string]string      // namespaces by their prefixes in the text
	ofReplies *replyPlace            // the parent of another service's reply
	refers    wordSet                // items that may hold references to RUIAN
	outside   map[string]bool        // elements of places without items, by their local names
}

// A replyPlace is an element of replies in which items are looked for.
type replyPlace struct {
	rows   []*replyRow
	byName map[string]*replyRow // local name
	record bool                 // of one person, or of data: a child without a row is recorded by its name
	always wordSet              // items of which the schema demands each, inside too
	choice wordSet              // items of which the schema demands one
	refers wordSet              // of the operation: items in it that may hold references to RUIAN
}

// A replyRow is what the table says of an element.
type replyRow struct {
	space, local string
	is           rowKind
	next         int         // index of the row after it
	word         int         // isItem: its index
	always       bool        // the schema demands it, or may do so; it cannot be nil
	unasked      bool        // no source says its word, so it need not be asked for
	empty        []byte      // what stands in its place when it is removed
	inside       *replyPlace // isPlace
	service      *Service    // isPlace: whose reply it is; nil for a part of one
}

type rowKind uint8

const (
	isNoItem    rowKind = iota
	isItem              // it has a value: the item was returned
	isPlace             // look at its children
	isList              // its text lists items in ROB's own names
	isUnknown           // it has no row, and a value
	isCodes             // codes of RUIAN to which items refer: SeznamIdAdres
	isAddresses         // what RUIAN has at these codes: RuianOdpoved
)

// row returns the row of a child, or nil. The guess is the row that comes next in the order
// of the table, which most replies keep to.
func (p *replyPlace) row(n *xmltext.Name, guess int) *replyRow {
	if guess < len(p.rows) && p.rows[guess].local == string(n.Local) {
		if r := p.rows[guess]; r.space == string(n.Space) {
			return r
		}
	}
	r := p.byName[string(n.Local)]
	if r == nil || r.space != string(n.Space) {
		return nil
	}
	return r
}

// expects reports whether a child without a row belongs to the place: it holds no item, or
// it is the reply of a service that has no rows.
func (p *replyPlace) expects(n *xmltext.Name) bool {
	t := replies()
	switch {
	case p.record:
		return false
	case p.byName[string(n.Local)] != nil: // that one of another namespace
		return p.byName[string(n.Local)].ofRuian()
	case p == t.ofReplies:
		request, ok := strings.CutSuffix(string(n.Local), "Response")
		return ok && ServiceByRequest(string(n.Space), request) != nil
	}
	return t.outside[string(n.Local)]
}

func (p *replyPlace) add(r *replyRow) *replyRow {
	r.next = len(p.rows) + 1
	p.rows = append(p.rows, r)
	p.byName[r.local] = r
	return r
}

// child returns the place that is a child of p, and makes it unless it is there.
func (p *replyPlace) child(space, local string) *replyPlace {
	if r := p.byName[local]; r != nil && r.space == space {
		return r.inside
	}
	return p.add(&replyRow{space: space, local: local, is: isPlace, inside: newPlace(false)}).inside
}

func newPlace(record bool) *replyPlace {
	return &replyPlace{byName: map[string]*replyRow{}, record: record}
}

// readReplies trusts the embedded text: a test checks it against the schemas.
func readReplies() *replyTable {
	t := &replyTable{
		index:     map[string]int{},
		roots:     map[string]*replyPlace{},
		records:   map[string]*replyPlace{},
		robWords:  map[string]int{},
		spaces:    map[string]string{},
		ofReplies: newPlace(false),
		outside:   map[string]bool{},
	}
	var refers []string
	var add func(f []string) // takes a row of the section
	for line := range strings.Lines(returnedText) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || strings.HasPrefix(line, "#"):
		case f[0] == "ns":
			t.spaces[f[1]] = f[2]
		case f[0] == "ruian":
			refers = append(refers, f[1:]...)
		case f[0] == "outside":
			for _, local := range f[1:] {
				t.outside[local] = true
			}
		case f[0] == "record":
			record, space := t.record(f[1]), t.spaces[f[2]]
			add = func(f []string) { t.addRow(record, space, f) }
		case f[0] == "reply":
			add = func(row []string) { t.addPath(f[1], row) }
		default:
			add(f)
		}
	}
	for i := range items {
		if it := &items[i]; !it.control && (it.register == ROB || it.register == ROBv2) {
			t.robWords[InternalName(it.word)] = t.wordIndex(it.word)
		}
	}
	for _, record := range t.records {
		record.demandInside(&record.always)
	}
	for _, word := range refers {
		t.refers.add(t.index[word])
	}
	for _, root := range t.roots {
		t.findReferences(root, &root.refers)
	}
	return t
}

// demandInside adds what the schema demands of p and of the places in it that it demands.
func (p *replyPlace) demandInside(always *wordSet) {
	for _, r := range p.rows {
		switch {
		case !r.always:
		case r.is == isPlace:
			r.inside.demandInside(always)
		case r.is == isItem && !p.choice.has(r.word):
			always.add(r.word)
		}
	}
}

// record returns the record of a name, which may come before its rows.
func (t *replyTable) record(name string) *replyPlace {
	if t.records[name] == nil {
		t.records[name] = newPlace(true)
	}
	return t.records[name]
}

// addRow adds the row ELEMENT WORD, ELEMENT > RECORD, ELEMENT *, ELEMENT ! or ELEMENT -, with
// what the schema demands behind it.
func (t *replyTable) addRow(record *replyPlace, space string, f []string) {
	local := f[0]
	if prefix, name, ok := strings.Cut(local, ":"); ok {
		space, local = t.spaces[prefix], name
	}
	r := record.add(&replyRow{space: space, local: local})
	rest := f[2:]
	switch word := f[1]; word {
	case "-":
	case "*":
		r.is = isList
	case ">":
		r.is, r.inside, rest = isPlace, t.record(f[2]), f[3:]
	case "=", "!":
		r.is, r.word, r.unasked = isItem, t.wordIndex(local), word == "!"
	default:
		r.is, r.word = isItem, t.wordIndex(word)
	}
	if len(rest) == 0 {
		return
	}
	switch rest[0] {
	case "nil":
		r.empty = emptyElement(space, r.local)
	case "always":
		r.always = true
	case "choice":
		r.always = true
		record.choice.add(r.word)
	}
}

// emptyElement returns an element that is nil. It declares all that it uses, so it may stand
// anywhere.
func emptyElement(space, local string) []byte {
	e := append([]byte("<"), local...)
	e = attr(e, "xmlns", space)
	e = attr(e, "xmlns:xsi", NSXSI)
	return append(attr(e, "xsi:nil", "true"), "/>"...)
}

// anyReply is the record of an element with the reply of another service inside.
const anyReply = "reply"

// addPath adds the row PATH RECORD of a service's reply.
func (t *replyTable) addPath(name string, f []string) {
	s := replyOf(name)
	p := t.roots[name]
	if p == nil {
		p = newPlace(false)
		t.roots[name] = p
		if f[1] != anyReply {
			p.addAddresses(s)
		}
		if f[1] != anyReply && !s.Internal() { // the queue has replies to callers alone
			t.ofReplies.add(&replyRow{
				space:   s.Namespace,
				local:   s.Response,
				is:      isPlace,
				inside:  p,
				service: s,
			})
		}
	}
	path := strings.Split(f[0], "/")
	for i, step := range path {
		space, local := s.Namespace, step
		if prefix, name, ok := strings.Cut(step, ":"); ok {
			space, local = t.spaces[prefix], name
		}
		if i < len(path)-1 {
			p = p.child(space, local)
			if i == 0 && s.Internal() && s.Reads != 0 {
				p.record = true // a publisher may have data of further versions
			}
			continue
		}
		last := p.add(&replyRow{space: space, local: local, is: isPlace, inside: t.ofReplies})
		if f[1] != anyReply {
			last.inside = t.record(f[1])
		}
	}
}

// addAddresses adds the rows of what RUIAN has to a reply of a service. The schemas of the bus
// have SeznamIdAdres in the namespace of their common types, the others in their own.
func (p *replyPlace) addAddresses(s *Service) {
	space := NSAbstract
	if s.Internal() {
		space = s.Namespace
	}
	p.add(&replyRow{space: space, local: "SeznamIdAdres", is: isCodes})
	p.add(&replyRow{space: s.Namespace, local: "RuianOdpoved", is: isAddresses})
}

// ofRuian reports whether the element of a row has what RUIAN has.
func (r *replyRow) ofRuian() bool { return r.is == isCodes || r.is == isAddresses }

// findReferences adds the items in p, and in the places in it, that may hold references to
// RUIAN, or are in lists of those that were verified.
func (t *replyTable) findReferences(p *replyPlace, found *wordSet) {
	for _, r := range p.rows {
		switch {
		case r.is == isPlace:
			t.findReferences(r.inside, found)
		case r.is == isItem && t.refers.has(r.word):
			found.add(r.word)
		case r.is == isList:
			for _, word := range t.robWords {
				if t.refers.has(word) {
					found.add(word)
				}
			}
		}
	}
}

// wordIndex returns the index of a word, which it adds unless it is there.
func (t *replyTable) wordIndex(word string) int {
	i, ok := t.index[word]
	if !ok {
		i = len(t.words)
		t.index[word] = i
		t.words = append(t.words, word)
	}
	return i
}
