package gateway

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"brana/egon"
	"brana/gateway/queue"
	"brana/limits"
)

// An eventLog keeps events in their order.
type eventLog struct {
	mu   sync.Mutex
	list []string
}

func (l *eventLog) add(event string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, event)
}

func (l *eventLog) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

// A watchedQueue is a real one that logs its operations; a test may hold them, or
// have them fail.
type watchedQueue struct {
	*queue.Memory
	events *eventLog
	open   func() error // before a job is opened
	done   func() error // before its answer is left
}

func (q *watchedQueue) Open(ctx context.Context, j queue.Job) error {
	if q.open != nil {
		if err := q.open(); err != nil {
			return err
		}
	}
	q.events.add("open")
	return q.Memory.Open(ctx, j)
}

func (q *watchedQueue) Done(ctx context.Context, ais, id string, answer []byte) error {
	if q.done != nil {
		if err := q.done(); err != nil {
			return err
		}
	}
	err := q.Memory.Done(ctx, ais, id, answer)
	q.events.add("done")
	return err
}

func (q *watchedQueue) Delete(ctx context.Context, ais string, ids ...string) error {
	q.events.add("delete")
	return q.Memory.Delete(ctx, ais, ids...)
}

// A watchedLimiter logs the slots that it gives and gets back.
type watchedLimiter struct {
	limiterFunc
	events *eventLog
}

func (l *watchedLimiter) Admit(ctx context.Context, c limits.Call) (limits.Decision, error) {
	d, err := l.limiterFunc.Admit(ctx, c)
	l.events.add(fmt.Sprint("admit ", d.Verdict))
	return d, err
}

func (l *watchedLimiter) Release(ctx context.Context, s limits.Slot) error {
	l.events.add("release")
	return l.limiterFunc.Release(ctx, s)
}

// A queueGateway is a gateway that answers the queue services.
type queueGateway struct {
	*testGateway
	queue   *watchedQueue
	limiter *watchedLimiter
	events  *eventLog
}

var queueBounds = queue.Config{Keep: time.Hour, Entries: 2, Bytes: 8 * queue.AnswerBytes, Page: 1}

func startQueueGateway(t testing.TB, change ...func(*queueGateway, *settings)) *queueGateway {
	t.Helper()
	d := &queueGateway{events: &eventLog{}}
	memory, err := queue.NewMemory(queueBounds, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { memory.Close() })
	d.queue = &watchedQueue{Memory: memory, events: d.events}
	d.limiter = &watchedLimiter{limiterFunc: limiterFunc{admit: admitAll}, events: d.events}
	d.testGateway = startGateway(t, func(s *settings) {
		for _, code := range queueServices {
			s.cfg.Routes.Services[code] = Route{Kind: LocalRoute}
		}
		s.parts.Queue, s.parts.Limiter, s.parts.NewID = d.queue, d.limiter, uuid.NewString
		for _, f := range change {
			f(d, s)
		}
	})
	t.Cleanup(func() {
		d.settle(t)
		if n := d.limiter.slots.Load(); n != 0 {
			t.Errorf("%d slots are still held", n)
		}
	})
	return d
}

// settle waits until no job is under way.
func (d *queueGateway) settle(t testing.TB) {
	t.Helper()
	eventually(t, "jobs end", func() bool { return d.Jobs() == 0 && d.Running() == 0 })
}

// ask makes a call and returns its answer.
func (d *queueGateway) ask(t testing.TB, path string, c call) string {
	t.Helper()
	if c.code == "" {
		c.code, _, _ = strings.Cut(path, "?")
	}
	return read(t, d.post(t, "/publikace/"+path, c.message()))
}

// later makes an asynchronous call and returns its number.
func (d *queueGateway) later(t testing.TB, c call) string {
	t.Helper()
	answer := d.ask(t, "E227?async", c)
	id := valueOf(answer, "IszrZadostId")
	if !strings.Contains(answer, "VysledekKod>OK<") || id == "" ||
		strings.Contains(answer, "IszrOdpoved") {
		t.Fatalf("the answer is not a number alone: %s", answer)
	}
	return id
}

func (d *queueGateway) pickUp(t testing.TB, ais, id string) string {
	t.Helper()
	return d.ask(t, "E100", call{ais: ais, queue: &egon.QueueQuery{IDs: []string{id}}})
}

// valueOf is the text of the first element with a local name.
func valueOf(doc, local string) string {
	_, rest, found := strings.Cut(doc, ":"+local+">")
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(rest, "<")
	return value
}

func wantIn(t testing.TB, doc string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(doc, p) {
			t.Errorf("%q is missing in %s", p, doc)
		}
	}
}
