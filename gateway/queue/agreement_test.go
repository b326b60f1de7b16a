package queue

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

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
