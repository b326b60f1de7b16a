package upstream

import (
	"io"
	"sync"

	"brana/egon/xmltext"
)

// tokenWindow bounds the held part of a streamed answer, in bytes. It exceeds the longest
// tag that the bounds allow.
const tokenWindow = 32 << 10

// A tokenReader returns the tokens of a document while it arrives, each with the bytes as
// written.
//
// buf holds the document from the end of the token before the last one: buf[:tok] was
// returned, buf[tok:next] is the last token, buf[next:pos] is the part of an incomplete
// item that the xmltext.Scanner has taken, and buf[pos:] is the rest.
type tokenReader struct {
	src  io.Reader
	xml  *xmltext.Scanner
	buf  []byte
	pool *sync.Pool // to which it belongs

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

// tokenReaders are used again: one that has read an answer knows the start tags of the next
// answer like it.
var tokenReaders = tokenReadersWithin(xmltext.DefaultBounds())

func tokenReadersWithin(b xmltext.Bounds) sync.Pool {
	return sync.Pool{New: func() any {
		return &tokenReader{xml: xmltext.NewScanner(b), buf: make([]byte, 0, tokenWindow)}
	}}
}

// release gives the reader back. No token of it may be in use.
func (s *tokenReader) release() {
	s.src = nil
	s.pool.Put(s)
}

// token returns the next token and its bytes, both valid until the next call. With wait
// false it returns errWait instead of reading.
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

// fill drops the returned bytes and reads once.
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
