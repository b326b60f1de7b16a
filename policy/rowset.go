package policy

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"slices"
)

// assemble makes a matrix of all rows that are known. It is made anew for each
// change, and no reader ever waits.
func assemble(all map[Triple]*cached) (matrix, rowSum) {
	b := newMatrixBuilder()
	m := matrix{cached: true}
	var lives []life
	var sum rowSum
	for _, c := range all {
		if c.known {
			b.slots[b.row(c.triple.Agenda, c.triple.Role, c.triple.Ovm)].set = uint32(len(m.sets))
			m.sets, lives = append(m.sets, c.row), append(lives, c.life)
			m.pairs += len(c.row.items)
			sum = sum.add(c.sum)
		}
	}
	m.place(b)
	m.lives = make([]life, len(m.cells))
	for i, c := range m.cells {
		if c.role != 0 {
			m.lives[i] = lives[c.set] // each row has a set of its own here
		}
	}
	return m, sum
}

// A rowSum identifies the content of rows, whatever their order: the sum of the
// digests of each of them.
type rowSum struct {
	high, low uint64
}

func (s rowSum) add(t rowSum) rowSum {
	low, carry := bits.Add64(s.low, t.low, 0)
	high, _ := bits.Add64(s.high, t.high, carry)
	return rowSum{high, low}
}

// sumOf is the digest of one row.
func sumOf(t Triple, items []Item) rowSum {
	var text []byte
	for _, code := range []string{t.Agenda, t.Role, t.Ovm} {
		text = append(append(text, code...), 0)
	}
	for _, item := range newRow(items).items {
		text = append(append(append(append(text, item.Kod...), 0), item.KodRpp...), 0)
	}
	digest := sha256.Sum256(text)
	return rowSum{binary.LittleEndian.Uint64(digest[:8]), binary.LittleEndian.Uint64(digest[8:16])}
}

// newRow makes a row of items in any order; one that is there twice is taken
// once.
func newRow(items []Item) row {
	r := row{items: slices.Clone(items)}
	for _, item := range items {
		r.kods = append(r.kods, item.Kod)
	}
	r.sort()
	return r
}
