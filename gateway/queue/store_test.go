package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

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

func TestMemory(t *testing.T) { testStore(t, memory) }
func TestRedis(t *testing.T)  { testStore(t, onRedis(startServer(t))) }

// In a Cluster a script whose keys were not in one slot would be refused.
func TestRedisCluster(t *testing.T) { testStore(t, onRedis(startCluster(t))) }

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

// testStore is the contract of a store.
func testStore(t *testing.T, make maker) {
	for _, test := range []struct {
		name string
		run  func(*storeTest)
	}{
		{"a job runs, then its answer is there until it is deleted", lifeOfAJob},
		{"nothing of one AIS is seen or touched by another", queuesAreApart},
		{"a page ends where the next begins", pages},
		{"both filters hold, bounds included", filters},
		{"numbers go on in the order in which answers are made", numbers},
		{"an answer expires at its time", expiry},
		{"a job without an answer is lost when its time is over", lostJobs},
		{"an answer that comes too late does not replace the lost one", lateAnswer},
		{"an answer is left once", doneTwice},
		{"a full queue is refused until there is room", fullOfEntries},
		{"a queue holds room for the answers of jobs that run", fullOfBytes},
		{"an answer that is too large is refused", tooLarge},
		{"a deleted job leaves no answer", deletedJob},
		{"all answers go, jobs that run stay", deleteAll},
		{"what was forgotten does not begin from one again", numbersAfterOblivion},
		{"a clock that steps back keeps what there is", clockStepsBack},
		{"changes are reported", changes},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(newStoreTest(t, bounds, make)) })
	}
}

func lifeOfAJob(b *storeTest) {
	b.want(own, 1, Answer{})
	b.open(own, 1, nil)
	b.clock.move(3 * time.Second)
	b.want(own, 1, Answer{State: Running, Since: 3 * time.Second})
	b.wantList(own, Filter{}, "")
	b.done(own, 1, "<a>\x00ř</a>", nil)
	b.want(own, 1, ready("<a>\x00ř</a>"))
	b.want(own, 1, ready("<a>\x00ř</a>")) // reading does not delete
	now := b.clock.now()
	item := egon.QueueItem{
		Service:      "E227",
		IszrZadostId: id(1),
		Number:       uint64(now.UnixMilli()),
		Created:      now,
		Expires:      now.Add(time.Hour),
	}
	page := egon.QueuePage{Items: []egon.QueueItem{item}}
	if diff := cmp.Diff(page, b.list(own, Filter{})); diff != "" {
		b.t.Errorf("list (-want +got):\n%s", diff)
	}
	b.must(b.Delete(b.t.Context(), own, id(1), id(2)))
	b.want(own, 1, Answer{})
	b.wantList(own, Filter{}, "")
}

func queuesAreApart(b *storeTest) {
	b.made(own, 1)
	b.open(own, 2, nil)
	b.made(other, 3)
	for n := 1; n <= 2; n++ {
		b.want(other, n, Answer{})
		b.done(other, n, "theirs", ErrGone)
	}
	b.wantList(other, Filter{}, "3")
	b.must(b.Delete(b.t.Context(), other, id(1), id(2)))
	b.must(b.DeleteAll(b.t.Context(), other))
	b.wantList(other, Filter{}, "")
	b.want(own, 1, ready("answer 1"))
	b.want(own, 2, Answer{State: Running})
	// Even under one id they are two.
	b.made(other, 1)
	b.must(b.Delete(b.t.Context(), own, id(1)))
	b.want(own, 1, Answer{})
	b.want(other, 1, ready("answer 1"))
}

func pages(b *storeTest) {
	for n := 1; n <= 5; n++ {
		b.made(own, n)
		b.clock.move(time.Millisecond)
	}
	b.wantList(own, Filter{}, "12|34|5")
	b.must(b.Delete(b.t.Context(), own, id(5)))
	b.wantList(own, Filter{}, "12|34")
}

func filters(b *storeTest) {
	var items []egon.QueueItem
	for n := 1; n <= 4; n++ {
		b.made(own, n)
		items = append(items, b.list(own, Filter{From: uint64(b.clock.now().UnixMilli())}).Items...)
		b.clock.move(time.Second)
	}
	b.wantList(own, Filter{From: items[1].Number}, "23|4")
	b.wantList(own, Filter{From: items[1].Number + 1}, "34")
	b.wantList(own, Filter{Since: items[2].Created}, "34")
	b.wantList(own, Filter{Since: items[2].Created.Add(time.Microsecond)}, "4")
	b.wantList(own, Filter{From: items[1].Number, Since: items[3].Created}, "4")
	b.wantList(own, Filter{From: items[3].Number, Since: items[1].Created}, "4")
	b.wantList(own, Filter{From: 1<<64 - 1}, "")
	b.wantList(own, Filter{Since: b.clock.now()}, "")
}

// A caller that asks for what came after the last number it saw misses nothing,
// though a job that was opened first may end last, or be lost.
func numbers(b *storeTest) {
	b.open(own, 1, nil)
	b.open(own, 2, nil)
	b.open(own, 3, nil)
	b.clock.move(time.Second)
	b.done(own, 3, "c", nil)
	seen := b.list(own, Filter{}).Items[0]
	b.done(own, 1, "a", nil) // in the same millisecond
	b.clock.move(time.Minute)
	b.made(own, 4)
	after := Filter{From: seen.Number + 1, Since: seen.Created}
	b.wantList(own, after, "12|4")
	for _, f := range []Filter{{}, after} {
		last := egon.QueueItem{}
		for p := b.list(own, f); ; p = b.list(own, Filter{From: p.Next.Number}) {
			for _, item := range p.Items {
				if item.Number <= last.Number || item.Created.Before(last.Created) {
					b.t.Errorf("%+v comes after %+v", item, last)
				}
				last = item
			}
			if !p.More {
				break
			}
		}
	}
}

func expiry(b *storeTest) {
	b.made(own, 1)
	b.clock.move(time.Hour - time.Millisecond)
	b.made(own, 2)
	b.want(own, 1, ready("answer 1"))
	b.clock.move(time.Millisecond)
	b.want(own, 1, Answer{})
	b.wantList(own, Filter{}, "2")
	b.clock.move(time.Hour)
	b.wantList(own, Filter{}, "")
	if got := b.changes[own]; got != (Change{Entries: 0, Expired: 2}) {
		b.t.Errorf("reported %+v", got)
	}
}

func lostJobs(b *storeTest) {
	b.open(own, 1, nil)
	b.clock.move(time.Minute - time.Millisecond)
	b.want(own, 1, Answer{State: Running, Since: time.Minute - time.Millisecond})
	b.clock.move(10 * time.Minute)
	b.want(own, 1, Answer{State: Ready, Body: []byte("lost"), Lost: true})
	// It was made when its time was over, not when somebody looked.
	item := b.list(own, Filter{}).Items[0]
	if made := newClock().at.Add(time.Minute); !item.Created.Equal(made) ||
		!item.Expires.Equal(made.Add(time.Hour)) {
		b.t.Errorf("made %v, expires %v", item.Created, item.Expires)
	}
	if got := b.changes[own]; got != (Change{Entries: 1, Lost: 1}) {
		b.t.Errorf("reported %+v", got)
	}
	// One that nobody looked at for long is lost and expired at once.
	b.open(own, 2, nil)
	b.clock.move(2 * time.Hour)
	b.want(own, 2, Answer{})
	if got := b.changes[own]; got != (Change{Entries: 0, Lost: 2, Expired: 2}) {
		b.t.Errorf("reported %+v", got)
	}
}

func lateAnswer(b *storeTest) {
	b.open(own, 1, nil)
	b.clock.move(time.Minute)
	b.done(own, 1, "late", ErrGone)
	b.want(own, 1, Answer{State: Ready, Body: []byte("lost"), Lost: true})
	b.done(own, 2, "of nothing", ErrGone)
}

func doneTwice(b *storeTest) {
	b.open(own, 1, nil)
	b.done(own, 1, "first", nil)
	b.clock.move(time.Second)
	b.done(own, 1, "second", nil)
	b.want(own, 1, ready("first"))
	b.wantList(own, Filter{}, "1")
}

func fullOfEntries(b *storeTest) {
	for n := 1; n <= 5; n++ {
		b.made(own, n)
	}
	b.open(own, 6, ErrFull)
	b.want(own, 6, Answer{})
	b.made(other, 7)
	b.must(b.Delete(b.t.Context(), own, id(3)))
	b.open(own, 6, nil)
	b.open(own, 8, ErrFull)
	b.clock.move(time.Hour) // by now the answers have expired
	b.open(own, 8, nil)
}

func fullOfBytes(b *storeTest) {
	for n := 1; n <= 4; n++ {
		b.open(own, n, nil)
	}
	b.open(own, 5, ErrFull)
	b.done(own, 1, "small", nil)
	b.open(own, 5, ErrFull) // five bytes are too many
	b.must(b.Delete(b.t.Context(), own, id(1)))
	b.open(own, 5, nil)
	b.must(b.Delete(b.t.Context(), own, id(2), id(3), id(4), id(5)))
	for n := 1; n <= 4; n++ {
		b.open(own, n, nil)
	}
	b.clock.move(time.Minute) // lost they hold little
	b.open(own, 5, nil)
}

func tooLarge(b *storeTest) {
	b.open(own, 1, nil)
	b.done(own, 1, string(make([]byte, AnswerBytes+1)), ErrTooLarge)
	b.want(own, 1, Answer{State: Running})
	whole := bytes.Repeat([]byte("x"), AnswerBytes)
	b.done(own, 1, string(whole), nil)
	b.want(own, 1, ready(string(whole)))
	j := job(own, 2)
	j.Lost = append(whole, 'x')
	if err := b.Open(b.t.Context(), j); !errors.Is(err, ErrTooLarge) {
		b.t.Errorf("open: %v", err)
	}
}

func deletedJob(b *storeTest) {
	b.open(own, 1, nil)
	b.must(b.Delete(b.t.Context(), own, id(1)))
	b.want(own, 1, Answer{})
	b.done(own, 1, "unwanted", ErrGone)
	b.want(own, 1, Answer{})
	b.clock.move(time.Hour)
	b.want(own, 1, Answer{})
}

func deleteAll(b *storeTest) {
	b.made(own, 1)
	b.made(own, 2)
	b.made(own, 3)
	b.open(own, 4, nil)
	b.must(b.DeleteAll(b.t.Context(), own))
	b.wantList(own, Filter{}, "")
	b.want(own, 4, Answer{State: Running})
	b.done(own, 4, "later", nil)
	b.wantList(own, Filter{}, "4")
}

func numbersAfterOblivion(b *storeTest) {
	b.made(own, 1)
	before := b.list(own, Filter{}).Items[0].Number
	b.must(b.DeleteAll(b.t.Context(), own))
	b.clock.move(30 * 24 * time.Hour)
	b.made(own, 2)
	if after := b.list(own, Filter{}).Items[0].Number; after <= before {
		b.t.Errorf("number %d comes after %d", after, before)
	}
}

func clockStepsBack(b *storeTest) {
	b.made(own, 1)
	b.clock.move(-time.Hour)
	b.made(own, 2)
	b.open(own, 3, nil)
	b.wantList(own, Filter{}, "12")
	b.want(own, 3, Answer{State: Running})
	b.clock.move(time.Hour + time.Minute)
	b.want(own, 3, Answer{State: Ready, Body: []byte("lost"), Lost: true})
}

func changes(b *storeTest) {
	b.made(own, 1)
	b.open(own, 2, nil)
	if got := b.changes[own]; got != (Change{Entries: 2}) {
		b.t.Errorf("reported %+v", got)
	}
	b.must(b.Delete(b.t.Context(), own, id(1), id(2)))
	if got := b.changes[own]; got != (Change{}) {
		b.t.Errorf("reported %+v", got)
	}
	if _, reported := b.changes[other]; reported {
		b.t.Error("reported an AIS that nobody named")
	}
}

// Both stores answer the same to any operations in any order.
func TestBothStoresSayTheSame(t *testing.T) {
	onServer := onRedis(startServer(t))
	rapid.Check(t, func(rt *rapid.T) {
		m, r := newStoreTest(t, bounds, memory), newStoreTest(t, bounds, onServer)
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			step(rt, m, r)
		}
		if diff := cmp.Diff(m.changes, r.changes); diff != "" {
			rt.Fatalf("reported (-memory +redis):\n%s", diff)
		}
	})
}

// step does one thing to both stores.
func step(rt *rapid.T, m, r *storeTest) {
	ais := rapid.SampledFrom([]string{own, other}).Draw(rt, "ais")
	n := rapid.IntRange(1, 8).Draw(rt, "id")
	ctx := m.t.Context()
	var do func(b *storeTest) (any, error)
	switch what := rapid.IntRange(0, 6).Draw(rt, "what"); what {
	case 0, 1:
		if kept := max(m.answer(ais, n).State, r.answer(ais, n).State); kept != Missing {
			return // ids are never given twice
		}
		do = func(b *storeTest) (any, error) {
			j := job(ais, n)
			j.Lifetime = time.Duration(n) * 10 * time.Second
			return nil, b.Open(ctx, j)
		}
	case 2:
		do = func(b *storeTest) (any, error) {
			return nil, b.Done(ctx, ais, id(n), []byte(fmt.Sprint("answer", n)))
		}
	case 3:
		from := uint64(m.clock.now().Add(-time.Minute).UnixMilli())
		since := m.clock.now().Add(-time.Duration(n) * 20 * time.Second)
		f := rapid.SampledFrom([]Filter{{}, {From: from}, {Since: since}, {from, since}}).
			Draw(rt, "filter")
		do = func(b *storeTest) (any, error) { return b.List(ctx, ais, f) }
	case 4:
		do = func(b *storeTest) (any, error) { return b.Answer(ctx, ais, id(n)) }
	case 5:
		do = func(b *storeTest) (any, error) { return nil, b.Delete(ctx, ais, id(n), id(n+1)) }
	case 6:
		d := time.Duration(rapid.IntRange(0, 900).Draw(rt, "pass")) * time.Second
		m.clock.move(d)
		r.clock.move(d)
		return
	}
	wantSaid, wantErr := do(m)
	gotSaid, gotErr := do(r)
	if !errors.Is(gotErr, wantErr) {
		rt.Fatalf("memory: %v, redis: %v", wantErr, gotErr)
	}
	if diff := cmp.Diff(wantSaid, gotSaid); diff != "" {
		rt.Fatalf("(-memory +redis):\n%s", diff)
	}
}
