package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// recent is what the two stores of ids have in common.
type recent interface {
	Claim(ctx context.Context, ais, id string) (Claim, bool, error)
	Confirm(ctx context.Context, c Claim) error
	Forget(ctx context.Context, c Claim) error
}

// An idsTest is a store of ids, and its clock.
type idsTest struct {
	recent
	t       *testing.T
	clock   *fakeClock
	evicted int
}

func TestRecentMemory(t *testing.T) {
	testRecent(t, func(c RecentConfig, clock *fakeClock) (recent, error) {
		return NewRecentMemory(c, clock.now)
	})
}

func TestRecentRedis(t *testing.T)        { testRecentRedis(t, startServer(t)) }
func TestRecentRedisCluster(t *testing.T) { testRecentRedis(t, startCluster(t)) }

func testRecentRedis(t *testing.T, s *server) {
	made := 0
	testRecent(t, func(c RecentConfig, clock *fakeClock) (recent, error) {
		made++
		r, err := NewRecentRedis(
			c,
			Server{Client: s.client, Timeout: 10 * time.Second, Prefix: fmt.Sprint(made, ":")},
		)
		if err == nil {
			r.now = clock.millis
		}
		return r, err
	})
}

func (i *idsTest) claim(ais string, n int, want bool) Claim {
	i.t.Helper()
	c, fresh, err := i.Claim(i.t.Context(), ais, id(n))
	if err != nil || fresh != want {
		i.t.Fatalf("claim %d of %s: %v, %v, want %v", n, ais, fresh, err, want)
	}
	return c
}

func (i *idsTest) confirm(c Claim, want error) {
	i.t.Helper()
	if err := i.Confirm(i.t.Context(), c); !errors.Is(err, want) {
		i.t.Fatalf("confirm: %v, want %v", err, want)
	}
}

func (i *idsTest) use(ais string, n int) {
	i.t.Helper()
	i.confirm(i.claim(ais, n, true), nil)
}

func (i *idsTest) forget(c Claim) {
	i.t.Helper()
	if err := i.Forget(i.t.Context(), c); err != nil {
		i.t.Fatal(err)
	}
}

// testRecent is the contract of a store of ids: a window of ten minutes, three
// ids of one AIS.
func testRecent(t *testing.T, make func(RecentConfig, *fakeClock) (recent, error)) {
	for _, test := range []struct {
		name string
		run  func(*idsTest)
	}{
		{"an id is used for the window", func(i *idsTest) {
			i.use(own, 1)
			i.claim(own, 1, false)
			i.clock.move(10*time.Minute - time.Millisecond)
			i.claim(own, 1, false)
			i.clock.move(time.Millisecond)
			i.use(own, 1)
			i.claim(own, 1, false)
		}},
		{"an id that is asked for again is not used for longer", func(i *idsTest) {
			i.use(own, 1)
			i.clock.move(9 * time.Minute)
			i.claim(own, 1, false)
			i.clock.move(time.Minute)
			i.claim(own, 1, true)
		}},
		{"ids of one AIS are not those of another", func(i *idsTest) {
			i.use(own, 1)
			i.claim(own, 1, false)
			i.use(other, 1)
		}},
		{"a call that was not admitted has not used its id", func(i *idsTest) {
			i.forget(i.claim(own, 1, true))
			i.use(own, 1)
		}},
		{"while a call is decided its id is held", func(i *idsTest) {
			c := i.claim(own, 1, true)
			i.claim(own, 1, false)
			i.confirm(c, nil)
			i.claim(own, 1, false)
		}},
		{"what was confirmed is not forgotten", func(i *idsTest) {
			c := i.claim(own, 1, true)
			i.confirm(c, nil)
			i.forget(c)
			i.claim(own, 1, false)
		}},
		{"a claim whose gateway died is free again", func(i *idsTest) {
			c := i.claim(own, 1, true)
			i.clock.move(time.Minute - time.Millisecond)
			i.claim(own, 1, false)
			i.clock.move(time.Millisecond)
			i.confirm(c, ErrClaimOver)
			i.use(own, 1)
		}},
		{"above the bound the oldest is forgotten, and reported", func(i *idsTest) {
			held := i.claim(own, 9, true)
			for n := 1; n <= 5; n++ {
				i.use(own, n)
				i.clock.move(time.Second)
			}
			i.claim(own, 3, false)
			i.claim(own, 5, false)
			if i.evicted != 2 {
				i.t.Errorf("%d were forgotten early, want 2", i.evicted)
			}
			i.claim(own, 1, true)
			i.confirm(held, nil)  // what is held is not forgotten
			i.claim(own, 3, true) // it was the oldest
			i.claim(own, 4, false)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			i := &idsTest{t: t, clock: newClock()}
			var err error
			i.recent, err = make(RecentConfig{
				Window:  10 * time.Minute,
				Most:    3,
				Evicted: func(n int) { i.evicted += n },
			}, i.clock)
			if err != nil {
				t.Fatal(err)
			}
			test.run(i)
		})
	}
	t.Run("of many calls with one id one is fresh", func(t *testing.T) {
		s, err := make(RecentConfig{Window: 10 * time.Minute, Most: 3}, newClock())
		if err != nil {
			t.Fatal(err)
		}
		var fresh atomic.Int32
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				c, ok, err := s.Claim(t.Context(), own, id(1))
				if err != nil {
					t.Error(err)
				}
				if ok {
					fresh.Add(1)
					if err := s.Confirm(t.Context(), c); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if fresh.Load() != 1 {
			t.Errorf("%d calls were fresh", fresh.Load())
		}
	})
}

// Without a call of the AIS itself its ids are dropped too.
func TestIdsOfAnIdleAisAreDropped(t *testing.T) {
	clock := newClock()
	m, err := NewRecentMemory(RecentConfig{Window: time.Hour, Most: 10}, clock.now)
	if err != nil {
		t.Fatal(err)
	}
	i := &idsTest{recent: m, t: t, clock: clock}
	i.use(own, 1)
	i.claim("999003", 1, true)
	clock.move(time.Hour)
	i.claim(other, 2, true)
	if len(m.byAis) != 1 {
		t.Errorf("%d AIS are remembered, want 1", len(m.byAis))
	}
}

// A claim that is over does not free an id that another call holds by then.
func TestForgetAfterTheClaim(t *testing.T) {
	s := startServer(t)
	r, err := NewRecentRedis(
		RecentConfig{Window: time.Minute, Most: 3},
		Server{Client: s.client, Timeout: 10 * time.Second, Prefix: "over:"},
	)
	if err != nil {
		t.Fatal(err)
	}
	i := &idsTest{recent: r, t: t}
	over := i.claim(own, 1, true) // and that of the later call: the key in Redis is one
	over.until = time.Now()
	i.forget(over)
	i.claim(own, 1, false)
}
