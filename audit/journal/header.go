package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Header reads the header of the segment. It refuses a segment of a newer format with a
// sentence that says what to do.
func (s Segment) Header() (*Header, error) {
	r, err := s.open(peekBytes)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	line, err := r.Next()
	if err == io.EOF {
		err = r.at(errors.New("it has no header: it is empty or cut off"))
	}
	if err != nil {
		return nil, err
	}
	header, err := parseHeader(line)
	if err != nil {
		return nil, &ReadError{Path: r.path, Line: 1, Err: err}
	}
	return header, nil
}

// parseHeader reads the first line of a segment.
func parseHeader(line []byte) (*Header, error) {
	if l, ok := ParseLine(line); !ok || string(l.Type) != TypeSegment {
		return nil, errors.New("it is no header of a segment")
	}
	var header Header
	if err := json.Unmarshal(line, &header); err != nil {
		return nil, fmt.Errorf("it is no header of a segment: %w", err)
	}
	if header.Format > Format {
		return nil, newer(&header)
	}
	return &header, nil
}

func newer(h *Header) error {
	return fmt.Errorf("format %d, written by brana %s; this program reads formats up to %d: "+
		"use a newer one", h.Format, h.Version, Format)
}
