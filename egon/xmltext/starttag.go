package xmltext

import "unicode/utf8"

// startTag reads a start tag or an empty tag. It reads the bytes from left to
// right, and then resolves the names by all declarations of the tag. An offence of
// a name is at that name.
func (s *Scanner) startTag(tok *Token, b []byte) (int, error) {
	if s.state == inEpilog {
		return 0, ErrTrailing
	}
	before := s.scope.mark()
	end, prefix, err := s.qname(b, 1)
	if err != nil {
		return end, err
	}
	s.attrs = s.attrs[:0]
	i := end
	if b[i] != '>' {
		if i, err = s.attributes(b, i); err != nil {
			s.scope.release(&before)
			return i, err
		}
	}
	qname := b[1:end]
	bound := s.scope.lookup(qname[:prefix])
	at := 1
	switch {
	case len(s.open) >= s.bounds.Depth:
		at, err = 0, ErrTooDeep
	case bound < 0 && prefix > 0:
		err = ErrUnboundPrefix
	case len(s.attrs) > 0:
		at, err = s.resolve()
	}
	if err != nil {
		s.scope.release(&before)
		return at, err
	}
	if s.memo != nil && len(s.scope.bound) > int(before.bound) {
		own, arena := s.scope.bound[before.bound:], s.scope.arena[before.arena:]
		s.scope.id, s.scope.slot = s.memo.identity(before.id, own, arena)
	}
	e := s.opened(tok, qname, int32(prefix), bound)
	e.before.bound, e.before.arena, e.before.id = before.bound, before.arena, before.id
	empty := b[i] == '/'
	if empty {
		i++
	}
	if s.memo != nil && len(s.attrs) == 0 {
		s.remember(b, i+1, e)
	}
	s.started(tok, empty)
	tok.Start, tok.End = s.base, s.base+int64(i)+1
	return i + 1, nil
}

// opened makes the element the innermost and sets the name of tok. The caller sets
// the scope before.
func (s *Scanner) opened(tok *Token, qname []byte, prefix, bound int32) *element {
	if len(s.open) == cap(s.open) {
		s.open = append(s.open, element{})
	} else {
		s.open = s.open[:len(s.open)+1]
	}
	e := &s.open[len(s.open)-1]
	e.name, e.prefix, e.bound = int32(len(s.names)), prefix, bound
	s.names = append(s.names, qname...)
	s.name(tok, qname, prefix, bound)
	return e
}

// started makes tok a start tag, after its element was opened.
func (s *Scanner) started(tok *Token, empty bool) {
	s.state, s.rooted = inContent, true
	if empty {
		s.state, tok.Empty = inEmpty, true
	}
	tok.Kind, tok.s = StartElement, s
}

// attributes reads attributes and declarations from b[i], where the name of the
// element ends, and returns the position of '>' or "/>".
func (s *Scanner) attributes(b []byte, i int) (int, error) {
	s.spots, s.values = s.spots[:0], s.values[:0]
	from := len(s.scope.bound)
	for {
		begin := skipSpace(b, i)
		switch {
		case begin == len(b):
			return begin, errShort
		case b[begin] == '>':
			return begin, nil
		case b[begin] == '/':
			if end, err := scanLiteral(b, begin, "/>", ErrTag); err != nil {
				return end, err
			}
			return begin, nil
		case begin == i:
			return begin, ErrTag
		}
		end, prefix, err := s.qname(b, begin)
		if err != nil {
			return end, err
		}
		var value []byte
		if value, i, err = s.value(b, end); err != nil {
			return i, err
		}
		name := b[begin:end]
		local := localName(name, int32(prefix))
		switch {
		case prefix == 0 && string(name) == "xmlns":
			err = s.declare(nil, value, from)
		case prefix == len("xmlns") && string(name[:prefix]) == "xmlns":
			err = s.declare(local, value, from)
		case len(s.attrs) >= s.bounds.Attrs:
			err = ErrTooManyAttributes
		default:
			s.attribute(begin, name[:prefix], local, value)
		}
		if err != nil {
			return begin, err
		}
	}
}

// attribute adds an attribute whose name begins at position at, without a
// namespace. It sets field by field, as name does.
func (s *Scanner) attribute(at int, prefix, local, value []byte) {
	if len(s.attrs) == cap(s.attrs) {
		s.attrs = append(s.attrs, Attr{})
	} else {
		s.attrs = s.attrs[:len(s.attrs)+1]
	}
	a := &s.attrs[len(s.attrs)-1]
	a.Name.Space, a.Name.Prefix, a.Name.Local, a.Value = nil, prefix, local, value
	s.spots = append(s.spots, at)
}

// declare is scope.declare within the bound. The binding of xml does not count.
func (s *Scanner) declare(prefix, uri []byte, from int) error {
	if len(s.scope.bound) > s.bounds.Namespaces {
		return ErrTooManyNamespaces
	}
	return s.scope.declare(prefix, uri, from)
}

// declared returns the declarations of the innermost element.
func (s *Scanner) declared() []Binding {
	return s.scope.bound[s.open[len(s.open)-1].before.bound:]
}

// resolve gives the attributes their namespaces. An attribute without a prefix
// is in none.
func (s *Scanner) resolve() (at int, err error) {
	for i := range s.attrs {
		a := &s.attrs[i]
		if len(a.Name.Prefix) > 0 {
			bound := s.scope.lookup(a.Name.Prefix)
			if bound < 0 {
				return s.spots[i], ErrUnboundPrefix
			}
			a.Name.Space = s.scope.bound[bound].URI
		}
		for j := range i {
			b := &s.attrs[j]
			if string(b.Name.Local) == string(a.Name.Local) &&
				string(b.Name.Space) == string(a.Name.Space) {
				return s.spots[i], ErrDuplicateAttribute
			}
		}
	}
	return 0, nil
}

// blanks adds a blank to values for each white space at b[i:], one for CR LF
// (XML 1.0 §2.11, §3.3.3), and returns its end.
func (s *Scanner) blanks(b []byte, i int) int {
	for i < len(b) && class[b[i]]&space != 0 {
		if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
			i++
		}
		s.values = append(s.values, ' ')
		i++
	}
	return i
}

// value reads `="…"` at b[i:] and returns the normalised value and the position
// after it. The value is part of b, or of values if it was decoded.
func (s *Scanner) value(b []byte, i int) (value []byte, end int, err error) {
	if len(b)-i < 2 || b[i] != '=' || b[i+1] != '"' {
		if i, err = scanLiteral(b, skipSpace(b, i), "=", ErrTag); err != nil {
			return nil, i, err
		}
		i = skipSpace(b, i) - 1
	}
	if i++; i == len(b) {
		return nil, i, errShort
	}
	quote := b[i]
	if quote != '"' && quote != '\'' {
		return nil, i, ErrTag
	}
	i++
	end = scanValue(b, i, quote)
	if end < len(b) && b[end] == quote {
		return b[i:end], end + 1, nil
	}
	begin := len(s.values)
	for {
		s.values = append(s.values, b[i:end]...)
		if end == len(b) {
			return nil, end, errShort
		}
		switch c := b[end]; {
		case c == quote:
			return s.values[begin:], end + 1, nil
		case c == '<':
			return nil, end, ErrLessThan
		case c == '&':
			var r rune
			if r, i, err = scanReference(b, end); err != nil {
				return nil, i, err
			}
			s.values = utf8.AppendRune(s.values, r)
		case class[c]&space != 0:
			if i = s.blanks(b, end); i == len(b) && b[i-1] == '\r' {
				return nil, i, errShort
			}
		default:
			i, err = charOffence(b, end)
			return nil, i, err
		}
		end = scanValue(b, i, quote)
	}
}
