package limitstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"brana/limits"
)

// Store is what all stores have in common.
type Store interface {
	Admit(context.Context, limits.Call) (limits.Decision, error)
	Renew(ctx context.Context, s limits.Slot, lifetime time.Duration) error
	Release(context.Context, limits.Slot) error
	Ready(context.Context) error
	Close() error
	Usage(context.Context, limits.Call) (limits.Usage, error)
	Raise(ctx context.Context, c limits.Call, calls int64, until time.Time) error
	Forget(context.Context, limits.Call) error
}

// Traits are the differences between stores that the contract allows.
type Traits struct {
	Late    time.Duration // from the end of an hour and its bucket until a permit is free again
	Repeats time.Duration // for which a store may repeat a refusal
}

// contract has the tests of every store, each from a moment and with a rule.
var contract = []struct {
	name  string
	start string
	rule  limits.Rule
	run   func(*testing.T, Caller, *Clock)
}{
	{
		"the call after the quota is refused until the first permit frees",
		"10:00:03", Rule(100, 1000, 5), quotaIsUsedUp,
	},
	{"refused calls do not count", "10:00:00", Rule(3, 3, 5), refusedDoNotCount},
	{
		"a slot given back admits the next call",
		"10:00:00", Rule(100, 100, 2), slotsAreGivenBack,
	},
	{"a slot given back twice frees one", "10:00:00", Rule(100, 100, 2), releaseIsIdempotent},
	{"a slot frees itself when its lifetime ends", "10:00:00", Rule(100, 100, 1), slotsExpire},
	{
		"a slot that is renewed lives on, an expired one does not",
		"10:00:00", Rule(100, 100, 1), slotsAreRenewed,
	},
	{"a call over concurrency uses no quota", "10:00:00", Rule(2, 2, 1), allOrNothing},
	{"a call over both limits has the longer wait", "10:00:00", Rule(1, 1, 1), overBoth},
	{"keys are counted apart", "10:00:00", Rule(1, 1, 1), keysAreApart},
	{"working hours begin with the night still counted", "06:59:00", Rule(5, 20, 50), morning},
	{"the night begins with what the day left", "16:59:00", Rule(5, 20, 50), evening},
	{
		"a lower night quota waits for working hours",
		"06:40:00", Rule(20, 5, 50), waitForMorning,
	},
	{"a lowered rule holds at once", "10:00:00", Rule(10, 10, 5), loweredRule},
	{"a call without lifetime is an error", "10:00:00", Rule(1, 1, 1), lifetimeIsRequired},
	{
		"extra calls are admitted at once and until they end",
		"10:00:00", Rule(3, 9, 50), extraCalls,
	},
	{"extra calls can be taken back", "10:00:00", Rule(3, 9, 50), extraTakenBack},
	{
		"forgotten calls count no more, and running calls keep their slots",
		"10:00:00", Rule(3, 9, 2), usedIsForgotten,
	},
	{
		"retry after considers the end of extra calls",
		"10:00:00", Rule(3, 9, 50), waitBeyondExtra,
	},
	{"a decision has what is counted", "10:00:04", Rule(10, 20, 3), facts},
}

// Contract runs the contract of stores, each test on a new store.
func Contract(t *testing.T, traits Traits, newStore func(*testing.T, *Clock) Store) {
	for _, test := range contract {
		t.Run(test.name, func(t *testing.T) {
			clock := ClockAt(t, Wednesday+test.start)
			s := newStore(t, clock)
			if err := s.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			c := NewCaller(t, s, t.Name(), test.rule)
			c.Traits = traits
			test.run(t, c, clock)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func quotaIsUsedUp(t *testing.T, c Caller, clock *Clock) {
	c.Spend(100)
	d := c.Admit(limits.OverQuota)
	// All calls are in the bucket that begins now. It leaves an hour after the end of its second.
	want := time.Hour + time.Second + c.Late
	if d.RetryAfter != want || d.Reset != want || d.Remaining != 0 || d.Quota != 100 {
		t.Errorf("decision = %+v, want a wait of %v", d, want)
	}
	clock.Move(d.RetryAfter - time.Millisecond)
	c.Admit(limits.OverQuota)
	clock.Move(time.Millisecond)
	c.Spend(100)
	c.Admit(limits.OverQuota)
}

func refusedDoNotCount(t *testing.T, c Caller, clock *Clock) {
	c.Spend(3)
	clock.Move(30 * time.Minute)
	for range 10 {
		c.Admit(limits.OverQuota)
	}
	clock.Move(30*time.Minute + limits.Grain + c.Late)
	c.Spend(3)
}

func slotsAreGivenBack(t *testing.T, c Caller, _ *Clock) {
	first := c.Admit(limits.Admitted)
	c.Admit(limits.Admitted)
	d := c.Admit(limits.OverConcurrency)
	if d.RetryAfter != time.Second || d.Running != 2 || d.Concurrent != 2 || d.Slot != (limits.Slot{}) {
		t.Errorf("decision = %+v, want 2 of 2 running, one second to wait and no slot", d)
	}
	c.Release(first.Slot)
	c.Admit(limits.Admitted)
	c.Admit(limits.OverConcurrency)
}

func releaseIsIdempotent(t *testing.T, c Caller, _ *Clock) {
	first := c.Admit(limits.Admitted)
	c.Admit(limits.Admitted)
	c.Release(first.Slot)
	c.Release(first.Slot)
	c.Release(limits.Slot{})
	third := c.Admit(limits.Admitted)
	c.Release(first.Slot) // the third call may have its place
	c.Admit(limits.OverConcurrency)
	c.Release(third.Slot)
	c.Admit(limits.Admitted)
}

func slotsExpire(t *testing.T, c Caller, clock *Clock) {
	lost := c.Admit(limits.Admitted)
	clock.Move(time.Minute - time.Millisecond)
	c.Admit(limits.OverConcurrency)
	clock.Move(time.Millisecond)
	c.Admit(limits.Admitted)
	c.Release(lost.Slot)
	c.Admit(limits.OverConcurrency)
	// A longer call keeps its slot, also when no call comes for longer than the window.
	clock.Move(time.Minute)
	c.Call.Lifetime = 3 * time.Hour
	c.Admit(limits.Admitted)
	clock.Move(3*time.Hour - time.Millisecond)
	c.Admit(limits.OverConcurrency)
}

func slotsAreRenewed(t *testing.T, c Caller, clock *Clock) {
	renew := func(s limits.Slot, lifetime time.Duration) {
		t.Helper()
		if err := c.Store.Renew(t.Context(), s, lifetime); err != nil {
			t.Fatal(err)
		}
	}
	long := c.Admit(limits.Admitted).Slot
	for range 5 {
		clock.Move(time.Minute - time.Millisecond)
		c.Admit(limits.OverConcurrency)
		renew(long, time.Minute)
		renew(long, time.Second) // shortens nothing
	}
	renew(limits.Slot{}, time.Hour)
	clock.Move(time.Minute)
	renew(long, time.Minute) // expired
	next := c.Admit(limits.Admitted).Slot
	renew(long, time.Hour) // the other call has its place
	clock.Move(time.Minute)
	c.Release(c.Admit(limits.Admitted).Slot)
	renew(next, time.Hour)
	c.Admit(limits.Admitted)
	if err := c.Store.Renew(t.Context(), next, 0); !errors.Is(err, limits.ErrLifetime) {
		t.Errorf("Renew without lifetime: error = %v, want %v", err, limits.ErrLifetime)
	}
}

func allOrNothing(t *testing.T, c Caller, _ *Clock) {
	first := c.Admit(limits.Admitted)
	for range 5 {
		c.Admit(limits.OverConcurrency)
	}
	c.Release(first.Slot)
	c.Release(c.Admit(limits.Admitted).Slot)
	c.Admit(limits.OverQuota)
}

func overBoth(t *testing.T, c Caller, _ *Clock) {
	c.Admit(limits.Admitted)
	if d := c.Admit(limits.OverQuota); d.RetryAfter <= time.Minute {
		t.Errorf("retry after = %v, want the wait for the quota", d.RetryAfter)
	}
}

func keysAreApart(t *testing.T, c Caller, _ *Clock) {
	other := c
	other.Call.Key = limits.KeyOf("another")
	c.Admit(limits.Admitted)
	d := other.Admit(limits.Admitted)
	c.Admit(limits.OverQuota)
	other.Release(d.Slot)
	other.Admit(limits.OverQuota)
}

func morning(t *testing.T, c Caller, clock *Clock) {
	c.Spend(18) // of 20 in off hours
	clock.Move(time.Minute)
	c.Spend(2) // (b): 20 in this hour, though only 2 of 5 in working hours
	d := c.Admit(limits.OverQuota)
	if want := time.Hour - time.Minute + time.Second + c.Late; d.RetryAfter != want {
		t.Errorf("retry after = %v, want %v, when the night's calls leave", d.RetryAfter, want)
	}
	clock.Move(d.RetryAfter)
	c.Spend(3) // (a): 5 of 5
	c.Admit(limits.OverQuota)
}

func evening(t *testing.T, c Caller, clock *Clock) {
	c.Spend(5)
	d := c.Admit(limits.OverQuota)
	if d.RetryAfter != time.Minute {
		t.Errorf("retry after = %v, want 1m, when the night begins", d.RetryAfter)
	}
	clock.Move(d.RetryAfter)
	if d := c.Admit(limits.Admitted); d.Remaining != 14 || d.Quota != 20 {
		t.Errorf("decision = %+v, want 14 of 20 remaining", d)
	}
	c.Spend(14)
	c.Admit(limits.OverQuota)
}

func waitForMorning(t *testing.T, c Caller, clock *Clock) {
	c.Spend(5)
	d := c.Admit(limits.OverQuota)
	if d.RetryAfter != 20*time.Minute {
		t.Errorf("retry after = %v, want 20m, when working hours begin", d.RetryAfter)
	}
	clock.Move(d.RetryAfter)
	c.Spend(15)
	c.Admit(limits.OverQuota)
}

func loweredRule(t *testing.T, c Caller, clock *Clock) {
	for range 5 {
		c.Spend(2)
		clock.Move(time.Minute)
	}
	c.Call.Rule.Working = 5
	d := c.Admit(limits.OverQuota)
	// Ten calls are counted. A call has room when four are left: the calls of three minutes leave.
	want := time.Hour + time.Second + c.Late - 3*time.Minute
	if d.RetryAfter != want || d.Remaining != 0 {
		t.Errorf("decision = %+v, want a wait of %v", d, want)
	}
	clock.Move(d.RetryAfter)
	c.Spend(1)
	c.Admit(limits.OverQuota)
}

func lifetimeIsRequired(t *testing.T, c Caller, _ *Clock) {
	for _, lifetime := range []time.Duration{0, -time.Second} {
		c.Call.Lifetime = lifetime
		if _, err := c.Store.Admit(t.Context(), c.Call); !errors.Is(err, limits.ErrLifetime) {
			t.Errorf("Admit with lifetime %v: error = %v, want %v", lifetime, err, limits.ErrLifetime)
		}
	}
	c.Call.Lifetime = time.Nanosecond
	c.Admit(limits.Admitted)
}

func facts(t *testing.T, c Caller, clock *Clock) {
	c.Admit(limits.Admitted)
	clock.Move(10 * time.Second)
	d := c.Admit(limits.Admitted)
	d.Slot = limits.Slot{}
	want := limits.Decision{
		Quota: 10, Remaining: 8, Reset: time.Hour - 9*time.Second + c.Late, Concurrent: 3, Running: 2,
	}
	if d != want {
		t.Errorf("decision = %+v, want %+v", d, want)
	}
}

func extraCalls(t *testing.T, c Caller, clock *Clock) {
	c.Spend(3)
	c.Admit(limits.OverQuota)
	c.Raise(2, 5*time.Minute, clock)
	if u := c.Usage(); u.Quota != 5 || u.Extra != 2 || u.Remaining != 2 || u.Working != 3 || u.Off != 0 {
		t.Errorf("usage = %+v, want 3 used of 5, of which 2 are extra", u)
	}
	d := c.Admit(limits.Admitted)
	c.Release(d.Slot)
	if d.Quota != 5 || d.Remaining != 1 {
		t.Errorf("decision = %+v, want 1 of 5 remaining", d)
	}
	// In the last Lease before the end no extra call is granted, so none is made after the end.
	clock.Move(5*time.Minute - limits.Lease)
	if d := c.Admit(limits.OverQuota); d.Quota != 3 {
		t.Errorf("decision = %+v, want a quota of 3", d)
	}
	if u := c.Usage(); u.Extra != 0 || u.Quota != 3 || u.Remaining != 0 {
		t.Errorf("usage = %+v, want none extra", u)
	}
}

func extraTakenBack(t *testing.T, c Caller, clock *Clock) {
	c.Raise(9, time.Hour, clock)
	c.Spend(4)
	c.Raise(0, time.Hour, clock)
	clock.Move(limits.Lease)
	c.Admit(limits.OverQuota)
	c.Raise(3, time.Hour, clock)
	c.Spend(2)
	c.Admit(limits.OverQuota)
}

func usedIsForgotten(t *testing.T, c Caller, clock *Clock) {
	first := c.Admit(limits.Admitted)
	second := c.Admit(limits.Admitted)
	clock.Move(limits.Window / 2)
	c.Call.Lifetime = limits.Window
	c.Release(first.Slot)
	c.Release(second.Slot)
	running := c.Admit(limits.Admitted)
	c.Admit(limits.OverQuota)
	clock.Move(limits.Lease + 10*time.Second) // an open lease would stay counted
	Eventually(t, "a heartbeat has moved ledger time, and all is forgotten", func() bool {
		if err := c.Store.Forget(t.Context(), c.Call); err != nil {
			t.Fatal(err)
		}
		return c.Usage().Working == 0
	})
	clock.Move(c.Repeats + time.Millisecond)
	u := c.Usage()
	if u.Working != 0 || u.Remaining != 3 || u.Running != 1 || u.Slots != 1 || u.Forgotten.IsZero() {
		t.Errorf("usage = %+v, want none used and one running", u)
	}
	second = c.Admit(limits.Admitted)
	c.Admit(limits.OverConcurrency)
	c.Release(running.Slot)
	c.Release(second.Slot)
	c.Spend(2)
	c.Admit(limits.OverQuota)
}

func waitBeyondExtra(t *testing.T, c Caller, clock *Clock) {
	c.Raise(2, 10*time.Minute, clock)
	c.Spend(3)
	clock.Move(time.Minute)
	c.Spend(2)
	d := c.Admit(limits.OverQuota)
	// Five calls are counted. When the first three leave, the extra calls have ended: two of three
	// are used.
	clock.Move(d.RetryAfter - time.Millisecond)
	c.Admit(limits.OverQuota)
	clock.Move(time.Millisecond)
	c.Spend(1)
	c.Admit(limits.OverQuota)
}
