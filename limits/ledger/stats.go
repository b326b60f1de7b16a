package ledger

import (
	"errors"
	"time"

	"brana/limits"
)

// Stats tells what this gateway holds.
func (r *Store) Stats() (s limits.Stats) {
	for i := range r.lanes {
		l := &r.lanes[i]
		l.mu.Lock()
		t, now := r.time()
		for _, c := range l.callers {
			l.gather(c)
			c.expire(now)
			s.Permits += c.usable(now)
			s.Slots += max(c.own, int64(c.count()))
			s.Busy += int64(c.count())
			s.Fullest = max(s.Fullest, c.fullness(r.regime(l, now)))
			r.deal(l, c)
		}
		s.Callers += len(l.callers) + len(l.idle) + len(l.untold)
		s.Gateways = max(s.Gateways, l.gateways)
		s.State = max(s.State, l.state())
		if l.anchor.seen {
			s.Ahead = time.Duration(l.anchor.bound+now-t.UnixMilli()) * time.Millisecond
		}
		l.mu.Unlock()
	}
	for state := range s.Spent {
		s.Spent[state] = time.Duration(r.spent[state].Load())
	}
	return s
}

// fullness is the share of its quota that is used, at all gateways; 0 when it has not been heard.
func (c *caller) fullness(in limits.Regime) float64 {
	quota := c.rule.Quota(in) + c.facts.raised
	if c.heard == 0 || quota <= 0 {
		return 0
	}
	return float64(quota-c.facts.room-c.left()) / float64(quota)
}

// usable is how many permits are held in leases that are not over.
func (c *caller) usable(now int64) (left int64) {
	for i := range c.leases {
		if now < c.leases[i].deadline {
			left += c.leases[i].left
		}
	}
	return left
}

func (l *lane) state() limits.State {
	switch {
	case l.down == nil && l.anchor.settled:
		return limits.Normal
	case l.down == nil, errors.Is(l.down, limits.ErrLearning):
		return limits.Learning
	}
	return limits.Down
}

// refill is what there is to tell of a request.
func refill(took time.Duration, q *request, a *answer, err error, lost bool) limits.Refill {
	f := limits.Refill{Took: took, Err: err, Callers: len(q.Entries), Lost: lost}
	for i := range a.grants {
		e := &q.Entries[i]
		for _, b := range e.Journal {
			f.Replayed += b[1] + b[2]
		}
		for _, l := range e.Leases {
			f.Replayed += l[1]
		}
		if n := a.grants[i].permits; n > 0 {
			f.Granted += n
			f.Leases = append(f.Leases, n)
		}
		for _, back := range q.Entries[i].Back {
			f.Returned += max(0, back[1])
		}
	}
	return f
}

// watch tells when the state has changed, and why it is not Normal.
func (r *Store) watch() {
	worst, why := limits.Normal, error(nil)
	for i := range r.lanes {
		l := &r.lanes[i]
		l.mu.Lock()
		if s := l.state(); s > worst {
			worst, why = s, l.down
		}
		l.mu.Unlock()
	}
	now := r.now()
	if r.watched > 0 {
		r.spent[worst].Add((now - r.watched) * int64(time.Millisecond))
	}
	r.watched = now
	if lacking := errors.Is(why, limits.ErrReplicas); lacking != r.settings.lacking {
		r.settings.lacking, r.settings.next = lacking, time.Time{}
	}
	if worst != r.told {
		r.told = worst
		r.onState(worst, why)
	}
}
