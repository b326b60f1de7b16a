package xmltext

import "unicode/utf8"

// The functions of this file, of markup.go and of starttag.go look at one slice,
// whose first byte is at offset base. They return the number of bytes that they
// used; errShort and 0 if the item at the beginning does not end in the slice; or a
// sentinel and the position of the offence.

// step reads on until it has a token. It returns the number of used bytes with
// errShort too: white space and delimiters are no tokens.
func (s *Scanner) step(tok *Token, b []byte) (n int, err error) {
	for {
		used, err := s.item(tok, b[n:])
		n += used
		s.base += int64(used)
		if err != nil || tok.Kind != 0 {
			return n, err
		}
	}
}

// item reads the item at b[0]. If that is no token, tok stays without a kind.
func (s *Scanner) item(tok *Token, b []byte) (int, error) {
	if len(b) == 0 {
		return 0, errShort
	}
	switch s.state {
	case inContent:
		if b[0] == '<' {
			return s.markup(tok, b)
		}
		return s.characters(tok, b)
	case inComment, inCData, inInstruction:
		return s.piece(tok, b)
	case inStart:
		return s.byteOrderMark(b)
	}
	if n := skipSpace(b, 0); n > 0 {
		return n, nil
	}
	if b[0] == '<' {
		return s.markup(tok, b)
	}
	return 0, s.misplaced()
}

// misplaced is the offence of content outside the root element.
func (s *Scanner) misplaced() error {
	if s.state == inEpilog {
		return ErrTrailing
	}
	return ErrOutside
}

// byteOrderMark takes the mark of UTF-8 and refuses the others. UTF-32 and UTF-16
// without a mark are refused for their zeros, see visible.
func (s *Scanner) byteOrderMark(b []byte) (int, error) {
	switch b[0] {
	case 0xFE, 0xFF:
		return 0, ErrEncoding
	case 0xEF:
		n, err := scanLiteral(b, 0, "\xEF\xBB\xBF", ErrEncoding)
		if err == nil {
			s.state, s.docStart = inProlog, s.base+int64(n)
		}
		return short(n, err)
	}
	s.state = inProlog
	return 0, nil
}

// short makes the positions of errShort zero: nothing was used.
func short(n int, err error) (int, error) {
	if err == errShort {
		return 0, err
	}
	return n, err
}

// characters reads a piece of character data at the beginning of b. It finds "]]>"
// across pieces by the number of brackets at the end of the piece before.
func (s *Scanner) characters(tok *Token, b []byte) (int, error) {
	if b[0] == '&' {
		return s.reference(tok, b)
	}
	brackets := int(s.brackets)
	if brackets == 2 && b[0] == '>' {
		return 0, ErrCDataEnd
	}
	s.brackets = 0
	n := 0
	for {
		n = scanText(b, n)
		if n == len(b) || b[n] != ']' {
			break
		}
		if n > 0 {
			brackets = 0
		}
		for n < len(b) && b[n] == ']' {
			n++
			brackets++
		}
		if n == len(b) || brackets >= 2 && b[n] == '>' {
			s.brackets = uint8(min(brackets, 2))
			break
		}
	}
	if n == 0 {
		return s.unusual(tok, b, Text, ']')
	}
	tok.Kind, tok.Data = Text, b[:n]
	tok.Start, tok.End = s.base, s.base+int64(n)
	return n, nil
}

// unusual reads the byte that ends a run of ordinary characters in any content: a
// CR, a character that is cut, or one that is not allowed. After a CR it reads on,
// as far as a piece may be long: many CRs must not make a token each.
func (s *Scanner) unusual(tok *Token, b []byte, kind Kind, stop byte) (int, error) {
	if b[0] != '\r' {
		return short(charOffence(b, 0))
	}
	data, n := normalise(s.lineBuffer(), b, stop, kind == Text)
	if n == 0 {
		return 0, errShort
	}
	tok.Kind, tok.Data = kind, data
	tok.Start, tok.End = s.base, s.base+int64(n)
	return n, nil
}

// lineBuffer returns room for one such piece. Most scanners never need it.
func (s *Scanner) lineBuffer() []byte {
	if s.lines == nil {
		s.lines = make([]byte, 0, lineBytes)
	}
	return s.lines
}

// lineBytes bounds a piece with normalised line ends, in bytes.
const lineBytes = 512

// reference reads one reference, which is a piece of text of its own.
func (s *Scanner) reference(tok *Token, b []byte) (int, error) {
	s.brackets = 0
	r, n, err := scanReference(b, 0)
	if err != nil {
		return short(n, err)
	}
	tok.Kind, tok.Data, tok.Ref = Text, utf8.AppendRune(s.small[:0], r), true
	tok.Start, tok.End = s.base, s.base+int64(n)
	return n, nil
}

// piece reads a piece of a comment, CDATA section or instruction, with the closing
// delimiter if that follows.
func (s *Scanner) piece(tok *Token, b []byte) (n int, err error) {
	kind, closing := Comment, "-->"
	switch s.state {
	case inCData:
		kind, closing = CData, "]]>"
	case inInstruction:
		kind, closing = ProcInst, "?>"
		if !s.unspaced {
			n = skipSpace(b, 0)
			s.unspaced = n < len(b)
			if n > 0 {
				return n, nil
			}
		}
	}
	n = scanPiece(b, n, closing)
	data := b[:n]
	end, err := scanLiteral(b, n, closing, nil)
	switch {
	case end > n && err == nil:
		s.state = s.level()
		n = end
	case n > 0:
		tok.More = true
	case err == errShort:
		return 0, errShort
	case b[0] != closing[0]:
		if n, err = s.unusual(tok, b, kind, closing[0]); err != nil {
			return n, err
		}
		data, tok.More = tok.Data, true
	default:
		return 0, ErrComment
	}
	tok.Kind, tok.Data = kind, data
	if kind == ProcInst {
		tok.Name.Local = s.target
	}
	tok.Start, tok.End = s.from, s.base+int64(n)
	s.from = tok.End
	return n, nil
}

// level is the state after a comment, CDATA section or instruction.
func (s *Scanner) level() state {
	switch {
	case len(s.open) > 0:
		return inContent
	case s.rooted:
		return inEpilog
	}
	return inProlog
}

// begin enters a comment, CDATA section or instruction that began n bytes ago.
func (s *Scanner) begin(kind state, n int) (int, error) {
	s.state, s.from, s.unspaced = kind, s.base, kind != inInstruction
	return n, nil
}
