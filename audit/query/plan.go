package query

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"brana/audit/journal"
)

// A part is a segment of a plan.
type part struct {
	journal.Segment
	before *journal.Ending // how the segment before ended, as the header says; nil: unknown
	ending *journal.Ending // how this one ended, as the next header says; nil: unknown
	last   bool            // no segment follows
	index  *index          // what is in it, as the file beside it says; nil: there is none that counts
	wanted bool            // it may have calls that are wanted
	skip   bool            // it has neither those nor their results, says the index
}

// A plan is the segments of a journal, in order.
type plan struct {
	dir      string
	parts    []part
	findings []Finding
	known    uint64    // number of the last segment that was looked at
	changed  time.Time // of the folder, when it was listed
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
	if len(listing.Segments) == 0 {
		p.found(dir, 0, "there is no segment of a journal in it")
	}
	return p, p.addAll(listing.Segments)
}

// addAll adds segments behind those that are there.
func (p *plan) addAll(segments []journal.Segment) error {
	for _, s := range segments {
		if err := p.add(s); err != nil {
			return err
		}
		p.known = s.First
	}
	for i := range p.parts {
		p.parts[i].last = i == len(p.parts)-1
	}
	return nil
}

// loadIndexes reads the indexes of the segments.
func (p *plan) loadIndexes() {
	for i := range p.parts {
		if part := &p.parts[i]; part.closed() {
			part.index = loadIndex(&part.Segment, part.ending)
		}
	}
}

// closed reports whether the segment has ended, and is whole as far as the next one knows.
func (p *part) closed() bool { return p.ending != nil && p.ending.Cause != journal.Damaged }

// prune leaves out the segments that by their index have nothing that the filter wants: no
// call, and no result of a call in a segment that has one. One of them, drawn by sample from
// their number, is read all the same.
func (p *plan) prune(f *Filter, sample func(n int) int) {
	var left []int
	for i := range p.parts {
		part := &p.parts[i]
		part.wanted = part.index == nil || part.index.holds(f)
		if part.skip = !part.wanted && !p.needs(f, part.index.Earlier); part.skip {
			left = append(left, i)
		}
	}
	if len(left) > 0 {
		p.parts[left[sample(len(left))]].skip = false
	}
}

// needs reports whether the results of some earlier calls are wanted.
func (p *plan) needs(f *Filter, calls []uint64) bool {
	for _, seq := range calls {
		i, there := slices.BinarySearchFunc(p.parts, seq, func(part part, seq uint64) int {
			return cmp.Compare(part.First, seq)
		})
		if !there {
			i--
		}
		if i < 0 && !f.ofCalls() || i >= 0 && p.parts[i].wanted {
			return true
		}
	}
	return false
}

// settled is the age at which the time of a folder shows each change after it.
const settled = 2 * time.Second

// grow adds the segments that have come since.
func (p *plan) grow() error {
	info, err := os.Stat(p.dir)
	if err != nil {
		return fmt.Errorf("list the journal: %w", err)
	}
	if info.ModTime().Equal(p.changed) && time.Since(p.changed) > settled {
		return nil
	}
	p.changed = info.ModTime()
	listing, err := journal.List(p.dir)
	if err != nil {
		return err
	}
	return p.addAll(slices.DeleteFunc(listing.Segments, func(s journal.Segment) bool {
		return s.First <= p.known
	}))
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
