package limits

// ledger is what Memory knows of one caller: the calls of the window by bucket and the slots taken. Its clock is
// milliseconds since 1970 and never goes back. It grows with the calls there are, not with the quota, and keeps what it
// grew to, so that admitting and releasing in a steady state allocate nothing.
type ledger struct {
	last    int64    // the latest moment it was asked about
	counts  counts   // the sum of buckets
	buckets []bucket // ascending by index, no empty ones

	slots   []slot
	free    []uint32 // indices of slots that are free
	expires int64    // no taken slot expires before this moment
}

// bucket counts the calls admitted within ten seconds.
type bucket struct {
	index int64 // since 1970
	calls [regimes]uint32
}

// leaves is the moment at which the bucket is no longer counted.
func (b bucket) leaves() int64 { return (b.index + liveBuckets) * bucketMillis }

type slot struct {
	number  uint64 // zero when free
	expires int64
}

func (l *ledger) running() int { return len(l.slots) - len(l.free) }

// admit decides about a call and, if it is admitted, counts it and takes slot number for it, at the place returned.
func (l *ledger) admit(now int64, c *Call, in Regime, number uint64) (o outcome, place int) {
	now = max(now, l.last)
	l.last = now
	l.sweep(now)
	l.expire(now)
	o.verdict = decide(l.counts, l.running(), c.Rule, in)
	switch o.verdict {
	case Admitted:
		l.count(now/bucketMillis, in)
		place = l.take(slot{number, now + lifetimeMillis(c.Lifetime)})
	case OverQuota:
		for r := range o.wait {
			o.wait[r] = l.wait(now, c.Rule, Regime(r))
		}
	}
	o.counts, o.running = l.counts, l.running()
	if len(l.buckets) > 0 {
		o.reset = l.buckets[0].leaves() - now
	}
	return o, place
}

// sweep drops the buckets that have left the window.
func (l *ledger) sweep(now int64) {
	gone := 0
	for gone < len(l.buckets) && l.buckets[gone].leaves() <= now {
		for r, calls := range l.buckets[gone].calls {
			l.counts[r] -= int64(calls)
		}
		gone++
	}
	if gone > 0 {
		l.buckets = l.buckets[:copy(l.buckets, l.buckets[gone:])]
	}
}

func (l *ledger) count(index int64, in Regime) {
	last := len(l.buckets) - 1
	if last < 0 || l.buckets[last].index != index {
		l.buckets = append(l.buckets, bucket{index: index})
		last++
	}
	l.buckets[last].calls[in]++
	l.counts[in]++
}

// wait is how long until enough buckets have left for a call in a regime to have room.
func (l *ledger) wait(now int64, rule Rule, in Regime) (wait int64) {
	left := l.counts
	for _, b := range l.buckets {
		if left.room(rule, in) > 0 {
			break
		}
		for r, calls := range b.calls {
			left[r] -= int64(calls)
		}
		wait = b.leaves() - now
	}
	return wait
}

func (l *ledger) take(s slot) (place int) {
	if l.running() == 0 || s.expires < l.expires {
		l.expires = s.expires
	}
	if last := len(l.free) - 1; last >= 0 {
		place = int(l.free[last])
		l.free = l.free[:last]
		l.slots[place] = s
		return place
	}
	l.slots = append(l.slots, s)
	return len(l.slots) - 1
}

// expire frees the slots whose lifetime is over. It looks at them only when one may be: once in a lifetime, not per call.
func (l *ledger) expire(now int64) {
	if now < l.expires || l.running() == 0 {
		return
	}
	next := int64(0)
	for place, s := range l.slots {
		switch {
		case s.number == 0:
		case s.expires <= now:
			l.release(uint64(place), s.number)
		case next == 0 || s.expires < next:
			next = s.expires
		}
	}
	l.expires = next
}

// release frees a slot if it is still the one with this number; the place may have been given to a later call.
func (l *ledger) release(place, number uint64) {
	if place < uint64(len(l.slots)) && number != 0 && l.slots[place].number == number {
		l.slots[place] = slot{}
		l.free = append(l.free, uint32(place))
	}
}

// idle tells that nothing is counted and no slot is taken, and was not two buckets ago either, so that a caller is not
// forgotten over a small step back of the clock.
func (l *ledger) idle(now int64) bool {
	now -= 2 * bucketMillis
	if l.last+(liveBuckets+1)*bucketMillis > now {
		return false
	}
	for _, s := range l.slots {
		if s.number != 0 && s.expires > now {
			return false
		}
	}
	return true
}
