package policy

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// This file decides which rows are kept: those of triples with a grant, and a
// bounded number of others.

// follow keeps a row for every triple that has a grant in the snapshot. New rows
// are fetched at once. Other rows are fetched at once too, unless they are younger
// than Early.
func (r *Rows) follow(s *Snapshot) {
	now := time.Now()
	granted := s.triples(now)
	r.mu.Lock()
	defer r.mu.Unlock()
	for row := range r.all() {
		if row.granted() && !granted[row.triple.triple()] {
			r.schedule.drop(row)
			row.place = ungranted
			r.ungranted[row] = struct{}{}
		}
	}
	for t := range granted {
		row := r.known(t)
		if row == nil {
			row = r.add(t)
		}
		if !row.granted() {
			row.place = unscheduled
			delete(r.ungranted, row)
		}
		early := time.Unix(0, row.fetched).Add(r.cfg.Early)
		if row.set == nil || !r.followed.IsZero() && now.After(early) {
			row.next = seconds(now)
		}
		if r.flights[row] == nil {
			r.schedule.put(row)
		}
	}
	r.followed = now
	r.shrink()
	nudge(r.wake)
}

// shrink forgets the rows without a grant beyond the bound, the oldest first.
func (r *Rows) shrink() {
	excess := len(r.ungranted) - r.cfg.Ungranted
	byAge := slices.SortedFunc(maps.Keys(r.ungranted),
		func(a, b *row) int { return cmp.Compare(a.fetched, b.fetched) })
	for _, row := range byAge {
		if excess > 0 && r.flights[row] == nil {
			r.remove(row)
			excess--
		}
	}
	// A map never shrinks, and at the start this one had all rows of the file.
	left := make(map[*row]struct{}, len(r.ungranted))
	maps.Copy(left, r.ungranted)
	r.ungranted = left
}

// makeRoom makes room for one more row without a grant: it forgets the oldest one.
// It reports false when all of them are being fetched.
func (r *Rows) makeRoom() bool {
	if len(r.ungranted) < r.cfg.Ungranted {
		return true
	}
	var oldest *row
	for row := range r.ungranted {
		if r.flights[row] == nil && (oldest == nil || row.fetched < oldest.fetched) {
			oldest = row
		}
	}
	if oldest == nil {
		return false
	}
	r.remove(oldest)
	return true
}
