package journal

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
)

// The waits between attempts to begin a segment after a failure.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = time.Second
)

// mostUnconfirmed is how many bytes of lines may be written and not confirmed, where the
// journal promises that they are: they are kept in memory until then.
const mostUnconfirmed = 1 << 20

// A writer brings what the queue gathers to the disk. It has a goroutine of its own and
// needs no lock: only the queue and the counts are shared.
type writer struct {
	cfg    Config
	disk   disk
	queue  *queue
	header Header // of the segments, without Before
	counts counts

	segment *segment // nil: the disk has failed
	at      position // where the next segment begins, and how the one before ended
	before  *Ending
	durable position // after the last line that an fdatasync confirmed

	out         []byte
	unconfirmed entries       // that were written, and would be lost with the segment
	dirty       time.Time     // when the first line was written that was not confirmed; zero: none
	retry       time.Time     // when a segment may be tried again
	wait        time.Duration // before the next attempt
	failure     error         // why there is no segment
	pace        pace
	timer       *time.Timer
	done        chan struct{}
	err         error // of the end, once done is closed
}

// counts are what Stats says of a writer.
type counts struct {
	records, bytes, commits, syncs, segments, failures atomic.Uint64
	began                                              atomic.Int64 // Unix nanoseconds; 0: no segment
}

// run writes until the queue is closed and empty, and seals the segment.
func (w *writer) run() {
	defer close(w.done)
	defer w.timer.Stop()
	for {
		waiting, gathered, closed := w.queue.state()
		now := time.Now()
		switch {
		case w.segment == nil && closed:
			w.lastAttempt()
			return
		case w.segment == nil && !now.Before(w.retry):
			w.begin()
		case w.segment == nil:
			w.sleep(w.retry)
		case waiting:
			w.gather()
			w.commit()
		case closed && gathered.IsZero():
			if w.end("shutdown") {
				return
			}
		case w.due(gathered, closed).After(now):
			w.sleep(w.due(gathered, closed))
		case !gathered.IsZero():
			w.commit()
		case w.old(now):
			w.rotate("age")
		default:
			w.sync()
		}
	}
}

// due is when there is something to do next if no call comes.
func (w *writer) due(gathered time.Time, closed bool) time.Time {
	due := w.segment.began.Add(w.cfg.Age)
	if !w.hasRecords() {
		due = time.Now().Add(w.cfg.Age)
	}
	if !gathered.IsZero() {
		due = earlier(due, gathered.Add(w.cfg.Commit))
		if closed {
			return gathered
		}
	}
	if !w.dirty.IsZero() && w.cfg.Durability != System {
		due = earlier(due, w.dirty.Add(w.cfg.Interval))
	}
	return due
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (w *writer) old(now time.Time) bool {
	return w.hasRecords() && now.Sub(w.segment.began) >= w.cfg.Age
}

func (w *writer) hasRecords() bool { return w.segment.end.seq > w.segment.first }

// sleep waits until something is due or the queue wakes the writer.
func (w *writer) sleep(until time.Time) {
	w.timer.Reset(time.Until(until))
	select {
	case <-w.queue.wake:
	case <-w.timer.C:
	}
}

// gather waits for as many calls as the pace says, and no longer than the longest gathering.
// Then it lets other goroutines run as long as they add calls.
func (w *writer) gather() {
	calls, began := w.queue.await(0)
	if target := w.pace.calls(began, w.cfg.Commit); calls < target {
		until := began.Add(w.cfg.Commit)
		calls, _ = w.queue.await(target)
		for calls < target && time.Now().Before(until) {
			w.sleep(until)
			calls, _ = w.queue.await(target)
		}
	}
	w.pace.learn(calls, time.Now())
	for before := 0; calls > before; calls, _ = w.queue.await(0) {
		before = calls
		runtime.Gosched()
	}
}

// commit writes the batch that has gathered, and makes it durable if the journal promises
// that to a call that waits for it. Calls come until the batch is taken: none may have waited
// when the writer decided to write.
func (w *writer) commit() {
	if w.segment.end.size+w.queue.bytes() > w.cfg.Size && w.hasRecords() {
		if w.rotate("size"); w.segment == nil {
			return
		}
	}
	b := w.queue.start(true)
	sync := b.waiting > 0 && w.cfg.Durability == BeforeAnswer
	began := time.Now()
	first, n := w.segment.end.seq+1, len(b.ends)
	text, to := w.segment.encode(w.out[:0], &b.entries)
	w.out = text
	err := w.segment.write(text, to)
	if err == nil && sync {
		err = w.segment.sync()
	}
	w.cfg.Committed(Commit{Lines: n, Bytes: len(text), Took: time.Since(began), Err: err})
	if cap(w.out) > keepBuffer {
		w.out = nil
	}
	if err != nil {
		w.fail(err)
		return
	}
	w.confirm(sync, &b.entries)
	w.counts.commits.Add(1)
	w.counts.records.Add(uint64(n))
	w.counts.bytes.Add(uint64(len(text)))
	w.wait = 0
	w.queue.finish(first, w.durable)
}

// confirm notes that lines were written, with sync that all are on the disk.
func (w *writer) confirm(sync bool, l *entries) {
	switch {
	case sync:
		w.durable = w.segment.synced
		w.unconfirmed = w.unconfirmed.empty()
		w.dirty = time.Time{}
		w.counts.syncs.Add(1)
		return
	case w.cfg.Durability == BeforeAnswer:
		w.unconfirmed.takeFree(l, 2*mostPending)
	default:
		w.segment.good = w.segment.end
	}
	if w.dirty.IsZero() {
		w.dirty = time.Now()
	}
	if len(w.unconfirmed.text) > mostUnconfirmed {
		w.dirty = time.Now().Add(-w.cfg.Interval)
	}
}

// sync makes durable what was written and not confirmed.
func (w *writer) sync() {
	w.queue.start(false)
	if err := w.segment.sync(); err != nil {
		w.fail(err)
		return
	}
	w.confirm(true, nil)
	w.queue.finish(0, w.durable)
}

// rotate ends the segment and begins the next.
func (w *writer) rotate(cause string) {
	if w.end(cause) {
		w.begin()
	}
}

// end seals the segment and closes it. It reports whether it did.
func (w *writer) end(cause string) bool {
	w.queue.start(false)
	name := w.segment.name
	seal, err := w.segment.seal(cause)
	if err != nil {
		w.fail(err)
		return false
	}
	w.confirm(true, nil)
	w.counts.bytes.Add(uint64(len(seal) + 1))
	w.leave(Sealed)
	w.queue.finish(0, w.durable)
	w.queue.tell(Event{What: SegmentSealed, Segment: name, Line: seal})
	return true
}

// leave closes the segment: the next header says how it ended.
func (w *writer) leave(cause string) {
	w.before = w.segment.ending(cause)
	w.at = w.segment.good.position
	_ = w.segment.file.Close() // it was synced, or it has failed
	w.segment = nil
	w.dirty = time.Time{}
	w.counts.began.Store(0)
}

// begin begins a segment.
func (w *writer) begin() {
	w.queue.start(false)
	header := w.header
	header.Before = w.before
	s, err := begin(w.disk, header, w.at, w.cfg.Key)
	w.segment = s
	if err != nil {
		w.fail(fmt.Errorf("begin a segment: %w", err))
		return
	}
	w.durable = s.synced
	w.counts.segments.Add(1)
	w.counts.bytes.Add(uint64(s.end.size))
	w.counts.began.Store(s.began.UnixNano())
	w.queue.finish(0, w.durable)
	w.queue.tell(Event{What: SegmentBegun, Segment: s.name, Line: s.line})
	w.queue.unblock()
}

// fail gives the segment up, if there is one. The next one is tried at once; if that fails
// as well the journal is blocked, and tries again after a pause.
func (w *writer) fail(err error) {
	err = fmt.Errorf("write the journal: %w", err)
	w.failure = err
	w.counts.failures.Add(1)
	e := Event{What: SegmentFailed, Err: err}
	if w.segment != nil {
		e.Segment = w.segment.name
		w.leave(Failed)
		e.Ending = w.before
	}
	w.queue.giveBack(err, &w.unconfirmed)
	w.unconfirmed = w.unconfirmed.empty()
	if e.Ending != nil {
		w.queue.tell(e)
	}
	if w.wait > 0 {
		w.queue.block(err)
	}
	w.retry = time.Now().Add(w.wait)
	w.wait = min(max(firstPause, 2*w.wait), lastPause)
}

// lastAttempt tries once more to write what has gathered, before the journal ends.
func (w *writer) lastAttempt() {
	if _, gathered, _ := w.queue.state(); gathered.IsZero() {
		w.err = w.failure
		return
	}
	w.begin()
	if w.segment != nil {
		w.commit()
	}
	if w.segment != nil && w.end("shutdown") {
		return
	}
	w.err = w.failure
	w.queue.abandon()
}

// newWriter returns a writer that has no segment yet.
func newWriter(cfg Config, q *queue) *writer {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return &writer{
		cfg: cfg, disk: cfg.disk(cfg.Dir), queue: q, timer: timer, done: make(chan struct{}),
		header: Header{Gateway: cfg.Gateway, Version: cfg.Version},
	}
}
