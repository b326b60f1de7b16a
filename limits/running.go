package limits

// running is the calls of one caller that run in this process: the slots that are out, each free again when it is
// released or when its lifetime ends, which may be renewed.
type running struct {
	slots   []slot
	free    []uint32 // indices of slots that are free
	expires int64    // no taken slot expires before this moment,
	latest  int64    // nor any after this one
}

type slot struct {
	number  uint64 // zero when free
	expires int64
}

func (r *running) count() int { return len(r.slots) - len(r.free) }

func (r *running) take(s slot) (place int) {
	if r.count() == 0 {
		r.expires, r.latest = s.expires, s.expires
	}
	r.expires, r.latest = min(r.expires, s.expires), max(r.latest, s.expires)
	if last := len(r.free) - 1; last >= 0 {
		place = int(r.free[last])
		r.free = r.free[:last]
		r.slots[place] = s
		return place
	}
	r.slots = append(r.slots, s)
	return len(r.slots) - 1
}

// expire frees the slots whose lifetime is over. It looks at them only when one may be: once in a lifetime, not per call.
func (r *running) expire(now int64) {
	if now < r.expires || r.count() == 0 {
		return
	}
	next := int64(0)
	for place, s := range r.slots {
		switch {
		case s.number == 0:
		case s.expires <= now:
			r.release(uint64(place), s.number)
		case next == 0 || s.expires < next:
			next = s.expires
		}
	}
	r.expires = next
}

// release frees a slot.
func (r *running) release(place, number uint64) {
	if r.holds(place, number) {
		r.slots[place] = slot{}
		r.free = append(r.free, uint32(place))
	}
}

// renew lets a slot expire no sooner than at a moment.
func (r *running) renew(place, number uint64, expires int64) {
	if r.holds(place, number) {
		r.slots[place].expires = max(r.slots[place].expires, expires)
		r.latest = max(r.latest, expires)
	}
}

// holds tells that the slot at a place is still the one with this number; it may have been given to a later call.
func (r *running) holds(place, number uint64) bool {
	return place < uint64(len(r.slots)) && number != 0 && r.slots[place].number == number
}

// idle tells that no slot is taken.
func (r *running) idle(now int64) bool {
	for _, s := range r.slots {
		if s.number != 0 && s.expires > now {
			return false
		}
	}
	return true
}
