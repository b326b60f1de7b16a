package journal

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrClosed is the error of an Append after Close.
var ErrClosed = errors.New("the journal is closed")

// The bounds of what is kept in memory, in bytes of fields.
const (
	mostFree    = 4 << 20  // of lines that nobody waits for; more are lost
	mostPending = 16 << 20 // of all lines that gather; more are refused
)

// A queue gathers lines for the writer and knows whether it gets on. Its mutex is held for
// the copy of a line, and never while the disk is at work.
type queue struct {
	timeout time.Duration
	event   func(Event)
	wake    chan struct{} // of length 1: there is something to do for the writer

	mu      sync.Mutex
	next    *batch
	wanted  int       // calls for which the writer waits
	spare   entries   // buffers for the batch after it
	flight  *batch    // that the disk is at work on; nil: none, or no batch
	since   time.Time // when the oldest call began to wait that this work serves; zero: no work
	reason  error     // why no line is taken that a call waits for
	stalled bool      // reason is that the disk does not answer
	closed  bool
	durable position // after the last line that an fdatasync confirmed
	lost    uint64
	told    uint64 // lost lines that an event has told of
	watch   *time.Timer
	watched bool // the timer runs

	telling sync.Mutex // orders events
}

func newQueue(timeout time.Duration, event func(Event)) *queue {
	q := &queue{timeout: timeout, event: event, wake: make(chan struct{}, 1)}
	q.next = newBatch(entries{})
	q.watch = time.AfterFunc(time.Hour, q.check)
	q.watch.Stop()
	return q
}

// tell calls the function for events, one at a time.
func (q *queue) tell(e Event) {
	q.telling.Lock()
	defer q.telling.Unlock()
	q.event(e)
}

// add adds a line to the batch that gathers, and returns it and the place of the line
// among those that were added.
func (q *queue) add(fields []byte, await bool) (*batch, int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.refuses(len(fields), await); err != nil {
		if !await {
			q.lost++
		}
		return nil, 0, err
	}
	b := q.next
	news := len(b.ends) == 0 // for the writer
	if await {
		if b.waiting == 0 {
			b.began, news = time.Now(), true
		}
		b.waiting++
		news = news || b.waiting == q.wanted
	} else if news {
		b.written = time.Now()
	}
	b.add(fields, await)
	if news {
		q.rouse()
	}
	return b, len(b.ends) - 1 - b.put, nil
}

// refuses returns why a line is not taken.
func (q *queue) refuses(bytes int, await bool) error {
	switch {
	case q.closed:
		return ErrClosed
	case bytes > MaxLine-chainBytes:
		return fmt.Errorf("a line of %d bytes is too long for the journal: %d are the most",
			bytes, MaxLine-chainBytes)
	case await && q.reason != nil:
		return q.reason
	case await && len(q.next.text)+bytes > mostPending, !await && len(q.next.text)+bytes > mostFree:
		return fmt.Errorf("the journal is full: %d bytes wait for the disk", len(q.next.text))
	}
	return nil
}

// rouse wakes the writer.
func (q *queue) rouse() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// start says that the disk begins to work: on the batch that gathered if take is set.
func (q *queue) start(take bool) *batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.since = time.Now()
	if q.next.waiting > 0 {
		q.since = q.next.began
	}
	if take {
		q.flight = q.next
		q.next = newBatch(q.spare)
		q.spare = entries{}
	}
	if !q.watched {
		q.watched = true
		q.watch.Reset(q.timeout - time.Since(q.since))
	}
	return q.flight
}

// finish says that the work is done and all is well: where the batch begins, and what is
// on the disk by now.
func (q *queue) finish(first uint64, durable position) {
	q.mu.Lock()
	q.durable = durable
	q.since = time.Time{}
	if b := q.flight; b != nil {
		b.release(first, nil)
		q.flight = nil
		q.spare = b.empty()
		b.entries = entries{}
	}
	unblocked := q.stalled
	if unblocked {
		q.stalled, q.reason = false, nil
	}
	q.mu.Unlock()
	if unblocked {
		q.tell(Event{What: WasUnblocked})
	}
	q.tellLost()
}

// giveBack says that the work has failed and that the segment is over. The calls of the
// batch are released with the error. Lines that nobody waits for gather again, before
// those that came since: first what was written and not confirmed, then the batch.
func (q *queue) giveBack(err error, unconfirmed *entries) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.since = time.Time{}
	var kept entries
	q.lost += kept.takeFree(unconfirmed, mostFree)
	if b := q.flight; b != nil {
		q.lost += kept.takeFree(&b.entries, mostFree)
		b.release(0, err)
		q.flight = nil
	}
	q.next.prepend(&kept)
}

// block says why there is no segment. Calls that wait are released with the error, and no
// more may wait.
func (q *queue) block(err error) {
	q.mu.Lock()
	first := q.reason == nil || q.reason.Error() != err.Error()
	q.refuse(err)
	q.stalled = false
	q.mu.Unlock()
	if first {
		q.tell(Event{What: WasBlocked, Err: err})
	}
	q.tellLost()
}

// refuse lets no call wait: those that do are released, and their lines left out.
func (q *queue) refuse(err error) {
	q.reason = err
	given := q.next
	q.next = newBatch(entries{})
	q.next.written = time.Now()
	q.lost += q.next.takeFree(&given.entries, mostFree)
	given.release(0, err)
}

// unblock says that there is a segment again.
func (q *queue) unblock() {
	q.mu.Lock()
	blocked := q.reason != nil
	q.reason, q.stalled = nil, false
	q.mu.Unlock()
	if blocked {
		q.tell(Event{What: WasUnblocked})
	}
	q.tellLost()
}

// check gives up on calls that have waited too long.
func (q *queue) check() {
	q.mu.Lock()
	if q.since.IsZero() {
		q.watched = false
		q.mu.Unlock()
		return
	}
	if left := q.timeout - time.Since(q.since); left > 0 {
		q.watch.Reset(left)
		q.mu.Unlock()
		return
	}
	q.watched = false
	err := fmt.Errorf("the disk has not answered for %v", q.timeout)
	if q.flight != nil {
		q.flight.release(0, err)
	}
	q.refuse(err)
	q.stalled = true
	q.mu.Unlock()
	q.tell(Event{What: WasBlocked, Err: err})
}

// tellLost reports lines that were lost since the last report.
func (q *queue) tellLost() {
	q.mu.Lock()
	lost := q.lost - q.told
	q.told = q.lost
	q.mu.Unlock()
	if lost > 0 {
		q.tell(Event{What: LinesLost, Lost: lost})
	}
}

// state returns whether calls wait, when the first of the other lines came, or zero if
// there is none, and whether no more will come.
func (q *queue) state() (waiting bool, gathered time.Time, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.next
	if len(b.ends) > 0 {
		gathered = b.written
		if gathered.IsZero() {
			gathered = b.began
		}
	}
	return b.waiting > 0, gathered, q.closed
}

// await returns how many calls wait for the batch that gathers, and since when. The writer
// is woken when there are as many as it wants.
func (q *queue) await(wanted int) (calls int, began time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wanted = wanted
	return q.next.waiting, q.next.began
}

// bytes returns how long the batch that gathers will be on the disk, at most.
func (q *queue) bytes() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return int64(len(q.next.text) + chainBytes*len(q.next.ends))
}

// blocked returns why no line is taken that a call waits for, or nil.
func (q *queue) blocked() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.reason
}

// abandon counts as lost what has gathered.
func (q *queue) abandon() {
	q.mu.Lock()
	q.lost += uint64(len(q.next.ends))
	q.next = newBatch(entries{})
	q.mu.Unlock()
	q.tellLost()
}

// close takes no more lines, and lets the writer end.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.rouse()
	q.mu.Unlock()
}

// count fills in what the queue knows.
func (q *queue) count(s *Stats) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s.Lost, s.Waiting, s.Pending = q.lost, q.next.waiting, len(q.next.text)
	if q.flight != nil && !q.flight.released {
		s.Waiting += q.flight.waiting
	}
}
