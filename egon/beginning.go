package egon

import (
	"bytes"

	"brana/egon/xmltext"
)

// Requests of one kind begin alike: byte for byte the same up to the first
// value of ZadostInfo. So a Reader remembers some beginnings and what it knew
// after each of them. A request that begins with the same bytes means the same
// so far, and is read from there on.

// A beginning is one of them.
type beginning struct {
	service   *Service // nil: not in use
	text      []byte   // up to the start tag of ZadostInfo, which is its end
	scan      xmltext.Checkpoint
	enveloped bool
	frames    [infoDepth]frame
}

const (
	infoDepth      = 2   // open elements of the head after that start tag
	beginningCount = 4   // remembered at once
	beginningBytes = 768 // of a beginning; longer ones are not remembered
)

// beginnings is a ring: a new one takes the place of the oldest.
type beginnings struct {
	all  [beginningCount]beginning
	next int
}

// resume goes on after a beginning that the window begins with, and says how
// long that is.
func (r *Reader) resume(window []byte) (n int) {
	for i := range r.begun.all {
		b := &r.begun.all[i]
		if b.service != r.head.Service || int64(len(b.text)) >= r.limit || !bytes.HasPrefix(window, b.text) {
			continue
		}
		r.scan.Resume(&b.scan)
		r.place, r.enveloped, r.head.Enveloped = inOperation, b.enveloped, b.enveloped
		r.top = copy(r.frames[:], b.frames[:]) - 1
		r.released = int64(len(b.text))
		return len(b.text)
	}
	return 0
}

// atInfo reports whether tok opened ZadostInfo, before which nothing has a value.
func (r *Reader) atInfo(tok *xmltext.Token) bool {
	return tok.Kind == xmltext.StartElement && !tok.Empty && r.top == infoDepth-1 && isInfo(r.frames[r.top].el) &&
		r.beyond == 0 && r.pending == nil
}

// save remembers the beginning that ends here.
func (r *Reader) save(text []byte) {
	b := &r.begun.all[r.begun.next]
	b.service = nil
	if len(text) > beginningBytes || r.head.Demanded != "" || !r.scan.Save(&b.scan) {
		return
	}
	b.service, b.text, b.enveloped = r.head.Service, append(b.text[:0], text...), r.enveloped
	copy(b.frames[:], r.frames[:])
	r.begun.next = (r.begun.next + 1) % beginningCount
}
