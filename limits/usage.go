package limits

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Usage is what is counted of one key at one moment, for people to look at.
type Usage struct {
	At     time.Time
	Regime Regime
	// Quota is the calls per rolling hour in force now, of which Extra are an operator's.
	Quota int64
	// Working and Off are the calls counted, by the regime they were made in. With Redis these are
	// the permits granted, of which Leased may not have been used yet.
	Working, Off int64
	Leased       int64
	Remaining    int64
	// Running is the calls that run in this process; Slots those taken, here and by other gateways.
	Running, Slots, Concurrent int
	// Extra are the calls beyond the quotas until ExtraUntil; zero when none are in force.
	Extra      int64
	ExtraUntil time.Time
	// Forgotten is when an operator last had what was used forgotten; zero if that is unknown.
	Forgotten time.Time
	// Pace is calls an hour at the rate of the last ten minutes. Exhausted is when the quota
	// would be used up at this pace; zero if not before the regime changes or the hour is over.
	Pace      int64
	Exhausted time.Time
}

// ErrLearning is returned while the ledger does not know what it may have forgotten: an account can
// neither be looked at nor changed then.
var ErrLearning = errors.New("ask the ledger: it is learning what it may have forgotten")

// ErrExtra is wrapped by every refusal of extra calls: they are negative, too many, over already
// or too long.
var ErrExtra = errors.New("extra calls")

// LongestExtra is how long extra calls may be in force. Whoever needs them longer needs another
// grant in the policy.
const LongestExtra = 7 * 24 * time.Hour

// CheckExtra returns an error if a caller may not get n extra calls until a moment. It may get at
// most the higher of its quotas: a caller that needs more than twice what it declared must declare
// it. Zero calls are allowed, to take extra calls back.
func CheckExtra(rule Rule, n int64, until, now time.Time) error {
	most := max(rule.Working, rule.Off)
	switch {
	case n < 0:
		return fmt.Errorf("%w: %d is below zero", ErrExtra, n)
	case n > most:
		return fmt.Errorf("%w: %d is above %d, the higher of the caller's quotas; "+
			"a caller that needs more needs another grant", ErrExtra, n, most)
	case n > 0 && until.Sub(now) <= Lease:
		return fmt.Errorf("%w: until %s is over, or nearly: it must be more than %v from now (%s)",
			ErrExtra, until.Format(time.RFC3339), Lease, now.Format(time.RFC3339))
	case until.Sub(now) > LongestExtra:
		return fmt.Errorf("%w: until %s is more than %v from now; "+
			"a caller that needs more for longer needs another grant",
			ErrExtra, until.Format(time.RFC3339), LongestExtra)
	}
	return nil
}

// Tally is what a store knows of one account. Moments are milliseconds of the store's clock.
type Tally struct {
	Hour
	Slots, Running int
	Leased         int64
	Extra          Extra
	Forgotten      int64 // when an operator last had what was used forgotten; 0: unknown
	Late           int64 // how much longer than an hour and its bucket a call is counted
}

const paceMillis = int64(10 * time.Minute / time.Millisecond)

// Usage turns a tally into what people see. t and now are the same moment: t by the wall clock, now
// by the clock of the store.
func (y *Tally) Usage(c *Call, cal *Calendar, t time.Time, now int64) Usage {
	y.Sweep(now)
	in := cal.Regime(t)
	rule := y.Extra.Raise(c.Rule, now)
	moment := func(at int64) time.Time {
		return t.Add(time.Duration(at-now) * time.Millisecond).Round(time.Second)
	}
	u := Usage{
		At:         t,
		Regime:     in,
		Quota:      rule.Quota(in),
		Working:    y.Counts[WorkingHours],
		Off:        y.Counts[OffHours],
		Leased:     y.Leased,
		Remaining:  max(0, y.Counts.Room(rule, in)),
		Running:    y.Running,
		Slots:      y.Slots,
		Concurrent: c.Rule.Concurrent,
	}
	if u.Extra = y.Extra.At(now); u.Extra > 0 {
		u.ExtraUntil = moment(y.Extra.Ends)
	}
	if y.Forgotten > 0 {
		u.Forgotten = moment(y.Forgotten)
	}
	recent := int64(0)
	for _, b := range y.Buckets {
		if b.Leaves > now+windowMillis+y.Late-paceMillis {
			recent += b.Calls[WorkingHours] + b.Calls[OffHours]
		}
	}
	u.Pace = recent * windowMillis / paceMillis
	until := now + windowMillis
	if change := cal.NextChange(t); !change.IsZero() {
		until = min(until, now+change.Sub(t).Milliseconds())
	}
	if at, ok := y.exhausted(c.Rule, y.Extra, in, now, until, u.Pace); ok {
		u.Exhausted = moment(at)
	}
	return u
}

// exhausted is when the room in a regime is used up at a pace, in calls an hour, if that is
// before a moment. Buckets leave on the way, and extra calls end.
func (h *Hour) exhausted(rule Rule, more Extra, in Regime, now, until, pace int64) (int64, bool) {
	edges := []int64{more.Ends - leaseMillis + 1, until}
	for _, b := range h.Buckets {
		edges = append(edges, b.Leaves)
	}
	slices.Sort(edges)
	left, gone, from := h.Counts, 0, now
	for _, to := range edges {
		if to <= from || to > until {
			continue
		}
		for ; gone < len(h.Buckets) && h.Buckets[gone].Leaves <= from; gone++ {
			left = left.Less(h.Buckets[gone].Calls)
		}
		made := left
		made[in] += pace * (from - now) / windowMillis
		room := made.Room(more.Raise(rule, from), in)
		if room <= 0 {
			return from, true
		}
		if pace > 0 && from+room*windowMillis/pace < to {
			return from + room*windowMillis/pace, true
		}
		from = to
	}
	return 0, false
}

// Usage returns what is counted of the call's Key under its Rule. It counts nothing and never
// fails.
func (m *Memory) Usage(_ context.Context, c Call) (Usage, error) {
	s := &m.shards[c.Key[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	t := m.now()
	now := m.millis(t)
	var y Tally
	if a := s.callers[c.Key]; a != nil {
		now = max(now, a.last)
		a.Expire(now)
		y = Tally{
			Hour:      a.Hour.clone(),
			Slots:     a.Count(),
			Running:   a.Count(),
			Extra:     a.extra,
			Forgotten: a.forgotten,
		}
	}
	return y.Usage(&c, m.calendar, t, now), nil
}

func (h *Hour) clone() Hour {
	return Hour{h.Counts, append([]Bucket(nil), h.Buckets...)}
}

// Raise grants the call's Key extra calls until a moment, in the place of those that it had; zero
// takes them back. An error wraps ErrExtra.
func (m *Memory) Raise(_ context.Context, c Call, calls int64, until time.Time) error {
	s := &m.shards[c.Key[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	t := m.now()
	if err := CheckExtra(c.Rule, calls, until, t); err != nil {
		return err
	}
	a := s.callers[c.Key]
	if a == nil {
		a = &account{}
		s.callers[c.Key] = a
	}
	now := m.millis(t)
	a.extra = Extra{a.extra.Made + 1, calls, now + until.Sub(t).Milliseconds()}
	return nil
}

// Forget makes the calls of the hour count no more; those that run keep their slots. It never
// fails.
func (m *Memory) Forget(_ context.Context, c Call) error {
	s := &m.shards[c.Key[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.callers[c.Key]; a != nil {
		a.Hour, a.forgotten = Hour{}, m.millis(m.now())
	}
	return nil
}
