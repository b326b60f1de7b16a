package xmltext

import "unicode/utf8"

// The functions of this file read tokens that are whole in the window, inside the
// root element and without offence, as nearly all are. They return the length of
// the token. For any other token they return 0 and have changed nothing.

// plainText reads character data without references and brackets, and a short line
// together with its end.
func (s *Scanner) plainText(tok *Token, b []byte) int {
	n := scanText(b, 0)
	switch {
	case n == 0 || s.brackets == 2 && b[0] == '>':
		return 0
	case n < len(b) && b[n] == ']':
		return 0
	case n < shortLine && n < len(b) && b[n] == '\r':
		return s.plainLines(tok, b)
	}
	s.brackets = 0
	tok.Kind, tok.Data = Text, b[:n]
	return n
}

// shortLine is the longest line, in bytes, that is copied to one piece with what
// follows; a longer one is a piece of its own.
const shortLine = 16

// plainReference reads one reference.
func (s *Scanner) plainReference(tok *Token, b []byte) int {
	r, n, err := scanReference(b, 0)
	if err != nil {
		return 0
	}
	s.brackets = 0
	tok.Kind, tok.Data, tok.Ref = Text, utf8.AppendRune(s.small[:0], r), true
	return n
}

// plainLines reads character data with line ends to normalise.
func (s *Scanner) plainLines(tok *Token, b []byte) int {
	data, n := normalise(s.lineBuffer(), b, ']', true)
	if n == 0 {
		return 0
	}
	s.brackets = 0
	tok.Kind, tok.Data = Text, data
	return n
}

// plainEnd reads an end tag without white space.
func (s *Scanner) plainEnd(tok *Token, b []byte) int {
	name := s.names[s.open[len(s.open)-1].name:]
	end := 2 + len(name)
	if len(b) <= end || b[end] != '>' || string(b[2:end]) != string(name) ||
		end >= s.bounds.TagBytes {
		return 0
	}
	s.brackets = 0
	s.endElement(tok)
	return end + 1
}

// plainStart reads any other start tag.
func (s *Scanner) plainStart(tok *Token, b []byte) int {
	if b[1] == '!' || b[1] == '?' {
		return 0
	}
	s.brackets = 0
	n, err := s.startTag(tok, b[:min(len(b), s.bounds.TagBytes)])
	if err != nil {
		return 0
	}
	return n
}
