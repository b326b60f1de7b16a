package policy

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// An Item is one item of the matrix: its code on the bus (KodIszr) and its code
// in RPP (KodRpp), which may be empty.
type Item struct {
	Kod, KodRpp string
}

// A matrix says which items a triple may have. Triples by the million share a
// few hundred distinct sets of items, so each of them holds the number of a set
// only. The triples of one OVM stand together, each at the place that the number
// of its role hashes to: eight bytes for each, without pointers, so that a lookup
// misses the caches once, in few pages, and the collector passes over them.
type matrix struct {
	codes codes
	roles []roleSlot
	ovms  []ovmSlot
	cells []cell
	sets  []row
	rows  int
	pairs int

	cached bool   // the rows are those fetched so far, and of others nothing is known
	lives  []life // of a cached matrix: of the rows in the cells of the same index
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

// A row is a set of items.
type row struct {
	items []Item   // as E227 lists them
	kods  []string // their codes, sorted, each once
}

// has reports whether the row has the item; a nil row has none.
func (r *row) has(kod []byte) bool { return r != nil && has(r.kods, kod) }

// find returns the index of the cell of a triple, or -1.
func (m *matrix) find(agenda, role, ovm []byte) int {
	k := key{m.codes.pack(agenda), m.codes.pack(role), m.codes.pack(ovm)}
	if len(m.ovms) == 0 || k.agenda == 0 || k.role == 0 || k.ovm == 0 {
		return -1
	}
	o, r := &m.ovms[m.ovmAt(k.ovm)], &m.roles[m.roleAt(k.agenda, k.role)]
	if o.ovm == 0 || r.number == 0 {
		return -1
	}
	at := m.cellAt(o, r.number)
	if m.cells[at].role == 0 {
		return -1
	}
	return at
}

// ovmAt returns where an OVM is, or would be.
func (m *matrix) ovmAt(ovm uint64) int {
	mask := len(m.ovms) - 1
	at := int(mix(ovm, 0)) & mask
	for m.ovms[at].ovm != ovm && m.ovms[at].ovm != 0 {
		at = (at + 1) & mask
	}
	return at
}

// roleAt returns where a role of an agenda is, or would be.
func (m *matrix) roleAt(agenda, role uint64) int {
	mask := len(m.roles) - 1
	at := int(mix(agenda, role)) & mask
	for s := &m.roles[at]; s.number != 0 && (s.agenda != agenda || s.role != role); s = &m.roles[at] {
		at = (at + 1) & mask
	}
	return at
}

// cellAt returns where the triple of an OVM and a role is, or would be.
func (m *matrix) cellAt(o *ovmSlot, role uint32) int {
	mask := uint32(1)<<o.bits - 1
	at := role * 0x9e3779b1 >> (32 - o.bits)
	for c := m.cells[o.start+at].role; c != role && c != 0; c = m.cells[o.start+at].role {
		at = (at + 1) & mask
	}
	return int(o.start + at)
}

// mix hashes two words.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xa0761d6478bd642f)
	return hi ^ lo
}

// row returns the row of a triple, nil when it has none, and what the row or its
// absence may do now.
func (m *matrix) row(agenda, role, ovm []byte, now time.Time) (*row, Freshness) {
	at := m.find(agenda, role, ovm)
	switch {
	case at < 0 && m.cached:
		return nil, Unknown
	case at < 0:
		return nil, Fresh
	case m.cached:
		return &m.sets[m.cells[at].set], m.lives[at].at(now)
	}
	return &m.sets[m.cells[at].set], Fresh
}

// A matrixBuilder builds a matrix from pairs in any order. While it does, the
// triples stand in one table, and each holds the number of a set of item ids;
// adding an item moves it to another set, which is remembered, so that triples
// with the same items share the sets on the way too.
type matrixBuilder struct {
	codes codes
	slots []slot // probed like the tables of a matrix
	rows  int
	pairs int
	items []Item
	ids   map[Item]uint32
	ways  [][]uint32           // the sets, ascending ids; the first is empty
	sames map[string]uint32    // content of a set → its number
	moves map[[2]uint32]uint32 // set and item added → set
}

// A slot holds one triple, or none when its key is zero.
type slot struct {
	key
	set uint32
}

// A key is a triple (agenda, role, OVM; the AIS is no part of it), each code as
// codes packs it.
type key struct {
	agenda, role, ovm uint64
}

func newMatrixBuilder() *matrixBuilder {
	return &matrixBuilder{
		codes: make(codes),
		ids:   make(map[Item]uint32),
		ways:  [][]uint32{nil},
		sames: map[string]uint32{"": 0},
		moves: make(map[[2]uint32]uint32),
	}
}

// row returns the index of a triple's slot, which is made when it is new and
// holds until the next call.
func (b *matrixBuilder) row(agenda, role, ovm string) int {
	if 4*(b.rows+1) > 3*len(b.slots) {
		b.grow(max(64, 2*len(b.slots)))
	}
	k := key{b.codes.add(agenda), b.codes.add(role), b.codes.add(ovm)}
	at := b.probe(k)
	if b.slots[at].key != k {
		b.slots[at].key = k
		b.rows++
	}
	return at
}

// probe returns the index of the slot that has the key or, when none has, of
// the one that would.
func (b *matrixBuilder) probe(k key) int {
	mask := len(b.slots) - 1
	at := int(mix(k.ovm, mix(k.agenda, k.role))) & mask
	for b.slots[at].key != k && b.slots[at].key != (key{}) {
		at = (at + 1) & mask
	}
	return at
}

// grow moves the rows to a table of so many slots.
func (b *matrixBuilder) grow(size int) {
	old := b.slots
	b.slots = make([]slot, size)
	for i := range old {
		if old[i].key != (key{}) {
			b.slots[b.probe(old[i].key)] = old[i]
		}
	}
}

// item returns the id of an item. What is kept is copied, since the caller cuts
// it from a whole line.
func (b *matrixBuilder) item(item Item) uint32 {
	id, known := b.ids[item]
	if !known {
		id = uint32(len(b.items))
		item = Item{strings.Clone(item.Kod), strings.Clone(item.KodRpp)}
		b.items = append(b.items, item)
		b.ids[item] = id
	}
	return id
}

// give adds an item to the row in a slot; it returns false when the row has it.
func (b *matrixBuilder) give(at int, id uint32) bool {
	from := b.slots[at].set
	to := b.move(from, id)
	if to == from {
		return false
	}
	b.slots[at].set = to
	b.pairs++
	return true
}

// move returns the number of the set with the item added.
func (b *matrixBuilder) move(from, id uint32) uint32 {
	step := [2]uint32{from, id}
	to, ok := b.moves[step]
	if ok {
		return to
	}
	to = from
	if at, found := slices.BinarySearch(b.ways[from], id); !found {
		to = b.number(slices.Insert(slices.Clone(b.ways[from]), at, id))
	}
	b.moves[step] = to
	return to
}

// number returns the number of a set of ids, a new one if it is new.
func (b *matrixBuilder) number(set []uint32) uint32 {
	var key []byte
	for _, id := range set {
		key = binary.LittleEndian.AppendUint32(key, id)
	}
	n, ok := b.sames[string(key)]
	if !ok {
		n = uint32(len(b.ways))
		b.ways = append(b.ways, set)
		b.sames[string(key)] = n
	}
	return n
}

// done ends the building. Sets that were only passed through are dropped.
func (b *matrixBuilder) done() matrix {
	m := matrix{pairs: b.pairs}
	final := make([]uint32, len(b.ways)) // way → number of its set, from 1
	for i := range b.slots {
		s := &b.slots[i]
		if s.key == (key{}) {
			continue
		}
		if final[s.set] == 0 {
			m.sets = append(m.sets, b.finish(b.ways[s.set]))
			final[s.set] = uint32(len(m.sets))
		}
		s.set = final[s.set] - 1
	}
	m.place(b)
	return m
}

// place puts the triples of a builder where lookups find them; the sets that
// they name are those of the matrix.
func (m *matrix) place(b *matrixBuilder) {
	m.codes, m.rows = b.codes, b.rows
	ovms, roles := map[uint64]uint32{}, map[[2]uint64]uint32{} // cells of an OVM, numbers of a role
	for i := range b.slots {
		if k := b.slots[i].key; k != (key{}) {
			ovms[k.ovm]++
			if pair := [2]uint64{k.agenda, k.role}; roles[pair] == 0 {
				roles[pair] = uint32(len(roles) + 1)
			}
		}
	}
	m.roles = make([]roleSlot, tableOf(2*len(roles)))
	for pair, number := range roles {
		m.roles[m.roleAt(pair[0], pair[1])] = roleSlot{pair[0], pair[1], number}
	}
	m.ovms = make([]ovmSlot, tableOf(2*len(ovms)))
	start := 0
	for ovm, n := range ovms {
		size := tableOf(int(n + n/8))
		m.ovms[m.ovmAt(ovm)] = ovmSlot{ovm, uint32(start), uint32(bits.TrailingZeros(uint(size)))}
		start += size
	}
	m.cells = make([]cell, start)
	for i := range b.slots {
		if s := &b.slots[i]; s.key != (key{}) {
			number := m.roles[m.roleAt(s.agenda, s.role)].number
			m.cells[m.cellAt(&m.ovms[m.ovmAt(s.ovm)], number)] = cell{number, s.set}
		}
	}
}

// tableOf is the length of a table in which so many things leave one place free
// at least.
func tableOf(n int) int { return 1 << bits.Len(uint(n)) }

// finish makes a row of a set of ids.
func (b *matrixBuilder) finish(set []uint32) row {
	r := row{items: make([]Item, 0, len(set)), kods: make([]string, 0, len(set))}
	for _, id := range set {
		r.items = append(r.items, b.items[id])
		r.kods = append(r.kods, b.items[id].Kod)
	}
	r.sort()
	return r
}

// sort puts the items in the order of E227, and the codes in theirs, each once.
func (r *row) sort() {
	slices.SortFunc(r.items, func(x, y Item) int {
		return cmp.Or(cmp.Compare(x.KodRpp, y.KodRpp), cmp.Compare(x.Kod, y.Kod))
	})
	r.items = slices.Compact(r.items)
	slices.Sort(r.kods)
	r.kods = slices.Compact(r.kods)
}
