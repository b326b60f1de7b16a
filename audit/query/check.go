package query

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"

	"brana/audit"
	"brana/audit/journal"
)

// An IndexCheck compares the indexes of a journal with what its segments hold, while
// journal.Verify reads them: Each is for its Options. It reads no segment itself and writes
// nothing. The zero IndexCheck is ready for one journal.
type IndexCheck struct {
	mu       sync.Mutex
	segments map[uint64]*comparison // by their first number; those that have an index
}

// A comparison is a segment that has an index, and what its lines say.
type comparison struct {
	segment journal.Segment
	index   *index
	indexer *indexer
	parser  audit.Parser
	record  audit.Record
	last    uint64 // number of the last line so far
	hash    string // of the line that the index names as the last one
	odd     bool   // a line is no record: no query would compare the index
}

// Each returns a function that takes each line of a segment, in order, and keeps none; nil when
// the segment has no index. It may be called for several segments at once.
func (c *IndexCheck) Each(s journal.Segment) func(line []byte) {
	x := readIndex(&s)
	if x == nil {
		return nil
	}
	one := &comparison{segment: s, index: x, indexer: newIndexer(s.First)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.segments == nil {
		c.segments = map[uint64]*comparison{}
	}
	c.segments[s.First] = one
	return one.line
}

func (i *comparison) line(line []byte) {
	head, ok := journal.ParseLine(line)
	if !ok {
		i.odd = true
		return
	}
	if i.last = head.Seq; i.last == i.index.Last {
		sum := sha256.Sum256(line)
		i.hash = hex.EncodeToString(sum[:])
	}
	switch string(head.Type) {
	case audit.TypeIntent, audit.TypeOutcome, audit.TypeRefusal, audit.TypeLate:
		if i.odd = i.odd || i.parser.Parse(string(line), &i.record) != nil; !i.odd {
			i.indexer.add(&i.record)
		}
	}
}

// hides reports whether the index is one of this segment, and says something else of it.
func (i *comparison) hides() bool {
	if i.odd || i.last != i.index.Last || i.hash != i.index.Hash {
		return false // it does not count
	}
	honest := i.indexer.finish(i.last, i.hash)
	return honest != nil && !i.index.equal(honest)
}

// Findings returns a finding for each index that hides something, in the order of the
// segments. It is called after the journal was read.
func (c *IndexCheck) Findings() (findings []Finding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.segments {
		if one.hides() {
			findings = append(findings, hidingIndex(&one.segment))
		}
	}
	slices.SortFunc(findings, func(a, b Finding) int { return cmp.Compare(a.Path, b.Path) })
	return findings
}
