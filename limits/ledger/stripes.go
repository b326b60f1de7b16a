package ledger

import (
	"maps"
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
// the call lives no longer than the slots. Whatever else changes a caller (an answer, a lost
// ledger, an operator, the end of the store) does so between a recall and a lend.
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

// hint is the stripe to try first: that which this processor used last, or the next in turn.
func (r *Store) hint() *int {
	if h, ok := r.hints.Get().(*int); ok {
		return h
	}
	return &stripeNumbers[r.nextStripe.Add(1)%uint64(r.striping.stripes)]
}

// stripesOf finds those of a caller, with or without the mutex of the shard.
func (sh *shard) stripesOf(key limits.Key) *stripes {
	if all := sh.striped.Load(); all != nil {
		return (*all)[key]
	}
	return nil
}

// admitStriped admits a call by what a stripe holds, and reports whether it could.
func (r *Store) admitStriped(sh *shard, call *limits.Call) (d limits.Decision, done bool) {
	p := sh.stripesOf(call.Key)
	if p == nil {
		return d, false
	}
	h := r.hint()
	for range p.all {
		at := *h % len(p.all)
		if k := &p.all[at]; k.mu.TryLock() {
			// The clock is read here, not before: the stripe may have been lent to meanwhile.
			d, done = p.admit(at, call, r.clock.now())
			k.mu.Unlock()
			break
		}
		h = &stripeNumbers[(at+1)%len(p.all)]
	}
	r.hints.Put(h)
	return d, done
}

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

// recall takes back what stripes have not used. Their mutexes are held until lend.
func (c *caller) recall() {
	if c.stripes == nil {
		return
	}
	p, unused := c.stripes, int64(0)
	for i := range p.all {
		k := &p.all[i]
		k.mu.Lock()
		if k.used > 0 {
			c.calls += k.used
			c.lastCall = max(c.lastCall, k.active)
		}
		unused += k.permits
		k.permits, k.used, k.slots = 0, 0, 0
	}
	p.until = 0
	for i := range c.leases {
		if c.leases[i].seq == p.seq {
			c.leases[i].left += unused
			return
		}
	}
}

// lend ends what recall began: a caller that has plenty lends half of it to its stripes.
func (r *Store) lend(sh *shard, c *caller) {
	p := c.stripes
	if p == nil {
		return
	}
	p.keeps = c.keepsSpare(sh.sharers())
	if lease := c.plenty(&r.striping, sh.regime); lease != nil && !r.leaving.Load() {
		p.fill(sh, c, lease)
	}
	p.unlock()
}

// plenty is a lease that is worth lending, if the slots are, too; else nil.
func (c *caller) plenty(worth *striping, in limits.Regime) *lease {
	if worth.stripes == 0 || c.ownSlots-int64(c.count()) < worth.slots {
		return nil
	}
	for i := range c.leases {
		if l := &c.leases[i]; l.left >= worth.permits && l.in == in {
			return l
		}
	}
	return nil
}

// fill lends half of a lease and half of the free slots.
func (p *stripes) fill(sh *shard, c *caller, from *lease) {
	p.rule, p.in, p.seq = c.rule, from.in, from.seq
	p.until = min(from.deadline, c.slotsUntil, sh.regimeUntil)
	p.life = min(c.slotsLife, c.wantLife)
	p.outcome = limits.Outcome{
		Room:    c.known.room + c.permitsLeft(),
		Running: int(c.otherSlots) + c.count(),
		Reset:   c.knownAt + c.known.reset,
	}
	if c.knownAt != 0 {
		p.outcome.Extra = c.known.raised
	}
	permits, slots := (from.left+1)/2, (c.ownSlots-int64(c.count())+1)/2
	from.left -= permits
	for i := range p.all {
		k := &p.all[i]
		k.permits = part(permits, len(p.all), i)
		k.taken = int64(k.running.Count())
		k.slots = k.taken + part(slots, len(p.all), i)
		k.number = sh.lastSlot // each stripe has as many numbers as permits
		sh.lastSlot += uint64(k.permits)
	}
}

// part is the i-th of n parts of whole.
func part(whole int64, n, i int) int64 {
	each, more := whole/int64(n), whole%int64(n)
	if int64(i) < more {
		each++
	}
	return each
}

// openStripes begins those of a caller that has become large, as after a recall.
func (r *Store) openStripes(sh *shard, c *caller, policy string) {
	before := sh.striped.Load()
	if before != nil && len(*before) >= mostStriped {
		return
	}
	c.stripes = &stripes{policy: policy, all: make([]stripe, r.striping.stripes)}
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

// What follows is of the slots taken at the shard and in stripes, after a recall.

// count is how many are taken.
func (c *caller) count() int {
	if c.stripes == nil {
		return c.running.Count()
	}
	return c.running.Count() + c.stripes.count()
}

// expire frees those whose lifetime is over.
func (c *caller) expire(now int64) {
	c.running.Expire(now)
	if c.stripes != nil {
		for i := range c.stripes.all {
			c.stripes.all[i].running.Expire(now)
		}
	}
}

// where is what holds a Slot's place, and the place there.
func (c *caller) where(place uint64) (*limits.Running, uint64) {
	if at := place>>stripeBits - 1; c.stripes != nil && at < uint64(len(c.stripes.all)) {
		return &c.stripes.all[at].running, place & (1<<stripeBits - 1)
	}
	return &c.running, place
}

// release frees one.
func (c *caller) release(place, number uint64) {
	in, at := c.where(place)
	in.Release(at, number)
}

// lastExpiry is the moment after which none expires.
func (c *caller) lastExpiry() (last int64) {
	if c.running.Count() > 0 {
		last = c.running.Latest()
	}
	if c.stripes != nil {
		for i := range c.stripes.all {
			if k := &c.stripes.all[i].running; k.Count() > 0 {
				last = max(last, k.Latest())
			}
		}
	}
	return last
}
