package limits

import (
	"errors"
	"testing"
	"time"
)

func (c asker) raise(calls int64, until time.Duration, clock *hands) {
	c.t.Helper()
	if err := c.store.Raise(c.t.Context(), c.call, calls, clock.now().Add(until)); err != nil {
		c.t.Fatal(err)
	}
	clock.move(refusal) // a refusal is repeated for so long
}

func (c asker) usage() Usage {
	c.t.Helper()
	u, err := c.store.Usage(c.t.Context(), c.call)
	if err != nil {
		c.t.Fatal(err)
	}
	return u
}

func extraCalls(t *testing.T, c asker, clock *hands) {
	c.spend(3)
	c.admit(OverQuota)
	c.raise(2, 5*time.Minute, clock)
	if u := c.usage(); u.Quota != 5 || u.Extra != 2 || u.Remaining != 2 || u.Working != 3 || u.Off != 0 {
		t.Errorf("usage = %+v, want 3 used of 5, of which 2 are extra", u)
	}
	d := c.admit(Admitted)
	c.release(d.Slot)
	if d.Quota != 5 || d.Remaining != 1 {
		t.Errorf("decision = %+v, want 1 of 5 remaining", d)
	}
	// The last lease before the end grants none, so that none is used after it.
	clock.move(5*time.Minute - Lease)
	if d := c.admit(OverQuota); d.Quota != 3 {
		t.Errorf("decision = %+v, want a quota of 3", d)
	}
	if u := c.usage(); u.Extra != 0 || u.Quota != 3 || u.Remaining != 0 {
		t.Errorf("usage = %+v, want none extra", u)
	}
}

func extraTakenBack(t *testing.T, c asker, clock *hands) {
	c.raise(9, time.Hour, clock)
	c.spend(4)
	c.raise(0, time.Hour, clock)
	clock.move(Lease)
	c.admit(OverQuota)
	c.raise(3, time.Hour, clock)
	c.spend(2)
	c.admit(OverQuota)
}

func usedIsForgotten(t *testing.T, c asker, clock *hands) {
	first := c.admit(Admitted)
	second := c.admit(Admitted)
	clock.move(Window / 2)
	c.call.Lifetime = Window
	c.release(first.Slot)
	c.release(second.Slot)
	running := c.admit(Admitted)
	c.admit(OverQuota)
	clock.move(Lease + 10*time.Second) // a lease that could still be used would stay counted
	wait(t, "ledger time has moved on with a heartbeat, and all is forgotten", func() bool {
		if err := c.store.Forget(t.Context(), c.call); err != nil {
			t.Fatal(err)
		}
		return c.usage().Working == 0
	})
	clock.move(refusal)
	if u := c.usage(); u.Working != 0 || u.Remaining != 3 || u.Running != 1 || u.Slots != 1 || u.Forgotten.IsZero() {
		t.Errorf("usage = %+v, want none used and one running", u)
	}
	second = c.admit(Admitted)
	c.admit(OverConcurrency)
	c.release(running.Slot)
	c.release(second.Slot)
	c.spend(2)
	c.admit(OverQuota)
}

func waitBeyondExtra(t *testing.T, c asker, clock *hands) {
	c.raise(2, 10*time.Minute, clock)
	c.spend(3)
	clock.move(time.Minute)
	c.spend(2)
	d := c.admit(OverQuota)
	// Five are counted; when the first three leave, the extra calls have ended, and two of three are left.
	clock.move(d.RetryAfter - time.Millisecond)
	c.admit(OverQuota)
	clock.move(time.Millisecond)
	c.spend(1)
	c.admit(OverQuota)
}

func TestExtraCallsAreBounded(t *testing.T) {
	at := time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name  string
		calls int64
		until time.Duration
		ok    bool
	}{
		{"as many as the higher quota", 200, time.Hour, true},
		{"more than that", 201, time.Hour, false},
		{"below zero", -1, time.Hour, false},
		{"until the past", 1, -time.Second, false},
		{"until now", 1, 0, false},
		{"no longer than a lease", 1, Lease, false},
		{"a week", 1, LongestExtra, true},
		{"longer than a week", 1, LongestExtra + time.Second, false},
		{"taken back", 0, 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := CheckExtra(Rule{100, 200, 1}, test.calls, at.Add(test.until), at)
			if (err == nil) != test.ok || err != nil && !errors.Is(err, ErrExtra) {
				t.Errorf("CheckExtra(%d, %v) = %v, want ok %v", test.calls, test.until, err, test.ok)
			}
		})
	}
}

// When the quota will be used up at a pace is found by buckets that leave on the way and extra calls that end.
func TestExhaustion(t *testing.T) {
	const minute = int64(60_000)
	for _, test := range []struct {
		name  string
		quota int64
		calls map[int64]int64 // by the minute in which they leave
		extra extra
		pace  int64 // an hour
		want  int64 // minute; -1: never
	}{
		{"nobody calls", 10, nil, extra{}, 0, -1},
		{"used up already", 10, map[int64]int64{30: 10}, extra{}, 60, 0},
		{"at one a minute", 10, nil, extra{}, 60, 10},
		{"at the quota's own pace", 60, nil, extra{}, 60, -1},
		{"what leaves makes room", 10, map[int64]int64{3: 5, 50: 2}, extra{}, 60, 8},
		{"what leaves in time makes enough", 60, map[int64]int64{10: 40}, extra{}, 50, -1},
		{"extra calls that stay", 10, nil, extra{1, 10, 120 * minute}, 60, 20},
		{"extra calls that end too early", 10, nil, extra{1, 10, 15*minute + leaseMillis}, 60, 15},
	} {
		t.Run(test.name, func(t *testing.T) {
			var w window
			for leaves, calls := range test.calls {
				w.charge(leaves*minute, counts{calls, 0})
			}
			at, ok := w.exhausted(Rule{test.quota, test.quota, 1}, test.extra, WorkingHours, 0, 60*minute, test.pace)
			if !ok {
				at = -minute
			}
			if at/minute != test.want {
				t.Errorf("exhausted at minute %d, want %d", at/minute, test.want)
			}
		})
	}
}

// Gateways tell a ledger that has lost its memory of extra calls, and nothing of calls that an operator had forgotten.
func TestOperatorsActsSurviveALoss(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	r := newRedis(t, s, nil)
	c := asker{t: t, store: r, call: Call{Key: KeyOf("a"), Rule: Rule{100, 100, 5}, Lifetime: time.Minute}}
	c.spend(50)
	if err := r.Raise(t.Context(), c.call, 20, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	c.spend(10)
	before := remaining(t, r, c.call)
	if before < 50 || before > 60 {
		t.Fatalf("remaining %d, want some 60", before)
	}
	s.command("FLUSHALL")
	wait(t, "the loss is noticed", func() bool { return r.Ready(t.Context()) != nil })
	if _, err := r.Usage(t.Context(), c.call); !errors.Is(err, ErrLearning) {
		t.Errorf("usage while learning: %v, want %v", err, ErrLearning)
	}
	if err := r.Forget(t.Context(), c.call); !errors.Is(err, ErrLearning) {
		t.Errorf("forget while learning: %v, want %v", err, ErrLearning)
	}
	wait(t, "the ledger has learned", func() bool { return r.Ready(t.Context()) == nil })
	remaining(t, r, c.call)
	if u := c.usage(); u.Extra != 20 || u.Quota != 120 || u.Working+u.Off != 60 {
		t.Errorf("usage after the loss = %+v, want 60 of 120 used", u)
	}
}

// Two gateways see one another's calls and what an operator does at either.
func TestOperatorsActsReachAllGateways(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	call := Call{Key: KeyOf("a"), Rule: Rule{5, 5, 5}, Lifetime: time.Minute}
	one, two := asker{t: t, store: newRedis(t, s, nil), call: call}, asker{t: t, store: newRedis(t, s, nil), call: call}
	one.spend(5)
	two.admit(OverQuota)
	if err := one.store.Raise(t.Context(), call, 3, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(refusal) // for so long two repeats its refusal
	two.spend(3)
	two.admit(OverQuota)
	if u := one.usage(); u.Working+u.Off != 8 || u.Remaining != 0 || u.Extra != 3 {
		t.Errorf("usage = %+v, want 8 of 8 used", u)
	}
	wait(t, "the leases are given back and what was used is forgotten", func() bool {
		if err := two.store.Forget(t.Context(), call); err != nil {
			t.Fatal(err)
		}
		return one.usage().Remaining == 8
	})
	time.Sleep(refusal)
	one.spend(8)
	one.admit(OverQuota)
}
