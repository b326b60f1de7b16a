package policy

import (
	"maps"
	"time"
)

// Rows lie in parts by their OVM, and the change of a row makes that part of the
// matrix anew: of a million rows a few thousand.
const shardCount = 256

// partOf is the part of the rows of an OVM.
func shardOf(ovm []byte) int {
	head, tail := ovm[:min(8, len(ovm))], ovm[max(0, len(ovm)-8):]
	return int(mix(codes(nil).pack(head), codes(nil).pack(tail)) >> 56)
}

func (h handles) shard() int { return shardOf([]byte(h[2].Value())) }

// fetchedRows are the rows fetched so far as decisions see them; of others
// nothing is known. They never change, and share what did not change with those
// that were before them.
type fetchedMatrix struct {
	names
	shards [shardCount]*fetchedShard // nil: without rows
	rows   int
	pairs  int
	sum    contentSum
}

// A fetchedPart has rows as a matrix has them.
type fetchedShard struct {
	ovms  ovmTable
	cells []fetchedCell
	rows  int
	pairs int
	sum   contentSum
}

// A fetchedCell is a cell with all that a lookup needs, so that it misses the
// caches once.
type fetchedCell struct {
	role uint32
	life life
	set  *sharedSet
}

// row returns the row of a triple and what it may do now.
func (f *fetchedMatrix) row(agenda, role, ovm []byte, now time.Time) (*itemSet, Freshness) {
	number, packed, p := f.number(agenda, role), f.codes.pack(ovm), f.shards[shardOf(ovm)]
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
	return &c.set.itemSet, c.life.at(now)
}

// cell returns the cell of an OVM and a role, or the one that would be it.
func (p *fetchedShard) cell(o *ovmSlot, role uint32) *fetchedCell {
	cells := p.cells[o.start : o.start+1<<o.bits]
	at := o.first(role)
	for cells[at].role != role && cells[at].role != 0 {
		at = (at + 1) & (1<<o.bits - 1)
	}
	return &cells[at]
}

// put exchanges a part.
func (f *fetchedMatrix) put(n int, p *fetchedShard) {
	if old := f.shards[n]; old != nil {
		f.rows, f.pairs, f.sum = f.rows-old.rows, f.pairs-old.pairs, f.sum.less(old.sum)
	}
	if f.shards[n] = p; p != nil {
		f.rows, f.pairs, f.sum = f.rows+p.rows, f.pairs+p.pairs, f.sum.add(p.sum)
	}
}

// A standing is a row on its way into a matrix.
type shardRow struct {
	of   handles
	set  *sharedSet
	life life
}

// A numbering has the names of all parts. It only grows; when most of it may be
// of triples that have gone, another one is begun.
type nameBuilder struct {
	codes  codes
	roles  roleNumbers
	most   int   // names; 0: not known yet
	copied names // a copy for decisions
	count  int   // the roles in it
}

// fewNames are not worth another numbering.
const fewNames = 1000

func newNameBuilder() *nameBuilder { return &nameBuilder{codes: codes{}, roles: roleNumbers{}} }

func (n *nameBuilder) size() int { return len(n.codes) + len(n.roles) }

// outgrown reports whether another numbering has to be begun.
func (n *nameBuilder) outgrown() bool { return n.most > 0 && n.size() > n.most }

// tell returns the names that there are now.
func (n *nameBuilder) names() names {
	if n.most == 0 {
		n.most = 2*n.size() + fewNames
	}
	if len(n.copied.codes) != len(n.codes) || n.count != len(n.roles) {
		n.copied, n.count = names{maps.Clone(n.codes), n.roles.table()}, len(n.roles)
	}
	return n.copied
}

// assemble makes a part of rows, nil when there are none. No reader waits for
// it.
func (n *nameBuilder) assemble(all []shardRow, sum contentSum) *fetchedShard {
	if len(all) == 0 {
		return nil
	}
	p := &fetchedShard{rows: len(all), sum: sum}
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
