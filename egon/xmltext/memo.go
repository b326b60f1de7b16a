package xmltext

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// A tagMemo is what a [Scanner] remembers from document to document: start
// tags, what they declare, and how documents begin. Messages of one kind have
// the same tags and begin alike; many repeat the same declarations on siblings.
//
// Its one invariant: an entry holds what the full grammar makes of the same
// bytes in the same scope. Bytes are compared one by one. Scopes are compared by
// their identity, a number: two scopes of one identity bind the same prefixes to
// the same URIs. An identity that was given to a scope is never given to
// another; 0 is the scope with xml only. So tokens, errors and offsets do not
// depend on what is remembered: [MemoOff] costs time and nothing else.
//
// An entry is overwritten when its slot is needed. What borrows from it, the
// name of a [Leaf], is valid until the next call of the scanner.
type tagMemo struct {
	tags   [tagSlots]knownTag
	scopes [scopeSlots]knownScope
	last   uint64 // the identity that was given last
	chance uint64 // the random number that keeps drew last
	rarity uint8  // one in 1<<(64-rarity) is kept
}

const (
	tagSlots      = 128 // a power of two
	tagBytes      = 128 // of a tag; longer ones are not remembered
	scopeSlots    = 16  // a power of two
	scopeBytes    = 255 // of the prefixes and URIs that one tag declares
	scopeDeclares = 8
)

// A knownTag is a start tag with nothing but declarations, and its meaning.
type knownTag struct {
	outer, inner uint64 // identities of the scopes around it and inside it
	bound        int32  // index of its namespace in scope.bound, -1 for none
	size         uint8  // bytes of text in use, from '<' to '>'; 0 in a slot never used
	name, prefix uint8  // bytes of its QName and of the prefix in that
	scope        uint8  // slot of its declarations, if it makes any
	empty        bool
	text         [tagBytes]byte
}

// A knownScope is what one start tag declares inside the scope outer.
type knownScope struct {
	outer, inner   uint64
	size, declares uint8
	prefix, uri    [scopeDeclares]uint8 // bytes of each, which follow each other in text
	text           [scopeBytes]byte
}

// MemoUse is how much a [Scanner] remembers. It changes the speed and nothing
// else; only tests use other values than the zero one.
type MemoUse uint8

// How much is remembered of the tags and beginnings that were not found.
const (
	MemoSome MemoUse = iota // one in eight
	MemoAll                 // each
	MemoOff                 // none: everything is read by the full grammar
)

// SetMemo empties the memo and sets how much it takes in from the next Reset on.
func (s *Scanner) SetMemo(u MemoUse) { s.memo, s.memoUse = nil, u }

// newMemo returns an empty memo, nil for MemoOff.
func newMemo(u MemoUse) *tagMemo {
	switch u {
	case MemoOff:
		return nil
	case MemoAll:
		return &tagMemo{rarity: 64}
	}
	return &tagMemo{rarity: 61}
}

// keeps decides by chance whether a tag or a beginning that was not found is
// remembered. Where more kinds of messages take turns than there is room for, a
// memo that kept each would overwrite each before it comes again, and find none.
func (k *tagMemo) keeps() bool {
	k.chance = k.chance*6364136223846793005 + 1442695040888963407
	return k.chance>>k.rarity == 0
}

// tagSlot returns the first of the two slots of the tag at b[0], by its first
// bytes. b is longer than eight bytes, the tag may be shorter.
func tagSlot(b []byte, scope uint64) int {
	const golden = 0x9E3779B97F4A7C15
	x := binary.LittleEndian.Uint64(b[1:])
	m := x ^ '>'*ones
	m = (m - ones) &^ m & highs
	x &= m ^ (m - 1) // up to the first '>'
	return int((x^scope<<7)*golden>>(65-bits.TrailingZeros(tagSlots))) * 2
}

// tag returns the entry of the tag at b[0] in the scope of that identity, or
// nil.
func (k *tagMemo) tag(b []byte, scope uint64) *knownTag {
	if len(b) < 9 {
		return nil
	}
	slot := tagSlot(b, scope)
	if t := &k.tags[slot]; t.is(b, scope) {
		return t
	}
	if t := &k.tags[slot+1]; t.is(b, scope) {
		return t
	}
	return nil
}

func (t *knownTag) is(b []byte, scope uint64) bool {
	n := int(t.size)
	return t.outer == scope && n > 0 && len(b) >= n && string(b[:n]) == string(t.text[:n])
}

// remember keeps the tag of n bytes at b[0], which was read without offence and
// opened e. The tag that was in its slot moves to the other one.
func (s *Scanner) remember(b []byte, n int, e *element) {
	if n > tagBytes || len(b) < 9 || !s.memo.keeps() {
		return
	}
	slot := tagSlot(b, e.before.id)
	s.memo.tags[slot+1] = s.memo.tags[slot]
	t := &s.memo.tags[slot]
	t.outer, t.inner, t.scope = e.before.id, s.scope.id, s.scope.slot
	t.name, t.prefix, t.bound = uint8(len(s.names)-int(e.name)), uint8(e.prefix), e.bound
	t.size, t.empty = uint8(n), b[n-2] == '/'
	copy(t.text[:], b[:n])
}

// knownStart reads a start tag that is remembered. It returns its length, or 0
// and has changed nothing.
func (s *Scanner) knownStart(tok *Token, b []byte) int {
	if s.memo == nil {
		return 0
	}
	t := s.memo.tag(b, s.scope.id)
	if t == nil || len(s.open) >= s.bounds.Depth {
		return 0
	}
	bound, arena := int32(len(s.scope.bound)), int32(len(s.scope.arena))
	if t.inner != t.outer {
		declared := &s.memo.scopes[t.scope]
		if declared.inner != t.inner {
			return 0
		}
		declared.enter(&s.scope)
	}
	s.brackets = 0
	if len(s.attrs) > 0 {
		s.attrs = s.attrs[:0]
	}
	e := s.opened(tok, b[1:1+t.name], int32(t.prefix), t.bound)
	e.before.bound, e.before.arena, e.before.id = bound, arena, t.outer
	s.started(tok, t.empty)
	return int(t.size)
}

// identity returns the identity of the scope that declared makes inside the
// scope outer, and its slot: the one that it had before, or a new one. arena
// holds the bytes of declared, one after the other.
func (k *tagMemo) identity(outer uint64, declared []Binding, arena []byte) (id uint64, slot uint8) {
	for i := range k.scopes {
		if k.scopes[i].is(outer, declared, arena) {
			return k.scopes[i].inner, uint8(i)
		}
	}
	k.last++
	slot = uint8(k.last % scopeSlots)
	if len(arena) > scopeBytes || len(declared) > scopeDeclares {
		return k.last, slot
	}
	s := &k.scopes[slot]
	s.outer, s.inner = outer, k.last
	s.size, s.declares = uint8(len(arena)), uint8(len(declared))
	for i := range declared {
		s.prefix[i], s.uri[i] = uint8(len(declared[i].Prefix)), uint8(len(declared[i].URI))
	}
	copy(s.text[:], arena)
	return k.last, slot
}

func (s *knownScope) is(outer uint64, declared []Binding, arena []byte) bool {
	if s.outer != outer || int(s.declares) != len(declared) ||
		string(s.text[:s.size]) != string(arena) {
		return false
	}
	for i := range declared {
		if int(s.prefix[i]) != len(declared[i].Prefix) || int(s.uri[i]) != len(declared[i].URI) {
			return false
		}
	}
	return true
}

// enter makes the declarations of s in c, which has the identity outer.
func (s *knownScope) enter(c *scope) {
	k := len(c.arena)
	c.arena = append(c.arena, s.text[:s.size]...)
	for i := range s.declares {
		prefix := k + int(s.prefix[i])
		uri := prefix + int(s.uri[i])
		c.push(k, prefix, uri)
		k = uri
	}
	c.id = s.inner
}

// uriOf returns the URI that declaration i binds.
func (s *knownScope) uriOf(i int) []byte {
	k := 0
	for j := range i {
		k += int(s.prefix[j]) + int(s.uri[j])
	}
	k += int(s.prefix[i])
	return s.text[k : k+int(s.uri[i])]
}

// A Leaf is an element with nothing but text in it: three tokens at once. Like a
// [Token] it borrows from the window and from the scanner.
type Leaf struct {
	Name Name
	Text []byte // no references, no line ends but LF
	End  int64  // offset after its end tag
}

// Leaves takes the leaves that the window begins with, and the white space
// before and between them, and returns the number of bytes. It hands each leaf
// to take and stops before the first one that take refuses; that one comes as
// tokens. It is for callers to whom white space between elements means nothing.
//
// Leaves finds those that are whole in the window, and whose start tag has no
// attributes and is remembered. It may miss any leaf: what it does not take,
// [Scanner.Next] reads.
func (s *Scanner) Leaves(window []byte, take func(*Leaf) bool) (n int) {
	for {
		n += s.SkipBlank(window[n:])
		k := s.findLeaf(window[n:])
		if k == 0 || !take(&s.leaf) {
			return n
		}
		s.brackets = 0
		s.off += int64(k)
		n += k
	}
}

// findLeaf reports how long the leaf is that the window begins with, 0 for none,
// and sets s.leaf. It takes nothing.
func (s *Scanner) findLeaf(window []byte) (n int) {
	if s.memo == nil || s.state != inContent || len(s.carry) > 0 || len(s.open) >= s.bounds.Depth {
		return 0
	}
	t := s.memo.tag(window, s.scope.id)
	if t == nil || t.empty {
		return 0
	}
	begin := int(t.size)
	end := scanText(window, begin)
	n = end + len("</>") + int(t.name)
	if n > len(window) || n-end > s.bounds.TagBytes ||
		window[n-1] != '>' || window[end] != '<' || window[end+1] != '/' {
		return 0
	}
	qname := window[1 : 1+t.name]
	if string(window[end+2:n-1]) != string(qname) {
		return 0
	}
	space, ok := s.spaceOf(t)
	if !ok {
		return 0
	}
	name := &s.leaf.Name
	name.Space, name.Prefix, name.Local = space, qname[:t.prefix], localName(qname, int32(t.prefix))
	s.leaf.Text, s.leaf.End = window[begin:end], s.off+int64(n)
	return n
}

// spaceOf returns the namespace of the element that t opens here, or false if
// the declarations of t are not remembered any more.
func (s *Scanner) spaceOf(t *knownTag) (space []byte, ok bool) {
	own := int(t.bound) - len(s.scope.bound)
	if t.inner != t.outer {
		declared := &s.memo.scopes[t.scope]
		if declared.inner != t.inner {
			return nil, false
		}
		if own >= 0 {
			return declared.uriOf(own), true
		}
	}
	if t.bound < 0 {
		return nil, true
	}
	return s.scope.bound[t.bound].URI, true
}

// A Beginning is a text with which documents begin, up to the end of a token
// inside the root element, and the state of the scanner there. The zero value
// has no text, and no document is resumed from it. A Beginning borrows nothing,
// and can be saved to again. Only the scanner that saved it resumes from it.
type Beginning struct {
	memo     *tagMemo // that gave id
	text     []byte
	docStart int64
	open     []element
	names    []byte
	arena    []byte
	sizes    []int // of the prefix and the URI of each declaration in scope, as they stand in arena
	id       uint64
	slot     uint8
}

// Save remembers in b a document that begins with text. The scanner has taken all
// of text. It returns false and leaves b as it was where a Beginning cannot
// hold the state of the scanner: before the root element, after it, and in the
// midst of content. Elsewhere it remembers as much as [MemoUse] says.
func (s *Scanner) Save(b *Beginning, text []byte) bool {
	if s.memo == nil || s.state != inContent || len(s.carry) > 0 || s.brackets > 0 ||
		int64(len(text)) != s.off || !s.memo.keeps() {
		return false
	}
	b.memo, b.text = s.memo, append(b.text[:0], text...)
	b.docStart, b.id, b.slot = s.docStart, s.scope.id, s.scope.slot
	b.open = append(b.open[:0], s.open...)
	b.names = append(b.names[:0], s.names...)
	b.arena, b.sizes = b.arena[:0], b.sizes[:0]
	for _, d := range s.scope.bound[1:] {
		b.arena = append(append(b.arena, d.Prefix...), d.URI...)
		b.sizes = append(b.sizes, len(d.Prefix), len(d.URI))
	}
	return true
}

// Resume takes the text of b if the window begins with it, and returns its
// length, else 0. The scanner is at the beginning of a document, after
// [Scanner.Reset].
func (s *Scanner) Resume(b *Beginning, window []byte) (n int) {
	if b.memo == nil || b.memo != s.memo || s.state != inStart || s.off > 0 ||
		!bytes.HasPrefix(window, b.text) {
		return 0
	}
	s.state, s.rooted, s.off, s.docStart = inContent, true, int64(len(b.text)), b.docStart
	s.open = append(s.open, b.open...)
	s.names = append(s.names, b.names...)
	b.enter(&s.scope)
	return len(b.text)
}

// enter makes the declarations of b in c, which has none.
func (b *Beginning) enter(c *scope) {
	c.arena = append(c.arena, b.arena...)
	for i, k := 0, 0; i < len(b.sizes); i += 2 {
		prefix := k + b.sizes[i]
		uri := prefix + b.sizes[i+1]
		c.push(k, prefix, uri)
		k = uri
	}
	c.id, c.slot = b.id, b.slot
}
