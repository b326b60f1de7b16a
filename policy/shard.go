package policy

import "iter"

// known returns the row of a triple, nil when there is none.
func (r *Rows) known(t Triple) *row {
	h := handlesOf(t)
	return r.shards[h.shard()].rows[h]
}

// add makes a row of which nothing is known.
func (r *Rows) add(t Triple) *row {
	c := &row{triple: handlesOf(t), place: ungranted}
	r.shards[c.triple.shard()].rows[c.triple] = c
	r.ungranted[c] = struct{}{}
	return c
}

// remove forgets a row without a grant.
func (r *Rows) remove(c *row) {
	p := r.change(c.triple)
	if c.set != nil {
		p.sum = p.sum.less(sumOf(c.triple.triple(), c.set))
		r.sets.release(c.set)
	}
	delete(p.rows, c.triple)
	delete(r.ungranted, c)
}

// A part is some of the rows.
type shard struct {
	rows    map[handles]*row
	sum     contentSum // of those that were fetched
	changed bool       // since it was last published
}

// change marks the part of a triple, which is returned, as one that the store
// has otherwise.
func (r *Rows) change(of handles) *shard {
	r.changes++
	return r.mark(of.shard())
}

func (r *Rows) mark(n int) *shard {
	p := &r.shards[n]
	if !p.changed {
		p.changed = true
		r.changedShards = append(r.changedShards, n)
	}
	return p
}

// all are the rows, for whoever has the lock.
func (r *Rows) all() iter.Seq[*row] {
	return func(yield func(*row) bool) {
		for n := range r.shards {
			for _, c := range r.shards[n].rows {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// look shows all rows to f, and holds the lock for a part of them at a time:
// calls without a fresh row may wait for it.
func (r *Rows) eachRow(f func(*row)) {
	for n := range r.shards {
		r.mu.Lock()
		for _, c := range r.shards[n].rows {
			f(c)
		}
		r.mu.Unlock()
	}
}
