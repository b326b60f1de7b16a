package upstream

import (
	"io"
	"sync"

	"brana/egon/xmltext"
)

// scanWindow is how much of a streamed answer is held, in bytes. It exceeds the
// longest tag that the bounds let through.
const tokenWindow = 32 << 10

// A scanner gives out the tokens of a document while it arrives, each with the
// bytes it was written with.
//
// buf holds the document from the end of the token before the last one on:
// buf[:tok] was given out, buf[tok:next] is the last token, buf[next:pos] is
// what the xmltext.Scanner has taken of an item that is not complete, and
// buf[pos:] is what it has not seen.
type tokenReader struct {
	src  io.Reader
	xml  *xmltext.Scanner
	buf  []byte
	pool *sync.Pool // where it belongs

	base           int64 // offset of buf[0] in the document
	tok, next, pos int
	whole          bool // src has ended
}

func newTokenReader(src io.Reader) *tokenReader { return tokenReaderOf(&tokenReaders, src) }

func tokenReaderOf(pool *sync.Pool, src io.Reader) *tokenReader {
	s := pool.Get().(*tokenReader)
	s.xml.Reset()
	*s = tokenReader{src: src, xml: s.xml, buf: s.buf[:0], pool: pool}
	return s
}

// scanners are used again: one that has read an answer knows the start tags of
// the next one like it.
var tokenReaders = tokenReadersWithin(xmltext.DefaultBounds())

func tokenReadersWithin(b xmltext.Bounds) sync.Pool {
	return sync.Pool{New: func() any { return &tokenReader{xml: xmltext.NewScanner(b), buf: make([]byte, 0, tokenWindow)} }}
}

// release gives the scanner back. No token of it may be in use.
func (s *tokenReader) release() {
	s.src = nil
	s.pool.Put(s)
}

// token returns the next token and its bytes, both valid until the next call.
// With wait false it reads nothing and returns errWait instead.
func (s *tokenReader) token(wait bool) (xmltext.Token, []byte, error) {
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
func (s *tokenReader) fill() error {
	kept := copy(s.buf, s.buf[s.next:])
	s.base += int64(s.next)
	s.pos -= s.next
	s.tok, s.next = 0, 0
	s.buf = s.buf[:kept]
	if kept == cap(s.buf) {
		return fixedError("read an item of the answer that is too long")
	}
	n, err := s.src.Read(s.buf[kept:cap(s.buf)])
	s.buf = s.buf[:kept+n]
	if err == io.EOF {
		s.whole, err = true, nil
	}
	return err
}
