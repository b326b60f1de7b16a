package limits

import (
	"context"
	"sync"
	"time"
)

// Memory keeps the counts in the process: for one gateway alone, exact, and forgotten when it ends.
// It is safe for concurrent use. Callers that have nothing counted and nothing running are dropped,
// so its size is bounded by the callers of the last hour.
type Memory struct {
	calendar *Calendar
	now      func() time.Time
	start    time.Time
	shards   [256]shard
}

// shard holds the callers whose key begins with one byte. Keys are hashes, so shards fill evenly.
type shard struct {
	mu      sync.Mutex
	callers map[Key]*account
	number  uint64 // of the last slot given
	drop    int64  // when idle callers are looked for next
	_       [24]byte
}

// NewMemory returns an empty store. The calendar must not be nil. The clock is now; if it is nil,
// it is time.Now.
func NewMemory(calendar *Calendar, now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	m := &Memory{calendar: calendar, now: now, start: now()}
	for i := range m.shards {
		m.shards[i].callers = make(map[Key]*account)
	}
	return m
}

// Admit decides about a call. An admitted one has used a permit of its hour and holds a Slot until
// Release or the end of its Lifetime. It never waits, and the only error is ErrLifetime.
func (m *Memory) Admit(_ context.Context, c Call) (Decision, error) {
	if c.Lifetime <= 0 {
		return Decision{}, ErrLifetime
	}
	s := &m.shards[c.Key[0]]
	s.mu.Lock()
	t := m.now() // not before: who waited would count in the past
	in := m.calendar.Regime(t)
	now := m.millis(t)
	s.dropIdle(now)
	caller := s.callers[c.Key]
	if caller == nil {
		caller = &account{}
		s.callers[c.Key] = caller
	}
	o, place := caller.admit(now, &c, in, s.number+1)
	if o.Verdict == Admitted {
		s.number++
	}
	number := s.number
	s.mu.Unlock()

	d := o.Decision(c.Rule, m.calendar, t, in)
	if o.Verdict == Admitted {
		d.Slot = Slot{Key: c.Key, Place: uint64(place), Number: number}
	}
	return d, nil
}

// account is what Memory knows of one caller.
type account struct {
	Hour
	Running
	last int64 // the latest moment of a decision

	extra     Extra
	forgotten int64
}

// admit decides about a call. If it is admitted, it is counted, and takes slot number at the place
// returned.
func (a *account) admit(now int64, c *Call, in Regime, number uint64) (o Outcome, place int) {
	now = max(now, a.last)
	a.last = now
	a.Sweep(now)
	a.Expire(now)
	rule := a.extra.Raise(c.Rule, now)
	o.Verdict = Decide(a.Counts, a.Count(), rule, in)
	switch o.Verdict {
	case Admitted:
		var one Counts
		one[in] = 1
		a.Charge(Leaves(now, grainOf(c.Rule.Quota(in))), one)
		place = a.Take(number, now+LifetimeMillis(c.Lifetime))
	case OverQuota:
		for r := range o.Wait {
			o.Wait[r] = a.Wait(now, c.Rule, a.extra, Regime(r))
		}
	}
	o.Room, o.Running, o.Reset = a.Counts.Room(rule, in), a.Count(), a.ResetAfter(now)
	o.Extra = rule.Quota(in) - c.Rule.Quota(in)
	return o, place
}

// idle reports whether nothing is counted and no slot is taken, and was not two buckets ago either,
// so that no caller is forgotten over a small step back of the clock.
func (a *account) idle(now int64) bool {
	now -= 2 * bucketMillis
	counted := a.last+windowMillis+2*bucketMillis > now
	return !counted && a.Running.Idle(now) && a.extra.Ends <= now
}

// millis is the time since 1970 by the monotonic clock, as far as t has one: steps of the wall
// clock while the gateway runs neither open nor shut the window.
func (m *Memory) millis(t time.Time) int64 {
	return (m.start.UnixNano() + int64(t.Sub(m.start))) / int64(time.Millisecond)
}

// LifetimeMillis is a lifetime in milliseconds, rounded up: a slot is never shorter than its call.
func LifetimeMillis(d time.Duration) int64 {
	return int64((d-1)/time.Millisecond) + 1
}

// dropIdle forgets idle callers, once a minute.
func (s *shard) dropIdle(now int64) {
	if now < s.drop {
		return
	}
	s.drop = now + time.Minute.Milliseconds()
	for key, caller := range s.callers {
		if caller.idle(now) {
			delete(s.callers, key)
		}
	}
}

// Release gives a slot back; the permit stays used. A slot given back before, or expired, is left
// alone. It never fails.
func (m *Memory) Release(_ context.Context, slot Slot) error {
	s := &m.shards[slot.Key[0]]
	s.mu.Lock()
	if caller := s.callers[slot.Key]; caller != nil {
		caller.Release(slot.Place, slot.Number)
	}
	s.mu.Unlock()
	return nil
}

// Renew lets the call of a slot go on: the slot frees itself after a lifetime from now, or when it
// would have, whichever is later. One given back before, or expired, is left alone. The only error
// is ErrLifetime.
func (m *Memory) Renew(_ context.Context, slot Slot, lifetime time.Duration) error {
	if lifetime <= 0 {
		return ErrLifetime
	}
	s := &m.shards[slot.Key[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	if caller := s.callers[slot.Key]; caller != nil {
		caller.last = max(caller.last, m.millis(m.now()))
		caller.Expire(caller.last)
		caller.Renew(slot.Place, slot.Number, caller.last+LifetimeMillis(lifetime))
	}
	return nil
}

// Ready always returns nil: the counts are as near as the process.
func (m *Memory) Ready(context.Context) error { return nil }

// Close has nothing to give back and returns nil.
func (m *Memory) Close() error { return nil }
