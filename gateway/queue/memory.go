package queue

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"brana/egon"
)

// Memory keeps queues in the process: for one gateway alone, and gone when it
// ends. It is safe for concurrent use. What has expired is dropped when it does,
// by a timer.
type Memory struct {
	config Config
	now    func() time.Time

	mu      sync.Mutex
	shelves map[string]*shelf // by AIS; none is empty for longer than until the next sweep
	timer   *time.Timer
	due     int64 // when the timer rings; 0: it does not
	closed  bool
}

// NewMemory returns an empty store; now tells the time, nil means time.Now. Who
// made it closes it.
func NewMemory(c Config, now func() time.Time) (*Memory, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	return &Memory{config: c, now: now, shelves: map[string]*shelf{}}, nil
}

// Open takes room for a job, or returns ErrFull.
func (m *Memory) Open(_ context.Context, j Job) error {
	if len(j.Lost) > AnswerBytes {
		return ErrTooLarge
	}
	return m.with(j.Ais, func(s *shelf) error {
		if len(s.entries) >= m.config.Entries || s.bytes+AnswerBytes > m.config.Bytes {
			return ErrFull
		}
		s.entries[j.ID] = &entry{id: j.ID, service: j.Service, opened: s.last, ends: s.last + j.Lifetime.Milliseconds(), bytes: AnswerBytes, answer: slices.Clone(j.Lost)}
		s.bytes += AnswerBytes
		return nil
	})
}

// Done leaves the answer of a job, a whole bare reply. Done twice is done once.
func (m *Memory) Done(_ context.Context, ais, id string, answer []byte) error {
	if len(answer) > AnswerBytes {
		return ErrTooLarge
	}
	return m.with(ais, func(s *shelf) error {
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
	err = m.with(ais, func(s *shelf) error {
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

// Answer returns what there is of a job. Reading does not delete.
func (m *Memory) Answer(_ context.Context, ais, id string) (a Answer, err error) {
	err = m.with(ais, func(s *shelf) error {
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

// Delete drops answers, and jobs that run: their answers will not come. What is
// not there is no error.
func (m *Memory) Delete(_ context.Context, ais string, ids ...string) error {
	return m.with(ais, func(s *shelf) error {
		for _, id := range ids {
			s.remove(id)
		}
		return nil
	})
}

// DeleteAll drops all answers. Jobs that run are not in the queue yet, and stay.
func (m *Memory) DeleteAll(_ context.Context, ais string) error {
	return m.with(ais, func(s *shelf) error {
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

// with runs an operation on the shelf of an AIS, swept to this moment.
func (m *Memory) with(ais string, operate func(*shelf) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now().UnixMilli()
	s := m.shelves[ais]
	if s == nil {
		s = &shelf{entries: map[string]*entry{}}
		m.shelves[ais] = s
	}
	c := s.sweep(now, m.config.Keep)
	err := operate(s)
	if len(s.entries) == 0 {
		delete(m.shelves, ais)
	}
	m.tell(ais, s, c)
	m.arm(s.next(), now)
	return err
}

func (m *Memory) tell(ais string, s *shelf, c Change) {
	if m.config.Changed != nil {
		c.Entries = len(s.entries)
		m.config.Changed(ais, c)
	}
}

// arm sees to it that the timer rings at a moment, or before it.
func (m *Memory) arm(at, now int64) {
	if at == 0 || m.closed || m.due != 0 && m.due <= at {
		return
	}
	m.due = at
	if m.timer != nil {
		m.timer.Stop()
	}
	m.timer = time.AfterFunc(time.Duration(at-now)*time.Millisecond, m.ring)
}

// ring drops everywhere what is over.
func (m *Memory) ring() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.due = 0
	now := m.now().UnixMilli()
	first := int64(0)
	for ais, s := range m.shelves {
		if c := s.sweep(now, m.config.Keep); c != (Change{}) {
			m.tell(ais, s, c)
		}
		switch next := s.next(); {
		case next == 0:
			delete(m.shelves, ais)
		case first == 0 || next < first:
			first = next
		}
	}
	m.arm(first, now)
}

// A shelf is the queue of one AIS. Its clock is milliseconds since 1970 and
// never goes back.
type shelf struct {
	last    int64
	number  uint64 // of the last answer
	bytes   int64
	entries map[string]*entry
	ready   []*entry // ascending by number, and so by the moment they were made
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
	return egon.QueueItem{Service: e.service, IszrZadostId: e.id, Number: e.number, Created: time.UnixMilli(e.ends), Expires: time.UnixMilli(e.expires)}
}

// over is when the entry changes by itself.
func (e *entry) over() int64 {
	if e.running() {
		return e.ends
	}
	return e.expires
}

// sweep moves the shelf to a moment: first jobs are lost, then answers expire.
// As every operation sweeps, a job is lost before a later answer is made, so
// that numbers and moments ascend together.
func (s *shelf) sweep(now int64, keep time.Duration) (c Change) {
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
	slices.SortFunc(lost, func(a, b *entry) int { return cmp.Or(cmp.Compare(a.ends, b.ends), cmp.Compare(a.id, b.id)) })
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

// next is the moment at which the first entry is over; 0: there is none.
func (s *shelf) next() (first int64) {
	for _, e := range s.entries {
		if first == 0 || e.over() < first {
			first = e.over()
		}
	}
	return first
}

// settle makes a job an answer. Numbers begin with the clock, so that they go on
// where they were when a store has forgotten all it knew: whoever asks for what
// came after the last number it saw misses nothing.
func (s *shelf) settle(e *entry, made int64, keep time.Duration) {
	s.number = max(s.number+1, uint64(made))
	s.bytes += int64(len(e.answer)) - e.bytes
	e.number, e.ends, e.expires, e.bytes = s.number, made, made+keep.Milliseconds(), int64(len(e.answer))
	s.ready = append(s.ready, e)
}

func (s *shelf) remove(id string) {
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
