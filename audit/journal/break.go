package journal

import (
	"errors"
	"fmt"
)

// A Kind is in one word how a journal is broken.
type Kind string

// The kinds of breaks.
const (
	Edited    Kind = "edited"    // a line says something else than it said
	Missing   Kind = "missing"   // lines or segments are not there
	Reordered Kind = "reordered" // lines stand in another order
	Repeated  Kind = "repeated"  // a line stands there twice
	Truncated Kind = "truncated" // the end of a segment is gone
	Glued     Kind = "glued"     // bytes follow where nothing follows
	Foreign   Kind = "foreign"   // a line or segment is not of this journal
	Renamed   Kind = "renamed"   // a file has the name of another segment
	Corrupt   Kind = "corrupt"   // a compressed file cannot be read to its end
	Forged    Kind = "forged"    // a signature does not fit, is missing, or is of another key
)

// A Break is the first place where a journal is not what was written.
type Break struct {
	Path   string // of the segment
	Line   int    // from 1
	Offset int64  // of that line in the text of the segment, in bytes
	Kind   Kind
	Text   string // what is wrong
}

func (b *Break) String() string {
	return fmt.Sprintf("%s:%d: %s: %s (byte %d)", b.Path, b.Line, b.Kind, b.Text, b.Offset)
}

// A place is the beginning of a line.
type place struct {
	path   string
	line   int
	offset int64
}

func newBreak(at place, kind Kind, format string, args ...any) *Break {
	return &Break{
		Path: at.path, Line: at.line, Offset: at.offset, Kind: kind, Text: fmt.Sprintf(format, args...),
	}
}

// asBreak is the break that an error of a reader means; nil if it means none.
func asBreak(err error) *Break {
	var at *ReadError
	if !errors.As(err, &at) {
		return nil
	}
	kind := Corrupt
	switch {
	case errors.Is(err, errTooLong):
		kind = Edited
	case !errors.Is(err, errDamaged):
		return nil
	}
	return newBreak(place{at.Path, at.Line, at.Offset}, kind, "%v", at.Err)
}
