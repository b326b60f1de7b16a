package xmltext

import "unicode/utf8"

// Bounds limits what a document may ask the scanner to hold. All are required:
// zero does not mean "unlimited", it lets nothing through.
type Bounds struct {
	NameBytes  int // bytes of the name of an element or attribute, prefix included
	TagBytes   int // bytes of one tag with all its attributes, of the XML declaration, or of the target of an instruction
	Attrs      int // attributes of one tag, without namespace declarations
	Depth      int // open elements
	Namespaces int // namespace declarations in scope
}

// DefaultBounds returns bounds that every message of a registry keeps to with
// room to spare, and the messages of clients that declare the namespaces of all
// their services on each root.
func DefaultBounds() Bounds {
	return Bounds{NameBytes: 256, TagBytes: 16 << 10, Attrs: 64, Depth: 128, Namespaces: 256}
}

// A state says where in the grammar the next byte stands.
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
	inFailed // err says why
)

// An element is an open element. Its name is names[name:] up to that of the
// next one.
type element struct {
	name   int32 // where its QName begins in Scanner.names
	prefix int32 // length of the prefix, 0 for none
	bound  int32 // index of its namespace in scope.bound, -1 for none
	before mark  // the scope before its own declarations
}

// A Scanner reads one document token by token, in windows of any size. It is
// not safe for concurrent use. After [Scanner.Reset] it can be used again and
// then allocates nothing.
//
// Invariants: an item of markup that a window cuts is in carry, from its first
// byte on, and all of carry counts as taken: off-len(carry) is where the item
// begins. Everywhere else carry is empty or holds the few bytes that decide how
// the content goes on: part of a character, a CR, part of a closing delimiter.
type Scanner struct {
	bounds Bounds
	state  state
	rooted bool // the root element was opened
	err    error

	off      int64 // bytes taken
	base     int64 // offset of the first byte that step looks at
	docStart int64 // where an XML declaration may stand: after the byte order mark
	from     int64 // where the next piece of a comment, CDATA section or instruction begins

	carry    []byte
	quote    byte  // the quote that is open at the end of a carried tag
	brackets uint8 // how many ']' end the text before the window, at most 2
	unspaced bool  // white space before the content of an instruction is behind

	open   []element
	names  []byte // the QNames of the open elements, one after the other
	scope  scope
	attrs  []Attr
	spots  []int  // where in the tag each of attrs begins
	values []byte // decoded attribute values of this tag
	target []byte // of the instruction being read
	small  [utf8.UTFMax]byte
	lines  []byte // character data with its line ends normalised

	memo    *tagMemo // nil for the first document: many scanners read only one
	memoUse MemoUse
	leaf    Leaf // handed out by Leaves
}

// NewScanner returns a scanner at the beginning of a document.
func NewScanner(b Bounds) *Scanner {
	s := &Scanner{bounds: Bounds{
		NameBytes: max(b.NameBytes, 0), TagBytes: max(b.TagBytes, 0), Attrs: b.Attrs, Depth: b.Depth, Namespaces: b.Namespaces,
	}}
	s.reset()
	return s
}

// Reset puts the scanner at the beginning of a new document and keeps its
// buffers, which never hold more than the bounds allow.
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

// Bounds returns the bounds that the scanner keeps to.
func (s *Scanner) Bounds() Bounds { return s.bounds }

// Offset returns how many bytes were taken since Reset. Once Next has returned
// ErrMore, those include the beginning of an item that is not complete.
func (s *Scanner) Offset() int64 { return s.off }

// Depth returns the number of open elements. It counts an element from its
// start token up to, but not including, its end token.
func (s *Scanner) Depth() int { return len(s.open) }

// Path returns the local names of the open elements as /Envelope/Body. It
// allocates; nothing is built before it is asked for.
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

// InScope appends to dst the namespace bindings that hold here, of each prefix
// the innermost, without that of xml. Their bytes are valid until the element
// that declared them closes.
func (s *Scanner) InScope(dst []Binding) []Binding { return s.scope.inScope(dst) }

// Namespace returns the URI that the innermost declaration in scope binds to
// prefix, which is empty for the default namespace, and whether there is one. It
// is for QNames in values; its bytes are valid until the element that declared it
// closes.
func (s *Scanner) Namespace(prefix []byte) (uri []byte, bound bool) {
	if i := s.scope.lookup(prefix); i >= 0 {
		return s.scope.bound[i].URI, true
	}
	return nil, false
}

// Next reads one token from window and says how many of its bytes are taken;
// the window of the next call begins after them. last says that nothing follows
// the window.
//
// [ErrMore] says that the whole window is taken (n is its length), that no
// token is complete, and that the document goes on. When a complete document
// has ended and last is true, the token is [End]. Any other error is a
// [*SyntaxError], and every later call returns it again.
// Neither tokens nor errors depend on how the document is cut into windows,
// except that character data comes in other pieces.
func (s *Scanner) Next(window []byte, last bool) (tok Token, n int, err error) {
	n, err = s.NextInto(&tok, window, last)
	return tok, n, err
}

// NextInto is [Scanner.Next] into a token of the caller, for loops in which
// copying one is a good part of what reading it costs.
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

// SkipBlank takes the white space that the window begins with, if that is
// character data, and says how many bytes it is. It makes no token: it is for
// callers to whom such text means nothing.
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

// SkipText is [Scanner.SkipBlank] for callers to whom no character data means
// anything. It takes it up to markup, to what goes on in the next window, and to
// what is not well-formed.
func (s *Scanner) SkipText(window []byte) (n int) {
	if !s.skips() {
		return 0
	}
	n, s.brackets = skipText(window, s.brackets)
	s.off += int64(n)
	return n
}

// skips reports whether character data may begin here, and begins anew.
func (s *Scanner) skips() bool {
	return s.state == inContent && len(s.carry) == 0 && s.off >= sniffed
}

// next is NextInto in all its cases; those of plain.go are only quicker.
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

// sniffed is how many bytes tell the encoding (XML 1.0 appendix F).
const sniffed = 4

// visible is window without what follows a zero among the first bytes of the
// document: those are UTF-16 or UTF-32, unless something is wrong before it.
func (s *Scanner) visible(window []byte) []byte {
	for k := range min(int64(len(window)), sniffed-s.off) {
		if window[k] == 0 {
			return window[:k]
		}
	}
	return window
}

// end makes the token that says that the document is complete.
func (s *Scanner) end(tok *Token) {
	s.state = inEnd
	tok.Kind, tok.Start, tok.End = End, s.off, s.off
}

// fail makes the error that the scanner answers from now on. The offence is at
// base.
func (s *Scanner) fail(err error) error {
	s.err = &SyntaxError{Offset: s.base, Path: s.Path(), Err: err}
	s.state = inFailed
	return s.err
}

// stop is the error of a document that goes on no further than here, which is
// why unless something is wrong already with the item that is carried.
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
