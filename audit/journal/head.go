package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
)

// A head is the header of a segment and whether it can be believed.
type head struct {
	path   string
	header *Header
	line   Line
	signed seen
	sound  bool   // it agrees with itself, with its name and with the line after it
	broken *Break // nil: nothing is wrong with it alone
}

// peek reads the header of a segment and the line after it.
func peek(s Segment) (*head, error) {
	r, err := s.open(peekBytes)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	line, err := r.Next()
	switch {
	case err == io.EOF:
		return &head{broken: newBreak(place{path: r.path, line: 1}, Truncated,
			"it has no header: the file is empty or cut off")}, nil
	case err != nil:
		return nil, err
	}
	text := slices.Clone(line)
	h := &head{path: r.path}
	second, follows := Line{}, false
	if line, err = r.Next(); err == nil {
		second, follows = ParseLine(line)
	}
	follows = follows && second.Seq > 1
	h.broken = h.read(s, text, second, follows)
	if h.broken != nil {
		return h, nil
	}
	h.sound = !follows || second.Seq != s.First+1 || second.Prev == sha256.Sum256(text)
	if h.sound && h.header.Format > Format {
		return nil, &ReadError{Path: r.path, Line: 1, Err: newer(h.header)}
	}
	return h, nil
}

// read checks a header with what it says of itself, and what the line after it says.
func (h *head) read(s Segment, text []byte, second Line, follows bool) *Break {
	at := place{path: h.path, line: 1}
	var ok bool
	if h.line, ok = ParseLine(text); !ok {
		if inner := innerLine(text); inner > 0 {
			return newBreak(at, Glued, gluedText, inner)
		}
		return newBreak(at, Edited, "it is no header of a segment")
	}
	follows = follows && second.Seq == h.line.Seq+1 && second.Prev == sha256.Sum256(text)
	switch {
	case string(h.line.Type) != TypeSegment && h.line.Seq == s.First+1 && second.Seq == s.First:
		return newBreak(at, Reordered, "number %d stands before the header", h.line.Seq)
	case string(h.line.Type) != TypeSegment && h.line.Seq > s.First:
		return newBreak(at, Missing, "the header, number %d, is missing", s.First)
	case string(h.line.Type) != TypeSegment:
		return newBreak(at, Edited, "it is no header of a segment")
	case h.line.Seq != s.First && follows:
		return newBreak(at, Renamed, "the segment begins with number %d, its name says %d",
			h.line.Seq, s.First)
	case h.line.Seq != s.First:
		return newBreak(at, Edited, "the header has number %d, the name of the file says %d",
			h.line.Seq, s.First)
	}
	if err := json.Unmarshal(text, &h.header); err != nil {
		return newBreak(at, Edited, "the header is no JSON: %v", err)
	}
	if h.signed = checkSignature(text, h.header.Key); h.signed == forged {
		return newBreak(at, Forged, "the signature of the header does not fit")
	}
	if !h.agrees() {
		return newBreak(at, Edited, "the header contradicts itself")
	}
	return nil
}

// agrees reports whether a header's number and hash agree with what it says of the segment
// before.
func (h *head) agrees() bool {
	e := h.header.Before
	if e == nil {
		return h.line.Seq == 1 && h.line.Prev == hash{}
	}
	known := slices.Contains([]string{Sealed, Crashed, Failed, Damaged}, e.Cause)
	return known && e.First >= 1 && e.First <= e.Last && e.Last+1 == h.line.Seq &&
		hex.EncodeToString(h.line.Prev[:]) == e.Hash
}
