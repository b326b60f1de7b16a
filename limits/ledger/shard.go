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
	// shards is how many shards the ledger has. Each is one slot of a Cluster, and has one request under way at most: what
	// comes meanwhile goes together in the next. All gateways must agree on it.
	shardCount = 16
	// tick is how often what is held in vain is given back, and a Redis that is down is tried.
	tick = 250 * time.Millisecond
	// batch is how many callers one request speaks of: the script runs for some 20 µs each, 180 where it is told of an hour, and Redis serves nobody else
	// meanwhile.
	batch = 64
)

var errClosed = errors.New("ask the ledger: the store is closed")

// shard is the callers of one shard of the ledger in this gateway.
type shard struct {
	_            [64]byte
	striped      atomic.Pointer[map[limits.Key]*stripes] // of a few large callers; each map is left as it is
	_            [64]byte                                // what is above is read without mu
	mu           sync.Mutex
	number       int
	callers      map[limits.Key]*caller  // that hold something, or did lately
	dormant      map[limits.Key]*dormant // the others of the hour; of these
	unreplayed   map[limits.Key]*dormant // are to be told to a ledger that has forgotten them
	nextDrop     int64                   // when to look for those of whom nothing is left to know
	queue        []*caller
	answered     chan struct{} // closed when the request after the one under way is answered
	flying       bool
	heartbeatDue bool // a heartbeat is due
	shut         bool // no further flight begins

	regime      limits.Regime // in force until
	regimeUntil int64         // a moment at which it is to be looked up

	lastSlot    uint64
	seq, epoch  int64
	anchor      anchor
	gateways    int64 // that share the ledger, as last heard; 0: never
	heardAt     int64
	cause       error // why no decision can be had; nil while it can
	replaying   bool  // a ledger that forgot is shut until this gateway has told all it knows
	policy      string
	policyTaken int64 // when policy was taken on, as the ledger said; 0: it has not
	policyNew   bool  // it was while this gateway ran, and the ledger does not know yet
}

// caller finds or begins the account of a call's key, and gathers it.
func (sh *shard) caller(call *limits.Call) *caller {
	c := sh.callers[call.Key]
	if c == nil {
		c = sh.revive(call.Key)
	}
	if c == nil {
		// The ledger may remember what this gateway had before it forgot the caller: it is told to begin anew.
		c = &caller{key: call.Key, rule: call.Rule, outdated: true, born: sh.seq + 1, replay: true}
		sh.callers[call.Key] = c
	}
	sh.recall(c)
	return c
}

// adopt takes on the rule of a call.
func (sh *shard) adopt(c *caller, call *limits.Call, now int64) {
	c.adopt(call, call.Policy != "" && call.Policy != sh.policy, now)
	if c.stripes != nil && call.Rule == c.rule {
		c.stripes.policy = call.Policy
	}
}

// declare has another policy be in force.
func (sh *shard) declare(policy string) {
	if policy == sh.policy {
		return
	}
	sh.policy, sh.policyTaken, sh.policyNew = policy, 0, true
	for _, c := range sh.callers {
		c.outdated = true
	}
}

// enlist puts a caller into the next request, and returns what is closed when that is answered.
func (r *Store) enlist(sh *shard, c *caller) <-chan struct{} {
	if !c.queued {
		c.queued = true
		sh.queue = append(sh.queue, c)
	}
	answered := sh.answered
	r.startSending(sh)
	return answered
}

// fly sends requests until there is nothing to be asked. The caller holds the shard.
func (r *Store) startSending(sh *shard) {
	if sh.flying || sh.shut || len(sh.queue) == 0 && !sh.heartbeatDue {
		return
	}
	sh.flying = true
	r.background.Go(func() {
		sh.mu.Lock()
		defer sh.mu.Unlock()
		for sh.heartbeatDue || len(sh.queue) > 0 && sh.cause == nil {
			r.exchange(sh)
		}
		sh.flying = false
		if sh.shut {
			sh.close()
		}
	})
}

// close has those fail who wait for a further request, and who will.
func (sh *shard) close() {
	sh.cause = errClosed
	close(sh.answered)
	sh.answered = make(chan struct{})
}

// ask sends one request and takes in its answer; it gives up the shard while the request is under way. A ledger that is
// down is sent heartbeats alone: what is asked there would be lost.
func (r *Store) exchange(sh *shard) {
	t, sent := r.time()
	q := &request{Gateway: r.name, Epoch: sh.epoch, Trust: r.trust, Leave: r.leaving.Load(),
		Policy: sh.policy, Taken: sh.policyTaken, Adopts: sh.policyNew}
	sh.seq++
	q.Seq, sh.heartbeatDue = sh.seq, false
	sh.anchor.ask(q, sent)
	in := r.calendar.Regime(t)
	asking := r.pick(sh, q, sent, in)
	sh.replaying = sh.replaying && sh.owes()
	q.Telling = sh.replaying
	answered := sh.answered
	sh.answered = make(chan struct{})
	sh.mu.Unlock()

	began := time.Now()
	a, err := r.send(sh.number, q)
	r.onRefill(refill(time.Since(began), q, &a, err, err == nil && q.Epoch != 0 && a.epoch != q.Epoch))

	sh.mu.Lock()
	_, now := r.time()
	sh.heardAt = now
	for _, c := range asking {
		c.asking = false
	}
	if err != nil {
		sh.cause = err
		for i, c := range asking {
			c.lose(&q.Entries[i], q.Seq)
			sh.replaying = sh.replaying || q.Entries[i].owed
		}
		close(sh.answered) // those who wait for the next request wait in vain
		sh.answered = make(chan struct{})
	} else {
		r.apply(sh, q, sent, now, r.regimeEnd(t, sent), &a, asking)
	}
	close(answered)
}

// pick moves callers from the queue into a request.
func (r *Store) pick(sh *shard, q *request, now int64, in limits.Regime) (asking []*caller) {
	if sh.cause != nil && !errors.Is(sh.cause, limits.ErrLearning) {
		return nil
	}
	sh.reviveUnreplayed(batch - len(sh.queue))
	n := min(len(sh.queue), batch)
	for _, c := range sh.queue[:n] {
		c.queued, c.asking = false, true
		asking = append(asking, c)
		sh.recall(c)
		q.Entries = append(q.Entries, c.entry(now, in, max(1, sh.gateways)))
		r.lend(sh, c)
	}
	sh.queue = append(sh.queue[:0], sh.queue[n:]...)
	return asking
}

// take takes in an answer.
func (r *Store) apply(sh *shard, q *request, sent, now, until int64, a *answer, asking []*caller) {
	another := sh.epoch != 0 && a.epoch != sh.epoch
	sh.anchor.heard(q, sent, a)
	sh.epoch, sh.gateways, sh.cause = a.epoch, a.gateways, nil
	if q.Policy == sh.policy && q.Adopts == sh.policyNew { // no other was declared meanwhile
		sh.policyTaken, sh.policyNew = a.taken, false
	}
	switch {
	case !sh.anchor.settled && a.guide == 0: // nobody else is there: settle at once
		sh.heartbeatDue = true
		for _, c := range asking {
			if c.waiting > 0 && !c.queued {
				c.queued = true
				sh.queue = append(sh.queue, c)
			}
		}
	case a.learning:
		sh.cause = limits.ErrLearning
	}
	if another {
		sh.replaying = true
		for _, c := range sh.callers {
			c.replay, c.owed = true, true
			if !c.queued {
				c.queued = true
				sh.queue = append(sh.queue, c)
			}
		}
		sh.unsettle()
		sh.heartbeatDue = true // a request goes out although it is down
	}
	for i, c := range asking {
		sh.recall(c)
		c.apply(&q.Entries[i], &a.allotments[i], q.Seq, sent, now, until, a.now, another)
		c.slotsDenied = !a.learning && a.allotments[i].slots < q.Entries[i].Slots
		r.lend(sh, c)
	}
	sh.heartbeatDue = sh.heartbeatDue || len(sh.unreplayed) > 0 || sh.cause != nil && sh.queuesReplay()
}

// owes tells that a ledger that forgot has not been told of all callers.
func (sh *shard) owes() bool {
	if len(sh.unreplayed) > 0 {
		return true
	}
	for _, c := range sh.callers {
		if c.owed {
			return true
		}
	}
	return false
}

// replays tells that callers wait to be replayed; they go out while the ledger learns.
func (sh *shard) queuesReplay() bool {
	for _, c := range sh.queue {
		if c.replay {
			return true
		}
	}
	return false
}

// tend gives back what is held in vain, forgets who is gone, and keeps the heart beating.
func (r *Store) tend(sh *shard) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	_, now := r.time()
	ledgerNow := sh.anchor.least(now)
	for key, c := range sh.callers {
		sh.recall(c)
		c.expire(now)
		if c.stripes != nil && c.stripes.count() == 0 && c.plenty(&r.striping, sh.regime) == nil {
			sh.closeStripes(c)
		}
		switch {
		case c.forgettable(now):
			delete(sh.callers, key)
		case !c.queued && c.mustAsk(now, max(1, sh.gateways)):
			c.queued = true
			sh.queue = append(sh.queue, c)
		case sh.anchor.seen && c.parks(now):
			sh.park(c, ledgerNow)
		}
		r.lend(sh, c)
	}
	sh.dropDormant(now, ledgerNow)
	sh.heartbeatDue = sh.heartbeatDue || sh.cause != nil || !sh.anchor.settled || now-sh.heardAt >= heartbeat.Milliseconds()-tick.Milliseconds()
	r.startSending(sh)
}

// run tends all shards until the store is closed.
func (r *Store) run(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		for i := range r.shards {
			r.tend(&r.shards[i])
		}
		r.reportState()
		r.inspectSettings(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
