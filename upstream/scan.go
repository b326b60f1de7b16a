package upstream

import (
	"io"
	"sync"

	"brana/egon/xmltext"
)

// scanWindow is how much of a streamed answer is held, in bytes. It exceeds the
// longest tag that the bounds let through.
const scanWindow = 32 << 10

// A scanner gives out the tokens of a document while it arrives, each with the
// bytes it was written with.
//
// buf holds the document from the end of the token before the last one on:
// buf[:tok] was given out, buf[tok:next] is the last token, buf[next:pos] is
// what the xmltext.Scanner has taken of an item that is not complete, and
// buf[pos:] is what it has not seen.
type scanner struct {
	src  io.Reader
	xml  *xmltext.Scanner
	buf  []byte
	pool *sync.Pool // where it belongs

	base           int64 // offset of buf[0] in the document
	tok, next, pos int
	whole          bool // src has ended
}

func newScanner(src io.Reader) *scanner { return scannerOf(&scanners, src) }

func scannerOf(pool *sync.Pool, src io.Reader) *scanner {
	s := pool.Get().(*scanner)
	s.xml.Reset()
	*s = scanner{src: src, xml: s.xml, buf: s.buf[:0], pool: pool}
	return s
}

// scanners are used again: one that has read an answer knows the start tags of
// the next one like it.
var scanners = scannersWithin(xmltext.DefaultBounds())

func scannersWithin(b xmltext.Bounds) sync.Pool {
	return sync.Pool{New: func() any { return &scanner{xml: xmltext.NewScanner(b), buf: make([]byte, 0, scanWindow)} }}
}

// release gives the scanner back. No token of it may be in use.
func (s *scanner) release() {
	s.src = nil
	s.pool.Put(s)
}

// errWait says that the next token needs bytes that are not here yet.
const errWait = saying("the next token has not arrived")

// token returns the next token and its bytes, both valid until the next call.
// With wait false it reads nothing and returns errWait instead.
func (s *scanner) token(wait bool) (xmltext.Token, []byte, error) {
	for {
		t, n, err := s.xml.Next(s.buf[s.pos:], s.whole)
		s.pos += n
		switch {
		case err == nil:
			s.tok, s.next = int(t.Start-s.base), int(t.End-s.base)
			return t, s.buf[s.tok:s.next], nil
		case err != xmltext.ErrMore:
			return t, nil, err
		case !wait:
			return t, nil, errWait
		}
		if err := s.fill(); err != nil {
			return t, nil, err
		}
	}
}

// fill drops what was given out and reads once.
func (s *scanner) fill() error {
	kept := copy(s.buf, s.buf[s.next:])
	s.base += int64(s.next)
	s.pos -= s.next
	s.tok, s.next = 0, 0
	s.buf = s.buf[:kept]
	if kept == cap(s.buf) {
		return saying("read an item of the answer that is too long")
	}
	n, err := s.src.Read(s.buf[kept:cap(s.buf)])
	s.buf = s.buf[:kept+n]
	if err == io.EOF {
		s.whole, err = true, nil
	}
	return err
}
