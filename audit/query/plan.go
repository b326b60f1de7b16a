package query

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"brana/audit/journal"
)

// A part is a segment of a plan.
type part struct {
	journal.Segment
	before *journal.Ending // how the segment before ended, as the header says; nil: unknown
	ending *journal.Ending // how this one ended, as the next header says; nil: unknown
	last   bool            // no segment follows
}

// A plan is the segments of a journal, in order.
type plan struct {
	dir      string
	parts    []part
	findings []Finding
}

// newPlan lists a journal. A segment whose header cannot be read is left out.
func newPlan(dir string) (*plan, error) {
	listing, err := journal.List(dir)
	if err != nil {
		return nil, err
	}
	p := &plan{dir: dir}
	for _, path := range listing.Foreign {
		p.found(path, 0, "it is no file of a journal; it is not read")
	}
	for _, s := range listing.Segments {
		if err := p.add(s); err != nil {
			return nil, err
		}
	}
	if len(listing.Segments) == 0 {
		p.found(dir, 0, "there is no segment of a journal in it")
	}
	if n := len(p.parts); n > 0 {
		p.parts[n-1].last = true
	}
	return p, nil
}

// add adds a segment, and to the one before how it ended.
func (p *plan) add(s journal.Segment) error {
	header, err := s.Header()
	var unreadable *journal.ReadError
	switch {
	case errors.Is(err, fs.ErrNotExist): // its time was over
		return nil
	case errors.As(err, &unreadable):
		p.found(unreadable.Path, unreadable.Line, unreadable.Err.Error())
		return nil
	case err != nil:
		return err
	}
	if n := len(p.parts); n > 0 && header.Before != nil {
		if before := &p.parts[n-1]; before.First == header.Before.First {
			before.ending = header.Before
		} else {
			p.found(s.Path, 1, fmt.Sprintf("the segment before it, which begins with line %d, "+
				"is missing; %s is there", header.Before.First, filepath.Base(before.Path)))
		}
	}
	p.parts = append(p.parts, part{Segment: s, before: header.Before})
	return nil
}

func (p *plan) found(path string, line int, what string) {
	p.findings = append(p.findings, Finding{path, line, what})
}

// first returns the number of the earliest line that is there.
func (p *plan) first() uint64 {
	if len(p.parts) == 0 {
		return 0
	}
	return p.parts[0].First
}
