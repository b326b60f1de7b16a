package policy

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
)

// An Item is one item of the matrix: its code on the bus (KodIszr) and its code
// in RPP (KodRpp), which may be empty.
type Item struct {
	Kod, KodRpp string
}

// A triple is a caller as the matrix knows it. The AIS is no part of it.
type triple struct {
	agenda, role, ovm string
}

// A matrix says which items a triple may have. Triples by the million share a
// few hundred distinct sets of items, so each of them holds the number of a set
// only. The triples of one OVM stand together, in order of the numbers of their
// roles: eight bytes for each, without pointers, so that a lookup misses the
// cache once where a map misses it three times, and the collector passes over
// them.
type matrix struct {
	roles  map[[2]string]uint32 // agenda and role → number
	ovms   map[string]uint32    // OVM → number
	starts []uint32             // number of an OVM → its first cell; one more at the end
	cells  []cell               // one for each triple
	sets   []row
	pairs  int
}

// A cell is one triple of an OVM.
type cell struct {
	role, set uint32
}

// A row is a set of items.
type row struct {
	items []Item   // as E227 lists them
	kods  []string // their codes, sorted, each once
}

func (m *matrix) row(agenda, role, ovm []byte) *row {
	r, known := m.roles[[2]string{string(agenda), string(role)}]
	if !known {
		return nil
	}
	o, known := m.ovms[string(ovm)]
	if !known {
		return nil
	}
	run := m.cells[m.starts[o]:m.starts[o+1]]
	at, found := slices.BinarySearchFunc(run, r, func(c cell, role uint32) int { return cmp.Compare(c.role, role) })
	if !found {
		return nil
	}
	return &m.sets[run[at].set]
}

// has reports whether the row has the item; a nil row has none.
func (r *row) has(kod []byte) bool { return r != nil && has(r.kods, kod) }

// A matrixBuilder builds a matrix from pairs in any order. While it does, a
// triple holds the number of a set of item ids; adding an item moves it to
// another set, which is remembered, so that triples with the same items share
// the sets on the way too.
type matrixBuilder struct {
	matrix
	so    map[uint64]uint32 // numbers of OVM and role → number of the set so far
	items []Item
	ids   map[Item]uint32
	ways  [][]uint32           // the sets, ascending ids; the first is empty
	sames map[string]uint32    // content of a set → its number
	moves map[[2]uint32]uint32 // set and item added → set
}

func newMatrixBuilder() *matrixBuilder {
	return &matrixBuilder{
		matrix: matrix{roles: make(map[[2]string]uint32), ovms: make(map[string]uint32)},
		so:     make(map[uint64]uint32),
		ids:    make(map[Item]uint32),
		ways:   [][]uint32{nil},
		sames:  map[string]uint32{"": 0},
		moves:  make(map[[2]uint32]uint32),
	}
}

// add gives an item to a triple; it returns false when the triple has it. Codes
// that are kept are copied, since the caller cuts them from a whole line.
func (b *matrixBuilder) add(t triple, item Item) bool {
	role, known := b.roles[[2]string{t.agenda, t.role}]
	if !known {
		role = uint32(len(b.roles))
		b.roles[[2]string{strings.Clone(t.agenda), strings.Clone(t.role)}] = role
	}
	ovm, known := b.ovms[t.ovm]
	if !known {
		ovm = uint32(len(b.ovms))
		b.ovms[strings.Clone(t.ovm)] = ovm
	}
	id, known := b.ids[item]
	if !known {
		id = uint32(len(b.items))
		item = Item{strings.Clone(item.Kod), strings.Clone(item.KodRpp)}
		b.items = append(b.items, item)
		b.ids[item] = id
	}
	key := uint64(ovm)<<32 | uint64(role)
	from := b.so[key]
	to := b.move(from, id)
	if to == from {
		return false
	}
	b.so[key] = to
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
	b.starts = make([]uint32, len(b.ovms)+1)
	b.cells = make([]cell, 0, len(b.so))
	final := make(map[uint32]uint32)
	for _, key := range slices.Sorted(maps.Keys(b.so)) {
		way := b.so[key]
		n, known := final[way]
		if !known {
			n = uint32(len(b.sets))
			b.sets = append(b.sets, b.finish(b.ways[way]))
			final[way] = n
		}
		b.cells = append(b.cells, cell{uint32(key), n})
		b.starts[key>>32+1] = uint32(len(b.cells)) // every OVM has a triple, so no start is left out
	}
	return b.matrix
}

// finish makes a row of a set of ids.
func (b *matrixBuilder) finish(set []uint32) row {
	r := row{items: make([]Item, 0, len(set)), kods: make([]string, 0, len(set))}
	for _, id := range set {
		r.items = append(r.items, b.items[id])
		r.kods = append(r.kods, b.items[id].Kod)
	}
	slices.SortFunc(r.items, func(x, y Item) int {
		return cmp.Or(cmp.Compare(x.KodRpp, y.KodRpp), cmp.Compare(x.Kod, y.Kod))
	})
	slices.Sort(r.kods)
	r.kods = slices.Compact(r.kods)
	return r
}
