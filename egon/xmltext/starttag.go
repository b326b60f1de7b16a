package xmltext

import "unicode/utf8"

// startTag reads a start tag or an empty tag. First the bytes are read from
// left to right, then, with all declarations of the tag at hand, names are
// resolved. An offence of the second sort is at the name that has it.
func (s *Scanner) startTag(tok *Token, b []byte) (int, error) {
	if s.in == inEpilog {
		return 0, ErrTrailing
	}
	end, prefix, err := s.qname(b, 1)
	if err != nil {
		return end, err
	}
	before := s.scope.mark()
	s.attrs = s.attrs[:0]
	i := end
	if b[i] != '>' && !s.again(b, &i) {
		s.repeat = s.repeat[:0]
		if i, err = s.attributes(b, i); err != nil {
			s.scope.release(before)
			return i, err
		}
		if b[i] == '>' && len(s.attrs) == 0 {
			s.repeat, s.repeatAt = append(s.repeat, b[end:i+1]...), before
			s.repeated = s.scope.mark()
		}
	}
	if len(s.open) >= s.bounds.Depth {
		return 0, ErrTooDeep
	}
	qname := b[1:end]
	bound := s.scope.lookup(qname[:prefix])
	if bound < 0 && prefix > 0 {
		return 1, ErrUnboundPrefix
	}
	if len(s.attrs) > 0 {
		if at, err := s.resolve(); err != nil {
			return at, err
		}
	}
	s.open = append(s.open, element{})
	e := &s.open[len(s.open)-1]
	e.name, e.prefix, e.bound, e.before = int32(len(s.names)), int32(prefix), bound, before
	s.names = append(s.names, qname...)
	s.in, s.rooted = inContent, true
	if b[i] == '/' {
		s.in, tok.Empty = inEmpty, true
		i++
	}
	tok.Kind, tok.s = StartElement, s
	s.name(tok, qname, int32(prefix), bound)
	tok.Start, tok.End = s.base, s.base+int64(i)+1
	return i + 1, nil
}

// again makes the declarations of the last tag that had any once more, if the
// tag whose name ends at b[*i] has them byte by byte and closes there too. Some
// writers repeat them on each of many siblings. Their bindings are still in the
// scope, above its height: all that is written there since passes by here first
// and forgets repeat.
func (s *Scanner) again(b []byte, i *int) bool {
	end := *i + len(s.repeat)
	if len(s.repeat) == 0 || len(b) < end || s.repeatAt != s.scope.mark() || string(b[*i:end]) != string(s.repeat) {
		return false
	}
	s.scope.bound, s.scope.arena = s.scope.bound[:s.repeated.bound], s.scope.arena[:s.repeated.arena]
	*i = end - 1
	return true
}

// attributes reads attributes and declarations from b[i], where the name of
// the element ends, and returns where '>' or "/>" is.
func (s *Scanner) attributes(b []byte, i int) (int, error) {
	s.spots, s.values = s.spots[:0], s.values[:0]
	from := len(s.scope.bound)
	for count := 0; ; count++ {
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
		if count >= s.bounds.Attrs {
			return begin, ErrTooManyAttributes
		}
		name := b[begin:end]
		local := localName(name, int32(prefix))
		switch {
		case prefix == 0 && string(name) == "xmlns":
			err = s.declare(nil, value, from)
		case prefix == len("xmlns") && string(name[:prefix]) == "xmlns":
			err = s.declare(local, value, from)
		default:
			s.attrs = append(s.attrs, Attr{})
			a := &s.attrs[len(s.attrs)-1]
			a.Name.Prefix, a.Name.Local, a.Value = name[:prefix], local, value
			s.spots = append(s.spots, begin)
		}
		if err != nil {
			return begin, err
		}
	}
}

// declare is scope.declare within the bound; bound[0], which is xml, is free.
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
		for _, b := range s.attrs[:i] {
			if string(b.Name.Local) == string(a.Name.Local) && string(b.Name.Space) == string(a.Name.Space) {
				return s.spots[i], ErrDuplicateAttribute
			}
		}
	}
	return 0, nil
}

// value reads `="…"` at b[i:] and returns the normalised value and the position
// after it. The value is part of b, or of values if it had to be decoded.
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
			i = end + 1
			if c == '\r' && i == len(b) {
				return nil, i, errShort
			}
			if c == '\r' && b[i] == '\n' {
				i++
			}
			s.values = append(s.values, ' ')
		default:
			i, err = charOffence(b, end)
			return nil, i, err
		}
		end = scanValue(b, i, quote)
	}
}
