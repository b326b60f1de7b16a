package audit

import (
	"bytes"

	"brana/audit/journal"
)

// mostOpen bounds the intents without an outcome that are kept of one segment.
const mostOpen = 1 << 16

// Unfinished finds intents without an outcome: of calls that run, or that ended with their
// gateway. One takes the lines of a segment; those of a journal are joined in order.
type Unfinished struct {
	open     map[uint64]bool
	finished []uint64 // intents of segments before
	more     int      // intents that were not kept, and may have an outcome
}

// NewUnfinished returns an Unfinished that has taken no line.
func NewUnfinished() *Unfinished { return &Unfinished{open: map[uint64]bool{}} }

// Line takes the next line of the segment, and keeps nothing of it.
func (u *Unfinished) Line(line []byte) {
	l, ok := journal.ParseLine(line)
	if !ok {
		return
	}
	switch string(l.Type) {
	case TypeIntent:
		if len(u.open) == mostOpen {
			u.more++
			return
		}
		u.open[l.Seq] = true
	case TypeOutcome:
		intent, ok := intentOf(line)
		switch {
		case !ok:
		case u.open[intent]:
			delete(u.open, intent)
		default:
			u.finished = append(u.finished, intent)
		}
	}
}

// intentOf reads the number of the intent from the line of an outcome.
func intentOf(line []byte) (n uint64, ok bool) {
	_, digits, ok := bytes.Cut(line, []byte(`,"intent":`))
	for _, c := range digits {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + uint64(c-'0')
	}
	return n, ok
}

// Join adds the next segment of the same journal.
func (u *Unfinished) Join(next *Unfinished) {
	for _, intent := range next.finished {
		delete(u.open, intent)
	}
	for intent := range next.open {
		if len(u.open) == mostOpen {
			u.more++
			continue
		}
		u.open[intent] = true
	}
	u.more += next.more
}

// Count returns the number of intents without an outcome, and whether it may be less, since
// there were too many to keep.
func (u *Unfinished) Count() (n int, most bool) { return len(u.open) + u.more, u.more > 0 }
