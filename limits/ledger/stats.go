package ledger

import (
	"errors"
	"time"

	"brana/limits"
)

// Stats tells what this gateway holds.
func (r *Store) Stats() (s limits.Stats) {
	for i := range r.shards {
		sh := &r.shards[i]
		sh.mu.Lock()
		t, now := r.time()
		for _, c := range sh.callers {
			sh.recall(c)
			c.expire(now)
			s.Permits += c.usable(now)
			s.Slots += max(c.ownSlots, int64(c.count()))
			s.Busy += int64(c.count())
			s.Fullest = max(s.Fullest, c.fullness(r.regime(sh, now)))
			r.lend(sh, c)
		}
		s.Callers += len(sh.callers) + len(sh.dormant) + len(sh.unreplayed)
		s.Gateways = max(s.Gateways, sh.gateways)
		s.State = max(s.State, sh.state())
		if sh.anchor.seen {
			s.Ahead = time.Duration(sh.anchor.bound+now-t.UnixMilli()) * time.Millisecond
		}
		sh.mu.Unlock()
	}
	for state := range s.Spent {
		s.Spent[state] = time.Duration(r.spent[state].Load())
	}
	return s
}

// fullness is the share of its quota that is used, at all gateways; 0 when it has not been heard.
func (c *caller) fullness(in limits.Regime) float64 {
	quota := c.rule.Quota(in) + c.known.raised
	if c.knownAt == 0 || quota <= 0 {
		return 0
	}
	return float64(quota-c.known.room-c.permitsLeft()) / float64(quota)
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

func (sh *shard) state() limits.State {
	switch {
	case sh.cause == nil && sh.anchor.settled:
		return limits.Normal
	case sh.cause == nil, errors.Is(sh.cause, limits.ErrLearning):
		return limits.Learning
	}
	return limits.Down
}

// refill is what there is to tell of a request.
func refill(took time.Duration, q *request, a *answer, err error, lost bool) limits.Refill {
	f := limits.Refill{Took: took, Err: err, Callers: len(q.Entries), Lost: lost}
	for i := range a.allotments {
		e := &q.Entries[i]
		for _, b := range e.Journal {
			f.Replayed += b[1] + b[2]
		}
		for _, l := range e.Leases {
			f.Replayed += l[1]
		}
		if n := a.allotments[i].permits; n > 0 {
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
func (r *Store) reportState() {
	worst, why := limits.Normal, error(nil)
	for i := range r.shards {
		sh := &r.shards[i]
		sh.mu.Lock()
		if s := sh.state(); s > worst {
			worst, why = s, sh.cause
		}
		sh.mu.Unlock()
	}
	now := r.now()
	if r.watchedAt > 0 {
		r.spent[worst].Add((now - r.watchedAt) * int64(time.Millisecond))
	}
	r.watchedAt = now
	if lacking := errors.Is(why, limits.ErrReplicas); lacking != r.settings.lacking {
		r.settings.lacking, r.settings.next = lacking, time.Time{}
	}
	if worst != r.reported {
		r.reported = worst
		r.onState(worst, why)
	}
}
