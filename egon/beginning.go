package egon

import "brana/egon/xmltext"

// Requests of one kind begin with the same bytes, up to the first value of ZadostInfo.
// So a Reader remembers some beginnings, and its own state after each of them. Package
// xmltext compares the bytes: that is the invariant of its memo.

// A beginning is one of them.
type beginning struct {
	addressed *Service
	service   *Service          // the variant that came
	scan      xmltext.Beginning // ends with the start tag of ZadostInfo
	enveloped bool
	frames    [infoDepth]frame
}

const (
	infoDepth      = 2   // open elements of the head after that start tag
	beginningCount = 16  // remembered at once
	beginningBytes = 768 // of a beginning; longer ones are not remembered
)

// beginnings is a ring: a new one takes the place of the oldest.
type beginnings struct {
	all  [beginningCount]beginning
	next int
}

// resume goes on after a beginning that the window begins with, and returns its length,
// or 0. Each was read within the limit, which is the same for all requests of a Reader.
func (r *Reader) resume(window []byte) (n int) {
	for i := range r.begun.all {
		b := &r.begun.all[i]
		if b.addressed != r.head.Service {
			continue
		}
		if n = r.scan.Resume(&b.scan, window); n == 0 {
			continue
		}
		r.place, r.enveloped, r.head.Enveloped = inOperation, b.enveloped, b.enveloped
		if b.service != b.addressed {
			r.head.Service, r.grammar = b.service, operationOf(b.service)
		}
		r.top = copy(r.frames[:], b.frames[:]) - 1
		r.released = int64(n)
		return n
	}
	return 0
}

// atInfo reports whether tok opened ZadostInfo, before which nothing has a value.
func (r *Reader) atInfo(tok *xmltext.Token) bool {
	return tok.Kind == xmltext.StartElement && !tok.Empty && r.top == infoDepth-1 &&
		r.frames[r.top].el.header &&
		r.beyond == 0 && r.pending == nil
}

// save remembers the beginning that ends here.
func (r *Reader) save(text []byte) {
	b := &r.begun.all[r.begun.next]
	if len(text) > beginningBytes || r.head.Demanded != "" || r.head.kodSluzby != nil || !r.scan.Save(&b.scan, text) {
		return
	}
	b.addressed, b.service, b.enveloped = r.addressed, r.head.Service, r.enveloped
	copy(b.frames[:], r.frames[:])
	r.begun.next = (r.begun.next + 1) % beginningCount
}
