package limits

// Running is the slots that one caller has taken in this process. Each is free again when it is
// released or when its lifetime ends, which may be renewed. Moments are milliseconds of a clock
// that never goes back. The zero Running has none.
type Running struct {
	slots   []slot
	free    []uint32 // indices of slots that are free
	expires int64    // no taken slot expires before this moment,
	latest  int64    // nor any after this one
}

type slot struct {
	number  uint64 // zero when free
	expires int64
}

// Count is how many slots are taken.
func (r *Running) Count() int { return len(r.slots) - len(r.free) }

// Take takes a slot for a number until a moment, and returns its place.
func (r *Running) Take(number uint64, expires int64) (place int) {
	if r.Count() == 0 {
		r.expires, r.latest = expires, expires
	}
	r.expires, r.latest = min(r.expires, expires), max(r.latest, expires)
	s := slot{number, expires}
	if last := len(r.free) - 1; last >= 0 {
		place = int(r.free[last])
		r.free = r.free[:last]
		r.slots[place] = s
		return place
	}
	r.slots = append(r.slots, s)
	return len(r.slots) - 1
}

// Latest is the moment after which no taken slot expires; it means nothing when none is taken.
func (r *Running) Latest() int64 { return r.latest }

// Grow makes room for n slots of an empty Running, so that they lie in whole cache lines.
func (r *Running) Grow(n int) { r.slots, r.free = make([]slot, 0, n), make([]uint32, 0, n) }

// Expire frees the slots whose lifetime is over. It looks at them only when one may be: once in a
// lifetime, not per call.
func (r *Running) Expire(now int64) {
	if now < r.expires || r.Count() == 0 {
		return
	}
	next := int64(0)
	for place, s := range r.slots {
		switch {
		case s.number == 0:
		case s.expires <= now:
			r.Release(uint64(place), s.number)
		case next == 0 || s.expires < next:
			next = s.expires
		}
	}
	r.expires = next
}

// Release frees a slot.
func (r *Running) Release(place, number uint64) {
	if r.Holds(place, number) {
		r.slots[place] = slot{}
		r.free = append(r.free, uint32(place))
	}
}

// Renew lets a slot expire no sooner than at a moment.
func (r *Running) Renew(place, number uint64, expires int64) {
	if r.Holds(place, number) {
		r.slots[place].expires = max(r.slots[place].expires, expires)
		r.latest = max(r.latest, expires)
	}
}

// Holds reports whether the slot at a place is still the one with this number; a later call may
// have it by now.
func (r *Running) Holds(place, number uint64) bool {
	return place < uint64(len(r.slots)) && number != 0 && r.slots[place].number == number
}

// Idle reports whether no slot is taken at a moment.
func (r *Running) Idle(now int64) bool {
	for _, s := range r.slots {
		if s.number != 0 && s.expires > now {
			return false
		}
	}
	return true
}
