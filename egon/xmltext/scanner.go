package xmltext

import "unicode/utf8"

// Bounds limits how much of a document the scanner holds. All are required: zero
// does not mean "unlimited", it lets nothing through.
type Bounds struct {
	NameBytes  int // bytes of the name of an element or attribute, prefix included
	TagBytes   int // bytes of one tag, of the XML declaration, or of the target of an instruction
	Attrs      int // attributes of one tag, without namespace declarations
	Depth      int // open elements
	Namespaces int // namespace declarations in scope
}

// DefaultBounds returns bounds far above every message of a registry. Messages of
// clients that declare the namespaces of all their services on each root are
// within them too.
func DefaultBounds() Bounds {
	return Bounds{NameBytes: 256, TagBytes: 16 << 10, Attrs: 64, Depth: 128, Namespaces: 256}
}

// A state is the place in the grammar where the next byte stands.
type state uint8

const (
	inStart   state = iota // at the first byte
	inProlog               // before the root element
	inContent              // inside the root element
	inEpilog               // after it
	inComment
	inCData
	inInstruction
	inEmpty  // between the two tokens of an empty tag
	inEnd    // the document was complete
	inFailed // err is the offence
)

// An element is an open element. Its name begins at names[name] and ends where the
// name of the next one begins.
type element struct {
	name   int32 // where its QName begins in Scanner.names
	prefix int32 // length of the prefix, 0 for none
	bound  int32 // index of its namespace in scope.bound, -1 for none
	before mark  // the scope before its own declarations
}

// A Scanner reads one document token by token, in windows of any size. It is not
// safe for concurrent use. After [Scanner.Reset] it can be used again and then
// allocates nothing.
//
// Invariants: an item of markup that a window cuts is in carry, from its first
// byte on. All of carry counts as taken, so the item begins at off-len(carry).
// Elsewhere carry is empty or holds the few bytes that decide how the content goes
// on: part of a character, a CR, part of a closing delimiter. windows.go has a
// picture.
type Scanner struct {
	bounds Bounds
	state  state
	rooted bool // the root element was opened
	err    error

	off      int64 // bytes taken
	base     int64 // offset of the first byte that step looks at
	docStart int64 // where an XML declaration may stand: after the byte order mark
	from     int64 // offset of the next piece of a comment, CDATA section or instruction

	carry    []byte
	quote    byte  // the quote that is open at the end of a carried tag
	brackets uint8 // number of ']' at the end of the text before the window, at most 2
	unspaced bool  // the white space before the content of an instruction was read

	open   []element
	names  []byte // the QNames of the open elements, one after the other
	scope  scope
	attrs  []Attr
	spots  []int  // where in the tag each of attrs begins
	values []byte // decoded attribute values of this tag
	target []byte // of the instruction being read
	small  [utf8.UTFMax]byte
	lines  []byte // character data with its line ends normalised

	memo    *tagMemo // nil during the first document: many scanners read only one
	memoUse MemoUse
	leaf    Leaf // handed out by Leaves
}

// NewScanner returns a scanner at the beginning of a document.
func NewScanner(b Bounds) *Scanner {
	s := &Scanner{bounds: Bounds{
		NameBytes:  max(b.NameBytes, 0),
		TagBytes:   max(b.TagBytes, 0),
		Attrs:      b.Attrs,
		Depth:      b.Depth,
		Namespaces: b.Namespaces,
	}}
	s.reset()
	return s
}

// Reset puts the scanner at the beginning of a new document. It keeps the buffers,
// which never hold more than the bounds allow.
func (s *Scanner) Reset() {
	if s.memo == nil {
		s.memo = newMemo(s.memoUse)
	}
	s.reset()
}

func (s *Scanner) reset() {
	s.state, s.rooted, s.err = inStart, false, nil
	s.off, s.base, s.docStart, s.from = 0, 0, 0, 0
	s.carry, s.quote, s.brackets, s.unspaced = s.carry[:0], 0, 0, false
	s.open, s.names, s.attrs, s.spots = s.open[:0], s.names[:0], s.attrs[:0], s.spots[:0]
	s.scope.reset()
}

// Bounds returns the bounds of the scanner.
func (s *Scanner) Bounds() Bounds { return s.bounds }

// Offset returns the number of bytes that were taken since Reset. Once Next has
// returned ErrMore, they include the beginning of an item that is not complete.
func (s *Scanner) Offset() int64 { return s.off }

// Depth returns the number of open elements. An element counts from its start
// token up to, but not including, its end token.
func (s *Scanner) Depth() int { return len(s.open) }

// Path returns the local names of the open elements as /Envelope/Body. It builds
// them at each call, and allocates.
func (s *Scanner) Path() string {
	path := make([]byte, 0, len(s.names)+len(s.open)+1)
	for i, e := range s.open {
		end := len(s.names)
		if i+1 < len(s.open) {
			end = int(s.open[i+1].name)
		}
		path = append(append(path, '/'), localName(s.names[e.name:end], e.prefix)...)
	}
	if len(path) == 0 {
		return "/"
	}
	return string(path)
}

// InScope appends to dst the namespace bindings in scope: the innermost of each
// prefix but xml. Their bytes are valid until the element that declared them
// closes.
func (s *Scanner) InScope(dst []Binding) []Binding { return s.scope.inScope(dst) }

// Namespace returns the URI that the innermost declaration in scope binds to
// prefix, and whether there is one. An empty prefix is the default namespace. It is
// for QNames in values. Its bytes are valid until the element that declared it
// closes.
func (s *Scanner) Namespace(prefix []byte) (uri []byte, bound bool) {
	if i := s.scope.lookup(prefix); i >= 0 {
		return s.scope.bound[i].URI, true
	}
	return nil, false
}

// Next reads one token from window and takes n of its bytes: the window of the
// next call begins after them. last says that nothing follows the window.
//
// With [ErrMore] the whole window is taken, no token is complete, and the document
// goes on. When last is true and a complete document has ended, the token is [End].
// Any other error is a [*SyntaxError], and every later call returns it again.
// Tokens and errors do not depend on how the document is cut into windows; only
// character data comes in other pieces.
func (s *Scanner) Next(window []byte, last bool) (tok Token, n int, err error) {
	n, err = s.NextInto(&tok, window, last)
	return tok, n, err
}

// NextInto is [Scanner.Next] into a token of the caller. It is for loops in which
// the copy of a token is a good part of the cost of reading it.
func (s *Scanner) NextInto(tok *Token, window []byte, last bool) (n int, err error) {
	*tok = Token{}
	if s.state == inContent && len(s.carry) == 0 && len(window) > 1 {
		switch c := window[0]; {
		case c == '&':
			n = s.plainReference(tok, window)
		case c == '\r':
			n = s.plainLines(tok, window)
		case c != '<':
			n = s.plainText(tok, window)
		case window[1] == '/':
			n = s.plainEnd(tok, window)
		default:
			if n = s.knownStart(tok, window); n == 0 {
				n = s.plainStart(tok, window)
			}
		}
		if n > 0 {
			tok.Start, tok.End = s.off, s.off+int64(n)
			s.off = tok.End
			return n, nil
		}
	}
	return s.next(tok, window, last)
}

// SkipBlank takes the white space at the beginning of the window, if that is
// character data, and returns the number of bytes. It makes no token: it is for
// callers that ignore such text.
func (s *Scanner) SkipBlank(window []byte) (n int) {
	if !s.skips() {
		return 0
	}
	if n = skipSpace(window, 0); n > 0 {
		s.brackets = 0
		s.off += int64(n)
	}
	return n
}

// SkipText is [Scanner.SkipBlank] for callers that ignore all character data. It
// stops at markup, at an item that the window cuts, and at an offence.
func (s *Scanner) SkipText(window []byte) (n int) {
	if !s.skips() {
		return 0
	}
	n, s.brackets = skipText(window, s.brackets)
	s.off += int64(n)
	return n
}

// skips reports whether character data can begin here, with nothing carried.
func (s *Scanner) skips() bool {
	return s.state == inContent && len(s.carry) == 0 && s.off >= sniffed
}

// next is NextInto in all cases; those of memo.go and plain.go are only faster.
func (s *Scanner) next(tok *Token, window []byte, last bool) (n int, err error) {
	switch s.state {
	case inEmpty:
		s.base = s.off
		s.endElement(tok)
		tok.Empty = true
		return 0, nil
	case inEnd:
		if len(window) == 0 {
			s.end(tok)
			return 0, nil
		}
		return 0, s.fail(s.stop(ErrTrailing))
	case inFailed:
		return 0, s.err
	}
	visible := s.visible(window)
	switch n, err = s.fetch(tok, visible); {
	case err == nil:
		return n, nil
	case err != errShort:
		return 0, s.fail(err)
	case len(visible) < len(window):
		return 0, s.fail(s.stop(ErrEncoding))
	case !last:
		return n, ErrMore
	case s.state == inEpilog && len(s.carry) == 0:
		s.end(tok)
		return n, nil
	}
	return 0, s.fail(s.stop(ErrCut))
}

// sniffed is the number of bytes that show the encoding (XML 1.0 appendix F).
const sniffed = 4

// visible returns the window up to the first zero among the first bytes of the
// document. Such a document is UTF-16 or UTF-32, unless an offence comes before the
// zero.
func (s *Scanner) visible(window []byte) []byte {
	for k := range min(int64(len(window)), sniffed-s.off) {
		if window[k] == 0 {
			return window[:k]
		}
	}
	return window
}

// end makes the token of a complete document.
func (s *Scanner) end(tok *Token) {
	s.state = inEnd
	tok.Kind, tok.Start, tok.End = End, s.off, s.off
}

// fail makes the error that every later call returns. The offence is at base.
func (s *Scanner) fail(err error) error {
	s.err = &SyntaxError{Offset: s.base, Path: s.Path(), Err: err}
	s.state = inFailed
	return s.err
}

// stop returns the error of a document that ends here: the offence of the item
// that is carried if it has one, else why.
func (s *Scanner) stop(why error) error {
	if len(s.carry) > 0 {
		s.base = s.off - int64(len(s.carry))
		if _, err := s.step(&Token{}, s.carry); err != errShort {
			return err
		}
	}
	s.base = s.off
	return why
}

// localName returns the local part of a QName whose prefix has that length.
func localName(qname []byte, prefix int32) []byte {
	if prefix > 0 {
		return qname[prefix+1:]
	}
	return qname
}
