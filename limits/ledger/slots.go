package ledger

import "brana/limits"

// takenSlots are the slots that calls of one caller have taken, at the shard and in stripes. Its
// methods are called between recall and lend, while all stripes are locked.
type takenSlots struct {
	running limits.Running // taken at the shard
	stripes *stripes       // of a large caller; else nil
}

// count is how many slots are taken.
func (s *takenSlots) count() int {
	if s.stripes == nil {
		return s.running.Count()
	}
	return s.running.Count() + s.stripes.count()
}

// expire frees the slots whose lifetime is over.
func (s *takenSlots) expire(now int64) {
	s.running.Expire(now)
	if s.stripes != nil {
		for i := range s.stripes.all {
			s.stripes.all[i].running.Expire(now)
		}
	}
}

// where is what holds the place of a Slot, and the place there.
func (s *takenSlots) where(place uint64) (*limits.Running, uint64) {
	if at := place>>stripeBits - 1; s.stripes != nil && at < uint64(len(s.stripes.all)) {
		return &s.stripes.all[at].running, place & (1<<stripeBits - 1)
	}
	return &s.running, place
}

// release frees a slot.
func (s *takenSlots) release(place, number uint64) {
	in, at := s.where(place)
	in.Release(at, number)
}

// lastExpiry is the moment after which no slot expires.
func (s *takenSlots) lastExpiry() (last int64) {
	if s.running.Count() > 0 {
		last = s.running.Latest()
	}
	if s.stripes != nil {
		for i := range s.stripes.all {
			if k := &s.stripes.all[i].running; k.Count() > 0 {
				last = max(last, k.Latest())
			}
		}
	}
	return last
}
