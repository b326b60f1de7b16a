package ledger

import (
	"maps"
	"runtime"
	"sync"
	"time"

	"brana/limits"
)

// A stripes is what a shard has dealt out of a large caller's leases and slots, so that calls need not wait for each other
// at the shard: a mutex that many goroutines want is handed from sleeper to sleeper. It has a few stripes, each with a
// mutex of its own, with permits of one lease and slots that may be taken there. A call tries one that its processor used
// last, and any other rather than wait; what no stripe can decide goes the slow way, to the shard.
//
// The shard stays the only judge. Whoever reads or changes a caller under the shard's mutex gathers first: it locks all
// stripes, and takes back into the caller what was not used. From then until it deals again nobody else touches the
// caller, stripes included, and all of leases.go holds as if there were none. So a permit is either in its lease or in
// one stripe, and of the slots
//
//	those taken at the shard + what each stripe has or may take <= caller.own
//
// holds from each deal to the next, since taken slots alone become fewer meanwhile. A stripe admits only while all that
// the shard would look at is as it was when it was dealt to: the caller's Rule and Policy are the call's, the lease and
// the slots may be used, the shard has not to look at the calendar, and the call lives no longer than the slots.
// What else changes a caller (an answer, a lost ledger, an operator's act, the end of the store) comes by way of a gather.
//
// Half is dealt at a time, the rest stays with the shard: a stripe that is empty has the shard look, before all are, whether
// more is to be leased ahead. Calls that run in a stripe's slots stay there over gathers; their Slot says which it is.
//
// Locks are taken in this order: the shard's, then the stripes' by their number. Who has a stripe alone asks for no other.
type stripes struct {
	// As of the last deal. Written with all stripes locked, read with one.
	rule    limits.Rule
	policy  string
	in      limits.Regime
	seq     int64          // of the lease that the permits are from
	until   int64          // no call is admitted from this moment on; 0: nothing was dealt
	life    int64          // longest lifetime of a call
	keeps   bool           // slots given back are kept: nobody is to be told
	outcome limits.Outcome // what a call is told then, but for reset, which is a moment here

	stripes []stripe
}

// stripe is a part of a stripes. It has cache lines of its own, and so have its slots: processors that use different
// stripes do not slow each other down.
type stripe struct {
	mu      sync.Mutex
	permits int64  // permits
	used    int64  // since it was dealt to
	slots   int64  // that may be taken, those taken included; of which
	taken   int64  // were taken when it was dealt to
	active  int64  // when a call last came
	number  uint64 // of the last slot given
	limits.Running
	_ [8]byte
}

// dealing says when a stripes is worth its while, and how it is cut.
type striping struct {
	stripes int
	permits int64 // least of a lease, and
	slots   int64 // least of free slots, that are dealt
}

// usualDealing has more stripes than processors: a goroutine may be put off while it holds one. It is for callers that
// a gateway has some thousand calls of in five seconds.
func usualStriping() striping {
	n := min(max(8, 4*runtime.GOMAXPROCS(0)), mostStripes)
	return striping{stripes: n, permits: int64(512 * n), slots: int64(2 * n)}
}

const (
	mostStripes = 64
	// mostPurses is how many a shard has at most; beginning one copies the map of them.
	mostStriped = 64
	stripeBits  = 32 // the place of a Slot: the stripe's number from 1, or 0 at the shard, above that in its slots
)

// hints are the numbers of stripes; see Redis.hints.
var hints = func() (all [mostStripes]int) {
	for i := range all {
		all[i] = i
	}
	return all
}()

// hint is the stripe to try first: that which this processor used last, or in tests each in turn.
func (r *Store) hint() *int {
	if r.virtual {
		return &hints[r.turn.Add(1)%uint64(r.striping.stripes)]
	}
	if h, ok := r.hints.Get().(*int); ok {
		return h
	}
	return &hints[r.turn.Add(1)%uint64(r.striping.stripes)]
}

// stripes finds that of a caller, with or without the shard's mutex.
func (sh *shard) stripesOf(key limits.Key) *stripes {
	if all := sh.striped.Load(); all != nil {
		return (*all)[key]
	}
	return nil
}

// pay admits a call by what a stripe holds; done tells whether that could be.
func (r *Store) admitStriped(sh *shard, call *limits.Call) (d limits.Decision, done bool) {
	p := sh.stripesOf(call.Key)
	if p == nil {
		return d, false
	}
	h := r.hint()
	for range p.stripes {
		at := *h % len(p.stripes)
		if k := &p.stripes[at]; k.mu.TryLock() {
			d, done = p.admit(at, call, r.now()) // not before: the stripe may have been dealt to meanwhile
			k.mu.Unlock()
			break
		}
		h = &hints[(at+1)%len(p.stripes)]
	}
	r.hints.Put(h)
	return d, done
}

// admit takes a permit and a slot of a stripe, both or none. The stripe is locked.
func (p *stripes) admit(at int, call *limits.Call, now int64) (d limits.Decision, done bool) {
	k := &p.stripes[at]
	life := limits.LifetimeMillis(call.Lifetime)
	if now >= p.until || life > p.life || k.permits == 0 || call.Rule != p.rule || call.Policy != p.policy {
		return d, false
	}
	if k.Expire(now); int64(k.Count()) >= k.slots {
		return d, false
	}
	k.permits--
	k.used++
	k.number++
	k.active = now
	place := k.Take(k.number, now+life)
	o := p.outcome
	o.Room -= k.used
	o.Running = min(max(o.Running+k.Count()-int(k.taken), 1), p.rule.Concurrent)
	o.Reset = max(0, o.Reset-now)
	d = o.Decision(p.rule, nil, time.Time{}, p.in) // of an admission, which has no need of a calendar
	d.Slot = limits.Slot{Key: call.Key, Place: uint64(at+1)<<stripeBits | uint64(place), Number: k.number}
	return d, true
}

// giveBack frees a slot that was taken in a stripe; done tells that nobody has to be told.
func (p *stripes) release(s limits.Slot) (done bool) {
	at := s.Place>>stripeBits - 1
	if at >= uint64(len(p.stripes)) {
		return false
	}
	k := &p.stripes[at]
	k.mu.Lock()
	defer k.mu.Unlock()
	k.Release(s.Place&(1<<stripeBits-1), s.Number)
	return p.keeps
}

// gather makes the caller whole. Until it is dealt to again, its stripes are locked.
func (sh *shard) recall(c *caller) {
	if c == nil || c.stripes == nil {
		return
	}
	p, unused := c.stripes, int64(0)
	for i := range p.stripes {
		k := &p.stripes[i]
		k.mu.Lock()
		if k.used > 0 {
			c.callsSince += k.used
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

// deal ends what gather began; a caller that is large gives to its stripes.
func (r *Store) lend(sh *shard, c *caller) {
	p := c.stripes
	if p == nil {
		return
	}
	p.keeps = c.keepsSpare(max(1, sh.gateways))
	if lease := c.plenty(&r.striping, sh.regime); lease != nil && !r.leaving.Load() {
		p.fill(sh, c, lease)
	}
	p.unlock()
}

// ample is a lease of which there is plenty, as there is of slots; nil if there is none.
func (c *caller) plenty(d *striping, in limits.Regime) *lease {
	if c.ownSlots-int64(c.count()) < d.slots {
		return nil
	}
	for i := range c.leases {
		if l := &c.leases[i]; l.left >= d.permits && l.in == in {
			return l
		}
	}
	return nil
}

func (p *stripes) fill(sh *shard, c *caller, from *lease) {
	p.rule, p.in, p.seq = c.rule, from.in, from.seq
	p.until, p.life = min(from.deadline, c.slotsUntil, sh.regimeUntil), min(c.slotsLife, c.wantLife)
	p.outcome = limits.Outcome{Room: c.known.room + c.permitsLeft(), Running: int(c.otherSlots) + c.count(), Reset: c.knownAt + c.known.reset}
	if c.knownAt != 0 {
		p.outcome.Extra = c.known.raised
	}
	permits, slots := (from.left+1)/2, (c.ownSlots-int64(c.count())+1)/2
	from.left -= permits
	for i := range p.stripes {
		k := &p.stripes[i]
		k.permits = part(permits, len(p.stripes), i)
		k.taken = int64(k.Count())
		k.slots = k.taken + part(slots, len(p.stripes), i)
		k.number = sh.lastSlot // as many numbers as permits
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

// openPurse begins that of a caller which has become large; it is gathered.
func (r *Store) openStripes(sh *shard, c *caller, policy string) {
	all := sh.striped.Load()
	if all != nil && len(*all) >= mostStriped {
		return
	}
	c.stripes = &stripes{policy: policy, stripes: make([]stripe, r.striping.stripes)}
	for i := range c.stripes.stripes {
		k := &c.stripes.stripes[i]
		k.mu.Lock()
		k.Grow(32) // whole cache lines
	}
	more := map[limits.Key]*stripes{c.key: c.stripes}
	if all != nil {
		maps.Copy(more, *all)
	}
	sh.striped.Store(&more)
}

// closePurse ends that of a caller which is gathered; no slot may be taken in it.
func (sh *shard) closeStripes(c *caller) {
	fewer := maps.Clone(*sh.striped.Load())
	delete(fewer, c.key)
	sh.striped.Store(&fewer)
	c.stripes.unlock()
	c.stripes = nil
}

func (p *stripes) unlock() {
	for i := range p.stripes {
		p.stripes[i].mu.Unlock()
	}
}

// count is how many slots are taken in stripes. They are locked.
func (p *stripes) count() (n int) {
	for i := range p.stripes {
		n += p.stripes[i].Count()
	}
	return n
}

// The methods of running speak of the slots taken at the shard and in stripes; the caller is gathered.

func (c *caller) count() int {
	if c.stripes == nil {
		return c.Running.Count()
	}
	return c.Running.Count() + c.stripes.count()
}

func (c *caller) expire(now int64) {
	c.Running.Expire(now)
	if c.stripes != nil {
		for i := range c.stripes.stripes {
			c.stripes.stripes[i].Expire(now)
		}
	}
}

// where is that of a slot's place, and the place there.
func (c *caller) where(place uint64) (*limits.Running, uint64) {
	if at := place>>stripeBits - 1; c.stripes != nil && at < uint64(len(c.stripes.stripes)) {
		return &c.stripes.stripes[at].Running, place & (1<<stripeBits - 1)
	}
	return &c.Running, place
}

func (c *caller) release(place, number uint64) {
	in, at := c.where(place)
	in.Release(at, number)
}

func (c *caller) renew(place, number uint64, expires int64) {
	in, at := c.where(place)
	in.Renew(at, number, expires)
}

func (c *caller) holds(place, number uint64) bool {
	in, at := c.where(place)
	return in.Holds(at, number)
}

// last is the moment after which no taken slot expires.
func (c *caller) last() (last int64) {
	if c.Running.Count() > 0 {
		last = c.Running.Latest()
	}
	if c.stripes != nil {
		for i := range c.stripes.stripes {
			if k := &c.stripes.stripes[i]; k.Count() > 0 {
				last = max(last, k.Latest())
			}
		}
	}
	return last
}
