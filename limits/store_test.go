package limits

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// store is what Memory and Redis have in common.
type store interface {
	Admit(context.Context, Call) (Decision, error)
	Renew(ctx context.Context, s Slot, lifetime time.Duration) error
	Release(context.Context, Slot) error
	Ready(context.Context) error
	Close() error
	Usage(context.Context, Call) (Usage, error)
	Raise(ctx context.Context, c Call, calls int64, until time.Time) error
	Forget(context.Context, Call) error
}

// hands is a clock that tests move. It stands still while a request of a store that goes by it is under way: else that
// would take an hour, which none can.
type hands struct {
	millis atomic.Int64
	stores []*Redis
}

func handsAt(t testing.TB, local string) *hands {
	t.Helper()
	h := &hands{}
	h.millis.Store(prague(t, local).UnixMilli())
	return h
}

func (h *hands) now() time.Time       { return time.UnixMilli(h.millis.Load()) }
func (h *hands) move(d time.Duration) { h.set(h.millis.Load() + d.Milliseconds()) }

func (h *hands) set(millis int64) {
	for _, r := range h.stores {
		for i := range r.lanes {
			l := &r.lanes[i]
			for l.mu.Lock(); l.flying; l.mu.Lock() {
				l.mu.Unlock()
				time.Sleep(20 * time.Microsecond)
			}
			defer l.mu.Unlock()
		}
	}
	h.millis.Store(millis)
}

func prague(t testing.TB, local string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04:05", local, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func czech(t testing.TB) *Calendar {
	t.Helper()
	c, err := NewCalendar(CalendarConfig{Working: "Mon-Fri 07:00-17:00", Holidays: "cz", Zone: "Europe/Prague"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// newRedis opens a store on a running server; a nil clock is the clock of Redis.
func newRedis(t testing.TB, s *server, clock *hands) *Redis {
	t.Helper()
	return newRedisOf(t, s, clock, ledgerSource)
}

// newRedisOf has a ledger of its own.
func newRedisOf(t testing.TB, s *server, clock *hands, source string) *Redis {
	t.Helper()
	r, err := prepare(RedisConfig{URL: s.url(), Calendar: czech(t), Timeout: 2 * time.Second, Prefix: t.Name() + ":", TrustEmpty: true})
	if err != nil {
		t.Fatal(err)
	}
	r.script = redis.NewScript(source)
	if clock != nil {
		r.clock, r.virtual, r.start = clock.now, true, clock.now()
		clock.stores = append(clock.stores, r)
	}
	r.open()
	t.Cleanup(func() { _ = r.Close() })
	wait(t, "the gateway is ready", func() bool { return r.Ready(t.Context()) == nil })
	return r
}

func TestMemory(t *testing.T) {
	testStore(t, 0, func(t *testing.T, clock *hands) store { return NewMemory(czech(t), clock.now) })
}

func TestRedis(t *testing.T) {
	s := startServer(t)
	testStore(t, leased, func(t *testing.T, clock *hands) store { return newRedis(t, s, clock) })
}

// asker is one key with one rule at a store; every answer it gets must be a decision.
type asker struct {
	t     testing.TB
	store store
	call  Call
	late  time.Duration // permits are free again so much later than an hour and their bucket
}

// leased is how late the permits of a ledger that leases them are.
const leased = Lease + margin

func (c asker) admit(want Verdict) Decision {
	c.t.Helper()
	d, err := c.store.Admit(c.t.Context(), c.call)
	if err != nil {
		c.t.Fatal(err)
	}
	if d.Verdict != want {
		c.t.Fatalf("verdict = %v, want %v: %+v", d.Verdict, want, d)
	}
	return d
}

func (c asker) release(s Slot) {
	c.t.Helper()
	if err := c.store.Release(c.t.Context(), s); err != nil {
		c.t.Fatal(err)
	}
}

// spend makes n calls, one after the other.
func (c asker) spend(n int) {
	c.t.Helper()
	for range n {
		c.release(c.admit(Admitted).Slot)
	}
}

// wednesday is an ordinary working day.
const wednesday = "2026-03-04 "

// testStore is the contract of a store.
func testStore(t *testing.T, late time.Duration, newStore func(*testing.T, *hands) store) {
	for _, test := range []struct {
		name  string
		start string
		rule  Rule
		run   func(*testing.T, asker, *hands)
	}{
		{"the call after the quota is refused until the first permit frees", wednesday + "10:00:03", Rule{100, 1000, 5}, quotaIsUsedUp},
		{"refused calls do not count", wednesday + "10:00:00", Rule{3, 3, 5}, refusedDoNotCount},
		{"a slot given back admits the next call", wednesday + "10:00:00", Rule{100, 100, 2}, slotsAreGivenBack},
		{"a slot given back twice frees one", wednesday + "10:00:00", Rule{100, 100, 2}, releaseIsIdempotent},
		{"a slot frees itself when its lifetime ends", wednesday + "10:00:00", Rule{100, 100, 1}, slotsExpire},
		{"a slot that is renewed lives on, one that is over does not", wednesday + "10:00:00", Rule{100, 100, 1}, slotsAreRenewed},
		{"a call over concurrency uses no quota", wednesday + "10:00:00", Rule{2, 2, 1}, allOrNothing},
		{"a call over both limits is told the longer wait", wednesday + "10:00:00", Rule{1, 1, 1}, overBoth},
		{"keys are counted apart", wednesday + "10:00:00", Rule{1, 1, 1}, keysAreApart},
		{"working hours begin with the night still counted", wednesday + "06:59:00", Rule{5, 20, 50}, morning},
		{"the night begins with what the day left", wednesday + "16:59:00", Rule{5, 20, 50}, evening},
		{"a lower night quota waits for working hours", wednesday + "06:40:00", Rule{20, 5, 50}, waitForMorning},
		{"a lowered rule holds at once", wednesday + "10:00:00", Rule{10, 10, 5}, loweredRule},
		{"a call without lifetime is an error", wednesday + "10:00:00", Rule{1, 1, 1}, lifetimeIsRequired},
		{"extra calls are admitted at once and until they end", wednesday + "10:00:00", Rule{3, 9, 50}, extraCalls},
		{"extra calls taken back are none", wednesday + "10:00:00", Rule{3, 9, 50}, extraTakenBack},
		{"what an operator has forgotten counts no more, and running calls keep their slots", wednesday + "10:00:00", Rule{3, 9, 2}, usedIsForgotten},
		{"the next wait is told as if extra calls end", wednesday + "10:00:00", Rule{3, 9, 50}, waitBeyondExtra},
		{"what is counted is told", wednesday + "10:00:04", Rule{10, 20, 3}, facts},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock := handsAt(t, test.start)
			s := newStore(t, clock)
			if err := s.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			test.run(t, asker{t, s, Call{Key: KeyOf(t.Name()), Rule: test.rule, Lifetime: time.Minute}, late}, clock)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func quotaIsUsedUp(t *testing.T, c asker, clock *hands) {
	c.spend(100)
	d := c.admit(OverQuota)
	// All calls lie in the bucket that begins now; it leaves when its own second and an hour have passed.
	if want := time.Hour + time.Second + c.late; d.RetryAfter != want || d.Reset != want || d.Remaining != 0 || d.Quota != 100 {
		t.Errorf("decision = %+v, want a wait of %v", d, want)
	}
	clock.move(d.RetryAfter - time.Millisecond)
	c.admit(OverQuota)
	clock.move(time.Millisecond)
	c.spend(100)
	c.admit(OverQuota)
}

func refusedDoNotCount(t *testing.T, c asker, clock *hands) {
	c.spend(3)
	clock.move(30 * time.Minute)
	for range 10 {
		c.admit(OverQuota)
	}
	clock.move(30*time.Minute + Bucket + c.late)
	c.spend(3)
}

func slotsAreGivenBack(t *testing.T, c asker, _ *hands) {
	first := c.admit(Admitted)
	c.admit(Admitted)
	d := c.admit(OverConcurrency)
	if d.RetryAfter != time.Second || d.Running != 2 || d.Concurrent != 2 || d.Slot != (Slot{}) {
		t.Errorf("decision = %+v, want 2 of 2 running, one second to wait and no slot", d)
	}
	c.release(first.Slot)
	c.admit(Admitted)
	c.admit(OverConcurrency)
}

func releaseIsIdempotent(t *testing.T, c asker, _ *hands) {
	first := c.admit(Admitted)
	c.admit(Admitted)
	c.release(first.Slot)
	c.release(first.Slot)
	c.release(Slot{})
	third := c.admit(Admitted)
	c.release(first.Slot) // its place may be the third call's now
	c.admit(OverConcurrency)
	c.release(third.Slot)
	c.admit(Admitted)
}

func slotsExpire(t *testing.T, c asker, clock *hands) {
	lost := c.admit(Admitted)
	clock.move(time.Minute - time.Millisecond)
	c.admit(OverConcurrency)
	clock.move(time.Millisecond)
	c.admit(Admitted)
	c.release(lost.Slot)
	c.admit(OverConcurrency)
	// A longer call beside shorter ones keeps its slot, also when nobody asks for more than the window.
	clock.move(time.Minute)
	c.call.Lifetime = 3 * time.Hour
	c.admit(Admitted)
	clock.move(3*time.Hour - time.Millisecond)
	c.admit(OverConcurrency)
}

func slotsAreRenewed(t *testing.T, c asker, clock *hands) {
	renew := func(s Slot, lifetime time.Duration) {
		t.Helper()
		if err := c.store.Renew(t.Context(), s, lifetime); err != nil {
			t.Fatal(err)
		}
	}
	long := c.admit(Admitted).Slot
	for range 5 {
		clock.move(time.Minute - time.Millisecond)
		c.admit(OverConcurrency)
		renew(long, time.Minute)
		renew(long, time.Second) // shortens nothing
	}
	renew(Slot{}, time.Hour)
	clock.move(time.Minute)
	renew(long, time.Minute) // it is over
	next := c.admit(Admitted).Slot
	renew(long, time.Hour) // its place is the other's now
	clock.move(time.Minute)
	c.release(c.admit(Admitted).Slot)
	renew(next, time.Hour)
	c.admit(Admitted)
	if err := c.store.Renew(t.Context(), next, 0); !errors.Is(err, ErrLifetime) {
		t.Errorf("Renew without lifetime: error = %v, want %v", err, ErrLifetime)
	}
}

func allOrNothing(t *testing.T, c asker, _ *hands) {
	first := c.admit(Admitted)
	for range 5 {
		c.admit(OverConcurrency)
	}
	c.release(first.Slot)
	c.release(c.admit(Admitted).Slot)
	c.admit(OverQuota)
}

func overBoth(t *testing.T, c asker, _ *hands) {
	c.admit(Admitted)
	if d := c.admit(OverQuota); d.RetryAfter <= time.Minute {
		t.Errorf("retry after = %v, want the wait for the quota", d.RetryAfter)
	}
}

func keysAreApart(t *testing.T, c asker, _ *hands) {
	other := c
	other.call.Key = KeyOf("another")
	c.admit(Admitted)
	d := other.admit(Admitted)
	c.admit(OverQuota)
	other.release(d.Slot)
	other.admit(OverQuota)
}

func morning(t *testing.T, c asker, clock *hands) {
	c.spend(18) // of 20 in off hours
	clock.move(time.Minute)
	c.spend(2) // (b): 20 in this hour, though only 2 of 5 in working hours
	d := c.admit(OverQuota)
	if want := time.Hour - time.Minute + time.Second + c.late; d.RetryAfter != want {
		t.Errorf("retry after = %v, want %v, when the night's calls leave", d.RetryAfter, want)
	}
	clock.move(d.RetryAfter)
	c.spend(3) // (a): 5 of 5
	c.admit(OverQuota)
}

func evening(t *testing.T, c asker, clock *hands) {
	c.spend(5)
	d := c.admit(OverQuota)
	if d.RetryAfter != time.Minute {
		t.Errorf("retry after = %v, want 1m, when the night begins", d.RetryAfter)
	}
	clock.move(d.RetryAfter)
	if d := c.admit(Admitted); d.Remaining != 14 || d.Quota != 20 {
		t.Errorf("decision = %+v, want 14 of 20 remaining", d)
	}
	c.spend(14)
	c.admit(OverQuota)
}

func waitForMorning(t *testing.T, c asker, clock *hands) {
	c.spend(5)
	d := c.admit(OverQuota)
	if d.RetryAfter != 20*time.Minute {
		t.Errorf("retry after = %v, want 20m, when working hours begin", d.RetryAfter)
	}
	clock.move(d.RetryAfter)
	c.spend(15)
	c.admit(OverQuota)
}

func loweredRule(t *testing.T, c asker, clock *hands) {
	for range 5 {
		c.spend(2)
		clock.move(time.Minute)
	}
	c.call.Rule.Working = 5
	d := c.admit(OverQuota)
	// Ten are counted and only four may be: the first three minutes' calls have to leave.
	if want := time.Hour + time.Second + c.late - 3*time.Minute; d.RetryAfter != want || d.Remaining != 0 {
		t.Errorf("decision = %+v, want a wait of %v", d, want)
	}
	clock.move(d.RetryAfter)
	c.spend(1)
	c.admit(OverQuota)
}

func TestMemoryOfAClockThatStepsBack(t *testing.T) {
	clock := handsAt(t, wednesday+"10:00:00")
	c := asker{t: t, store: NewMemory(czech(t), clock.now), call: Call{Key: KeyOf("a"), Rule: Rule{3, 3, 3}, Lifetime: time.Minute}}
	c.spend(3)
	clock.move(-2 * time.Hour)
	c.admit(OverQuota)
	clock.move(2*time.Hour + Window)
	c.admit(OverQuota)
	clock.move(Bucket)
	c.spend(3)
}

func lifetimeIsRequired(t *testing.T, c asker, _ *hands) {
	for _, lifetime := range []time.Duration{0, -time.Second} {
		c.call.Lifetime = lifetime
		if _, err := c.store.Admit(t.Context(), c.call); !errors.Is(err, ErrLifetime) {
			t.Errorf("Admit with lifetime %v: error = %v, want %v", lifetime, err, ErrLifetime)
		}
	}
	c.call.Lifetime = time.Nanosecond
	c.admit(Admitted)
}

func facts(t *testing.T, c asker, clock *hands) {
	c.admit(Admitted)
	clock.move(10 * time.Second)
	d := c.admit(Admitted)
	d.Slot = Slot{}
	want := Decision{Quota: 10, Remaining: 8, Reset: time.Hour - 9*time.Second + c.late, Concurrent: 3, Running: 2}
	if d != want {
		t.Errorf("decision = %+v, want %+v", d, want)
	}
}
