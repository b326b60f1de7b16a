package ledger

import (
	"context"
	"time"

	"brana/limits"
)

const (
	// tick is how often what is held in vain is given back, and a Redis that is down is tried.
	tick = 250 * time.Millisecond
	// batch is how many callers one request asks for. The script takes some 20 µs for each, 180
	// when an hour is replayed, and Redis serves nobody else meanwhile.
	batch = 64
)

// enlist has the next request ask for a caller, and returns what is closed when that is answered.
func (r *Store) enlist(sh *shard, c *caller) <-chan struct{} {
	sh.enqueue(c)
	answered := sh.answered
	r.startSending(sh)
	return answered
}

// startSending begins to send requests, if there is anything to ask and nobody sends yet. The
// mutex of the shard is held.
func (r *Store) startSending(sh *shard) {
	if sh.sender != senderIdle || len(sh.queue) == 0 && !sh.heartbeatDue {
		return
	}
	sh.sender = senderBusy
	r.background.Go(func() {
		sh.mu.Lock()
		defer sh.mu.Unlock()
		for sh.heartbeatDue || len(sh.queue) > 0 && sh.cause == nil {
			r.exchange(sh)
		}
		if sh.sender == senderDraining {
			sh.closeSender()
			return
		}
		sh.sender = senderIdle
	})
}

// exchange sends one request and applies its answer. It releases the mutex of the shard during the
// round trip. While the ledger is down only heartbeats are sent: what is asked there would be lost.
func (r *Store) exchange(sh *shard) {
	t := r.clock.wall()
	sent := r.clock.at(t)
	q := sh.request()
	q.Gateway, q.Trust, q.Leave = r.name, r.trust, r.leaving.Load()
	sh.anchor.ask(q, sent)
	asked := r.pick(sh, q, sent, r.calendar.Regime(t))
	sh.replaying = sh.replaying && sh.owes()
	q.Replaying = sh.replaying
	answered := sh.answered
	sh.answered = make(chan struct{})
	sh.mu.Unlock()

	began := time.Now()
	a, err := r.script.send(sh.number, q)
	r.onRefill(refill(time.Since(began), q, &a, err))

	sh.mu.Lock()
	sh.heardAt = r.clock.now()
	for _, c := range asked {
		c.turn.answer()
	}
	if err != nil {
		sh.lose(q, asked, err)
	} else {
		until := r.regimeEnd(t, sent)
		r.apply(sh, asked, &reply{q: q, a: &a, sent: sent, heard: sh.heardAt, until: until})
	}
	close(answered)
}

// request begins the next request.
func (sh *shard) request() *request {
	sh.seq++
	sh.heartbeatDue = false
	return &request{
		Seq:    sh.seq,
		Epoch:  sh.epoch,
		Policy: sh.policy,
		Taken:  sh.policyTaken,
		Adopts: sh.policyNew,
	}
}

// pick moves callers from the queue into a request.
func (r *Store) pick(sh *shard, q *request, now int64, in limits.Regime) (asked []*caller) {
	if sh.health == down {
		return nil
	}
	sh.reviveUnreplayed(batch - len(sh.queue))
	n := min(len(sh.queue), batch)
	for _, c := range sh.queue[:n] {
		c.turn = asking
		asked = append(asked, c)
		r.with(sh, c, func() { q.Entries = append(q.Entries, c.entry(now, in, sh.sharers())) })
	}
	sh.queue = append(sh.queue[:0], sh.queue[n:]...)
	return asked
}

// lose notes that a request has no answer. Who waits for the next request waits in vain, too.
func (sh *shard) lose(q *request, asked []*caller, err error) {
	sh.enter(down, err)
	for i, c := range asked {
		c.lose(&q.Entries[i], q.Seq)
		sh.replaying = sh.replaying || q.Entries[i].standing == owed
	}
	sh.renewAnswered()
}

// apply takes in an answer about the callers asked for, by entry.
func (r *Store) apply(sh *shard, asked []*caller, f *reply) {
	q, a := f.q, f.a
	another := sh.epoch != 0 && a.epoch != sh.epoch
	sh.anchor.heard(q, f.sent, a)
	sh.epoch, sh.gateways = a.epoch, a.gateways
	if q.Policy == sh.policy && q.Adopts == sh.policyNew { // no other was declared meanwhile
		sh.policyTaken, sh.policyNew = a.taken, false
	}
	switch {
	case !sh.anchor.settled() && a.guide == 0: // nobody else is there: settle at once
		sh.enter(settling, nil)
		sh.heartbeatDue = true
		for _, c := range asked {
			if c.waiting > 0 {
				sh.enqueue(c)
			}
		}
	case a.learning:
		sh.enter(learning, limits.ErrLearning)
	case sh.anchor.settled():
		sh.enter(up, nil)
	default:
		sh.enter(settling, nil)
	}
	if another {
		sh.forgotten()
	}
	for i, c := range asked {
		r.with(sh, c, func() {
			c.apply(i, f, another)
		})
	}
	if len(sh.unreplayed) > 0 || sh.cause != nil && sh.queuesReplay() {
		sh.heartbeatDue = true
	}
}

// forgotten has all callers replayed: the ledger is another than before.
func (sh *shard) forgotten() {
	sh.replaying = true
	for _, c := range sh.callers {
		c.standing = owed
		sh.enqueue(c)
	}
	sh.owesDormant()
	sh.heartbeatDue = true // so that a request goes out although the ledger learns
}

// tend gives back what is held in vain, parks and forgets who does not call, and has a heartbeat
// sent when one is due.
func (r *Store) tend(sh *shard) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now := r.clock.now()
	ledgerNow := sh.anchor.least(now)
	for _, c := range sh.callers {
		r.with(sh, c, func() { r.tendCaller(sh, c, now, ledgerNow) })
	}
	sh.dropDormant(now, ledgerNow)
	overdue := now-sh.heardAt >= heartbeat.Milliseconds()-tick.Milliseconds()
	sh.heartbeatDue = sh.heartbeatDue || sh.health != up || overdue
	r.startSending(sh)
}

func (r *Store) tendCaller(sh *shard, c *caller, now, ledgerNow int64) {
	c.expire(now)
	if c.stripes != nil && c.stripes.count() == 0 && c.plenty(&r.striping, sh.regime) == nil {
		sh.closeStripes(c)
	}
	switch {
	case c.forgettable(now):
		delete(sh.callers, c.key)
	case !c.turn.isQueued() && c.mustAsk(now, sh.sharers()):
		sh.enqueue(c)
	case sh.anchor.seen() && c.parks(now):
		sh.park(c, ledgerNow)
	}
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
		r.settings.inspect(ctx, r.reported == limits.Normal, &r.background)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
