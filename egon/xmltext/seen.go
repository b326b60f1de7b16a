package xmltext

import (
	"encoding/binary"
	"math/bits"
)

// Messages of one kind have the same start tags, and many of them repeat the
// same declarations on siblings. So a scanner remembers some tags, from
// document to document: one that is the same, byte by byte, in the same scope
// means the same, and neither its grammar nor its names are read anew.
const (
	tagSlots      = 128 // a power of two
	tagBytes      = 128 // of a tag; longer ones are not remembered
	scopeSlots    = 16  // a power of two
	scopeBytes    = 255 // of the prefixes and URIs that one tag declares
	scopeDeclares = 8
)

// seen is what a scanner remembers. All of it is overwritten when its slot is
// needed, so nothing may borrow from it.
type seen struct {
	tags   [tagSlots]seenTag
	scopes [scopeSlots]seenScope
	last   uint64 // the last identity that was given to a scope
}

// A seenTag is a start tag with nothing but declarations and what it meant.
type seenTag struct {
	outer, inner uint64 // identities of the scopes around it and inside it
	bound        int32  // index of its namespace in scope.bound, -1 for none
	size         uint8  // bytes of text in use, from '<' to '>'; 0 in a slot never used
	name, prefix uint8  // bytes of its QName and of the prefix in that
	scope        uint8  // slot of its declarations, if it makes any
	empty        bool
	text         [tagBytes]byte
}

// A seenScope is what one start tag declares inside the scope outer.
type seenScope struct {
	outer, inner   uint64
	size, declares uint8
	prefix, uri    [scopeDeclares]uint8 // bytes of each, which follow each other in text
	text           [scopeBytes]byte
}

// tagSlot returns the first of the two slots of the tag at b[0], by its first
// bytes. There are more than eight of them, though maybe not of the tag.
func tagSlot(b []byte, scope uint64) int {
	const golden = 0x9E3779B97F4A7C15
	x := binary.LittleEndian.Uint64(b[1:])
	m := x ^ '>'*ones
	m = (m - ones) &^ m & highs
	x &= m ^ (m - 1) // up to the first '>'
	return int((x^scope<<7)*golden>>(65-bits.TrailingZeros(tagSlots))) * 2
}

// tag returns what the tag at b[0] meant in the scope of that identity, nil if
// that is not remembered.
func (k *seen) tag(b []byte, scope uint64) *seenTag {
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

func (t *seenTag) is(b []byte, scope uint64) bool {
	n := int(t.size)
	return t.outer == scope && n > 0 && len(b) >= n && string(b[:n]) == string(t.text[:n])
}

// remember keeps the tag of n bytes at b[0] that was read without fault and
// opened e, if it is not too long; in its other slot stays the one that came
// before.
func (s *Scanner) remember(b []byte, n int, e *element) {
	if n > tagBytes || len(b) < 9 {
		return
	}
	slot := tagSlot(b, e.before.id)
	s.seen.tags[slot+1] = s.seen.tags[slot]
	t := &s.seen.tags[slot]
	t.outer, t.inner, t.scope = e.before.id, s.scope.id, s.scope.slot
	t.name, t.prefix, t.bound = uint8(len(s.names)-int(e.name)), uint8(e.prefix), e.bound
	t.size, t.empty = uint8(n), b[n-2] == '/'
	copy(t.text[:], b[:n])
}

// identity returns the identity of the scope that declared makes of the scope
// outer, and its slot: what it was the last time, or one that no scope has had.
// arena holds the bytes of declared, one after the other.
func (k *seen) identity(outer uint64, declared []Binding, arena []byte) (id uint64, slot uint8) {
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

// uriOf returns the URI that declaration i binds.
func (s *seenScope) uriOf(i int) []byte {
	k := 0
	for j := range i {
		k += int(s.prefix[j]) + int(s.uri[j])
	}
	k += int(s.prefix[i])
	return s.text[k : k+int(s.uri[i])]
}

func (s *seenScope) is(outer uint64, declared []Binding, arena []byte) bool {
	if s.outer != outer || int(s.declares) != len(declared) || string(s.text[:s.size]) != string(arena) {
		return false
	}
	for i := range declared {
		if int(s.prefix[i]) != len(declared[i].Prefix) || int(s.uri[i]) != len(declared[i].URI) {
			return false
		}
	}
	return true
}
