package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"brana/limits"
)

// shardCount is how many shards the ledger has. Each is one slot of a Cluster. All gateways must
// agree on it.
const shardCount = 16

// health is what a shard knows of its ledger.
type health uint8

const (
	// settling: no request has failed, but this gateway does not know ledger time yet.
	settling health = iota
	// up: the ledger answers, and grants.
	up
	// learning: the ledger may have forgotten calls, and grants nothing until gateways have
	// replayed what they know.
	learning
	// down: the last request failed, or the store is closed.
	down
)

// sender is what a shard does with its requests.
type sender uint8

const (
	// senderIdle: no request is under way.
	senderIdle sender = iota
	// senderBusy: a goroutine sends one request after the other, until there is nothing to ask.
	senderBusy
	// senderDraining: as senderBusy, but the store closes: the sender is closed when it is done.
	senderDraining
	// senderClosed: the store is closed, and nothing is sent.
	senderClosed
)

var (
	errClosed = errors.New("ask the ledger: the store is closed")
	errSlow   = errors.New("ask the ledger: redis takes too long")
)

// shard is one shard of the ledger in this gateway: the callers whose keys belong to it, and the
// requests about them, of which one is under way at most. What comes meanwhile goes together in
// the next.
type shard struct {
	_       [64]byte
	striped atomic.Pointer[map[limits.Key]*stripes] // of a few large callers; no map is changed
	_       [64]byte                                // what is above is read without mu
	mu      sync.Mutex
	number  int

	// Every caller of the hour is in one of these three.
	callers    map[limits.Key]*caller  // hold something, or did lately
	dormant    map[limits.Key]*dormant // do not
	unreplayed map[limits.Key]*dormant // nor do these; a ledger that forgot has yet to hear of them
	nextDrop   int64                   // when dormant callers are looked through next

	queue        []*caller // to be asked for by the next request
	heartbeatDue bool      // a request is due even if the queue is empty
	sender       sender
	answered     chan struct{} // closed when the request after the one under way is answered
	seq          int64         // of the last request
	lastSlot     uint64        // number of the last slot given

	regime      limits.Regime // in force until
	regimeUntil int64         // this moment, when the calendar is asked again

	health    health
	cause     error  // why it is learning or down; else nil
	anchor    anchor // what is known of ledger time
	epoch     int64  // of the ledger, as last heard; 0: never
	gateways  int64  // that share the ledger, as last heard; 0: never
	heardAt   int64  // when the last request ended
	replaying bool   // a ledger that forgot is shut until this gateway has replayed all it knows

	policy      string // in force
	policyTaken int64  // when it was taken on, as the ledger said; 0: it has not
	policyNew   bool   // it was taken on while this gateway ran, and the ledger does not know yet
}

// init makes it an empty one.
func (sh *shard) init(number int, policy string) {
	sh.number, sh.policy = number, policy
	sh.callers = make(map[limits.Key]*caller)
	sh.dormant = make(map[limits.Key]*dormant)
	sh.answered = make(chan struct{})
}

// shard is the one that a key belongs to.
func (r *Store) shard(key limits.Key) *shard { return &r.shards[key[0]%shardCount] }

// with runs f on a caller that is whole: what its stripes hold is recalled before, and lent again
// after, also when f panics. It alone calls recall and lend. The mutex of the shard is held. What
// stripes know nothing of may be changed without it: turn, standing, returns and outdated.
func (r *Store) with(sh *shard, c *caller, f func()) {
	if c.stripes != nil {
		c.recall()
	}
	defer func() {
		if c.stripes != nil { // f may have opened or closed them
			r.lend(sh, c)
		}
	}()
	f()
}

// lend ends what recall began: a caller that has plenty lends half of it to its stripes.
func (r *Store) lend(sh *shard, c *caller) {
	p := c.stripes
	if p == nil {
		return
	}
	p.keeps = c.keepsSpare(sh.sharers())
	if lease := c.plenty(&r.striping, sh.regime); lease != nil && !r.leaving.Load() {
		sh.lastSlot = p.fill(c, lease, sh.regimeUntil, sh.lastSlot)
	}
	p.unlock()
}

// caller finds or begins the account of a call's key.
func (sh *shard) caller(call *limits.Call) *caller {
	if c := sh.callers[call.Key]; c != nil {
		return c
	}
	if c := sh.revive(call.Key); c != nil {
		return c
	}
	// The ledger may remember what this gateway had before it forgot the caller: the
	// account begins anew.
	c := &caller{
		key:      call.Key,
		rule:     call.Rule,
		outdated: true,
		born:     sh.seq + 1,
		standing: unsynced,
	}
	sh.callers[call.Key] = c
	return c
}

// park makes a caller dormant.
func (sh *shard) park(c *caller, ledgerNow int64) {
	delete(sh.callers, c.key)
	if d := c.park(ledgerNow); d != nil {
		sh.dormant[c.key] = d
	}
}

// revive makes a dormant caller one that calls; nil if there is none.
func (sh *shard) revive(key limits.Key) (c *caller) {
	if d := sh.dormant[key]; d != nil {
		c = d.revive(key)
	} else if d := sh.unreplayed[key]; d != nil {
		c = d.revive(key)
		c.standing = owed
	} else {
		return nil
	}
	delete(sh.dormant, key)
	delete(sh.unreplayed, key)
	sh.callers[key] = c
	return c
}

// owesDormant makes all dormant callers unreplayed: the ledger has forgotten them. They are
// revived a request at a time.
func (sh *shard) owesDormant() {
	if len(sh.unreplayed) == 0 {
		sh.unreplayed, sh.dormant = sh.dormant, make(map[limits.Key]*dormant)
		return
	}
	for key, d := range sh.dormant {
		sh.unreplayed[key] = d
	}
	clear(sh.dormant)
}

// reviveUnreplayed puts n callers that have to be replayed into the queue.
func (sh *shard) reviveUnreplayed(n int) {
	for key := range sh.unreplayed {
		if n <= 0 {
			return
		}
		sh.enqueue(sh.revive(key))
		n--
	}
}

// dropDormant drops, once a minute, the dormant callers of whom nothing is left to know.
func (sh *shard) dropDormant(now, ledgerNow int64) {
	if now < sh.nextDrop {
		return
	}
	sh.nextDrop = now + journalMillis
	for key, d := range sh.dormant {
		if d.over(ledgerNow) {
			delete(sh.dormant, key)
		}
	}
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

// stripesOf finds those of a caller, with or without the mutex of the shard.
func (sh *shard) stripesOf(key limits.Key) *stripes {
	if all := sh.striped.Load(); all != nil {
		return (*all)[key]
	}
	return nil
}

// openStripes begins n of a caller that has become large, as after a recall.
func (sh *shard) openStripes(c *caller, policy string, n int) {
	before := sh.striped.Load()
	if before != nil && len(*before) >= mostStriped {
		return
	}
	c.stripes = &stripes{policy: policy, all: make([]stripe, n)}
	for i := range c.stripes.all {
		k := &c.stripes.all[i]
		k.mu.Lock()
		k.running.Grow(32) // whole cache lines
	}
	after := map[limits.Key]*stripes{c.key: c.stripes}
	if before != nil {
		maps.Copy(after, *before)
	}
	sh.striped.Store(&after)
}

// closeStripes ends those of a caller after a recall; no slot may be taken in them.
func (sh *shard) closeStripes(c *caller) {
	fewer := maps.Clone(*sh.striped.Load())
	delete(fewer, c.key)
	sh.striped.Store(&fewer)
	c.stripes.unlock()
	c.stripes = nil
}

// newSlot is the slot just taken at a place.
func (sh *shard) newSlot(key limits.Key, place int) limits.Slot {
	sh.lastSlot++
	return limits.Slot{Key: key, Place: uint64(place), Number: sh.lastSlot}
}

// sharers is how many gateways share the limits, this one too; at least one.
func (sh *shard) sharers() int64 { return max(1, sh.gateways) }

// enter notes what is known of the ledger from now on.
func (sh *shard) enter(h health, cause error) { sh.health, sh.cause = h, cause }

// enqueue has the next request ask for a caller.
func (sh *shard) enqueue(c *caller) {
	if c.turn.enqueue() {
		sh.queue = append(sh.queue, c)
	}
}

// owes reports whether a ledger that forgot has yet to hear of callers.
func (sh *shard) owes() bool {
	if len(sh.unreplayed) > 0 {
		return true
	}
	for _, c := range sh.callers {
		if c.standing == owed {
			return true
		}
	}
	return false
}

// queuesReplay reports whether callers wait to be replayed; they go out while the ledger learns.
func (sh *shard) queuesReplay() bool {
	for _, c := range sh.queue {
		if c.standing != synced {
			return true
		}
	}
	return false
}

// renewAnswered ends the wait of all who wait for the next answer.
func (sh *shard) renewAnswered() {
	close(sh.answered)
	sh.answered = make(chan struct{})
}

// wait releases the mutex of the shard until a request is answered. Its error is errSlow, or wraps
// the cause of ctx.
func (sh *shard) wait(
	ctx context.Context, answered <-chan struct{}, patience <-chan time.Time,
) error {
	sh.mu.Unlock()
	defer sh.mu.Lock()
	select {
	case <-answered:
		return nil
	case <-patience:
		return errSlow
	case <-ctx.Done():
		return fmt.Errorf("ask the ledger: %w", context.Cause(ctx))
	}
}

// closeSender ends the last request of a store that closes: whoever waits for a further one fails.
func (sh *shard) closeSender() {
	sh.sender = senderClosed
	sh.enter(down, errClosed)
	sh.renewAnswered()
}

// regimeCheck is how often a shard asks the calendar, and so how late a step of the wall clock
// over a change of regime is seen. A change without a step is seen at once.
const regimeCheck = time.Second

// regimeAt is the regime in force, as the shard knows it.
func (r *Store) regimeAt(sh *shard, now int64) limits.Regime {
	if now >= sh.regimeUntil {
		t := r.clock.wall()
		now := r.clock.at(t)
		sh.regime = r.calendar.Regime(t)
		sh.regimeUntil = min(now+regimeCheck.Milliseconds(), r.regimeEnd(t, now))
	}
	return sh.regime
}

// regimeEnd is the moment, by the monotonic clock, at which the regime of t ends; now is t by that
// clock.
func (r *Store) regimeEnd(t time.Time, now int64) int64 {
	change := r.calendar.NextChange(t)
	if change.IsZero() {
		return math.MaxInt64
	}
	return now + change.Sub(t).Milliseconds()
}
