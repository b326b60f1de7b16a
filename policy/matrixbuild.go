package policy

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
)

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
	m.rows = b.rows
	ovms, roles := map[uint64]uint32{}, roleNumbers{}
	for i := range b.slots {
		if k := b.slots[i].key; k != (key{}) {
			ovms[k.ovm]++
			roles.number(k.agenda, k.role)
		}
	}
	m.names = names{b.codes, roles.table()}
	var size int
	m.ovms, size = newOvmTable(ovms)
	m.cells = make([]cell, size)
	for i := range b.slots {
		if s := &b.slots[i]; s.key != (key{}) {
			number := m.roles[m.roleAt(s.agenda, s.role)].number
			m.cells[m.cellAt(&m.ovms[m.ovms.find(s.ovm)], number)] = cell{number, s.set}
		}
	}
}

// newOvmTable makes a table of OVMs that have so many triples each, and says how
// many cells there are.
func newOvmTable(triples map[uint64]uint32) (t ovmTable, cells int) {
	t = make(ovmTable, tableOf(2*len(triples)))
	for ovm, n := range triples {
		size := tableOf(int(n + n/8))
		t[t.find(ovm)] = ovmSlot{ovm, uint32(cells), uint32(bits.TrailingZeros(uint(size)))}
		cells += size
	}
	return t, cells
}

// roleNumbers number the roles of agendas, each two codes as they are packed.
type roleNumbers map[[2]uint64]uint32

// number returns the number of a role, a new one if it is new.
func (r roleNumbers) number(agenda, role uint64) uint32 {
	pair := [2]uint64{agenda, role}
	if r[pair] == 0 {
		r[pair] = uint32(len(r) + 1)
	}
	return r[pair]
}

// table puts the numbers where lookups find them.
func (r roleNumbers) table() []roleSlot {
	n := names{roles: make([]roleSlot, tableOf(2*len(r)))}
	for pair, number := range r {
		n.roles[n.roleAt(pair[0], pair[1])] = roleSlot{pair[0], pair[1], number}
	}
	return n.roles
}

// tableOf is the length of a table in which so many things leave one place free
// at least.
func tableOf(n int) int { return 1 << bits.Len(uint(n)) }

// finish makes a row of a set of ids.
func (b *matrixBuilder) finish(set []uint32) itemSet {
	r := itemSet{items: make([]Item, 0, len(set)), kods: make([]string, 0, len(set))}
	for _, id := range set {
		r.items = append(r.items, b.items[id])
		r.kods = append(r.kods, b.items[id].Kod)
	}
	r.sort()
	return r
}
