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
	// Working and Off are the calls counted, by the regime they were made in. With Redis these are the permits granted,
	// of which Leased may not have been used yet.
	Working, Off int64
	Leased       int64
	Remaining    int64
	// Running is the calls that run in this process; Slots those taken, here and by other gateways.
	Running, Slots, Concurrent int
	// Extra are the calls beyond the quotas until ExtraUntil; zero when none are in force.
	Extra      int64
	ExtraUntil time.Time
	// Forgotten is when an operator last had what was used forgotten; zero when that is not known.
	Forgotten time.Time
	// Pace is calls an hour at the rate of the last ten minutes. Exhausted is when the quota would be used up at this
	// pace; zero if not before the regime changes or the hour is over.
	Pace      int64
	Exhausted time.Time
}

// ErrLearning is returned while the ledger does not know what it may have forgotten: nothing can be said, or done, then.
var ErrLearning = errLearning

// ErrExtra is wrapped by every refusal of extra calls: they are negative, too many, over already or too long.
var ErrExtra = errors.New("extra calls")

// LongestExtra is how long extra calls may be in force; whoever needs them longer needs another grant.
const LongestExtra = 7 * 24 * time.Hour

// CheckExtra says whether so many extra calls may be granted until a moment. At most the higher of the quotas may: a
// caller that needs more than twice what it declared must declare it. Zero calls are allowed, to take extra calls back.
func CheckExtra(rule Rule, calls int64, until, now time.Time) error {
	most := max(rule.Working, rule.Off)
	switch {
	case calls < 0:
		return fmt.Errorf("%w: %d is below zero", ErrExtra, calls)
	case calls > most:
		return fmt.Errorf("%w: %d is above %d, the higher of the caller's quotas; a caller that needs more needs another grant", ErrExtra, calls, most)
	case calls > 0 && until.Sub(now) <= Lease:
		return fmt.Errorf("%w: until %s is over, or nearly: it must be more than %v from now (%s)", ErrExtra, until.Format(time.RFC3339), Lease, now.Format(time.RFC3339))
	case until.Sub(now) > LongestExtra:
		return fmt.Errorf("%w: until %s is more than %v from now; a caller that needs more for longer needs another grant", ErrExtra, until.Format(time.RFC3339), LongestExtra)
	}
	return nil
}

// tally is what a store knows of one account.
type tally struct {
	window
	slots, running int
	leased         int64
	extra          extra
	forgotten      int64
	late           int64 // a call is counted so much longer than an hour and its bucket
}

const paceMillis = int64(10 * time.Minute / time.Millisecond)

// usage words a tally; t and now are the same moment by the clocks of the gateway and of the counts.
func (y *tally) usage(c *Call, cal *Calendar, t time.Time, now int64) Usage {
	y.sweep(now)
	in := cal.Regime(t)
	rule := y.extra.raise(c.Rule, now)
	moment := func(at int64) time.Time { return t.Add(time.Duration(at-now) * time.Millisecond).Round(time.Second) }
	u := Usage{At: t, Regime: in, Quota: rule.quota(in), Working: y.counts[WorkingHours], Off: y.counts[OffHours], Leased: y.leased,
		Remaining: max(0, y.counts.room(rule, in)), Running: y.running, Slots: y.slots, Concurrent: c.Rule.Concurrent}
	if u.Extra = y.extra.at(now); u.Extra > 0 {
		u.ExtraUntil = moment(y.extra.ends)
	}
	if y.forgotten > 0 {
		u.Forgotten = moment(y.forgotten)
	}
	recent := int64(0)
	for _, b := range y.buckets {
		if b.leaves > now+windowMillis+y.late-paceMillis {
			recent += b.calls[WorkingHours] + b.calls[OffHours]
		}
	}
	u.Pace = recent * windowMillis / paceMillis
	until := now + windowMillis
	if change := cal.NextChange(t); !change.IsZero() {
		until = min(until, now+change.Sub(t).Milliseconds())
	}
	if at, ok := y.exhausted(c.Rule, y.extra, in, now, until, u.Pace); ok {
		u.Exhausted = moment(at)
	}
	return u
}

// exhausted is when the room in a regime is used up by so many calls an hour, if that is before a moment: buckets leave
// on the way, and extra calls end.
func (w *window) exhausted(rule Rule, more extra, in Regime, now, until, pace int64) (at int64, ok bool) {
	edges := []int64{more.ends - leaseMillis + 1, until}
	for _, b := range w.buckets {
		edges = append(edges, b.leaves)
	}
	slices.Sort(edges)
	left, gone, from := w.counts, 0, now
	for _, to := range edges {
		if to <= from || to > until {
			continue
		}
		for ; gone < len(w.buckets) && w.buckets[gone].leaves <= from; gone++ {
			left = left.less(w.buckets[gone].calls)
		}
		made := left
		made[in] += pace * (from - now) / windowMillis
		room := made.room(more.raise(rule, from), in)
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

// Usage tells what is counted of the call's Key under its Rule. It counts nothing and never fails.
func (m *Memory) Usage(_ context.Context, c Call) (Usage, error) {
	s := &m.shards[c.Key[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	t := m.now()
	now := m.millis(t)
	var y tally
	if a := s.callers[c.Key]; a != nil {
		now = max(now, a.last)
		a.expire(now)
		y = tally{window: a.window.clone(), slots: a.count(), running: a.count(), extra: a.extra, forgotten: a.forgotten}
	}
	return y.usage(&c, m.calendar, t, now), nil
}

func (w *window) clone() window {
	return window{w.counts, append([]bucket(nil), w.buckets...)}
}

// Raise grants the call's Key extra calls until a moment, in the place of those that it had; zero takes them back. An
// error wraps ErrExtra.
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
	a.extra = extra{a.extra.made + 1, calls, now + until.Sub(t).Milliseconds()}
	return nil
}

// Forget makes the calls of the hour count no more; those that run keep their slots. It never fails.
func (m *Memory) Forget(_ context.Context, c Call) error {
	s := &m.shards[c.Key[0]]
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.callers[c.Key]; a != nil {
		a.window, a.forgotten = window{}, m.millis(m.now())
	}
	return nil
}

// Usage tells what the ledger has counted of the call's Key under its Rule. It counts nothing. An error means that the
// ledger could not be asked, or is learning.
func (r *Redis) Usage(ctx context.Context, c Call) (Usage, error) {
	y, t, now, err := r.operate(ctx, entry{key: c.Key})
	if err != nil {
		return Usage{}, err
	}
	l := &r.lanes[c.Key[0]%lanes]
	l.mu.Lock()
	if here := l.callers[c.Key]; here != nil {
		l.gather(here)
		_, local := r.time()
		here.expire(local)
		y.running = here.count()
		r.deal(l, here)
	}
	l.mu.Unlock()
	return y.usage(&c, r.calendar, t, now), nil
}

// Raise grants the call's Key extra calls until a moment, for all gateways, in the place of those that it had; zero
// takes them back. An error that wraps ErrExtra or ErrLearning means that nothing was done; after another it is not
// known.
func (r *Redis) Raise(ctx context.Context, c Call, calls int64, until time.Time) error {
	t, _ := r.time()
	if err := CheckExtra(c.Rule, calls, until, t); err != nil {
		return err
	}
	_, _, now, err := r.operate(ctx, entry{key: c.Key})
	if err == nil {
		_, _, _, err = r.operate(ctx, entry{key: c.Key, Op: "raise", Extra: &[3]int64{0, calls, now + until.Sub(t).Milliseconds()}})
	}
	return err
}

// Forget makes the calls of the hour count no more, for all gateways, but for permits that one of them still holds in a
// lease; calls that run keep their slots. So no rolling hour holds more calls made after it than the quota. An error
// that wraps ErrLearning means that nothing was done; after another it is not known.
func (r *Redis) Forget(ctx context.Context, c Call) error {
	_, _, _, err := r.operate(ctx, entry{key: c.Key, Op: "forget"})
	return err
}

// operate asks the ledger as an operator, and returns the account, the moment and the same in ledger time.
func (r *Redis) operate(ctx context.Context, e entry) (y tally, t time.Time, now int64, err error) {
	number := int(e.key[0] % lanes)
	l := &r.lanes[number]
	l.mu.Lock()
	q := &request{Operator: true, Epoch: l.epoch, Settled: true, Entries: []entry{e}}
	l.mu.Unlock()
	value, err := r.say(ctx, number, q)
	if err != nil {
		return y, t, 0, err
	}
	t, _ = r.time()
	y, now, err = readTally(readRows(value))
	return y, t, now, err
}

// readTally reads the rows of ledger.lua for an operator's request.
func readTally(rows [][]int64) (y tally, now int64, err error) {
	if len(rows) != 2 || len(rows[0]) != 7 || len(rows[1]) < 6 || len(rows[1])%3 != 0 {
		return y, 0, fmt.Errorf("read the answer of the ledger: %v is no account", rows)
	}
	if rows[0][2] == 1 {
		return y, 0, ErrLearning
	}
	a := rows[1]
	y = tally{slots: int(a[0]), leased: a[1], extra: extra{a[2], a[3], a[4]}, forgotten: a[5], late: leaseMillis + marginMillis}
	for b := a[6:]; len(b) > 0; b = b[3:] {
		y.charge(b[0], counts{b[1], b[2]})
	}
	return y, rows[0][0], nil
}
