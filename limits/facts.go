package limits

import (
	"errors"
	"time"
)

// A Refill is one request of a gateway to the ledger that has ended. The ledger is asked for permits and slots of many
// callers at once, and at least once a second.
type Refill struct {
	Took     time.Duration
	Err      error   // why there is no answer, or nil
	Callers  int     // asked for
	Granted  int64   // permits
	Returned int64   // permits of leases that were over, given back unused
	Replayed int64   // permits of the hour that a ledger was told of which may have forgotten them, leased ones too
	Leases   []int64 // permits of each lease granted
	Lost     bool    // the ledger turned out to be another than before: what it knew has to be told again
}

// State is whether decisions can be had of the ledger.
type State uint8

// The states, the worst of all shards.
const (
	Normal   State = iota
	Learning       // it waits until gateways have told what it may have forgotten, or this gateway does not know its time yet
	Down           // it does not answer
)

// States are the words of all states, in their order.
var States = [...]string{"normal", "learning", "down"}

// String returns the state as a word for logs.
func (s State) String() string { return States[s] }

// Stats is what a gateway holds of the ledger at one moment.
type Stats struct {
	State    State
	Callers  int   // with leases or calls of the last hour
	Permits  int64 // leased and not used
	Slots    int64 // leased, of which
	Busy     int64 // are of calls that run
	Gateways int64 // that share the ledger, this one too; 0 when none is known
	// Ahead is ledger time less the clock of this gateway; zero until it is known.
	Ahead time.Duration
	// Fullest is the highest share of its quota that a caller with leases or calls has used, at all gateways, as last
	// heard. Above 1 it was lowered since, or calls were made without the ledger.
	Fullest float64
	// Spent is how long the ledger has been in each State since the start.
	Spent [len(States)]time.Duration
}

// Stats tells what this gateway holds.
func (r *Redis) Stats() (s Stats) {
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
func (c *caller) fullness(in Regime) float64 {
	quota := c.rule.quota(in) + c.facts.raised
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

func (l *lane) state() State {
	switch {
	case l.down == nil && l.anchor.settled:
		return Normal
	case l.down == nil, errors.Is(l.down, errLearning):
		return Learning
	}
	return Down
}

// refill is what there is to tell of a request.
func refill(took time.Duration, q *request, a *answer, err error, lost bool) Refill {
	f := Refill{Took: took, Err: err, Callers: len(q.Entries), Lost: lost}
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
func (r *Redis) watch() {
	worst, why := Normal, error(nil)
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
	if lacking := errors.Is(why, ErrReplicas); lacking != r.settings.lacking {
		r.settings.lacking, r.settings.next = lacking, time.Time{}
	}
	if worst != r.told {
		r.told = worst
		r.onState(worst, why)
	}
}
