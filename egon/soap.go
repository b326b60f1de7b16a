package egon

import (
	"bytes"
	"errors"
	"math"

	"brana/egon/xmltext"
)

// A place is the place in the SOAP Envelope where the next token stands.
type place uint8

const (
	beforeRoot  place = iota
	inEnvelope        // before Header and Body
	inHeader          // inside Header
	afterHeader       // before Body
	inBody            // before the operation
	inOperation       // the operation's element and all inside it
	afterOperation
	afterBody
	afterRoot
)

// A soap reads the Envelope around an operation, or an operation without one. It knows
// nothing of the content of the operation.
//
// Invariants: held is the offset of the closing part of the message. No byte from there
// on is released before the document is complete. released is the end of the last token
// that was taken without offence.
type soap struct {
	scan      *xmltext.Scanner
	place     place
	skip      int // open elements of a header block
	enveloped bool
	done      bool
	limit     int64  // bytes that may be taken
	tooLarge  reason // the offence of the byte after them
	released  int64
	held      int64
	offence   *Offence
	leafTaken func(*xmltext.Leaf) bool // takeLeaf of the reader around it, bound once
}

func (s *soap) reset() {
	s.scan.Reset()
	s.place, s.skip, s.enveloped, s.done = beforeRoot, 0, false, false
	s.released, s.held, s.offence = 0, math.MaxInt64, nil
}

// A meaning is the meaning of character data at the place of the next token.
type meaning uint8

const (
	someText meaning = iota
	noBlanks         // its white space means nothing
	noMeaning
)

// next reads the next token of the window and moves the window behind it. It returns
// false when the window is used up, the document is complete, or an offence was found.
// Character data without meaning makes no token.
func (s *soap) next(tok *xmltext.Token, window *[]byte, last bool, text meaning) bool {
	part := *window
	if room := s.limit - s.scan.Offset(); int64(len(part)) > room {
		part, last = part[:room], false
	}
	if n := s.skipped(part, text); n > 0 {
		s.released = s.scan.Offset()
		part, *window = part[n:], (*window)[n:]
	}
	n, err := s.scan.NextInto(tok, part, last)
	*window = (*window)[n:]
	if err == nil {
		if tok.Kind != xmltext.End {
			return true
		}
		s.released, s.done = tok.End, true
		return false
	}
	switch {
	case err != xmltext.ErrMore:
		s.offence = syntaxOffence(err, s.scan.Bounds())
	case len(*window) > 0:
		s.offence = s.offend(s.tooLarge, s.limit, s.limit)
	}
	return false
}

// skipped takes character data without meaning at the beginning of part, and returns
// the number of bytes.
func (s *soap) skipped(part []byte, text meaning) int {
	switch {
	case text == noMeaning, text == noBlanks && s.place == inHeader && s.skip > 0:
		return s.scan.SkipText(part)
	case text == noBlanks:
		return s.scan.SkipBlank(part)
	}
	return 0
}

// leaves takes the leaves with which the window begins, see
// [xmltext.Scanner.Leaves], as far as the limit allows.
func (s *soap) leaves(window *[]byte) {
	part := *window
	if room := s.limit - s.scan.Offset(); int64(len(part)) > room {
		part = part[:room]
	}
	if n := s.scan.Leaves(part, s.leafTaken); n > 0 {
		s.released = s.scan.Offset()
		*window = (*window)[n:]
	}
}

// releasable is the offset up to which the bytes of the message may leave.
func (s *soap) releasable() int64 {
	if s.done {
		return s.released
	}
	return min(s.released, s.held)
}

// outside reads a token that is not inside the operation, and reports whether it is the
// start tag of the operation.
func (s *soap) outside(tok *xmltext.Token) (operation bool, o *Offence) {
	switch tok.Kind {
	case xmltext.StartElement:
		if operation, o = s.start(tok); operation && tok.Empty {
			s.held = tok.Start // the one tag opens and ends it
		}
		return operation, o
	case xmltext.EndElement:
		return false, s.end(tok)
	case xmltext.Text, xmltext.CData:
		i := notWhite(tok)
		if i >= 0 && s.skip == 0 {
			return false, s.offend(textInEnvelope, tok.Start+int64(i))
		}
	}
	return false, nil
}

func (s *soap) start(tok *xmltext.Token) (operation bool, o *Offence) {
	name := tok.Name
	soap11 := string(name.Space) == NSEnvelope
	switch s.place {
	case beforeRoot:
		switch {
		case soap11 && string(name.Local) == "Envelope":
			s.place, s.enveloped = inEnvelope, true
			return false, nil
		case string(name.Local) == "Envelope":
			return false, s.offend(otherSoap, tok.Start)
		}
		s.place = inOperation
		return true, nil
	case inEnvelope, afterHeader:
		switch {
		case soap11 && string(name.Local) == "Header" && s.place == inEnvelope:
			s.place = inHeader
			return false, nil
		case soap11 && string(name.Local) == "Body":
			s.place = inBody
			return false, nil
		}
	case inHeader:
		s.skip++
		return false, nil
	case inBody:
		if !soap11 || string(name.Local) == "Fault" {
			s.place = inOperation
			return true, nil
		}
	case afterOperation:
		return false, s.offend(secondOperation, tok.Start, sent(name.Local))
	}
	return false, s.offend(strayElement, tok.Start, sent(name.Local))
}

// demands reports whether the receiver of the message must understand a block of the
// SOAP Header that brana does not understand. The block has no other actor (SOAP 1.1
// §4.2.2), and any value of mustUnderstand but false counts as true (§4.2.3). Action is
// known: clients of WCF repeat SOAPAction in it.
func demands(tok *xmltext.Token) bool {
	demanded := false
	for i, attrs := 0, tok.Attrs(); i < len(attrs); i++ {
		a := &attrs[i]
		if string(a.Name.Space) != NSEnvelope {
			continue
		}
		switch value := string(bytes.Trim(a.Value, whiteSpace)); string(a.Name.Local) {
		case "mustUnderstand":
			demanded = value != "0" && value != "false"
		case "actor":
			if value != "" && value != nextActor {
				return false
			}
		}
	}
	return demanded && !tok.Name.Is(nsAction, "Action")
}

const (
	nextActor = "http://schemas.xmlsoap.org/soap/actor/next"
	nsAction  = "http://schemas.microsoft.com/ws/2005/05/addressing/none"
)

func (s *soap) end(tok *xmltext.Token) *Offence {
	switch s.place {
	case inHeader:
		if s.skip > 0 {
			s.skip--
		} else {
			s.place = afterHeader
		}
	case inBody:
		return s.offend(emptyBody, tok.Start)
	case inEnvelope, afterHeader:
		return s.offend(noBody, tok.Start)
	case afterOperation:
		s.place = afterBody
	case afterBody:
		s.place = afterRoot
	}
	return nil
}

// leave takes the end tag of the operation.
func (s *soap) leave(tok *xmltext.Token) {
	s.held = min(s.held, tok.Start)
	s.place = afterOperation
	if !s.enveloped {
		s.place = afterRoot
	}
}

// offend makes the offence of the reason r.
func (s *soap) offend(r reason, at int64, args ...any) *Offence {
	return r.offence(at, s.scan.Path(), args...)
}

// syntaxOffence makes the offence of an error of a scanner with these bounds.
func syntaxOffence(err error, bounds xmltext.Bounds) *Offence {
	var syntax *xmltext.SyntaxError
	if !errors.As(err, &syntax) {
		return &Offence{Kind: Malformed, Popis: err.Error(), Err: err}
	}
	r, args := notXML, []any{syntax.Offset}
	for _, own := range xmlReasons {
		if own.err != syntax.Err {
			continue
		}
		r = reason{own.kind, own.popis, ""}
		if own.bound != nil {
			args = append(args, own.bound(&bounds))
		}
		break
	}
	o := r.offence(syntax.Offset, syntax.Path, args...)
	o.Err, o.ForLog = syntax.Err, ""
	return o
}

// notWhite returns the index of the first byte of character data that is not XML white
// space, or -1. A CDATA section is never white space, even an empty one: its purpose is
// text.
func notWhite(tok *xmltext.Token) int {
	if tok.Kind == xmltext.CData {
		return 0
	}
	for i, c := range tok.Data {
		if !white(c) {
			return i
		}
	}
	return -1
}

// whiteSpace is the white space of XML (XML 1.0 §2.3).
const whiteSpace = " \n\t\r"

// white reports whether c is XML white space.
func white(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }
