package policy

import "time"

// publish puts all changes into the store at once. Building takes at most a tenth
// of the time, and changes that come meanwhile are published together: thousands
// of rows at the start cost little more than one. Like eachRow it holds the lock
// for one shard at a time.
func (r *Rows) publish() {
	r.mu.Lock()
	mine := r.changes
	r.mu.Unlock()
	r.build.Lock()
	defer r.build.Unlock()
	if r.published >= mine {
		return
	}
	time.Sleep(min(time.Until(r.buildNotBefore), time.Second))
	began := time.Now()
	next := r.matrix
	r.mu.Lock()
	if r.names.outgrown() {
		next, r.names = fetchedMatrix{}, newNameBuilder()
		for n := range r.shards {
			r.mark(n)
		}
	}
	changes, changed := r.changes, r.changedShards
	r.changedShards = nil
	r.mu.Unlock()
	for _, n := range changed {
		next.put(n, r.names.assemble(r.shardRows(n)))
	}
	next.names = r.names.names()
	r.store.put(&next)
	r.matrix, r.published = next, changes
	r.buildNotBefore = began.Add(10 * time.Since(began))
}

// shardRows returns the rows of a shard as they are now, and their sum.
func (r *Rows) shardRows(n int) ([]shardRow, contentSum) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.shards[n]
	s.changed = false
	all := make([]shardRow, 0, len(s.rows))
	for _, row := range s.rows {
		if row.set != nil {
			all = append(all, shardRow{row.triple, row.set, row.life()})
		}
	}
	return all, s.sum
}
