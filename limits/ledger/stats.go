package ledger

import (
	"errors"
	"time"

	"brana/limits"
)

// Stats returns what this gateway holds.
func (r *Store) Stats() (s limits.Stats) {
	for i := range r.shards {
		r.addStats(&s, &r.shards[i])
	}
	for state := range s.Spent {
		s.Spent[state] = time.Duration(r.spent[state].Load())
	}
	return s
}

// addStats adds what one shard holds.
func (r *Store) addStats(s *limits.Stats, sh *shard) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	t := r.clock.wall()
	now := r.clock.at(t)
	in := r.regimeAt(sh, now)
	for _, c := range sh.callers {
		r.with(sh, c, func() {
			c.expire(now)
			s.Permits += c.usable(now)
			s.Slots += max(c.ownSlots, int64(c.count()))
			s.Busy += int64(c.count())
			s.Fullest = max(s.Fullest, c.fullness(in))
		})
	}
	s.Callers += len(sh.callers) + len(sh.dormant) + len(sh.unreplayed)
	s.Gateways = max(s.Gateways, sh.gateways)
	s.State = max(s.State, sh.state())
	if sh.anchor.seen() {
		s.Ahead = time.Duration(sh.anchor.bound+now-t.UnixMilli()) * time.Millisecond
	}
}

// state is the health of a shard as operators see it.
func (sh *shard) state() limits.State {
	switch sh.health {
	case up:
		return limits.Normal
	case down:
		return limits.Down
	}
	return limits.Learning
}

// refill is the report of a request that has ended.
func refill(took time.Duration, q *request, a *answer, err error) limits.Refill {
	f := limits.Refill{
		Took:    took,
		Err:     err,
		Callers: len(q.Entries),
		Lost:    err == nil && q.Epoch != 0 && a.epoch != q.Epoch,
	}
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
		for _, back := range e.Back {
			f.Returned += max(0, back[1])
		}
	}
	return f
}

// reportState reports a change of the state, and why it is not Normal.
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
	now := r.clock.now()
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
