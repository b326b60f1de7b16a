package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"time"
)

// A portion is what one segment adds to a journal, as far as its lines count.
type portion struct {
	segment Segment
	path    string // of the file that was read
	header  *Header
	prev    hash // that the header names
	lines   uint64
	end     int64  // offset after the last line that counts
	last    uint64 // number of that line
	hash    hash   // of that line
	seal    *Seal
	signed  seen
	deleted []deletion
	copies  int  // copies that fit
	rest    rest // after end
	broken  *Break
}

// A deletion is a line that says that a segment was deleted.
type deletion struct {
	Deleted
	path string
	line int
}

// A rest is what a segment holds after its last line that counts.
type rest struct {
	bytes int64
	lines uint64 // whole ones among it
}

// records is the number of lines of the portion that are neither header nor seal.
func (p *portion) records() uint64 {
	n := p.lines - 1
	if p.seal != nil {
		n--
	}
	return n
}

// A scanner checks the lines of one segment.
type scanner struct {
	*portion
	reader  *Reader
	unknown bool     // how it ended cannot be known
	ended   bool     // the file has been read to its end
	ending  *Ending  // how the segment ended, as the next one says; nil: it does not
	left    copyList // copies of its gateway that have not been compared
	each    func(line []byte)
	next    *head   // of the next segment; nil: there is none, or it cannot be believed
	found   *Ending // a damage that the writer has found itself
}

// scan checks one segment. An error means that it cannot be read.
//
// If the next segment contradicts itself, nobody can say where the lines of this one end that
// count; that other break is the one to report.
func scan(s Segment, next *head, o *Options) (*portion, error) {
	r, err := s.open(int(max(peekBytes, min(readBytes, s.Size+1))))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	sc := &scanner{portion: &portion{segment: s, path: r.Path()}, reader: r}
	if next != nil && next.sound && next.header.Before.First == s.First {
		sc.next, sc.ending = next, next.header.Before
	}
	sc.unknown = next != nil && sc.next == nil
	if sc.ending != nil && sc.ending.Cause == Damaged {
		sc.found, sc.ending = sc.ending, nil
	}
	if o.Each != nil {
		sc.each = o.Each(s)
	}
	return sc.portion, sc.run(o)
}

// run checks the header, then line after line until the segment's end or a break.
func (s *scanner) run(o *Options) error {
	first, err := peek(s.segment)
	if err != nil {
		return err
	}
	if s.broken = first.broken; s.broken != nil {
		return nil
	}
	s.header, s.prev, s.signed = first.header, first.line.Prev, first.signed
	s.left = o.Copies.of(s.header.Gateway).from(s.segment.First)
	for !s.over() {
		line, err := s.reader.Next()
		if err == io.EOF {
			s.ended = true
			break
		}
		if errors.Is(err, errTooLong) && s.ending == nil && bytes.IndexByte(s.reader.Rest(), 0) >= 0 {
			break // pages that have not come to the disk
		}
		if err != nil {
			return err
		}
		l, ok := ParseLine(line)
		if !ok || l.Seq != s.segment.First+s.lines || s.lines > 0 && l.Prev != s.hash {
			return s.diagnose()
		}
		if s.broken = s.count(line, l); s.broken != nil {
			return nil
		}
	}
	return s.finish()
}

// over reports whether the lines that count have been read.
func (s *scanner) over() bool {
	return s.seal != nil || s.ending != nil && s.last == s.ending.Last
}

// count takes a line that follows the one before it.
func (s *scanner) count(line []byte, l Line) *Break {
	s.lines++
	s.last, s.hash = l.Seq, sha256.Sum256(line)
	s.end = s.reader.Offset() + int64(len(line)) + 1
	if s.each != nil {
		s.each(line)
	}
	if b := s.compareCopies(); b != nil {
		return b
	}
	switch string(l.Type) {
	case TypeSegment:
		if s.lines > 1 {
			return s.breakAt(Foreign, "a header stands within the segment")
		}
	case TypeSeal:
		return s.takeSeal(line)
	case TypeDeleted:
		d := deletion{path: s.path, line: s.reader.Number()}
		if err := json.Unmarshal(line, &d.Deleted); err != nil {
			return s.breakAt(Edited, "it is no record of a deletion: %v", err)
		}
		s.deleted = append(s.deleted, d)
	}
	return nil
}

func (s *scanner) takeSeal(line []byte) *Break {
	var seal Seal
	if err := json.Unmarshal(line, &seal); err != nil {
		return s.breakAt(Edited, "it is no seal: %v", err)
	}
	switch {
	case checkSignature(line, s.header.Key) == forged:
		return s.breakAt(Forged, "the signature of the seal does not fit")
	case seal.First != s.segment.First || seal.Count != s.lines-1:
		return s.breakAt(Edited, "the seal is for %d lines from number %d, the segment has %d from %d",
			seal.Count, seal.First, s.lines-1, s.segment.First)
	}
	s.seal = &seal
	return nil
}

// diagnose names what is wrong where the line that was read last does not follow the one
// before it, unless it is a torn end.
func (s *scanner) diagnose() (err error) {
	want := s.segment.First + s.lines
	v, err := view(s.segment, s.reader.Number(), want)
	if err != nil {
		return err
	}
	ignored := s.unknown || s.ending != nil && s.lost(want)
	if s.ending == nil && !ignored {
		ignored, err = torn(s.segment)
	}
	if err != nil || !ignored {
		s.broken = v.name(want, s.hash, s.follower(want, v.at.text))
		return err
	}
	s.rest.bytes = int64(len(v.at.text)) + 1
	return s.readRest()
}

// follower is the hash that the line after a number should name, as far as it is known from
// elsewhere: from the next segment, or from the signature of a seal.
func (s *scanner) follower(seq uint64, text []byte) string {
	switch {
	case s.ending != nil && s.ending.Last == seq:
		return s.ending.Hash
	case checkSignature(text, s.header.Key) == signed:
		sum := sha256.Sum256(text)
		return hex.EncodeToString(sum[:])
	case bytes.Contains(text, []byte(signatureField)):
		return "a signature that does not fit"
	}
	return ""
}

// breakAt is a break at the line that was read last.
func (s *scanner) breakAt(kind Kind, format string, args ...any) *Break {
	return newBreak(place{s.path, s.reader.Number(), s.reader.Offset()}, kind, format, args...)
}

// after is the place after the last line that counts.
func (s *scanner) after() place { return place{s.path, int(s.lines) + 1, s.end} }

// finish compares the end of the segment with what the next one says of it.
func (s *scanner) finish() error {
	if s.ending == nil {
		return s.finishOpen()
	}
	switch e := s.ending; {
	case s.last < e.Last && s.lost(s.last+1):
		return s.readRest()
	case s.last < e.Last && s.seal == nil:
		return s.cutOff()
	case s.last != e.Last || hex.EncodeToString(s.hash[:]) != e.Hash:
		s.broken = s.blame()
		return nil
	}
	if err := s.readRest(); err != nil {
		return err
	}
	if seen := s.ending.voidBytes(); s.rest.bytes != seen && s.ending.Cause != Failed {
		s.broken = newBreak(s.after(), Glued, "%d bytes follow number %d, the last one; there were %d "+
			"when the next segment began", s.rest.bytes, s.last, seen)
		return nil
	}
	v, sealed := s.ending.Void, s.ending.Cause == Sealed
	if v != nil && v.Offset != s.end || sealed != (s.seal != nil) {
		s.broken = newBreak(place{path: s.next.path, line: 1}, Edited,
			"the header contradicts the end of the segment before")
	}
	return nil
}

// voidBytes is the number of bytes after the last line that counts, as they were seen. Where
// the disk failed, others may have come to it later.
func (e *Ending) voidBytes() int64 {
	if e.Void == nil {
		return 0
	}
	return e.Void.Bytes
}

// cutOff names a segment that ends before the next one says.
func (s *scanner) cutOff() error {
	v, err := view(s.segment, int(s.lines)+1, s.last+1)
	if err != nil {
		return err
	}
	if s.broken = v.nameGlued(); s.broken == nil {
		s.broken = newBreak(s.after(), Truncated, "the segment ends after number %d; "+
			"the next one says that it goes on to %d", s.last, s.ending.Last)
	}
	return nil
}

// blame decides between the last line of the segment and the header of the next one, which
// is sound in itself.
func (s *scanner) blame() *Break {
	next := s.next.header
	if s.seal != nil && s.signed == signed || next.Key != s.header.Key ||
		next.Gateway != s.header.Gateway {
		return newBreak(place{path: s.next.path, line: 1}, Foreign,
			"the segment follows another number %d than that of %s", s.last, s.path)
	}
	at := place{s.path, s.reader.Number(), s.reader.Offset()}
	return newBreak(at, Edited, "number %d is not the line that the next segment follows", s.last)
}

// lost reports whether a number and those after it may be missing: no fdatasync had confirmed
// them when the disk failed.
func (s *scanner) lost(seq uint64) bool { return s.ending.Unsynced > 0 && seq >= s.ending.Unsynced }

// finishOpen ends a segment of which nobody says how it ended: the last one, or one before
// a header that was edited.
func (s *scanner) finishOpen() error {
	if s.lines == 0 {
		s.broken = newBreak(place{s.path, 1, 0}, Truncated, "the segment is empty")
		return nil
	}
	if s.unknown {
		return nil
	}
	if s.broken = s.checkLast(); s.broken != nil {
		return nil
	}
	if s.ended { // what has come since is not looked at
		s.rest.bytes = int64(len(s.reader.Rest()))
	} else if err := s.readRest(); err != nil {
		return err
	}
	switch {
	case s.seal != nil && s.rest.bytes > 0:
		s.broken = newBreak(s.after(), Glued, "%d bytes follow the seal", s.rest.bytes)
	case s.found != nil:
		s.broken = newBreak(s.after(), Edited, "the lines after number %d had been changed or were lost "+
			"when the gateway was started again at %s", s.last, s.next.header.Time.Format(time.RFC3339))
	}
	return nil
}

// checkLast checks what nothing follows: the last line, and the part of a line after it, in
// which only the beginning of the next line can stand, or zeros after a crash.
func (s *scanner) checkLast() *Break {
	v, err := view(s.segment, int(s.lines)+1, s.last+1)
	if err != nil {
		return nil // it was deleted since
	}
	if b := v.nameGlued(); b != nil {
		return b
	}
	if bytes.Contains(v.before.text, []byte(signatureField)) &&
		checkSignature(v.before.text, s.header.Key) == forged {
		return newBreak(v.before.place, Forged, "the signature of number %d, the last one, does not fit",
			s.last)
	}
	if !json.Valid(v.before.text) {
		return newBreak(v.before.place, Edited, "number %d, the last one, is no JSON", s.last)
	}
	if s.seal != nil {
		return nil
	}
	part := s.reader.Rest()
	next := position{seq: s.last, hash: s.hash}
	begin := next.begin(nil)
	for i := range min(len(part), len(begin)) {
		if part[i] == 0 {
			return nil
		}
		if part[i] != begin[i] {
			return newBreak(s.after(), Edited, "it is not the beginning of number %d", s.last+1)
		}
	}
	end := bytes.LastIndexByte(part, '}') + 1
	if end > 0 && end < len(part) && json.Valid(part[:end]) && bytes.IndexByte(part, 0) < 0 {
		return newBreak(s.after(), Edited, "number %d does not end with a newline", s.last+1)
	}
	return nil
}

// readRest counts what is left of the file.
func (s *scanner) readRest() error {
	for {
		line, err := s.reader.Next()
		switch {
		case err == io.EOF:
			s.rest.bytes += int64(len(s.reader.Rest()))
			return nil
		case errors.Is(err, errTooLong):
			n, err := s.reader.skip()
			s.rest.bytes += n
			return err
		case err != nil:
			return err
		}
		s.rest.bytes += int64(len(line)) + 1
		if _, ok := ParseLine(line); ok {
			s.rest.lines++
		}
	}
}

// compareCopies compares the line that was read last with its copies.
func (s *scanner) compareCopies() *Break {
	for len(s.left) > 0 && s.left[0].Seq <= s.last {
		c := s.left[0]
		s.left = s.left[1:]
		if c.Seq == s.last && c.Hash != hex.EncodeToString(s.hash[:]) {
			return s.breakAt(Edited, "the copy %s shows another line with number %d", c.Place, c.Seq)
		}
		s.copies++
	}
	return nil
}
