package policy

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// An Item is one item of the matrix: its code on the bus (KodIszr) and its code
// in RPP (KodRpp), which may be empty.
type Item struct {
	Kod, KodRpp string
}

// A triple is a key of the matrix. The AIS is no part of it.
type triple struct {
	agenda, role, ovm string
}

// A matrix says which items a triple may have. Triples by the million share a
// few hundred distinct sets of items, so each of them holds the number of a row
// only.
type matrix struct {
	rows  map[triple]uint32
	sets  []row
	pairs int
}

// A row is a set of items.
type row struct {
	items []Item   // as E227 lists them
	kods  []string // their codes, sorted, each once
}

func (m *matrix) row(agenda, role, ovm []byte) *row {
	n, ok := m.rows[triple{string(agenda), string(role), string(ovm)}]
	if !ok {
		return nil
	}
	return &m.sets[n]
}

// has reports whether the row has the item; a nil row has none.
func (r *row) has(kod []byte) bool { return r != nil && has(r.kods, kod) }

// A matrixBuilder builds a matrix from pairs in any order. A triple holds the
// number of its set so far; adding an item moves it to another set, which is
// remembered, so that triples with the same items share the sets on the way too.
type matrixBuilder struct {
	rows  map[triple]uint32 // triple → place in state
	state []uint32          // the number of the triple's set so far
	text  map[string]string // every code once
	items []Item
	ids   map[Item]uint32
	sets  [][]uint32 // ascending ids; the first is empty
	sames map[string]uint32
	moves map[[2]uint32]uint32 // set and item added → set
	pairs int
}

func newMatrixBuilder() *matrixBuilder {
	return &matrixBuilder{
		rows:  make(map[triple]uint32),
		text:  make(map[string]string),
		ids:   make(map[Item]uint32),
		sets:  [][]uint32{nil},
		sames: map[string]uint32{"": 0},
		moves: make(map[[2]uint32]uint32),
	}
}

// add gives an item to a triple; it returns false when the triple has it.
func (b *matrixBuilder) add(t triple, item Item) bool {
	id, ok := b.ids[item]
	if !ok {
		id = uint32(len(b.items))
		item = Item{b.intern(item.Kod), b.intern(item.KodRpp)}
		b.items = append(b.items, item)
		b.ids[item] = id
	}
	at, ok := b.rows[t]
	if !ok {
		at = uint32(len(b.state))
		b.state = append(b.state, 0)
		b.rows[triple{b.intern(t.agenda), b.intern(t.role), b.intern(t.ovm)}] = at
	}
	from := b.state[at]
	b.state[at] = b.move(from, id)
	if b.state[at] == from {
		return false
	}
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
	if at, found := slices.BinarySearch(b.sets[from], id); !found {
		to = b.number(slices.Insert(slices.Clone(b.sets[from]), at, id))
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
		n = uint32(len(b.sets))
		b.sets = append(b.sets, set)
		b.sames[string(key)] = n
	}
	return n
}

// intern copies a code the first time, since it is cut from a whole line.
func (b *matrixBuilder) intern(s string) string {
	if t, ok := b.text[s]; ok {
		return t
	}
	t := string([]byte(s))
	b.text[t] = t
	return t
}

// matrix ends the building; sets that were only passed through are dropped.
func (b *matrixBuilder) matrix() matrix {
	m := matrix{rows: b.rows, pairs: b.pairs}
	final := make(map[uint32]uint32)
	for t, at := range b.rows {
		n := b.state[at]
		to, ok := final[n]
		if !ok {
			to = uint32(len(m.sets))
			m.sets = append(m.sets, b.row(b.sets[n]))
			final[n] = to
		}
		m.rows[t] = to
	}
	return m
}

func (b *matrixBuilder) row(set []uint32) row {
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
