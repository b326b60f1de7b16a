package policy

import "iter"

// A shard is a part of the rows, by OVM. When a row changes, only its shard of the
// matrix is built again: a few thousand of a million rows.
type shard struct {
	rows    map[handles]*row
	sum     contentSum // of the rows that were fetched
	changed bool       // since it was last published
}

// known returns the row of a triple, nil when there is none.
func (r *Rows) known(t Triple) *row {
	h := handlesOf(t)
	return r.shards[h.shard()].rows[h]
}

// add makes a row about which nothing is known yet.
func (r *Rows) add(t Triple) *row {
	added := &row{triple: handlesOf(t), place: ungranted}
	r.shards[added.triple.shard()].rows[added.triple] = added
	r.ungranted[added] = struct{}{}
	return added
}

// remove forgets a row without a grant.
func (r *Rows) remove(row *row) {
	s := r.change(row.triple)
	if row.set != nil {
		s.sum = s.sum.less(sumOf(row.triple.triple(), row.set))
		r.sets.release(row.set)
	}
	delete(s.rows, row.triple)
	delete(r.ungranted, row)
}

// change marks the shard of a triple as different from what the store has, and
// returns it.
func (r *Rows) change(of handles) *shard {
	r.changes++
	return r.mark(of.shard())
}

func (r *Rows) mark(n int) *shard {
	s := &r.shards[n]
	if !s.changed {
		s.changed = true
		r.changedShards = append(r.changedShards, n)
	}
	return s
}

// all iterates over the rows. The caller holds the lock.
func (r *Rows) all() iter.Seq[*row] {
	return func(yield func(*row) bool) {
		for n := range r.shards {
			for _, row := range r.shards[n].rows {
				if !yield(row) {
					return
				}
			}
		}
	}
}

// eachRow calls f with every row. It holds the lock for one shard at a time, since
// calls without a fresh row may wait for the lock.
func (r *Rows) eachRow(f func(*row)) {
	for n := range r.shards {
		r.mu.Lock()
		for _, row := range r.shards[n].rows {
			f(row)
		}
		r.mu.Unlock()
	}
}
