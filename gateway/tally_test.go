package gateway

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"brana/audit"
	"brana/egon"
	"brana/gateway/queue"
	"brana/limits"
)

// What exchanges and jobs take and give back.
const (
	slots     = "slots"
	claims    = "claims"
	rooms     = "rooms"
	readers   = "readers"
	replies   = "reply readers"
	buffers   = "buffers"
	answers   = "upstream answers"
	deadlines = "deadlines"
	intents   = "intents"
	uses      = "records in the making"
	aifos     = "AIFO readers"
	traces    = "traces"
)

// A tally counts what is taken and given back, piece by piece.
type tally struct {
	mu     sync.Mutex
	taken  map[string]int
	out    map[string]map[any]bool
	faults []string
}

func newTally() *tally { return &tally{taken: map[string]int{}, out: map[string]map[any]bool{}} }

func (l *tally) take(what string, piece any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken[what]++
	if l.out[what] == nil {
		l.out[what] = map[any]bool{}
	}
	if l.out[what][piece] {
		l.faults = append(l.faults, "a piece was taken twice: "+what)
	}
	l.out[what][piece] = true
}

func (l *tally) give(what string, piece any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.out[what][piece] {
		l.faults = append(l.faults, "a piece was given back that nobody has: "+what)
	}
	delete(l.out[what], piece)
}

// leave gives a piece back if it is out.
func (l *tally) leave(what string, piece any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.out[what], piece)
}

// pieces are the names of what is out.
func (l *tally) pieces(what string) (names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for piece := range l.out[what] {
		names = append(names, piece.(string))
	}
	return names
}

// check fails the test unless all was given back, but for the rooms that belong to
// the queue, and something of each of what must have been taken was.
func (l *tally) check(t *testing.T, roomsLeft int, taken ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, fault := range l.faults {
		t.Error(fault)
	}
	for _, what := range slices.Sorted(maps.Keys(l.out)) {
		want := 0
		if what == rooms {
			want = roomsLeft
		}
		if n := len(l.out[what]); n != want {
			t.Errorf("%s: %d of %d are out, want %d", what, n, l.taken[what], want)
		}
	}
	for _, what := range taken {
		if l.taken[what] == 0 {
			t.Errorf("%s: none was taken, so this proves nothing", what)
		}
	}
}

// A countedPool counts what a pool lends.
type countedPool[T any] struct {
	pool[T]
	tally *tally
	what  string
}

func (p *countedPool[T]) Get() T {
	v := p.pool.Get()
	p.tally.take(p.what, v)
	return v
}

func (p *countedPool[T]) Put(v T) {
	p.tally.give(p.what, v)
	p.pool.Put(v)
}

// counted has a gateway's pools counted.
func (l *tally) counted(g *Gateway) {
	g.pools.readers = &countedPool[*egon.Reader]{g.pools.readers, l, readers}
	g.pools.replies = &countedPool[*egon.ReplyReader]{g.pools.replies, l, replies}
	g.pools.buffers = &countedPool[*[]byte]{g.pools.buffers, l, buffers}
	g.pools.uses = &countedPool[*use]{g.pools.uses, l, uses}
	g.pools.traces = &countedPool[*egon.Trace]{g.pools.traces, l, traces}
	g.pools.aifos = &countedPool[*egon.AifoReader]{g.pools.aifos, l, aifos}
}

// countedStores are a limiter, a store of ids and a queue, all counted. They break as
// a test wants: each func of before is called before the store does anything.
type countedStores struct {
	limiterFunc
	*queue.Memory
	ids   *queue.RecentMemory
	tally *tally
	seq   int // of slots; one call at a time is admitted

	record *countedRecord
	key    *audit.PersonKey

	before map[string]func() error
}

func newStores(t *testing.T, l *tally) *countedStores {
	t.Helper()
	memory, err := queue.NewMemory(queueBounds, nil)
	recent, err2 := queue.NewRecentMemory(queue.RecentConfig{Window: time.Hour, Most: 100}, nil)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { memory.Close() })
	s := &countedStores{
		limiterFunc: limiterFunc{admit: admitAll},
		Memory:      memory,
		ids:         recent,
		tally:       l,
		key:         personKey(t),
		before:      map[string]func() error{},
	}
	s.record = &countedRecord{countedStores: s, recorded: map[string]int{}}
	return s
}

func (s *countedStores) fails(what string) error {
	if f := s.before[what]; f != nil {
		return f()
	}
	return nil
}

func (s *countedStores) Admit(ctx context.Context, c limits.Call) (limits.Decision, error) {
	if err := s.fails("admit"); err != nil {
		return limits.Decision{}, err
	}
	d, err := s.limiterFunc.Admit(ctx, c)
	if err == nil && d.Verdict == limits.Admitted {
		s.seq++
		d.Slot.Number = uint64(s.seq)
		s.tally.take(slots, d.Slot)
	}
	return d, err
}

func (s *countedStores) Release(ctx context.Context, slot limits.Slot) error {
	s.tally.give(slots, slot)
	if err := s.fails("release"); err != nil {
		return err
	}
	return s.limiterFunc.Release(ctx, slot)
}

func (s *countedStores) Claim(ctx context.Context, ais, id string) (queue.Claim, bool, error) {
	if err := s.fails("claim"); err != nil {
		return queue.Claim{}, false, err
	}
	c, fresh, err := s.ids.Claim(ctx, ais, id)
	if err == nil && fresh {
		s.tally.take(claims, c)
	}
	return c, fresh, err
}

func (s *countedStores) Confirm(ctx context.Context, c queue.Claim) error {
	if err := s.fails("confirm"); err != nil {
		return err
	}
	s.tally.give(claims, c)
	return s.ids.Confirm(ctx, c)
}

func (s *countedStores) Forget(ctx context.Context, c queue.Claim) error {
	s.tally.give(claims, c)
	if err := s.fails("forget"); err != nil {
		return err
	}
	return s.ids.Forget(ctx, c)
}

func (s *countedStores) Open(ctx context.Context, j queue.Job) error {
	if err := s.fails("open"); err != nil {
		return err
	}
	err := s.Memory.Open(ctx, j)
	if err == nil {
		s.tally.take(rooms, j.ID)
	}
	if late := s.fails("opened"); late != nil {
		return late
	}
	return err
}

func (s *countedStores) Done(ctx context.Context, ais, id string, answer []byte) error {
	if err := s.fails("done"); err != nil {
		return err
	}
	err := s.Memory.Done(ctx, ais, id, answer)
	if err == nil {
		s.tally.give(rooms, id)
	}
	return err
}

func (s *countedStores) Delete(ctx context.Context, ais string, ids ...string) error {
	for _, id := range ids {
		s.tally.leave(rooms, id)
	}
	if err := s.fails("delete"); err != nil {
		return err
	}
	return s.Memory.Delete(ctx, ais, ids...)
}

// A countedRecord counts intents until their outcomes. It breaks as its stores do.
type countedRecord struct {
	*countedStores
	mu       sync.Mutex
	intended uint64
	recorded map[string]int // by type; the outcome of a job is one by itself
}

const jobOutcome = "outcome of a job"

func (r *countedRecord) count(kind string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recorded[kind]++
}

func (r *countedRecord) Blocked() error { return r.fails("blocked") }

func (r *countedRecord) Intend(*audit.Call) (uint64, error) {
	r.mu.Lock()
	r.intended++
	n := r.intended
	r.mu.Unlock()
	if err := r.fails("intend"); err != nil {
		return n, err // a number that is void
	}
	r.count(audit.TypeIntent)
	r.tally.take(intents, n)
	return n, nil
}

func (r *countedRecord) Conclude(intent uint64, result *audit.Result) {
	if result.Job {
		r.count(jobOutcome)
	} else {
		r.count(audit.TypeOutcome)
		r.tally.give(intents, intent)
	}
	_ = r.fails("conclude")
}

func (r *countedRecord) Whole(kind string, _ *audit.Call, result *audit.Result) {
	if result.Job {
		kind += " of a job"
	}
	r.count(kind)
	_ = r.fails("conclude")
}

// into has a gateway work with these stores and its upstreams' answers counted.
func (s *countedStores) into(to *settings) {
	for _, code := range queueServices {
		to.cfg.Routes.Services[code] = Route{Kind: LocalRoute}
	}
	to.parts.Limiter, to.parts.IDs, to.parts.Queue, to.parts.NewID = s, s, s, uuid.NewString
	to.parts.Record, to.parts.PersonKey = s.record, s.key
	to.made = s.tally.counted
}

// countedBody counts an upstream's answer until it is closed.
type countedBody struct {
	io.Reader
	tally *tally
	close func()
}

func (b *countedBody) Close() error {
	b.tally.give(answers, b)
	if b.close != nil {
		b.close()
	}
	return nil
}

// answer is an answer whose body is counted.
func (l *tally) answer(length int64, body io.Reader) *egon.Answer {
	b := &countedBody{Reader: body, tally: l}
	l.take(answers, b)
	return &egon.Answer{HTTPStatus: 200, ContentType: contentType, Length: length, Body: b}
}
