package policy

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
)

// A matrixBuilder builds a matrix from pairs in any order. Meanwhile the triples stand
// in one table, and each holds the number of a set of item ids. Adding an item moves
// the triple to another set. Moves are remembered, so that triples with the same items
// share the sets on the way too.
type matrixBuilder struct {
	codes codes
	slots []slot // a table like those of a matrix
	rows  int
	pairs int
	items []Item
	ids   map[Item]uint32
	ways  [][]uint32           // the sets, each of ascending ids; the first is empty
	sames map[string]uint32    // content of a set → its number
	moves map[[2]uint32]uint32 // set and item added → set
}

// A slot holds one triple. It is free when its key is zero.
type slot struct {
	key
	set uint32
}

// A key is a triple, each code as codes packs it.
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

// row returns the index of a triple's slot, and makes it when the triple is new. The
// index is valid until the next call.
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

// probe returns the index of the slot with the key, or of the free one where it
// belongs.
func (b *matrixBuilder) probe(k key) int {
	mask := len(b.slots) - 1
	at := int(mix(k.ovm, mix(k.agenda, k.role))) & mask
	for b.slots[at].key != k && b.slots[at].key != (key{}) {
		at = (at + 1) & mask
	}
	return at
}

// grow moves the rows to a table of size slots.
func (b *matrixBuilder) grow(size int) {
	old := b.slots
	b.slots = make([]slot, size)
	for i := range old {
		if old[i].key != (key{}) {
			b.slots[b.probe(old[i].key)] = old[i]
		}
	}
}

// item returns the id of an item. It keeps a copy, since the caller's item is a part of
// a whole line.
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

// give adds an item to the row in a slot. It returns false when the row has the item.
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

// number returns the number of a set of ids. A new set gets a new number.
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

// done returns the matrix. It drops sets that no triple has at the end.
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

// place puts the triples of a builder where lookups find them. Their sets are numbered
// as in the matrix.
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

// newOvmTable makes a table of OVMs from their numbers of triples, and returns the
// number of cells.
func newOvmTable(triples map[uint64]uint32) (t ovmTable, cells int) {
	t = make(ovmTable, tableOf(2*len(triples)))
	for ovm, n := range triples {
		size := tableOf(int(n + n/8))
		t[t.find(ovm)] = ovmSlot{ovm, uint32(cells), uint32(bits.TrailingZeros(uint(size)))}
		cells += size
	}
	return t, cells
}

// roleNumbers number the roles of agendas, each by its two packed codes.
type roleNumbers map[[2]uint64]uint32

// number returns the number of a role. A new role gets a new number.
func (r roleNumbers) number(agenda, role uint64) uint32 {
	pair := [2]uint64{agenda, role}
	if r[pair] == 0 {
		r[pair] = uint32(len(r) + 1)
	}
	return r[pair]
}

// table returns the numbers as lookups find them.
func (r roleNumbers) table() []roleSlot {
	n := names{roles: make([]roleSlot, tableOf(2*len(r)))}
	for pair, number := range r {
		n.roles[n.roleAt(pair[0], pair[1])] = roleSlot{pair[0], pair[1], number}
	}
	return n.roles
}

// tableOf returns the length of a table in which n entries leave at least one place
// free.
func tableOf(n int) int { return 1 << bits.Len(uint(n)) }

// finish makes an item set of a set of ids.
func (b *matrixBuilder) finish(set []uint32) itemSet {
	r := itemSet{items: make([]Item, 0, len(set)), kods: make([]string, 0, len(set))}
	for _, id := range set {
		r.items = append(r.items, b.items[id])
		r.kods = append(r.kods, b.items[id].Kod)
	}
	r.sort()
	return r
}
