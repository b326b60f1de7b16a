package upstream

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"

	"brana/egon"
	"brana/egon/xmltext"
)

// This file tells a SOAP Fault from any other document while it arrives: the first element
// in Body decides, however long the header before it is.

// faultReaders look for a Fault. Their bounds are the widest that listen.bounds allows: the
// size of a document does not make it a Fault, and the gateway holds relayed documents to
// its own bounds.
var faultReaders = tokenReadersWithin(xmltext.Bounds{
	NameBytes:  tokenWindow,
	TagBytes:   tokenWindow,
	Attrs:      1024,
	Depth:      10_000,
	Namespaces: 1024,
})

// A verdict is whether a document is a Fault.
type verdict int

const (
	undecided verdict = iota // its Body has not begun
	isFault
	noFault
)

// A judge reads the tokens of a document until it has a verdict.
type judge struct{ body bool }

// take takes a token. After it, depth elements are open.
func (j *judge) take(t xmltext.Token, depth int) verdict {
	switch {
	case t.Kind == xmltext.End:
		return noFault
	case t.Kind != xmltext.StartElement:
	case depth == 1 && !t.Name.Is(egon.NSEnvelope, "Envelope"):
		return noFault
	case depth == 2:
		j.body = t.Name.Is(egon.NSEnvelope, "Body")
	case depth == 3 && j.body && t.Name.Is(egon.NSEnvelope, "Fault"):
		return isFault
	case depth == 3 && j.body:
		return noFault
	}
	return undecided
}

// fault returns the error of an answer with an error status. A SOAP Fault belongs to such
// a status (SOAP 1.1, section 6.2); without one the answer is not the registry's. It reads
// no further than it must.
func (k *call) fault(r *reply) error {
	s := tokenReaderOf(&faultReaders, r)
	defer s.release()
	var j judge
	for {
		t, _, err := s.token(true)
		var broke *egon.CallError
		if errors.As(err, &broke) {
			return err
		}
		v := noFault
		if err == nil {
			v = j.take(t, s.xml.Depth())
		}
		switch v {
		case isFault:
			return k.unreadable(faultOf(s))
		case noFault:
			return k.unreadable(noFaultWith(r.status))
		}
	}
}

func noFaultWith(status int) fixedError {
	return fixedErrorf("the answer has HTTP status %d and no SOAP Fault", status)
}

// maxCode bounds a faultcode, in bytes. None is as long.
const maxCode = 64

// faultOf reads on, from the start tag of a Fault to the end of its faultcode.
func faultOf(s *tokenReader) *egon.FaultError {
	var code []byte
	in := false
	for {
		t, _, err := s.token(true)
		if err != nil {
			break
		}
		depth := s.xml.Depth()
		switch t.Kind {
		case xmltext.StartElement:
			in = depth == 4 && t.Name.Is("", "faultcode")
		case xmltext.Text, xmltext.CData:
			if in {
				code = append(code, t.Data[:min(len(t.Data), maxCode-len(code))]...)
			}
			continue
		case xmltext.EndElement:
			if !in && depth > 2 {
				continue
			}
			return &egon.FaultError{
				Code: strings.TrimSpace(string(code[bytes.IndexByte(code, ':')+1:])),
			}
		}
	}
	return &egon.FaultError{}
}

// faultAhead bounds how much of an answer with an error status is held back until it is
// known whether it is a Fault, in bytes. After a longer header that becomes known while the
// answer is on its way.
const faultAhead = 64 << 10

// A faultBody is the body of a relayed answer with an error status. Reading it fails when
// it turns out not to be a SOAP Fault, and that counts for the breaker.
type faultBody struct {
	call  *call
	reply *reply

	mu     sync.Mutex   // guards the following
	tokens *tokenReader // nil: it is a Fault
	judge
	held bytes.Buffer // bytes that tokens has read and that did not go out yet
	err  error        // sticky
}

// faultBody reads as much of r as it may hold back. It closes r with an error; otherwise
// closing the body closes r.
func (k *call) faultBody(r *reply) (io.ReadCloser, error) {
	f := &faultBody{call: k, reply: r}
	f.tokens = tokenReaderOf(&faultReaders, io.TeeReader(r, &f.held))
	for f.tokens != nil && f.held.Len() < faultAhead {
		if err := f.step(); err != nil {
			_ = r.Close()
			return nil, err
		}
	}
	return f, nil
}

// step gives the judge one more token.
func (f *faultBody) step() error {
	v := noFault
	t, _, err := f.tokens.token(true)
	if err == nil {
		v = f.take(t, f.tokens.xml.Depth())
	}
	if v == undecided {
		return nil
	}
	f.tokens.release()
	f.tokens = nil
	if v == isFault {
		f.call.end(nil)
		return nil
	}
	if broke := (*egon.CallError)(nil); !errors.As(err, &broke) && !errors.Is(err, errClosed) {
		err = f.call.unreadable(noFaultWith(f.reply.status))
	}
	f.err = err
	f.call.end(err)
	return err
}

// Read returns the answer byte for byte.
func (f *faultBody) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.err == nil && f.tokens != nil && f.held.Len() == 0 {
		_ = f.step() // its error is f.err
	}
	switch {
	case f.err != nil:
		return 0, f.err
	case f.held.Len() > 0:
		return f.held.Read(p)
	}
	return f.reply.Read(p)
}

// Close ends the call. It may come from elsewhere while a Read waits.
func (f *faultBody) Close() error {
	_ = f.reply.Close() // it cannot fail
	f.call.end(errClosed)
	return nil
}
