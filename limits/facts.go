package limits

import (
	"errors"
	"time"
)

// A Refill is one request of a gateway to the ledger that has ended. The ledger is asked for permits and slots of many
// callers at once, and at least once a second.
type Refill struct {
	Took     time.Duration
	Err      error // why there is no answer, or nil
	Callers  int   // asked for
	Granted  int64 // permits
	Returned int64 // permits of leases that were over, given back unused
	Lost     bool  // the ledger turned out to be another than before: what it knew has to be told again
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
}

// Stats tells what this gateway holds.
func (r *Redis) Stats() (s Stats) {
	for i := range r.lanes {
		l := &r.lanes[i]
		l.mu.Lock()
		t, now := r.time()
		for _, c := range l.callers {
			c.expire(now)
			s.Permits += c.usable(now)
			s.Slots += max(c.own, int64(c.count()))
			s.Busy += int64(c.count())
		}
		s.Callers += len(l.callers) + len(l.idle) + len(l.untold)
		s.Gateways = max(s.Gateways, l.gateways)
		s.State = max(s.State, l.state())
		if l.anchor.seen {
			s.Ahead = time.Duration(l.anchor.bound+now-t.UnixMilli()) * time.Millisecond
		}
		l.mu.Unlock()
	}
	return s
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
		f.Granted += a.grants[i].permits
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
	if worst != r.told {
		r.told = worst
		r.onState(worst, why)
	}
}
