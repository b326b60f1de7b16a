package queue

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"brana/egon"
)

// Memory keeps queues in the process, for one gateway; they end with it. It is
// safe for concurrent use. A timer drops entries when they expire.
type Memory struct {
	config Config
	now    func() time.Time

	mu     sync.Mutex
	queues map[string]*aisQueue // by AIS; empty ones go at the next sweep
	timer  *time.Timer
	due    int64 // when the timer fires; 0: it is not set
	closed bool
}

// NewMemory returns an empty store. A now of nil means time.Now. The caller closes
// the store.
func NewMemory(c Config, now func() time.Time) (*Memory, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	return &Memory{config: c, now: now, queues: map[string]*aisQueue{}}, nil
}

// Open takes room for a job, or returns ErrFull.
func (m *Memory) Open(_ context.Context, j Job) error {
	if len(j.Lost) > AnswerBytes {
		return ErrTooLarge
	}
	return m.with(j.Ais, func(s *aisQueue) error {
		if len(s.entries) >= m.config.Entries || s.bytes+AnswerBytes > m.config.Bytes {
			return ErrFull
		}
		s.entries[j.ID] = &entry{
			id:      j.ID,
			service: j.Service,
			opened:  s.last,
			ends:    s.last + j.Lifetime.Milliseconds(),
			bytes:   AnswerBytes,
			answer:  slices.Clone(j.Lost),
		}
		s.bytes += AnswerBytes
		return nil
	})
}

// Done stores the answer of a job, a whole bare reply. A second answer is dropped
// without an error.
func (m *Memory) Done(_ context.Context, ais, id string, answer []byte) error {
	if len(answer) > AnswerBytes {
		return ErrTooLarge
	}
	return m.with(ais, func(s *aisQueue) error {
		e := s.entries[id]
		switch {
		case e == nil || e.lost:
			return ErrGone
		case !e.running():
			return nil
		}
		e.answer = slices.Clone(answer)
		s.settle(e, s.last, m.config.Keep)
		return nil
	})
}

// List returns the first page of the answers that meet the filter, by number.
// Jobs that run are not in it.
func (m *Memory) List(_ context.Context, ais string, f Filter) (p egon.QueuePage, err error) {
	err = m.with(ais, func(s *aisQueue) error {
		since := f.millis()
		for _, e := range s.ready {
			switch {
			case e.number < f.From || e.ends < since:
			case len(p.Items) == m.config.Page:
				p.More, p.Next = true, e.item()
				return nil
			default:
				p.Items = append(p.Items, e.item())
			}
		}
		return nil
	})
	return p, err
}

// Answer returns the state of a job, and its answer. Reading does not delete.
func (m *Memory) Answer(_ context.Context, ais, id string) (a Answer, err error) {
	err = m.with(ais, func(s *aisQueue) error {
		switch e := s.entries[id]; {
		case e == nil:
		case e.running():
			a = Answer{State: Running, Since: time.Duration(s.last-e.opened) * time.Millisecond}
		default:
			a = Answer{State: Ready, Body: slices.Clone(e.answer), Lost: e.lost}
		}
		return nil
	})
	return a, err
}

// Delete drops answers, and jobs that run: these will leave no answer. An id that
// is not in the queue is no error.
func (m *Memory) Delete(_ context.Context, ais string, ids ...string) error {
	return m.with(ais, func(s *aisQueue) error {
		for _, id := range ids {
			s.remove(id)
		}
		return nil
	})
}

// DeleteAll drops all answers. Jobs that run are not in the queue yet, and stay.
func (m *Memory) DeleteAll(_ context.Context, ais string) error {
	return m.with(ais, func(s *aisQueue) error {
		for len(s.ready) > 0 {
			s.remove(s.ready[0].id)
		}
		return nil
	})
}

// Close stops the timer.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	if m.timer != nil {
		m.timer.Stop()
	}
	return nil
}

// with runs an operation on the queue of an AIS, swept to this moment.
func (m *Memory) with(ais string, operate func(*aisQueue) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now().UnixMilli()
	s := m.queues[ais]
	if s == nil {
		s = &aisQueue{entries: map[string]*entry{}}
		m.queues[ais] = s
	}
	c := s.sweep(now, m.config.Keep)
	err := operate(s)
	if len(s.entries) == 0 {
		delete(m.queues, ais)
	}
	m.report(ais, s, c)
	m.arm(s.next(), now)
	return err
}

func (m *Memory) report(ais string, s *aisQueue, c Change) {
	if m.config.Changed != nil {
		c.Entries = len(s.entries)
		m.config.Changed(ais, c)
	}
}

// arm sets the timer to fire at a moment or before it; at 0 it changes nothing.
func (m *Memory) arm(at, now int64) {
	if at == 0 || m.closed || m.due != 0 && m.due <= at {
		return
	}
	m.due = at
	if m.timer != nil {
		m.timer.Stop()
	}
	m.timer = time.AfterFunc(time.Duration(at-now)*time.Millisecond, m.sweepAll)
}

// sweepAll sweeps every queue, when the timer fires.
func (m *Memory) sweepAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.due = 0
	now := m.now().UnixMilli()
	first := int64(0)
	for ais, s := range m.queues {
		if c := s.sweep(now, m.config.Keep); c != (Change{}) {
			m.report(ais, s, c)
		}
		switch next := s.next(); {
		case next == 0:
			delete(m.queues, ais)
		case first == 0 || next < first:
			first = next
		}
	}
	m.arm(first, now)
}

// An aisQueue is the queue of one AIS. Its moments are milliseconds since 1970, and
// its clock never goes back.
type aisQueue struct {
	last    int64  // the latest moment it was swept to
	number  uint64 // of the last answer
	bytes   int64  // held by entries
	entries map[string]*entry
	ready   []*entry // answers, ascending by number and so by the moment they were made
}

// An entry is a job, and later its answer.
type entry struct {
	id, service string
	opened      int64
	ends        int64 // of a job: when it is lost; of an answer: when it was made
	bytes       int64

	number  uint64 // 0: it runs
	expires int64
	lost    bool
	answer  []byte // of a job that runs: the one it leaves if it is lost
}

func (e *entry) running() bool { return e.number == 0 }

func (e *entry) item() egon.QueueItem {
	return egon.QueueItem{
		Service:      e.service,
		IszrZadostId: e.id,
		Number:       e.number,
		Created:      time.UnixMilli(e.ends),
		Expires:      time.UnixMilli(e.expires),
	}
}

// next is when the entry changes by itself.
func (e *entry) next() int64 {
	if e.running() {
		return e.ends
	}
	return e.expires
}

// sweep moves the queue to a moment: first jobs are lost, then answers expire. As
// every operation sweeps first, a job is lost before a later answer is made, so
// numbers and moments ascend together.
func (s *aisQueue) sweep(now int64, keep time.Duration) (c Change) {
	s.last = max(now, s.last)
	if next := s.next(); next == 0 || next > s.last {
		return c
	}
	var lost []*entry
	for _, e := range s.entries {
		if e.running() && e.ends <= s.last {
			lost = append(lost, e)
		}
	}
	slices.SortFunc(lost, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.ends, b.ends), cmp.Compare(a.id, b.id))
	})
	for _, e := range lost {
		e.lost = true
		s.settle(e, e.ends, keep)
		c.Lost++
	}
	for id, e := range s.entries {
		if !e.running() && e.expires <= s.last {
			s.remove(id)
			c.Expired++
		}
	}
	return c
}

// next is the moment at which the first entry changes by itself; 0: there is none.
func (s *aisQueue) next() (first int64) {
	for _, e := range s.entries {
		if first == 0 || e.next() < first {
			first = e.next()
		}
	}
	return first
}

// settle makes a job an answer. Numbers begin with the clock, so that they ascend
// also when a store has lost its memory: a caller that asks for the answers after
// the last number it saw misses none.
func (s *aisQueue) settle(e *entry, made int64, keep time.Duration) {
	s.number = max(s.number+1, uint64(made))
	s.bytes += int64(len(e.answer)) - e.bytes
	e.number, e.ends, e.expires = s.number, made, made+keep.Milliseconds()
	e.bytes = int64(len(e.answer))
	s.ready = append(s.ready, e)
}

func (s *aisQueue) remove(id string) {
	e := s.entries[id]
	if e == nil {
		return
	}
	delete(s.entries, id)
	s.bytes -= e.bytes
	if !e.running() {
		i := slices.Index(s.ready, e)
		s.ready = slices.Delete(s.ready, i, i+1)
	}
}
