package queue

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// realtime is a store that goes by the clock of Redis.
func realtime(t *testing.T, s *server, keep time.Duration) *storeTest {
	t.Helper()
	b := &storeTest{t: t, changes: map[string]Change{}}
	c := bounds
	c.Keep = keep
	r, err := NewRedis(c, Server{Client: s.client, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	b.store = r
	return b
}

// All keys of an AIS are in one slot of a Cluster, and of no other AIS.
func TestKeysOfAnAisAreInOneClusterSlot(t *testing.T) {
	s := startServer(t)
	b := realtime(t, s, time.Hour)
	b.made(own, 1)
	b.open(own, 2, nil)
	recent, err := NewRecentRedis(
		RecentConfig{Window: time.Hour, Most: 10},
		Server{Client: s.client, Timeout: 10 * time.Second},
	)
	if err != nil {
		t.Fatal(err)
	}
	i := &idsTest{recent: recent, t: t}
	i.use(own, 1)
	i.claim(own, 2, true)
	keys, err := s.client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 8 {
		t.Errorf("keys %v", keys)
	}
	slot := s.client.ClusterKeySlot(t.Context(), own).Val()
	for _, key := range keys {
		got := s.client.ClusterKeySlot(t.Context(), key).Val()
		if got != slot || !strings.HasPrefix(key, "brana:") {
			t.Errorf("%s is in slot %d, want %d", key, got, slot)
		}
		// Nothing stays for ever after an AIS that comes no more.
		if ttl := s.client.PTTL(t.Context(), key).Val(); ttl <= time.Minute {
			t.Errorf("%s lives for %v", key, ttl)
		}
	}
}

// By the clock of Redis too, what is over is over, though its keys are there.
func TestExpiryByTheClockOfRedis(t *testing.T) {
	b := realtime(t, startServer(t), time.Second)
	b.made(own, 1)
	eventually(t, "the answer expires", func() bool { return b.answer(own, 1).State == Missing })
	b.wantList(own, Filter{}, "")
}

// A full Redis takes no job, whole or in part, but gives answers out and lets
// them go.
func TestFullRedis(t *testing.T) {
	s := startServer(t)
	b := realtime(t, s, time.Hour)
	b.made(own, 1)
	b.open(own, 2, nil)
	ctx := t.Context()
	if err := s.client.ConfigSet(ctx, "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	err := b.Open(ctx, job(own, 3))
	if err == nil || !strings.Contains(err.Error(), "OOM") {
		t.Errorf("open: %v", err)
	}
	err = b.Done(ctx, own, id(2), []byte("b"))
	if err == nil || !strings.Contains(err.Error(), "OOM") {
		t.Errorf("done: %v", err)
	}
	b.want(own, 3, Answer{})
	b.want(own, 1, ready("answer 1"))
	b.wantList(own, Filter{}, "1")
	b.must(b.Delete(ctx, own, id(1)))
	b.wantList(own, Filter{}, "")
	if err := s.client.ConfigSet(ctx, "maxmemory", "0").Err(); err != nil {
		t.Fatal(err)
	}
	b.done(own, 2, "b", nil)
	b.wantList(own, Filter{}, "2")
}

// Without Redis every operation is an error, and none a no.
func TestRedisAway(t *testing.T) {
	s := startServer(t)
	r, err := NewRedis(bounds, Server{Client: s.client, Timeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	recent, err := NewRecentRedis(
		RecentConfig{Window: time.Hour, Most: 10},
		Server{Client: s.client, Timeout: 100 * time.Millisecond},
	)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	claim, fresh, err := recent.Claim(ctx, own, id(1))
	if err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	s.kill()
	_, listed := r.List(ctx, own, Filter{})
	_, answered := r.Answer(ctx, own, id(1))
	_, _, claimed := recent.Claim(ctx, own, id(2))
	for what, err := range map[string]error{
		"open":       r.Open(ctx, job(own, 1)),
		"done":       r.Done(ctx, own, id(1), nil),
		"list":       listed,
		"answer":     answered,
		"delete":     r.Delete(ctx, own, id(1)),
		"delete all": r.DeleteAll(ctx, own),
		"claim":      claimed,
		"confirm":    recent.Confirm(ctx, claim),
		"forget":     recent.Forget(ctx, claim),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "ask redis") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Gateways at once take room from one queue and never more than there is.
func TestGatewaysShareAQueue(t *testing.T) {
	s := startServer(t)
	b := realtime(t, s, time.Hour)
	var all sync.WaitGroup
	var mu sync.Mutex
	opened := 0
	for n := range 30 {
		all.Go(func() {
			r, err := NewRedis(
				Config{Keep: time.Hour, Entries: 7, Bytes: 100 * AnswerBytes, Page: 10},
				Server{Client: s.client, Timeout: 10 * time.Second},
			)
			if err != nil {
				t.Error(err)
				return
			}
			switch err := r.Open(t.Context(), job(own, n)); err {
			case nil:
				mu.Lock()
				opened++
				mu.Unlock()
				if err := r.Done(t.Context(), own, id(n), []byte("a")); err != nil {
					t.Error(err)
				}
			case ErrFull:
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if opened != 7 || len(strings.ReplaceAll(b.listed(own, Filter{}), "|", "")) != 7 {
		t.Errorf("%d jobs were taken, %s are listed", opened, b.listed(own, Filter{}))
	}
}
