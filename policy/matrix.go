package policy

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// A matrix holds the item sets of triples. Millions of triples share a few hundred
// distinct sets, so each triple holds only the number of its set. The triples of one
// OVM stand together, each where the number of its role hashes to. A triple takes
// eight bytes without pointers, so a lookup misses the caches once, in few pages, and
// the collector does not scan them.
type matrix struct {
	names
	ovms  ovmTable
	cells []cell
	sets  []itemSet
	rows  int
	pairs int
	// source is the name of the file without its folder, and the first 12 digits of its
	// SHA-256; empty when there is none.
	source string
}

// The tables have a power of two of places, are never full, and are probed one place
// after the other.
type (
	// A roleSlot gives a role of an agenda its number. It is free when the codes are
	// zero.
	roleSlot struct {
		agenda, role uint64
		number       uint32 // from 1
	}
	// An ovmSlot says where the cells of an OVM are. It is free when the code is zero.
	ovmSlot struct {
		ovm   uint64
		start uint32
		bits  uint32 // the OVM has 1<<bits cells
	}
	// A cell is one triple of an OVM. It is free when the number of the role is zero.
	cell struct {
		role, set uint32
	}
)

// names are the codes and roles of a matrix.
type names struct {
	codes codes
	roles []roleSlot
}

// An ovmTable finds the cells of an OVM. It is not empty when there are roles.
type ovmTable []ovmSlot

// codes packs each code into eight bytes. A code of up to eight bytes is padded with
// zeros; a longer one becomes its number behind the byte 0xff. No code has the byte 0
// or 0xff, since codes are letters and digits in UTF-8.
type codes map[string]uint64

const longCode = 0xff << 56

// pack returns the packed code, or 0 when no row has the code.
func (c codes) pack(code []byte) uint64 {
	n := len(code)
	switch {
	case n > 8:
		return c[string(code)]
	case n == 8:
		if code[7] == 0xff {
			return 0
		}
		return binary.LittleEndian.Uint64(code)
	case n >= 4: // two words that overlap
		head, tail := binary.LittleEndian.Uint32(code), binary.LittleEndian.Uint32(code[n-4:])
		return uint64(head) | uint64(tail)<<(8*(n-4))
	}
	var packed uint64
	for i, b := range code {
		packed |= uint64(b) << (8 * i)
	}
	return packed
}

// add packs a code that is not empty. It numbers a long code that is new.
func (c codes) add(code string) uint64 {
	if len(code) > 8 && c[code] == 0 {
		c[strings.Clone(code)] = longCode | uint64(len(c))
	}
	return c.pack([]byte(code))
}

// find returns the index of the cell of a triple, or -1.
func (m *matrix) find(agenda, role, ovm []byte) int {
	number, packed := m.number(agenda, role), m.codes.pack(ovm)
	if number == 0 || packed == 0 {
		return -1
	}
	o := &m.ovms[m.ovms.find(packed)]
	if o.ovm == 0 {
		return -1
	}
	at := m.cellAt(o, number)
	if m.cells[at].role == 0 {
		return -1
	}
	return at
}

// find returns the place of an OVM, or the free one where it belongs.
func (t ovmTable) find(ovm uint64) int {
	mask := len(t) - 1
	at := int(mix(ovm, 0)) & mask
	for t[at].ovm != ovm && t[at].ovm != 0 {
		at = (at + 1) & mask
	}
	return at
}

// number returns the number of a role of an agenda, 0 when the role is unknown.
func (n *names) number(agenda, role []byte) uint32 {
	a, r := n.codes.pack(agenda), n.codes.pack(role)
	if len(n.roles) == 0 || a == 0 || r == 0 {
		return 0
	}
	return n.roles[n.roleAt(a, r)].number
}

// roleAt returns the place of a role of an agenda, or the free one where it belongs.
func (n *names) roleAt(agenda, role uint64) int {
	mask := len(n.roles) - 1
	at := int(mix(agenda, role)) & mask
	for {
		s := &n.roles[at]
		if s.number == 0 || s.agenda == agenda && s.role == role {
			return at
		}
		at = (at + 1) & mask
	}
}

// cellAt returns the place of an OVM's triple, or the free one where it belongs.
func (m *matrix) cellAt(o *ovmSlot, role uint32) int {
	mask := uint32(1)<<o.bits - 1
	at := o.first(role)
	for c := m.cells[o.start+at].role; c != role && c != 0; c = m.cells[o.start+at].role {
		at = (at + 1) & mask
	}
	return int(o.start + at)
}

// first returns the place among the cells of an OVM where probing for a role begins.
func (o *ovmSlot) first(role uint32) uint32 { return role * 0x9e3779b1 >> (32 - o.bits) }

// mix hashes two words.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xa0761d6478bd642f)
	return hi ^ lo
}

// row returns what a triple may have, nil when it has no row.
func (m *matrix) row(agenda, role, ovm []byte) *itemSet {
	at := m.find(agenda, role, ovm)
	if at < 0 {
		return nil
	}
	return &m.sets[m.cells[at].set]
}
