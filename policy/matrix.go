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
// only. They stand in one hash table without pointers, each with its whole key
// in 32 bytes: a lookup misses the caches once, where a map misses them three
// times, compares the key itself and not a digest of it, and the collector
// passes over the table.
type matrix struct {
	codes codes
	slots []slot // a power of two, or none; linear probing
	sets  []row
	rows  int
	pairs int

	cached bool   // the rows are those fetched so far, and of others nothing is known
	lives  []life // of a cached matrix: of the rows in the slots of the same index
}

// A slot holds one row, or none when its key is zero.
type slot struct {
	key
	set uint32
	_   uint32
}

// A key is a triple (agenda, role, OVM; the AIS is no part of it), each code as
// codes packs it.
type key struct {
	agenda, role, ovm uint64
}

// hash mixes all bits of a key.
func (k key) hash() uint64 {
	hi, lo := bits.Mul64(k.agenda^0x9e3779b97f4a7c15, k.ovm^0xa0761d6478bd642f)
	hi, lo = bits.Mul64(hi^lo^k.role, 0xe7037ed1a0b428db)
	return hi ^ lo
}

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

// find returns the index of the slot of a triple, or -1.
func (m *matrix) find(agenda, role, ovm []byte) int {
	k := key{m.codes.pack(agenda), m.codes.pack(role), m.codes.pack(ovm)}
	if len(m.slots) == 0 || k.agenda == 0 || k.role == 0 || k.ovm == 0 {
		return -1
	}
	at := m.probe(k)
	if m.slots[at].key != k {
		return -1
	}
	return at
}

// probe returns the index of the slot that has the key or, when none has, of
// the one that would.
func (m *matrix) probe(k key) int {
	mask := len(m.slots) - 1
	at := int(k.hash()) & mask
	for m.slots[at].key != k && m.slots[at].key != (key{}) {
		at = (at + 1) & mask
	}
	return at
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
		return &m.sets[m.slots[at].set], m.lives[at].at(now)
	}
	return &m.sets[m.slots[at].set], Fresh
}

// A matrixBuilder builds a matrix from pairs in any order. While it does, a
// triple holds the number of a set of item ids; adding an item moves it to
// another set, which is remembered, so that triples with the same items share
// the sets on the way too.
type matrixBuilder struct {
	matrix
	items []Item
	ids   map[Item]uint32
	ways  [][]uint32           // the sets, ascending ids; the first is empty
	sames map[string]uint32    // content of a set → its number
	moves map[[2]uint32]uint32 // set and item added → set
}

func newMatrixBuilder() *matrixBuilder {
	return &matrixBuilder{
		matrix: matrix{codes: make(codes)},
		ids:    make(map[Item]uint32),
		ways:   [][]uint32{nil},
		sames:  map[string]uint32{"": 0},
		moves:  make(map[[2]uint32]uint32),
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
	final := make([]uint32, len(b.ways)) // way → number of its set, from 1
	for i := range b.slots {
		s := &b.slots[i]
		if s.key == (key{}) {
			continue
		}
		if final[s.set] == 0 {
			b.sets = append(b.sets, b.finish(b.ways[s.set]))
			final[s.set] = uint32(len(b.sets))
		}
		s.set = final[s.set] - 1
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
