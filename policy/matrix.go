package policy

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// A matrix says which items a triple may have. Triples by the million share a
// few hundred distinct sets of items, so each of them holds the number of a set
// only. The triples of one OVM stand together, each at the place that the number
// of its role hashes to: eight bytes for each, without pointers, so that a lookup
// misses the caches once, in few pages, and the collector passes over them.
type matrix struct {
	names
	ovms  ovmTable
	cells []cell
	sets  []itemSet
	rows  int
	pairs int
}

// The tables are of a length that is a power of two, never full, and probed one
// place after the other.
type (
	// A roleSlot gives a role of an agenda its number; there is none when the
	// codes are zero.
	roleSlot struct {
		agenda, role uint64
		number       uint32 // from 1
	}
	// An ovmSlot says where the cells of an OVM are; there is none when the code
	// is zero.
	ovmSlot struct {
		ovm   uint64
		start uint32
		bits  uint32 // there are 1<<bits cells
	}
	// A cell is one triple of an OVM; there is none when the number of the role
	// is zero.
	cell struct {
		role, set uint32
	}
)

// names are the codes and roles that a matrix has.
type names struct {
	codes codes
	roles []roleSlot
}

// An ovmTable says where the cells of OVMs are. It is never empty when there are
// roles.
type ovmTable []ovmSlot

// codes packs codes into eight bytes: those up to that length as they stand,
// padded with zeros, a longer one as its number behind the byte 0xff. No code
// has a zero byte or that one, since codes are letters and digits in UTF-8.
type codes map[string]uint64

const longCode = 0xff << 56

// pack returns a code packed, or 0 for one that no row has.
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

// add packs a code that is not empty, and numbers it when it is long and new.
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

// find returns where an OVM is, or would be.
func (t ovmTable) find(ovm uint64) int {
	mask := len(t) - 1
	at := int(mix(ovm, 0)) & mask
	for t[at].ovm != ovm && t[at].ovm != 0 {
		at = (at + 1) & mask
	}
	return at
}

// number returns the number of a role of an agenda, 0 when it has none.
func (n *names) number(agenda, role []byte) uint32 {
	a, r := n.codes.pack(agenda), n.codes.pack(role)
	if len(n.roles) == 0 || a == 0 || r == 0 {
		return 0
	}
	return n.roles[n.roleAt(a, r)].number
}

// roleAt returns where a role of an agenda is, or would be.
func (n *names) roleAt(agenda, role uint64) int {
	mask := len(n.roles) - 1
	at := int(mix(agenda, role)) & mask
	for s := &n.roles[at]; s.number != 0 && (s.agenda != agenda || s.role != role); s = &n.roles[at] {
		at = (at + 1) & mask
	}
	return at
}

// cellAt returns where the triple of an OVM and a role is, or would be.
func (m *matrix) cellAt(o *ovmSlot, role uint32) int {
	mask := uint32(1)<<o.bits - 1
	at := o.first(role)
	for c := m.cells[o.start+at].role; c != role && c != 0; c = m.cells[o.start+at].role {
		at = (at + 1) & mask
	}
	return int(o.start + at)
}

// first is where the looking for a role begins, among the cells of an OVM.
func (o *ovmSlot) first(role uint32) uint32 { return role * 0x9e3779b1 >> (32 - o.bits) }

// mix hashes two words.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xa0761d6478bd642f)
	return hi ^ lo
}

// row returns the row of a triple, nil when it has none.
func (m *matrix) row(agenda, role, ovm []byte) *itemSet {
	at := m.find(agenda, role, ovm)
	if at < 0 {
		return nil
	}
	return &m.sets[m.cells[at].set]
}
