package journal

import "time"

// A pace decides for how many calls a batch waits before it is written. A batch of many
// costs hardly more than a batch of one, but to wait for calls that do not come costs time.
// So a batch waits for as many calls as batches of late had: one, where calls are alone.
//
// The number grows when a batch has more calls than it waited for, since they came while
// the disk was at work, and slowly otherwise; where the time ran out it falls just below
// what has come. Callers that ask again only once they are answered are then not all
// waiting while the disk works. A batch costs 150 to 250 µs of processor time, for
// fdatasync and for threads that change hands: without this the bench had half as much
// again (docs/decisions.md).
type pace struct {
	target  int
	reached int       // batches in a row that had the target
	last    time.Time // when the last batch was written
}

const (
	tryMore = 4  // batches that reach the target before it grows by one
	silence = 20 // longest gatherings without a batch after which a call is alone
)

// calls returns how many calls a batch waits for that began at a time.
func (p *pace) calls(began time.Time, longest time.Duration) int {
	if began.Sub(p.last) > silence*longest {
		p.target, p.reached = 1, 0
	}
	return p.target
}

// learn notes that a batch is written, with a number of calls.
func (p *pace) learn(calls int, now time.Time) {
	p.last = now
	switch {
	case calls < p.target:
		p.target, p.reached = max(1, calls*15/16), 0
	case calls > p.target:
		p.target, p.reached = calls, 0
	case p.target > 1:
		if p.reached++; p.reached >= tryMore {
			p.target, p.reached = p.target+1, 0
		}
	}
}
