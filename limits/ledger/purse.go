package ledger

import (
	"maps"
	"runtime"
	"sync"
	"time"

	"brana/limits"
)

// A purse is what a lane has dealt out of a large caller's leases and slots, so that calls need not wait for each other
// at the lane: a mutex that many goroutines want is handed from sleeper to sleeper. It has a few pockets, each with a
// mutex of its own, with permits of one lease and slots that may be taken there. A call tries one that its processor used
// last, and any other rather than wait; what no pocket can decide goes the slow way, to the lane.
//
// The lane stays the only judge. Whoever reads or changes a caller under the lane's mutex gathers first: it locks all
// pockets, and takes back into the caller what was not used. From then until it deals again nobody else touches the
// caller, pockets included, and all of leases.go holds as if there were none. So a permit is either in its lease or in
// one pocket, and of the slots
//
//	those taken at the lane + what each pocket has or may take <= caller.own
//
// holds from each deal to the next, since taken slots alone become fewer meanwhile. A pocket admits only while all that
// the lane would look at is as it was when it was dealt to: the caller's Rule and Policy are the call's, the lease and
// the slots may be used, the lane has not to look at the calendar, and the call lives no longer than the slots.
// What else changes a caller (an answer, a lost ledger, an operator's act, the end of the store) comes by way of a gather.
//
// Half is dealt at a time, the rest stays with the lane: a pocket that is empty has the lane look, before all are, whether
// more is to be leased ahead. Calls that run in a pocket's slots stay there over gathers; their Slot says which it is.
//
// Locks are taken in this order: the lane's, then the pockets' by their number. Who has a pocket alone asks for no other.
type purse struct {
	// As of the last deal. Written with all pockets locked, read with one.
	rule    limits.Rule
	policy  string
	in      limits.Regime
	seq     int64          // of the lease that the permits are from
	until   int64          // no call is admitted from this moment on; 0: nothing was dealt
	life    int64          // longest lifetime of a call
	lasting bool           // slots given back are kept: nobody is to be told
	told    limits.Outcome // what a call is told then, but for reset, which is a moment here

	pockets []pocket
}

// pocket is a part of a purse. It has cache lines of its own, and so have its slots: processors that use different
// pockets do not slow each other down.
type pocket struct {
	mu     sync.Mutex
	left   int64  // permits
	used   int64  // since it was dealt to
	slots  int64  // that may be taken, those taken included; of which
	before int64  // were taken when it was dealt to
	active int64  // when a call last came
	number uint64 // of the last slot given
	limits.Running
	_ [8]byte
}

// dealing says when a purse is worth its while, and how it is cut.
type dealing struct {
	pockets int
	permits int64 // least of a lease, and
	slots   int64 // least of free slots, that are dealt
}

// usualDealing has more pockets than processors: a goroutine may be put off while it holds one. It is for callers that
// a gateway has some thousand calls of in five seconds.
func usualDealing() dealing {
	n := min(max(8, 4*runtime.GOMAXPROCS(0)), mostPockets)
	return dealing{pockets: n, permits: int64(512 * n), slots: int64(2 * n)}
}

const (
	mostPockets = 64
	// mostPurses is how many a lane has at most; beginning one copies the map of them.
	mostPurses = 64
	pocketBits = 32 // the place of a Slot: the pocket's number from 1, or 0 at the lane, above that in its slots
)

// hints are the numbers of pockets; see Redis.hints.
var hints = func() (all [mostPockets]int) {
	for i := range all {
		all[i] = i
	}
	return all
}()

// hint is the pocket to try first: that which this processor used last, or in tests each in turn.
func (r *Store) hint() *int {
	if r.virtual {
		return &hints[r.turn.Add(1)%uint64(r.dealing.pockets)]
	}
	if h, ok := r.hints.Get().(*int); ok {
		return h
	}
	return &hints[r.turn.Add(1)%uint64(r.dealing.pockets)]
}

// purse finds that of a caller, with or without the lane's mutex.
func (l *lane) purse(key limits.Key) *purse {
	if all := l.purses.Load(); all != nil {
		return (*all)[key]
	}
	return nil
}

// pay admits a call by what a pocket holds; done tells whether that could be.
func (r *Store) pay(l *lane, call *limits.Call) (d limits.Decision, done bool) {
	p := l.purse(call.Key)
	if p == nil {
		return d, false
	}
	h := r.hint()
	for range p.pockets {
		at := *h % len(p.pockets)
		if k := &p.pockets[at]; k.mu.TryLock() {
			d, done = p.admit(at, call, r.now()) // not before: the pocket may have been dealt to meanwhile
			k.mu.Unlock()
			break
		}
		h = &hints[(at+1)%len(p.pockets)]
	}
	r.hints.Put(h)
	return d, done
}

// admit takes a permit and a slot of a pocket, both or none. The pocket is locked.
func (p *purse) admit(at int, call *limits.Call, now int64) (d limits.Decision, done bool) {
	k := &p.pockets[at]
	life := limits.LifetimeMillis(call.Lifetime)
	if now >= p.until || life > p.life || k.left == 0 || call.Rule != p.rule || call.Policy != p.policy {
		return d, false
	}
	if k.Expire(now); int64(k.Count()) >= k.slots {
		return d, false
	}
	k.left--
	k.used++
	k.number++
	k.active = now
	place := k.Take(k.number, now+life)
	o := p.told
	o.Room -= k.used
	o.Running = min(max(o.Running+k.Count()-int(k.before), 1), p.rule.Concurrent)
	o.Reset = max(0, o.Reset-now)
	d = o.Decision(p.rule, nil, time.Time{}, p.in) // of an admission, which has no need of a calendar
	d.Slot = limits.Slot{Key: call.Key, Place: uint64(at+1)<<pocketBits | uint64(place), Number: k.number}
	return d, true
}

// giveBack frees a slot that was taken in a pocket; done tells that nobody has to be told.
func (p *purse) giveBack(s limits.Slot) (done bool) {
	at := s.Place>>pocketBits - 1
	if at >= uint64(len(p.pockets)) {
		return false
	}
	k := &p.pockets[at]
	k.mu.Lock()
	defer k.mu.Unlock()
	k.Release(s.Place&(1<<pocketBits-1), s.Number)
	return p.lasting
}

// gather makes the caller whole. Until it is dealt to again, its pockets are locked.
func (l *lane) gather(c *caller) {
	if c == nil || c.purse == nil {
		return
	}
	p, unused := c.purse, int64(0)
	for i := range p.pockets {
		k := &p.pockets[i]
		k.mu.Lock()
		if k.used > 0 {
			c.calls += k.used
			c.active = max(c.active, k.active)
		}
		unused += k.left
		k.left, k.used, k.slots = 0, 0, 0
	}
	p.until = 0
	for i := range c.leases {
		if c.leases[i].seq == p.seq {
			c.leases[i].left += unused
			return
		}
	}
}

// deal ends what gather began; a caller that is large gives to its pockets.
func (r *Store) deal(l *lane, c *caller) {
	p := c.purse
	if p == nil {
		return
	}
	p.lasting = c.spares(max(1, l.gateways))
	if lease := c.ample(&r.dealing, l.in); lease != nil && !r.leaving.Load() {
		p.fill(l, c, lease)
	}
	p.unlock()
}

// ample is a lease of which there is plenty, as there is of slots; nil if there is none.
func (c *caller) ample(d *dealing, in limits.Regime) *lease {
	if c.own-int64(c.count()) < d.slots {
		return nil
	}
	for i := range c.leases {
		if l := &c.leases[i]; l.left >= d.permits && l.in == in {
			return l
		}
	}
	return nil
}

func (p *purse) fill(l *lane, c *caller, from *lease) {
	p.rule, p.in, p.seq = c.rule, from.in, from.seq
	p.until, p.life = min(from.deadline, c.until, l.look), min(c.life, c.wish)
	p.told = limits.Outcome{Room: c.facts.room + c.left(), Running: int(c.others) + c.count(), Reset: c.heard + c.facts.reset}
	if c.heard != 0 {
		p.told.Extra = c.facts.raised
	}
	permits, slots := (from.left+1)/2, (c.own-int64(c.count())+1)/2
	from.left -= permits
	for i := range p.pockets {
		k := &p.pockets[i]
		k.left = part(permits, len(p.pockets), i)
		k.before = int64(k.Count())
		k.slots = k.before + part(slots, len(p.pockets), i)
		k.number = l.slot // as many numbers as permits
		l.slot += uint64(k.left)
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
func (r *Store) openPurse(l *lane, c *caller, policy string) {
	all := l.purses.Load()
	if all != nil && len(*all) >= mostPurses {
		return
	}
	c.purse = &purse{policy: policy, pockets: make([]pocket, r.dealing.pockets)}
	for i := range c.purse.pockets {
		k := &c.purse.pockets[i]
		k.mu.Lock()
		k.Grow(32) // whole cache lines
	}
	more := map[limits.Key]*purse{c.key: c.purse}
	if all != nil {
		maps.Copy(more, *all)
	}
	l.purses.Store(&more)
}

// closePurse ends that of a caller which is gathered; no slot may be taken in it.
func (l *lane) closePurse(c *caller) {
	fewer := maps.Clone(*l.purses.Load())
	delete(fewer, c.key)
	l.purses.Store(&fewer)
	c.purse.unlock()
	c.purse = nil
}

func (p *purse) unlock() {
	for i := range p.pockets {
		p.pockets[i].mu.Unlock()
	}
}

// count is how many slots are taken in pockets. They are locked.
func (p *purse) count() (n int) {
	for i := range p.pockets {
		n += p.pockets[i].Count()
	}
	return n
}

// The methods of running speak of the slots taken at the lane and in pockets; the caller is gathered.

func (c *caller) count() int {
	if c.purse == nil {
		return c.Running.Count()
	}
	return c.Running.Count() + c.purse.count()
}

func (c *caller) expire(now int64) {
	c.Running.Expire(now)
	if c.purse != nil {
		for i := range c.purse.pockets {
			c.purse.pockets[i].Expire(now)
		}
	}
}

// where is that of a slot's place, and the place there.
func (c *caller) where(place uint64) (*limits.Running, uint64) {
	if at := place>>pocketBits - 1; c.purse != nil && at < uint64(len(c.purse.pockets)) {
		return &c.purse.pockets[at].Running, place & (1<<pocketBits - 1)
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
	if c.purse != nil {
		for i := range c.purse.pockets {
			if k := &c.purse.pockets[i]; k.Count() > 0 {
				last = max(last, k.Latest())
			}
		}
	}
	return last
}
