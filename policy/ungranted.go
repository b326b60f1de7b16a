package policy

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// follow makes the rows those of the triples that have a grant in a snapshot:
// new ones are fetched at once, and the others too unless they are new.
func (r *Rows) follow(s *Snapshot) {
	now := time.Now()
	granted := s.triples(now)
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.all() {
		if c.granted() && !granted[c.triple.triple()] {
			r.schedule.drop(c)
			c.place = ungranted
			r.ungranted[c] = struct{}{}
		}
	}
	for t := range granted {
		c := r.known(t)
		if c == nil {
			c = r.add(t)
		}
		if !c.granted() {
			c.place = unscheduled
			delete(r.ungranted, c)
		}
		if c.set == nil || !r.followed.IsZero() && now.After(time.Unix(0, c.fetched).Add(r.cfg.Early)) {
			c.next = seconds(now)
		}
		if r.flights[c] == nil {
			r.schedule.put(c)
		}
	}
	r.followed = now
	r.shrink()
	nudge(r.wake)
}

// shrink forgets rows without a grant that are too many, those that were fetched
// first.
func (r *Rows) shrink() {
	excess := len(r.ungranted) - r.cfg.Ungranted
	byAge := slices.SortedFunc(maps.Keys(r.ungranted), func(a, b *row) int { return cmp.Compare(a.fetched, b.fetched) })
	for _, c := range byAge {
		if excess > 0 && r.flights[c] == nil {
			r.remove(c)
			excess--
		}
	}
	left := make(map[*row]struct{}, len(r.ungranted)) // at the start all rows of the file were in the other one
	maps.Copy(left, r.ungranted)
	r.ungranted = left
}

// room sees to it that there is room for one more row without a grant: the one
// that was fetched first makes it.
func (r *Rows) makeRoom() bool {
	if len(r.ungranted) < r.cfg.Ungranted {
		return true
	}
	var oldest *row
	for c := range r.ungranted {
		if r.flights[c] == nil && (oldest == nil || c.fetched < oldest.fetched) {
			oldest = c
		}
	}
	if oldest == nil {
		return false
	}
	r.remove(oldest)
	return true
}
