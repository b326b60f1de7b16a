package journal

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// A tail is where a segment ends, as it was found: the next one begins there.
type tail struct {
	position
	ending *Ending // nil: there is no segment yet
	path   string  // of the segment
}

// findTail finds where the last segment of a listing ends. It changes nothing.
func findTail(listing *Listing) (tail, error) {
	if len(listing.Foreign) > 0 {
		return tail{}, fmt.Errorf("%s is no file of a journal: "+
			"move it elsewhere, or give the journal another folder",
			listing.Foreign[0])
	}
	if len(listing.Segments) == 0 {
		return tail{}, nil
	}
	last := listing.Segments[len(listing.Segments)-1]
	r, err := last.Open()
	if err != nil {
		return tail{}, err
	}
	defer r.Close()
	line, err := r.Next()
	if err != nil {
		return tail{}, fmt.Errorf("%s has no header and cannot be continued: "+
			"move it elsewhere and keep it: %w", last.Path, err)
	}
	if _, err := parseHeader(line); err != nil {
		return tail{}, fmt.Errorf("%s:1: %w", last.Path, err)
	}
	if l, _ := ParseLine(line); l.Seq != last.First {
		return tail{}, fmt.Errorf("%s:1: its header is line %d of the journal: "+
			"was the file renamed?", last.Path, l.Seq)
	}
	t, err := readTail(r, line, last)
	t.path = r.Path()
	return t, err
}

// readTail reads the lines after the header as far as the chain holds.
func readTail(r *Reader, header []byte, s Segment) (tail, error) {
	t := tail{position: position{seq: s.First - 1}, ending: &Ending{First: s.First, Cause: Crashed}}
	t.pass(header)
	size := int64(len(header)) + 1
	next, err := r.Next()
	for err == nil && t.ending.Cause != Sealed && t.follows(next) && json.Valid(next) {
		if l, _ := ParseLine(next); string(l.Type) == TypeSeal {
			t.ending.Cause = Sealed
		}
		t.pass(next)
		size += int64(len(next)) + 1
		next, err = r.Next()
	}
	t.ending.Last, t.ending.Hash = t.seq, hex.EncodeToString(t.hash[:])
	if !s.Compressed && s.Size > size {
		t.ending.Void = &Void{Offset: size, Bytes: s.Size - size}
	}
	if damaged, err := t.judge(r, next, err); damaged || err != nil {
		t.ending.Cause = Damaged
		return t, err
	}
	return t, nil
}

// judge reports whether what follows the good lines shows that lines were on the disk
// and have been changed or lost since. A crash alone leaves part of a batch: lines of it
// that are whole may come after some that are not, but none of them follows a line that is
// whole and not the one before, and none knows of an fdatasync of the batch.
func (t *tail) judge(r *Reader, next []byte, err error) (bool, error) {
	sealed := t.ending.Cause == Sealed
	for first := true; err == nil; first = false {
		var l struct{ Seq, Synced uint64 }
		line := bytes.TrimLeft(next, "\x00") // a hole takes newlines with it
		whole := json.Unmarshal(line, &l) == nil
		intact := first && bytes.IndexByte(next, 0) < 0 // a crash leaves no newline, or zeros
		if sealed || intact || whole && l.Synced > t.seq {
			return true, nil
		}
		next, err = r.Next()
	}
	var broken *ReadError
	switch {
	case errors.As(err, &broken):
		return sealed || r.decoder != nil, nil
	case err == io.EOF:
		return sealed && len(r.Rest()) > 0, nil
	}
	return false, err
}

// confirm makes durable what was found of a segment: the header of the next one relies
// on it.
func confirm(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
