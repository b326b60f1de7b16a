package ledger

import (
	"runtime"
	"sync"
	"time"

	"brana/limits"
)

// stripes are what a shard has lent of a large caller's permits and slots, so that calls do not
// wait for each other at the mutex of the shard: one that many goroutines want is handed from
// sleeper to sleeper. Each stripe has a mutex of its own, permits of one lease, and slots. A call
// tries the stripe that its processor used last, and any other rather than wait. What no stripe
// can decide goes to the shard.
//
//	with:  recall ─▶ f reads and changes the caller ─▶ lend
//	                 all stripes are locked             admit, release: each locks one stripe
//
// The shard stays the only judge. From recall to lend nobody else touches the caller, and all of
// caller.go holds as if there were no stripes. So a permit is either in its lease or in one stripe,
// and of the slots
//
//	those taken at the shard + what each stripe has or may take <= caller.ownSlots
//
// holds from each lend to the next recall, since taken slots alone become fewer meanwhile. A stripe
// admits only while all that the shard would go by is as it was when it was lent: the Rule and the
// Policy are the call's, the lease and the slots may be used, the calendar need not be asked, and
// the call lives no longer than the slots. Everything else that changes a caller (an answer,
// a lost ledger, an operator, the end of the store) does so between a recall and a lend.
//
// Half is lent at a time. The shard keeps the rest, so that it sees a stripe run empty before all
// are, and leases more. Calls that run in a stripe's slots stay there over recalls; their Slot says
// which stripe it is.
//
// Locks are taken in this order: the shard's, then the stripes' by their number. Who holds one
// stripe takes no other lock.
//
// What they earn: BenchmarkStripes has 64 goroutines on two cores that admit and release calls of
// one caller. With stripes they make 6.4 to 10 million decisions a second at 142 ns of processor
// time each, without 4.4 to 6.1 million at 158 to 179 ns. Config.NoStripes turns them off;
// TestStripedAndPlainDecideAlike holds both to the same decisions.
type stripes struct {
	// As of the last lend. Written with all stripes locked, read with one.
	rule    limits.Rule
	policy  string
	in      limits.Regime
	seq     int64          // of the lease that the permits are from
	until   int64          // no call is admitted from this moment on; 0: nothing is lent
	life    int64          // longest lifetime of a call
	keeps   bool           // slots given back are kept, and no other gateway gets them
	outcome limits.Outcome // what a decision reports; Reset is a moment here

	all []stripe
}

// stripe is one of them. It has cache lines of its own, and so have its slots: processors that use
// different stripes do not slow each other down.
type stripe struct {
	mu      sync.Mutex
	permits int64  // left
	used    int64  // permits, since they were lent
	slots   int64  // that may be taken, with
	taken   int64  // those that were when they were lent
	active  int64  // when a call last came
	number  uint64 // of the last slot given
	running limits.Running
	_       [8]byte
}

// striping says when a caller is worth stripes, and how many they are.
type striping struct {
	stripes int   // 0: no caller gets any
	permits int64 // the least that a lease must have to be lent,
	slots   int64 // and the least of free slots
}

// usualStriping has more stripes than processors: a goroutine may be put off while it holds one. It
// is for callers that a gateway has some thousand calls of in five seconds.
func usualStriping() striping {
	n := min(max(8, 4*runtime.GOMAXPROCS(0)), mostStripes)
	return striping{stripes: n, permits: int64(512 * n), slots: int64(2 * n)}
}

const (
	// mostStripes is how many a caller has at most.
	mostStripes = 64
	// mostStriped is how many callers of a shard have stripes at most: beginning one copies a map.
	mostStriped = 64
	// stripeBits divides the place of a Slot: above is the number of the stripe from 1, or 0 at the
	// shard; below is the place among the slots there.
	stripeBits = 32
)

// stripeNumbers are what Store.hints holds pointers to, so that nothing is allocated.
var stripeNumbers = func() (all [mostStripes]int) {
	for i := range all {
		all[i] = i
	}
	return all
}()

// admit takes a permit and a slot of a stripe, both or none. The stripe is locked.
func (p *stripes) admit(at int, call *limits.Call, now int64) (d limits.Decision, done bool) {
	k := &p.all[at]
	life := limits.LifetimeMillis(call.Lifetime)
	if now >= p.until || life > p.life || k.permits == 0 {
		return d, false
	}
	if call.Rule != p.rule || call.Policy != p.policy {
		return d, false
	}
	if k.running.Expire(now); int64(k.running.Count()) >= k.slots {
		return d, false
	}
	k.permits--
	k.used++
	k.number++
	k.active = now
	place := k.running.Take(k.number, now+life)
	o := p.outcome
	o.Room -= k.used
	o.Running = min(max(o.Running+k.running.Count()-int(k.taken), 1), p.rule.Concurrent)
	o.Reset = max(0, o.Reset-now)
	d = o.Decision(p.rule, nil, time.Time{}, p.in) // of an admission, which needs no calendar
	d.Slot = limits.Slot{
		Key:    call.Key,
		Place:  uint64(at+1)<<stripeBits | uint64(place),
		Number: k.number,
	}
	return d, true
}

// release frees a slot that was taken in a stripe, and reports whether that is all there is to do.
func (p *stripes) release(s limits.Slot) (done bool) {
	at := s.Place>>stripeBits - 1
	if at >= uint64(len(p.all)) {
		return false
	}
	k := &p.all[at]
	k.mu.Lock()
	defer k.mu.Unlock()
	k.running.Release(s.Place&(1<<stripeBits-1), s.Number)
	return p.keeps
}

func (p *stripes) unlock() {
	for i := range p.all {
		p.all[i].mu.Unlock()
	}
}

// count is how many slots are taken in stripes. They are locked.
func (p *stripes) count() (n int) {
	for i := range p.all {
		n += p.all[i].running.Count()
	}
	return n
}
