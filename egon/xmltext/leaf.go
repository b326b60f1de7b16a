package xmltext

// A Leaf is an element with nothing but text in it: three tokens at once. Like
// a [Token] it borrows from the window and from the scanner.
type Leaf struct {
	Name Name
	Text []byte // no references, no line ends but LF
	End  int64  // offset after its end tag
}

// Leaf looks whether the window begins with a leaf that is as simple as leaves
// nearly always are: whole in the window, its start tag without attributes and
// remembered from an earlier one. It says how many bytes that is, or 0. It takes
// nothing: the leaf is read by [Scanner.TakeLeaf] or, as three tokens, by
// [Scanner.Next].
func (s *Scanner) Leaf(leaf *Leaf, window []byte) (n int) {
	if s.in != inContent || s.seen == nil || len(s.carry) > 0 || len(s.open) >= s.bounds.Depth {
		return 0
	}
	t := s.seen.tag(window, s.scope.id)
	if t == nil || t.empty {
		return 0
	}
	begin := int(t.size)
	end := scanText(window, begin)
	n = end + len("</>") + int(t.name)
	if n > len(window) || n-end > s.bounds.TagBytes || window[n-1] != '>' || window[end] != '<' || window[end+1] != '/' {
		return 0
	}
	qname := window[1 : 1+t.name]
	if string(window[end+2:n-1]) != string(qname) {
		return 0
	}
	space, ok := s.spaceOf(t)
	if !ok {
		return 0
	}
	leaf.Name.Space, leaf.Name.Prefix, leaf.Name.Local = space, qname[:t.prefix], localName(qname, int32(t.prefix))
	leaf.Text, leaf.End = window[begin:end], s.off+int64(n)
	return n
}

// TakeLeaf takes the leaf of n bytes that [Scanner.Leaf] has found just now.
func (s *Scanner) TakeLeaf(n int) {
	s.brackets = 0
	s.off += int64(n)
}

// spaceOf returns the namespace of the element that t opens here, or false if
// the declarations that t makes are not remembered any more.
func (s *Scanner) spaceOf(t *seenTag) (space []byte, ok bool) {
	own := int(t.bound) - len(s.scope.bound)
	if t.inner != t.outer {
		declared := &s.seen.scopes[t.scope]
		if declared.inner != t.inner {
			return nil, false
		}
		if own >= 0 {
			return declared.uriOf(own), true
		}
	}
	if t.bound < 0 {
		return nil, true
	}
	return s.scope.bound[t.bound].URI, true
}
