package policy

import (
	"maps"
	"time"
)

// shardCount is how many shards the rows lie in: see [shard].
const shardCount = 256

// shardOf returns the number of the shard of an OVM.
func shardOf(ovm []byte) int {
	head, tail := ovm[:min(8, len(ovm))], ovm[max(0, len(ovm)-8):]
	return int(mix(codes(nil).pack(head), codes(nil).pack(tail)) >> 56)
}

func (h handles) shard() int { return shardOf([]byte(h[2].Value())) }

// A fetchedMatrix is the rows fetched so far, as decisions see them. Of other rows
// nothing is known. It never changes, and shares the shards that did not change
// with the one before it.
type fetchedMatrix struct {
	names
	shards [shardCount]*fetchedShard // nil: without rows
	rows   int
	pairs  int
	sum    contentSum
}

// A fetchedShard has the rows of a shard, in tables like those of a matrix.
type fetchedShard struct {
	ovms  ovmTable
	cells []fetchedCell
	rows  int
	pairs int
	sum   contentSum
}

// A fetchedCell is a cell with everything that a lookup needs, so that a lookup
// misses the caches once.
type fetchedCell struct {
	role uint32
	life life
	set  *sharedSet
}

// row returns what a triple may have, and how fresh that is.
func (f *fetchedMatrix) row(agenda, role, ovm []byte, now time.Time) (*itemSet, Freshness) {
	c := f.find(agenda, role, ovm)
	if c == nil {
		return nil, Unknown
	}
	return &c.set.itemSet, c.life.at(now)
}

// find returns the cell of a triple, nil when nothing is known of it.
func (f *fetchedMatrix) find(agenda, role, ovm []byte) *fetchedCell {
	number, packed, p := f.number(agenda, role), f.codes.pack(ovm), f.shards[shardOf(ovm)]
	if number == 0 || packed == 0 || p == nil {
		return nil
	}
	o := &p.ovms[p.ovms.find(packed)]
	if o.ovm == 0 {
		return nil
	}
	c := p.cell(o, number)
	if c.role == 0 {
		return nil
	}
	return c
}

// cell returns the cell of an OVM and a role, or the free one where it belongs.
func (p *fetchedShard) cell(o *ovmSlot, role uint32) *fetchedCell {
	cells := p.cells[o.start : o.start+1<<o.bits]
	at := o.first(role)
	for cells[at].role != role && cells[at].role != 0 {
		at = (at + 1) & (1<<o.bits - 1)
	}
	return &cells[at]
}

// put replaces a shard.
func (f *fetchedMatrix) put(n int, p *fetchedShard) {
	if old := f.shards[n]; old != nil {
		f.rows, f.pairs, f.sum = f.rows-old.rows, f.pairs-old.pairs, f.sum.less(old.sum)
	}
	if f.shards[n] = p; p != nil {
		f.rows, f.pairs, f.sum = f.rows+p.rows, f.pairs+p.pairs, f.sum.add(p.sum)
	}
}

// A shardRow is a row on its way into a fetched shard.
type shardRow struct {
	of   handles
	set  *sharedSet
	life life
}

// A nameBuilder numbers the codes and roles of all shards. It only grows. When most
// of its names may belong to triples that are gone, a new one takes its place.
type nameBuilder struct {
	codes  codes
	roles  roleNumbers
	most   int   // how many names it may have; 0: not known yet
	copied names // for decisions
	count  int   // of the roles in it
}

// fewNames are too few for a new builder.
const fewNames = 1000

func newNameBuilder() *nameBuilder { return &nameBuilder{codes: codes{}, roles: roleNumbers{}} }

func (n *nameBuilder) size() int { return len(n.codes) + len(n.roles) }

// outgrown reports whether a new builder has to take its place.
func (n *nameBuilder) outgrown() bool { return n.most > 0 && n.size() > n.most }

// names returns the names as they are now.
func (n *nameBuilder) names() names {
	if n.most == 0 {
		n.most = 2*n.size() + fewNames
	}
	if len(n.copied.codes) != len(n.codes) || n.count != len(n.roles) {
		n.copied, n.count = names{maps.Clone(n.codes), n.roles.table()}, len(n.roles)
	}
	return n.copied
}

// assemble builds a shard, nil when it has no rows. No reader waits for it.
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
		role := n.roles.number(n.codes.add(t.Agenda), n.codes.add(t.Role))
		places[i] = place{n.codes.add(t.Ovm), role}
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
