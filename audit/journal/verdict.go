package journal

import (
	"crypto/ed25519"
	"fmt"
)

// Options are what a journal is compared with.
type Options struct {
	Keys   []ed25519.PublicKey // that may have signed it; none: the keys in its headers
	Copies *CopySet            // of headers, seals and marks, kept elsewhere; may be nil
	// Each returns a function that gets each line of a segment that counts, in order; it may
	// not keep the line. Segments are read at the same time. May be nil.
	Each func(Segment) func(line []byte)
}

// A Verdict is what a journal proved to be.
type Verdict struct {
	Dir      string
	Records  uint64 // lines that are neither header nor seal
	Segments int
	First    uint64 // number of the first line that is there
	Last     uint64 // and of the last one
	Broken   *Break // nil: the chain is whole
	Notes    []string
	Gateways []string // that wrote it, in order
}

// maxNotes bounds the notes of a Verdict.
const maxNotes = 50

func (v *Verdict) note(format string, args ...any) {
	switch len(v.Notes) {
	case maxNotes:
		v.Notes = append(v.Notes, fmt.Sprintf("there is more to say than these %d notes", maxNotes))
	case maxNotes + 1:
	default:
		v.Notes = append(v.Notes, fmt.Sprintf(format, args...))
	}
}
