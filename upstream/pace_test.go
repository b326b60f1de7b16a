package upstream

import (
	"bufio"
	"context"
	"errors"
	"math"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Calls within the burst go at once. A call beyond it waits for its turn. A call whose turn
// would be too late is refused at once and takes none.
func TestCallsWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &call{Client: &Client{cfg: Config{Name: "fake"},
			pace: Pace{PerSecond: 2, Burst: 3}.limiter()}}
		start := time.Now()
		within := func(d time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			return k.await(ctx)
		}
		for range 3 {
			if err := within(time.Nanosecond); err != nil || time.Since(start) != 0 {
				t.Fatalf("within the burst: %v after %v", err, time.Since(start))
			}
		}
		e := wantCallError(t, within(400*time.Millisecond))
		if !e.Busy || e.Timeout || e.Sent || !errors.Is(e, errPace) || time.Since(start) != 0 {
			t.Errorf("a turn that is too late: %+v after %v", e, time.Since(start))
		}
		if err := within(600 * time.Millisecond); err != nil ||
			time.Since(start) != 500*time.Millisecond {
			t.Errorf("a turn in time: %v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		if e := wantCallError(t, k.await(ctx)); e.Busy || e.Timeout || e.Sent ||
			!errors.Is(e, context.Canceled) {
			t.Errorf("the caller left: %+v", e)
		}
		if err := within(time.Second); err != nil || time.Since(start) != time.Second {
			t.Errorf("the turn of one that left is free: %v after %v", err, time.Since(start))
		}
	})
}

func TestNoTurnWhileTheBreakerIsOpen(t *testing.T) {
	c := &Client{cfg: Config{Name: "rob"}, pace: Pace{PerSecond: 1e-9, Burst: 1}.limiter(),
		breaker: newBreaker("rob", Breaker{Failures: 1, Window: time.Minute, Open: time.Minute},
			nil)}
	try(t, c, nil, func(k *call) error { return k.unreadable(errors.New("broken")) })
	for range 3 {
		if err := try(t, c, nil, func(*call) error { return nil }); !errors.Is(err, errOpen) {
			t.Errorf("got %v", err)
		}
	}
}

// A call beyond the pace is not sent at all.
func TestRelayKeepsThePace(t *testing.T) {
	var got atomic.Int64
	fake := rawFake(func(nc net.Conn, br *bufio.Reader) {
		takeRequest(br)
		got.Add(1)
	})
	c := client(t, Config{URL: fake.listen(t), Pace: Pace{PerSecond: 1e-3, Burst: 2}})
	for i := range 5 {
		ctx, cancel := soon(t.Context())
		_, _, err := NewRelay(c).Send(ctx, text("<b/>"), nil)
		cancel()
		if e := wantCallError(t, err); e.Busy != (i >= 2) {
			t.Errorf("call %d: %v", i+1, err)
		}
	}
	if got.Load() != 2 {
		t.Errorf("%d messages were sent, want 2", got.Load())
	}
}

func TestPaceIsChecked(t *testing.T) {
	for _, p := range []Pace{{PerSecond: 1}, {Burst: 1}, {PerSecond: -1, Burst: 1},
		{PerSecond: 1, Burst: -1},
		{PerSecond: math.NaN(), Burst: 1}, {PerSecond: math.Inf(1), Burst: 1}} {
		if _, err := NewClient(Config{Name: "rob", URL: "http://127.0.0.1:1",
			Pace: p}); err == nil {
			t.Errorf("pace %+v is taken", p)
		}
	}
}
