package ledger

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"brana/limits"
)

const (
	// lanes is how many shards the ledger has. Each is one slot of a Cluster, and has one request under way at most: what
	// comes meanwhile goes together in the next. All gateways must agree on it.
	lanes = 16
	// tick is how often what is held in vain is given back, and a Redis that is down is tried.
	tick = 250 * time.Millisecond
	// batch is how many callers one request speaks of: the script runs for some 20 µs each, 180 where it is told of an hour, and Redis serves nobody else
	// meanwhile.
	batch = 64
)

var errClosed = errors.New("ask the ledger: the store is closed")

// lane is the callers of one shard of the ledger in this gateway.
type lane struct {
	_       [64]byte
	purses  atomic.Pointer[map[limits.Key]*purse] // of a few large callers; each map is left as it is
	_       [64]byte                              // what is above is read without mu
	mu      sync.Mutex
	number  int
	callers map[limits.Key]*caller // that hold something, or did lately
	idle    map[limits.Key]*rest   // the others of the hour; of these
	untold  map[limits.Key]*rest   // are to be told to a ledger that has forgotten them
	forget  int64                  // when to look for those of whom nothing is left to know
	queue   []*caller
	next    chan struct{} // closed when the request after the one under way is answered
	flying  bool
	beat    bool // a heartbeat is due
	shut    bool // no further flight begins

	in   limits.Regime // in force until
	look int64         // a moment at which it is to be looked up

	slot       uint64
	seq, epoch int64
	anchor     anchor
	gateways   int64 // that share the ledger, as last heard; 0: never
	heard      int64
	down       error // why no decision can be had; nil while it can
	telling    bool  // a ledger that forgot is shut until this gateway has told all it knows
	policy     string
	taken      int64 // when policy was taken on, as the ledger said; 0: it has not
	adopts     bool  // it was while this gateway ran, and the ledger does not know yet
}

// caller finds or begins the account of a call's key, and gathers it.
func (l *lane) caller(call *limits.Call) *caller {
	c := l.callers[call.Key]
	if c == nil {
		c = l.rouse(call.Key)
	}
	if c == nil {
		// The ledger may remember what this gateway had before it forgot the caller: it is told to begin anew.
		c = &caller{key: call.Key, rule: call.Rule, behind: true, born: l.seq + 1, replay: true}
		l.callers[call.Key] = c
	}
	l.gather(c)
	return c
}

// adopt takes on the rule of a call.
func (l *lane) adopt(c *caller, call *limits.Call, now int64) {
	c.adopt(call, call.Policy != "" && call.Policy != l.policy, now)
	if c.purse != nil && call.Rule == c.rule {
		c.purse.policy = call.Policy
	}
}

// declare has another policy be in force.
func (l *lane) declare(policy string) {
	if policy == l.policy {
		return
	}
	l.policy, l.taken, l.adopts = policy, 0, true
	for _, c := range l.callers {
		c.behind = true
	}
}

// enlist puts a caller into the next request, and returns what is closed when that is answered.
func (r *Store) enlist(l *lane, c *caller) <-chan struct{} {
	if !c.queued {
		c.queued = true
		l.queue = append(l.queue, c)
	}
	answered := l.next
	r.fly(l)
	return answered
}

// fly sends requests until there is nothing to be asked. The caller holds the lane.
func (r *Store) fly(l *lane) {
	if l.flying || l.shut || len(l.queue) == 0 && !l.beat {
		return
	}
	l.flying = true
	r.flights.Go(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for l.beat || len(l.queue) > 0 && l.down == nil {
			r.ask(l)
		}
		l.flying = false
		if l.shut {
			l.close()
		}
	})
}

// close has those fail who wait for a further request, and who will.
func (l *lane) close() {
	l.down = errClosed
	close(l.next)
	l.next = make(chan struct{})
}

// ask sends one request and takes in its answer; it gives up the lane while the request is under way. A ledger that is
// down is sent heartbeats alone: what is asked there would be lost.
func (r *Store) ask(l *lane) {
	t, sent := r.time()
	q := &request{Gateway: r.name, Epoch: l.epoch, Trust: r.trust, Leave: r.leaving.Load(),
		Policy: l.policy, Taken: l.taken, Adopts: l.adopts}
	l.seq++
	q.Seq, l.beat = l.seq, false
	l.anchor.ask(q, sent)
	in := r.calendar.Regime(t)
	asking := r.pick(l, q, sent, in)
	l.telling = l.telling && l.owes()
	q.Telling = l.telling
	answered := l.next
	l.next = make(chan struct{})
	l.mu.Unlock()

	began := time.Now()
	a, err := r.send(l.number, q)
	r.onRefill(refill(time.Since(began), q, &a, err, err == nil && q.Epoch != 0 && a.epoch != q.Epoch))

	l.mu.Lock()
	_, now := r.time()
	l.heard = now
	for _, c := range asking {
		c.asking = false
	}
	if err != nil {
		l.down = err
		for i, c := range asking {
			c.lost(&q.Entries[i], q.Seq)
			l.telling = l.telling || q.Entries[i].owed
		}
		close(l.next) // those who wait for the next request wait in vain
		l.next = make(chan struct{})
	} else {
		r.take(l, q, sent, now, r.left(t, sent), &a, asking)
	}
	close(answered)
}

// pick moves callers from the queue into a request.
func (r *Store) pick(l *lane, q *request, now int64, in limits.Regime) (asking []*caller) {
	if l.down != nil && !errors.Is(l.down, limits.ErrLearning) {
		return nil
	}
	l.rouseUntold(batch - len(l.queue))
	n := min(len(l.queue), batch)
	for _, c := range l.queue[:n] {
		c.queued, c.asking = false, true
		asking = append(asking, c)
		l.gather(c)
		q.Entries = append(q.Entries, c.entry(now, in, max(1, l.gateways)))
		r.deal(l, c)
	}
	l.queue = append(l.queue[:0], l.queue[n:]...)
	return asking
}

// take takes in an answer.
func (r *Store) take(l *lane, q *request, sent, now, until int64, a *answer, asking []*caller) {
	another := l.epoch != 0 && a.epoch != l.epoch
	l.anchor.heard(q, sent, a)
	l.epoch, l.gateways, l.down = a.epoch, a.gateways, nil
	if q.Policy == l.policy && q.Adopts == l.adopts { // no other was declared meanwhile
		l.taken, l.adopts = a.taken, false
	}
	switch {
	case !l.anchor.settled && a.guide == 0: // nobody else is there: settle at once
		l.beat = true
		for _, c := range asking {
			if c.waiting > 0 && !c.queued {
				c.queued = true
				l.queue = append(l.queue, c)
			}
		}
	case a.learning:
		l.down = limits.ErrLearning
	}
	if another {
		l.telling = true
		for _, c := range l.callers {
			c.replay, c.owed = true, true
			if !c.queued {
				c.queued = true
				l.queue = append(l.queue, c)
			}
		}
		l.disturb()
		l.beat = true // a request goes out although it is down
	}
	for i, c := range asking {
		l.gather(c)
		c.granted(&q.Entries[i], &a.grants[i], q.Seq, sent, now, until, a.now, another)
		c.denied = !a.learning && a.grants[i].slots < q.Entries[i].Slots
		r.deal(l, c)
	}
	l.beat = l.beat || len(l.untold) > 0 || l.down != nil && l.replays()
}

// owes tells that a ledger that forgot has not been told of all callers.
func (l *lane) owes() bool {
	if len(l.untold) > 0 {
		return true
	}
	for _, c := range l.callers {
		if c.owed {
			return true
		}
	}
	return false
}

// replays tells that callers wait to be replayed; they go out while the ledger learns.
func (l *lane) replays() bool {
	for _, c := range l.queue {
		if c.replay {
			return true
		}
	}
	return false
}

// tend gives back what is held in vain, forgets who is gone, and keeps the heart beating.
func (r *Store) tend(l *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, now := r.time()
	ledgerNow := l.anchor.least(now)
	for key, c := range l.callers {
		l.gather(c)
		c.expire(now)
		if c.purse != nil && c.purse.count() == 0 && c.ample(&r.dealing, l.in) == nil {
			l.closePurse(c)
		}
		switch {
		case c.forgotten(now):
			delete(l.callers, key)
		case !c.queued && c.restless(now, max(1, l.gateways)):
			c.queued = true
			l.queue = append(l.queue, c)
		case l.anchor.seen && c.rests(now):
			l.layDown(c, ledgerNow)
		}
		r.deal(l, c)
	}
	l.forgetIdle(now, ledgerNow)
	l.beat = l.beat || l.down != nil || !l.anchor.settled || now-l.heard >= heartbeat.Milliseconds()-tick.Milliseconds()
	r.fly(l)
}

// run tends all lanes until the store is closed.
func (r *Store) run(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		for i := range r.lanes {
			r.tend(&r.lanes[i])
		}
		r.watch()
		r.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
