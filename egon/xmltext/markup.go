package xmltext

import (
	"bytes"
	"unicode/utf8"
)

// markup reads the item that begins with '<': a tag to its end; a comment, a CDATA
// section and an instruction up to their content.
func (s *Scanner) markup(tok *Token, b []byte) (n int, err error) {
	s.brackets = 0
	limit := s.bounds.TagBytes
	if len(b) > limit {
		b = b[:limit]
	}
	if len(b) < 2 {
		err = errShort
	} else {
		switch b[1] {
		case '/':
			n, err = s.endTag(tok, b)
		case '!':
			n, err = s.exclamation(b)
		case '?':
			n, err = s.question(tok, b)
		default:
			n, err = s.startTag(tok, b)
		}
	}
	if err == errShort {
		if len(b) == limit {
			return limit, ErrTagTooLong
		}
		return 0, errShort
	}
	return n, err
}

// exclamation reads the opening of a comment or a CDATA section. Other items that
// begin with "<!" belong to a document type declaration.
func (s *Scanner) exclamation(b []byte) (int, error) {
	const doctype = "DOCTYPE"
	switch {
	case len(b) == 2:
		return 0, errShort
	case b[2] == '-':
		n, err := scanLiteral(b, 0, "<!--", ErrMarkup)
		if err != nil {
			return n, err
		}
		return s.begin(inComment, n)
	case b[2] == '[':
		n, err := scanLiteral(b, 0, "<![CDATA[", ErrMarkup)
		switch {
		case err != nil:
			return n, err
		case s.state != inContent:
			return 0, s.misplaced()
		}
		return s.begin(inCData, n)
	}
	word := b[2:min(len(b), 2+len(doctype))]
	switch {
	case !bytes.EqualFold(word, []byte(doctype[:len(word)])):
		return 0, ErrMarkup
	case len(word) < len(doctype):
		return 0, errShort
	}
	return 0, ErrDoctype
}

// question reads the XML declaration, or the target of an instruction.
func (s *Scanner) question(tok *Token, b []byte) (int, error) {
	end, err := scanName(b, 2)
	if err != nil {
		return end, err
	}
	target := b[2:end]
	switch {
	case bytes.EqualFold(target, []byte("xml")):
		if string(target) == "xml" && s.base == s.docStart && class[b[end]]&space != 0 {
			return s.declaration(tok, b)
		}
		return 2, ErrReservedTarget
	case b[end] == '?':
		if n, err := scanLiteral(b, end, "?>", ErrInstruction); err != nil {
			return n, err
		}
	case class[b[end]]&space == 0:
		return end, ErrInstruction
	}
	s.target = append(s.target[:0], target...)
	return s.begin(inInstruction, end)
}

// declaration reads the XML declaration (§2.8): version, then encoding, then
// standalone. Encoding and standalone may be missing.
func (s *Scanner) declaration(tok *Token, b []byte) (int, error) {
	const opening = len("<?xml")
	i, err := scanPseudo(b, opening, "version", ErrVersion, "1.0")
	if err != nil {
		return i, err
	}
	for _, p := range [...]struct {
		name   string
		wrong  error
		values [2]string
	}{
		{"encoding", ErrEncoding, [2]string{"utf-8", "utf-8"}},
		{"standalone", ErrDeclaration, [2]string{"yes", "no"}},
	} {
		k := skipSpace(b, i)
		if k == len(b) {
			return k, errShort
		}
		if b[k] != p.name[0] {
			continue
		}
		if i, err = scanPseudo(b, i, p.name, p.wrong, p.values[:]...); err != nil {
			return i, err
		}
	}
	end, err := scanLiteral(b, skipSpace(b, i), "?>", ErrDeclaration)
	if err != nil {
		return end, err
	}
	tok.Kind, tok.Data = Declaration, b[opening:end-len("?>")]
	tok.Start, tok.End = s.base, s.base+int64(end)
	return end, nil
}

// scanPseudo returns the end of ` name="value"` at b[i:], where value is one of
// values. The names of encodings are compared without regard to ASCII case.
func scanPseudo(b []byte, i int, name string, wrong error, values ...string) (int, error) {
	k := skipSpace(b, i)
	if k == i && k < len(b) {
		return k, ErrDeclaration
	}
	k, err := scanLiteral(b, k, name, ErrDeclaration)
	if err != nil {
		return k, err
	}
	k, err = scanLiteral(b, skipSpace(b, k), "=", ErrDeclaration)
	if err != nil {
		return k, err
	}
	k = skipSpace(b, k)
	if k == len(b) {
		return k, errShort
	}
	if b[k] != '"' && b[k] != '\'' {
		return k, ErrDeclaration
	}
	quote := b[k]
	for _, v := range values {
		end := k + 1 + len(v)
		have := b[k+1 : min(end, len(b))]
		same := string(have) == v[:len(have)] ||
			wrong == ErrEncoding && bytes.EqualFold(have, []byte(v[:len(have)]))
		switch {
		case !same:
			continue
		case end >= len(b):
			return len(b), errShort
		case b[end] == quote:
			return end + 1, nil
		}
	}
	return k + 1, wrong
}

// endTag reads </name>. A name equal to that of the innermost element needs no
// checks of its own.
func (s *Scanner) endTag(tok *Token, b []byte) (int, error) {
	if len(s.open) == 0 {
		if s.state == inEpilog {
			return 0, ErrTrailing
		}
		return 0, ErrMismatchedTag
	}
	name := s.names[s.open[len(s.open)-1].name:]
	end := 2 + len(name)
	if len(b) <= end || b[end] != '>' || string(b[2:end]) != string(name) {
		var err error
		if end, _, err = s.qname(b, 2); err != nil {
			return end, err
		}
		if string(b[2:end]) != string(name) {
			return 0, ErrMismatchedTag
		}
		if end, err = scanLiteral(b, skipSpace(b, end), ">", ErrTag); err != nil {
			return end, err
		}
		end--
	}
	s.endElement(tok)
	tok.Start, tok.End = s.base, s.base+int64(end)+1
	return end + 1, nil
}

// endElement closes the innermost element.
func (s *Scanner) endElement(tok *Token) {
	e := &s.open[len(s.open)-1]
	qname := s.names[e.name:]
	tok.Kind = EndElement
	s.name(tok, qname, e.prefix, e.bound)
	tok.Start, tok.End = s.base, s.base
	s.names = s.names[:e.name]
	s.open = s.open[:len(s.open)-1]
	s.scope.release(&e.before)
	if s.state = inContent; len(s.open) == 0 {
		s.state = inEpilog
	}
}

// name sets the name of a tag. It sets field by field: a composite would be built
// elsewhere and copied in units that the processor has not written, which stalls.
func (s *Scanner) name(tok *Token, qname []byte, prefix, bound int32) {
	if bound >= 0 {
		tok.Name.Space = s.scope.bound[bound].URI
	}
	tok.Name.Prefix = qname[:prefix]
	tok.Name.Local = localName(qname, prefix)
}

// qname is scanQName within the bound. It is fast for ASCII names without offence.
func (s *Scanner) qname(b []byte, i int) (end, prefix int, err error) {
	first := i
	end = scanASCII(b, i)
	if end < len(b) && b[end] == ':' && class[b[i]]&nameStart != 0 {
		prefix, first = end-i, end+1
		end = scanASCII(b, first)
	}
	if end == first || end == len(b) || end-i > s.bounds.NameBytes ||
		class[b[first]]&nameStart == 0 || b[end] == ':' || b[end] >= utf8.RuneSelf {
		end, prefix, err = scanQName(b, i)
		if end-i > s.bounds.NameBytes {
			return i + s.bounds.NameBytes, 0, ErrNameTooLong
		}
	}
	return end, prefix, err
}
