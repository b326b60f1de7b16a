package query

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"brana/audit"
	"brana/audit/journal"
)

// An event is what a segment says to those who read it in order. One field is set.
type event struct {
	use     *Use     // that has ended, and is wanted
	result  *Use     // a result, alone, whose call is in an earlier segment
	open    []*Use   // whose result is not in this segment
	ended   bool     // the gateway ended here: what is open stays unfinished
	finding *Finding // what is not as it should be
}

// A scan reads a segment.
type scan struct {
	part   *part
	join   joiner
	send   func([]event) bool // false: nobody wants more
	events []event
	quiet  int // lines since events were sent

	parser   audit.Parser
	record   audit.Record
	seq      uint64 // of the line before
	hash     [sha256.Size]byte
	findings int
	indexer  *indexer
}

// What is sent at once: that many events, or those of that many lines.
const (
	maxEvents = 128
	maxQuiet  = 2048
)

func newScan(p *plan, i int, filter *Filter, send func([]event) bool) *scan {
	return &scan{
		part: &p.parts[i], join: newJoiner(p.dir, filter), send: send,
		indexer: newIndexer(p.parts[i].First),
	}
}

// run reads the segment to its end.
func (s *scan) run() {
	s.begin()
	if r := s.open(); r != nil {
		defer r.Close()
		if s.read(r) == io.EOF {
			s.ends(r)
		}
	}
	s.close()
	s.flush()
}

// begin is called before the first line.
func (s *scan) begin() {
	if before := s.part.before; before != nil &&
		(before.Cause == journal.Crashed || before.Cause == journal.Damaged) {
		s.add(event{ended: true})
	}
}

// open opens the segment; nil: it cannot be read, which is a finding.
func (s *scan) open() *journal.Reader {
	r, err := s.part.Open()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.found(s.part.Path, 0, "it was deleted while the journal was read")
	case err != nil:
		s.found(s.part.Path, 0, err.Error())
	}
	return r
}

// close sends the calls on whose result is not in this segment.
func (s *scan) close() {
	if open := s.join.rest(); open != nil {
		s.add(event{open: open})
	}
}

// read reads lines up to the last one that counts. It returns io.EOF if the file ends
// before, and then it may be called again.
func (s *scan) read(r *journal.Reader) error {
	for !s.complete() {
		line, err := r.Next()
		switch {
		case err == io.EOF:
			return err
		case err != nil:
			s.unreadable(err)
			return nil
		}
		s.line(r, line)
		if s.quiet++; s.quiet >= maxQuiet && !s.flush() {
			return nil
		}
	}
	s.checkEnd(r)
	s.keepIndex()
	return nil
}

// keepIndex compares the index of a segment that was read whole with what it holds, or makes
// one.
func (s *scan) keepIndex() {
	x := s.indexer.finish(s.seq, hex.EncodeToString(s.hash[:]))
	switch {
	case s.findings > 0 || x == nil:
	case s.part.index == nil:
		x.save(&s.part.Segment)
	case !s.part.index.equal(x):
		hiding := hidingIndex(&s.part.Segment)
		s.found(hiding.Path, hiding.Line, hiding.What)
	}
}

// complete reports whether the last line that counts was read. What follows it was never
// confirmed.
func (s *scan) complete() bool {
	return s.part.ending != nil && s.seq == s.part.ending.Last && !s.damaged()
}

// damaged reports whether there may be records behind the last line that counts: they were on
// the disk, and one before them was changed.
func (s *scan) damaged() bool {
	return s.part.ending != nil && s.part.ending.Cause == journal.Damaged
}

// checkEnd checks the last line that counts against what the next segment says of it.
func (s *scan) checkEnd(r *journal.Reader) {
	if hex.EncodeToString(s.hash[:]) != s.part.ending.Hash {
		s.found(r.Path(), r.Number(), "the next segment has another hash of it: it was changed")
	}
	if s.part.ending.Cause != journal.Sealed {
		return
	}
	if _, err := r.Next(); err != io.EOF || len(r.Rest()) > 0 {
		s.found(r.Path(), r.Number(), "there is more behind the seal")
	}
}

// ends is called at the end of the file, if no line before was the last one.
func (s *scan) ends(r *journal.Reader) {
	switch {
	case s.damaged():
		s.found(r.Path(), 0, fmt.Sprintf("it was damaged when its gateway began again: what follows "+
			"sequence number %d was changed or lost", s.part.ending.Last))
	case s.part.ending != nil:
		s.found(r.Path(), r.Number(), fmt.Sprintf("the file ends here with sequence number %d; "+
			"the next segment says that its last one is %d", s.seq, s.part.ending.Last))
	case len(r.Rest()) == 0:
	case !s.part.last:
		s.found(r.Path(), r.Number()+1, "the line is torn")
	}
}

func (s *scan) unreadable(err error) {
	var at *journal.ReadError
	if errors.As(err, &at) {
		s.found(at.Path, at.Line, at.Err.Error()+"; the rest of the segment is not read")
		return
	}
	s.found(s.part.Path, 0, err.Error())
}

// line takes a line.
func (s *scan) line(r *journal.Reader, line []byte) {
	head, ok := journal.ParseLine(line)
	if !ok {
		s.found(r.Path(), r.Number(), "it is no line of a journal; it is not read")
		return
	}
	s.chain(r, &head)
	s.seq, s.hash = head.Seq, sha256.Sum256(line)
	var err error
	switch string(head.Type) {
	case journal.TypeSegment, journal.TypeDeleted:
	case journal.TypeSeal:
		var seal journal.Seal
		if err = json.Unmarshal(line, &seal); err == nil && seal.Cause == "shutdown" {
			s.close()
			s.add(event{ended: true})
		}
	case audit.TypeIntent, audit.TypeOutcome, audit.TypeRefusal, audit.TypeLate:
		err = s.take(string(line))
	default:
		err = fmt.Errorf("this program knows no records of type %q; it is not read", head.Type)
	}
	if err != nil {
		s.found(r.Path(), r.Number(), err.Error())
	}
}

// take takes a record.
func (s *scan) take(line string) error {
	r := &s.record
	if err := s.parser.Parse(line, r); err != nil {
		return fmt.Errorf("it is no record of use (%w); it is not read", err)
	}
	s.indexer.add(r)
	switch r.Type {
	case audit.TypeIntent:
		return s.join.call(r, line)
	case audit.TypeOutcome:
		return s.result(line)
	}
	u, err := s.join.whole(r, line)
	if u != nil {
		s.add(event{use: u})
	}
	return err
}

// result joins a result, or sends it on if its call is in an earlier segment.
func (s *scan) result(line string) error {
	id := s.record.Intent
	if id >= s.part.First && s.join.open[id] == nil {
		return nil // the call is not wanted
	}
	own, err := audit.ParseRecord(line)
	if err != nil {
		return err
	}
	if ended, known := s.join.result(own, line); ended != nil {
		s.add(event{use: ended})
	} else if !known {
		u := &Use{Dir: s.join.dir}
		u.add(own, line)
		s.add(event{result: u})
	}
	return nil
}

// chain checks that a line follows the one before.
func (s *scan) chain(r *journal.Reader, head *journal.Line) {
	switch {
	case s.seq == 0:
		s.joint(r, head)
	case head.Seq > s.seq+1:
		s.found(r.Path(), r.Number(), fmt.Sprintf("sequence number %d follows %d: lines are missing",
			head.Seq, s.seq))
	case head.Seq <= s.seq:
		s.found(r.Path(), r.Number(), fmt.Sprintf("sequence number %d follows %d: lines are out of order",
			head.Seq, s.seq))
	case head.Prev != s.hash:
		s.found(r.Path(), r.Number()-1, "the next line has another hash of it: it was changed")
	}
}

// joint checks that the first line follows the segment before, as far as its header
// knows that one.
func (s *scan) joint(r *journal.Reader, head *journal.Line) {
	want, hash := uint64(1), strings.Repeat("0", 2*sha256.Size)
	if before := s.part.before; before != nil {
		want, hash = before.Last+1, before.Hash
	}
	switch {
	case head.Seq != s.part.First:
		s.found(r.Path(), r.Number(), fmt.Sprintf("it has sequence number %d, and the name of its file %d",
			head.Seq, s.part.First))
	case head.Seq != want, hex.EncodeToString(head.Prev[:]) != hash:
		s.found(r.Path(), r.Number(), "it does not follow the segment before that its header names")
	}
}

func (s *scan) found(path string, line int, what string) {
	switch s.findings++; {
	case s.findings == maxFindings:
		what += "; no more of this segment is reported"
	case s.findings > maxFindings:
		return
	}
	s.add(event{finding: &Finding{path, line, what}})
}

func (s *scan) add(e event) {
	if s.events = append(s.events, e); len(s.events) >= maxEvents {
		s.flush()
	}
}

// flush sends the events on. It reports whether more are wanted.
func (s *scan) flush() bool {
	s.quiet = 0
	if len(s.events) == 0 {
		return s.send(nil)
	}
	events := s.events
	s.events = make([]event, 0, maxEvents)
	return s.send(events)
}
