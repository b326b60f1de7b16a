package policy

import (
	"iter"
	"maps"
	"time"
)

// Rows lie in parts by their OVM, and the change of a row makes that part of the
// matrix anew: of a million rows a few thousand.
const manyParts = 256

// partOf is the part of the rows of an OVM.
func partOf(ovm []byte) int {
	head, tail := ovm[:min(8, len(ovm))], ovm[max(0, len(ovm)-8):]
	return int(mix(codes(nil).pack(head), codes(nil).pack(tail)) >> 56)
}

func (h handles) part() int { return partOf([]byte(h[2].Value())) }

// A part is some of the rows.
type part struct {
	all     map[handles]*cached
	sum     rowSum // of those that were fetched
	changed bool   // since it was last published
}

// change marks the part of a triple, which is returned, as one that the store
// has otherwise.
func (r *Rows) change(of handles) *part {
	r.changes++
	return r.mark(of.part())
}

func (r *Rows) mark(n int) *part {
	p := &r.parts[n]
	if !p.changed {
		p.changed = true
		r.changed = append(r.changed, n)
	}
	return p
}

// all are the rows, for whoever has the lock.
func (r *Rows) all() iter.Seq[*cached] {
	return func(yield func(*cached) bool) {
		for n := range r.parts {
			for _, c := range r.parts[n].all {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// look shows all rows to f, and holds the lock for a part of them at a time:
// calls without a fresh row may wait for it.
func (r *Rows) look(f func(*cached)) {
	for n := range r.parts {
		r.mu.Lock()
		for _, c := range r.parts[n].all {
			f(c)
		}
		r.mu.Unlock()
	}
}

// fetchedRows are the rows fetched so far as decisions see them; of others
// nothing is known. They never change, and share what did not change with those
// that were before them.
type fetchedRows struct {
	names
	parts [manyParts]*fetchedPart // nil: without rows
	rows  int
	pairs int
	sum   rowSum
}

// A fetchedPart has rows as a matrix has them.
type fetchedPart struct {
	ovms  ovmTable
	cells []fetchedCell
	rows  int
	pairs int
	sum   rowSum
}

// A fetchedCell is a cell with all that a lookup needs, so that it misses the
// caches once.
type fetchedCell struct {
	role uint32
	life life
	set  *rowSet
}

// row returns the row of a triple and what it may do now.
func (f *fetchedRows) row(agenda, role, ovm []byte, now time.Time) (*row, Freshness) {
	number, packed, p := f.number(agenda, role), f.codes.pack(ovm), f.parts[partOf(ovm)]
	if number == 0 || packed == 0 || p == nil {
		return nil, Unknown
	}
	o := &p.ovms[p.ovms.find(packed)]
	if o.ovm == 0 {
		return nil, Unknown
	}
	c := p.cell(o, number)
	if c.role == 0 {
		return nil, Unknown
	}
	return &c.set.row, c.life.at(now)
}

// cell returns the cell of an OVM and a role, or the one that would be it.
func (p *fetchedPart) cell(o *ovmSlot, role uint32) *fetchedCell {
	cells := p.cells[o.start : o.start+1<<o.bits]
	at := o.first(role)
	for cells[at].role != role && cells[at].role != 0 {
		at = (at + 1) & (1<<o.bits - 1)
	}
	return &cells[at]
}

// put exchanges a part.
func (f *fetchedRows) put(n int, p *fetchedPart) {
	if old := f.parts[n]; old != nil {
		f.rows, f.pairs, f.sum = f.rows-old.rows, f.pairs-old.pairs, f.sum.less(old.sum)
	}
	if f.parts[n] = p; p != nil {
		f.rows, f.pairs, f.sum = f.rows+p.rows, f.pairs+p.pairs, f.sum.add(p.sum)
	}
}

// publish puts what has changed into the store at once. Building takes a tenth of
// the time at most, and what came meanwhile is published together: thousands of
// rows at the start cost little more than one. Like look it holds the lock for a
// part at a time.
func (r *Rows) publish() {
	r.mu.Lock()
	mine := r.changes
	r.mu.Unlock()
	r.build.Lock()
	defer r.build.Unlock()
	if r.built >= mine {
		return
	}
	time.Sleep(min(time.Until(r.rest), time.Second))
	began := time.Now()
	next := r.published
	r.mu.Lock()
	if r.numbers.outgrown() {
		next, r.numbers = fetchedRows{}, newNumbering()
		for n := range r.parts {
			r.mark(n)
		}
	}
	number, changed := r.changes, r.changed
	r.changed = nil
	r.mu.Unlock()
	for _, n := range changed {
		next.put(n, r.numbers.assemble(r.standing(n)))
	}
	next.names = r.numbers.tell()
	r.store.put(&next)
	r.published, r.built = next, number
	r.rest = began.Add(10 * time.Since(began))
}

// A standing is a row on its way into a matrix.
type standing struct {
	of   handles
	set  *rowSet
	life life
}

// standing returns the rows of a part as they are now, and their sum.
func (r *Rows) standing(n int) ([]standing, rowSum) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.parts[n]
	p.changed = false
	all := make([]standing, 0, len(p.all))
	for _, c := range p.all {
		if c.set != nil {
			all = append(all, standing{c.of, c.set, c.life()})
		}
	}
	return all, p.sum
}

// A numbering has the names of all parts. It only grows; when most of it may be
// of triples that have gone, another one is begun.
type numbering struct {
	codes codes
	roles roleNumbers
	most  int   // names; 0: not known yet
	told  names // a copy for decisions
	count int   // the roles in it
}

// fewNames are not worth another numbering.
const fewNames = 1000

func newNumbering() *numbering { return &numbering{codes: codes{}, roles: roleNumbers{}} }

func (n *numbering) size() int { return len(n.codes) + len(n.roles) }

// outgrown reports whether another numbering has to be begun.
func (n *numbering) outgrown() bool { return n.most > 0 && n.size() > n.most }

// tell returns the names that there are now.
func (n *numbering) tell() names {
	if n.most == 0 {
		n.most = 2*n.size() + fewNames
	}
	if len(n.told.codes) != len(n.codes) || n.count != len(n.roles) {
		n.told, n.count = names{maps.Clone(n.codes), n.roles.table()}, len(n.roles)
	}
	return n.told
}

// assemble makes a part of rows, nil when there are none. No reader waits for
// it.
func (n *numbering) assemble(all []standing, sum rowSum) *fetchedPart {
	if len(all) == 0 {
		return nil
	}
	p := &fetchedPart{rows: len(all), sum: sum}
	type place struct {
		ovm  uint64
		role uint32
	}
	places, ovms := make([]place, len(all)), map[uint64]uint32{}
	for i := range all {
		t := all[i].of.triple()
		places[i] = place{n.codes.add(t.Ovm), n.roles.number(n.codes.add(t.Agenda), n.codes.add(t.Role))}
		ovms[places[i].ovm]++
	}
	var size int
	p.ovms, size = newOvmTable(ovms)
	p.cells = make([]fetchedCell, size)
	for i, at := range places {
		one := &all[i]
		*p.cell(&p.ovms[p.ovms.find(at.ovm)], at.role) = fetchedCell{at.role, one.life, one.set}
		p.pairs += len(one.set.items)
	}
	return p
}
