package xmltext

import (
	"errors"
	"strconv"
)

// ErrMore says that the window is used up and the document goes on. The caller
// calls [Scanner.Next] again with the bytes that follow. It is not a failure.
var ErrMore = errors.New("need more bytes")

// errShort says, inside this package, that a slice ends before the item that begins
// in it.
var errShort = errors.New("item goes on")

// The offences of a document. The sections are those of XML 1.0 (fifth edition) and
// of Namespaces in XML 1.0 (third edition).
var (
	// ErrEncoding: a byte order mark other than that of UTF-8, a zero among the
	// first four bytes, or a declared encoding other than UTF-8.
	ErrEncoding = errors.New("encoding is not UTF-8")
	// ErrVersion: a declared version other than 1.0.
	ErrVersion = errors.New("version is not 1.0")
	// ErrDeclaration: an XML declaration that is malformed (§2.8).
	ErrDeclaration = errors.New("malformed XML declaration")
	// ErrReservedTarget: a processing instruction named xml in any case (§2.6). A
	// misplaced XML declaration is one.
	ErrReservedTarget = errors.New("processing instruction named xml")
	// ErrNotUTF8: a byte sequence that is not UTF-8, surrogates included.
	ErrNotUTF8 = errors.New("bytes are not UTF-8")
	// ErrBadChar: a character outside the production Char (§2.2).
	ErrBadChar = errors.New("character not allowed in XML")
	// ErrDoctype: a document type declaration, wherever it stands.
	ErrDoctype = errors.New("document type declaration not allowed")
	// ErrMarkup: "<!" that begins neither a comment nor a CDATA section.
	ErrMarkup = errors.New("unknown markup declaration")
	// ErrComment: "--" inside a comment (§2.5).
	ErrComment = errors.New("double hyphen in comment")
	// ErrInstruction: a processing instruction whose target is not followed by
	// white space or its end (§2.6).
	ErrInstruction = errors.New("malformed processing instruction")
	// ErrEntity: a reference to anything but the five predefined entities.
	ErrEntity = errors.New("unknown entity reference")
	// ErrCharRef: a numeric reference that is malformed, overlong, or names no
	// legal character (§4.1).
	ErrCharRef = errors.New("malformed character reference")
	// ErrCDataEnd: "]]>" in character data (§2.4).
	ErrCDataEnd = errors.New("]]> in character data")
	// ErrName: a name that is not a QName (Namespaces §4), characters beyond
	// the Basic Multilingual Plane included.
	ErrName = errors.New("malformed name")
	// ErrTag: a tag that breaks its grammar (§3.1).
	ErrTag = errors.New("malformed tag")
	// ErrLessThan: "<" in an attribute value (§3.1).
	ErrLessThan = errors.New("less-than sign in attribute value")
	// ErrMismatchedTag: an end tag that does not name the innermost element.
	ErrMismatchedTag = errors.New("end tag does not match start tag")
	// ErrDuplicateAttribute: two attributes of one expanded name, or one prefix
	// declared twice, on one tag (Namespaces §6.3).
	ErrDuplicateAttribute = errors.New("duplicate attribute")
	// ErrUnboundPrefix: a prefix that no declaration in scope binds.
	ErrUnboundPrefix = errors.New("unbound namespace prefix")
	// ErrNamespace: a declaration of the prefixes or URIs of xml and xmlns, or of a
	// prefix without a URI.
	ErrNamespace = errors.New("illegal namespace declaration")
	// ErrOutside: character data before the root element.
	ErrOutside = errors.New("character data before the root element")
	// ErrTrailing: anything but comments, instructions and white space after
	// the root element.
	ErrTrailing = errors.New("content after the root element")
	// ErrCut: the document ends before its root element does.
	ErrCut = errors.New("document is cut short")

	// ErrNameTooLong: a name exceeds [Bounds].NameBytes.
	ErrNameTooLong = errors.New("name is too long")
	// ErrTagTooLong: a tag or declaration exceeds [Bounds].TagBytes.
	ErrTagTooLong = errors.New("tag is too long")
	// ErrTooManyAttributes: a tag exceeds [Bounds].Attrs.
	ErrTooManyAttributes = errors.New("too many attributes")
	// ErrTooDeep: elements nest deeper than [Bounds].Depth.
	ErrTooDeep = errors.New("elements nest too deep")
	// ErrTooManyNamespaces: declarations in scope exceed [Bounds].Namespaces.
	ErrTooManyNamespaces = errors.New("too many namespace declarations")
)

// A SyntaxError is the first offence of a document and its place. It quotes nothing
// of the document but the names of the open elements.
type SyntaxError struct {
	Offset int64  // bytes before the offending one, from the start of the document
	Path   string // the open elements, as from [Scanner.Path]
	Err    error  // one of the sentinels of this package
}

func (e *SyntaxError) Error() string {
	return "read XML at byte " + strconv.FormatInt(e.Offset, 10) + " in " + e.Path + ": " +
		e.Err.Error()
}

// Unwrap returns the sentinel.
func (e *SyntaxError) Unwrap() error { return e.Err }
