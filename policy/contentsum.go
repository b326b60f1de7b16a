package policy

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// A contentSum identifies the content of rows, whatever their order: it is the sum
// of the digests of each row.
type contentSum struct {
	high, low uint64
}

func (s contentSum) add(t contentSum) contentSum {
	low, carry := bits.Add64(s.low, t.low, 0)
	high, _ := bits.Add64(s.high, t.high, carry)
	return contentSum{high, low}
}

func (s contentSum) less(t contentSum) contentSum {
	low, borrow := bits.Sub64(s.low, t.low, 0)
	high, _ := bits.Sub64(s.high, t.high, borrow)
	return contentSum{high, low}
}

// sumOf is the digest of one row.
func sumOf(t Triple, set *sharedSet) contentSum {
	var text []byte
	for _, code := range []string{t.Agenda, t.Role, t.Ovm} {
		text = append(append(text, code...), 0)
	}
	digest := sha256.Sum256(append(text, set.text...))
	return contentSum{
		high: binary.LittleEndian.Uint64(digest[:8]),
		low:  binary.LittleEndian.Uint64(digest[8:16]),
	}
}
