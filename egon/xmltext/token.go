package xmltext

// A Kind is the kind of a token.
type Kind uint8

// The kinds of tokens. Zero is no kind, so that a zero [Token] is none.
const (
	StartElement Kind = iota + 1 // a start tag, or the opening half of an empty one
	EndElement                   // an end tag, or the closing half of an empty one
	Text                         // a piece of character data
	CData                        // a piece of a CDATA section
	Comment                      // a piece of a comment
	ProcInst                     // a piece of a processing instruction
	Declaration                  // the XML declaration
	End                          // the document is complete
)

func (k Kind) String() string {
	names := [...]string{"none", "start", "end", "text", "cdata", "comment", "instruction",
		"declaration", "document end"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// A Token is one item of markup or one piece of content. It borrows from the window
// and from the scanner, and is valid until the next call of [Scanner.Next] or
// [Scanner.Reset]. Parts that must live longer have to be copied.
//
// The tokens of a document tile it: each begins where the one before ended. White
// space outside the root element and the byte order mark are in none.
type Token struct {
	Kind Kind
	// Empty marks both tokens of a tag written <a/>. The start token spans the
	// whole tag and the end token none of it.
	Empty bool
	// Ref marks the Text of one reference, such as &amp; or &#65;.
	Ref bool
	// More marks a piece of a CDATA section, a comment or an instruction after which
	// another piece comes.
	More bool

	Name Name // of StartElement and EndElement; of ProcInst, Local is the target

	// Data is the content of this piece: references resolved, line ends normalised
	// to LF. Text never spans a reference. Each of its bytes but white space has the
	// same place in Data as in the document. Of an XML declaration, Data is the text
	// between "<?xml" and "?>".
	Data []byte

	Start int64 // offset of its first byte in the document
	End   int64 // offset after its last byte

	s *Scanner
}

// A Name is an expanded name with the prefix of its document. The prefix means
// nothing by itself.
type Name struct {
	Space  []byte // namespace URI, empty for none
	Prefix []byte
	Local  []byte
}

// Is reports whether n is the name local in the namespace space.
func (n Name) Is(space, local string) bool {
	return string(n.Local) == local && string(n.Space) == space
}

// An Attr is one attribute. In Value references are resolved and white space is
// normalised to blanks (XML 1.0 §3.3.3, CDATA).
type Attr struct {
	Name  Name
	Value []byte
}

// Attrs returns the attributes of a start tag in document order, without namespace
// declarations. They are valid as long as the token.
func (t Token) Attrs() []Attr {
	if t.Kind != StartElement {
		return nil
	}
	return t.s.attrs
}

// Attr returns the value of the attribute with that expanded name, and whether the
// start tag has it.
func (t Token) Attr(space, local string) ([]byte, bool) {
	for _, a := range t.Attrs() {
		if a.Name.Is(space, local) {
			return a.Value, true
		}
	}
	return nil, false
}

// Namespaces returns the namespace declarations of this start tag, in document
// order. They are valid as long as the token.
func (t Token) Namespaces() []Binding {
	if t.Kind != StartElement {
		return nil
	}
	return t.s.declared()
}
