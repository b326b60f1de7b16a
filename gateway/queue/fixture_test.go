package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"brana/egon"
)

// store is what Memory and Redis have in common.
type store interface {
	Open(context.Context, Job) error
	Done(ctx context.Context, ais, id string, answer []byte) error
	List(ctx context.Context, ais string, f Filter) (egon.QueuePage, error)
	Answer(ctx context.Context, ais, id string) (Answer, error)
	Delete(ctx context.Context, ais string, ids ...string) error
	DeleteAll(ctx context.Context, ais string) error
}

// A fakeClock is a clock that tests move.
type fakeClock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *fakeClock { return &fakeClock{at: time.UnixMilli(1772614800000)} }

func (c *fakeClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// millis is the time as scripts take it.
func (c *fakeClock) millis() any { return c.now().UnixMilli() }

func (c *fakeClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// A storeTest is a store and the changes that it reported.
type storeTest struct {
	store
	t       testing.TB
	clock   *fakeClock
	changes map[string]Change // summed up, with the entries of the last
}

var bounds = Config{Keep: time.Hour, Entries: 5, Bytes: 4 * AnswerBytes, Page: 2}

type maker func(t testing.TB, c Config, clock *fakeClock) store

func newStoreTest(t testing.TB, c Config, make maker) *storeTest {
	b := &storeTest{t: t, clock: newClock(), changes: map[string]Change{}}
	c.Changed = func(ais string, c Change) {
		sum := b.changes[ais]
		b.changes[ais] = Change{c.Entries, sum.Expired + c.Expired, sum.Lost + c.Lost}
	}
	b.store = make(t, c, b.clock)
	return b
}

func memory(t testing.TB, c Config, clock *fakeClock) store {
	m, err := NewMemory(c, clock.now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func onRedis(s *server) maker {
	made := 0
	return func(t testing.TB, c Config, clock *fakeClock) store {
		made++
		r, err := NewRedis(
			c,
			Server{Client: s.client, Timeout: 10 * time.Second, Prefix: fmt.Sprint(made, ":")},
		)
		if err != nil {
			t.Fatal(err)
		}
		r.now = clock.millis
		return r
	}
}

func id(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

const own, other = "999001", "999002"

// job is a job of a minute.
func job(ais string, n int) Job {
	return Job{Ais: ais, ID: id(n), Service: "E227", Lifetime: time.Minute, Lost: []byte("lost")}
}

func (b *storeTest) open(ais string, n int, want error) {
	b.t.Helper()
	if err := b.Open(b.t.Context(), job(ais, n)); !errors.Is(err, want) {
		b.t.Fatalf("open %d of %s: %v, want %v", n, ais, err, want)
	}
}

func (b *storeTest) done(ais string, n int, answer string, want error) {
	b.t.Helper()
	if err := b.Done(b.t.Context(), ais, id(n), []byte(answer)); !errors.Is(err, want) {
		b.t.Fatalf("done %d of %s: %v, want %v", n, ais, err, want)
	}
}

func (b *storeTest) made(ais string, n int) {
	b.t.Helper()
	b.open(ais, n, nil)
	b.done(ais, n, fmt.Sprint("answer ", n), nil)
}

func (b *storeTest) answer(ais string, n int) Answer {
	b.t.Helper()
	a, err := b.Answer(b.t.Context(), ais, id(n))
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

func (b *storeTest) list(ais string, f Filter) egon.QueuePage {
	b.t.Helper()
	p, err := b.List(b.t.Context(), ais, f)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// listed are the last digits of the ids of all pages, one list for each page.
func (b *storeTest) listed(ais string, f Filter) string {
	b.t.Helper()
	pages := ""
	for {
		p := b.list(ais, f)
		for _, item := range p.Items {
			pages += item.IszrZadostId[len(item.IszrZadostId)-1:]
		}
		if !p.More {
			return pages
		}
		pages += "|"
		f = Filter{From: p.Next.Number, Since: p.Next.Created}
	}
}

func (b *storeTest) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *storeTest) wantList(ais string, f Filter, want string) {
	b.t.Helper()
	if got := b.listed(ais, f); got != want {
		b.t.Errorf("listed %q, want %q", got, want)
	}
}

func (b *storeTest) want(ais string, n int, want Answer) {
	b.t.Helper()
	if diff := cmp.Diff(want, b.answer(ais, n)); diff != "" {
		b.t.Errorf("answer %d of %s (-want +got):\n%s", n, ais, diff)
	}
}

func ready(body string) Answer { return Answer{State: Ready, Body: []byte(body)} }
