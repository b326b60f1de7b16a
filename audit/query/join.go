package query

import (
	"maps"
	"slices"

	"brana/audit"
)

// A joiner joins results with the calls that they belong to.
type joiner struct {
	dir    string
	filter *Filter
	open   map[uint64]*Use // calls whose result is to come, by the number of the intent
}

func newJoiner(dir string, filter *Filter) joiner {
	return joiner{dir: dir, filter: filter, open: map[uint64]*Use{}}
}

// call opens a use, if its call can match.
func (j *joiner) call(r *audit.Record, line string) error {
	if !j.filter.call(r) {
		return nil
	}
	own, err := audit.ParseRecord(line)
	if err != nil {
		return err
	}
	j.open[own.Seq] = &Use{Dir: j.dir, Call: own, lines: [3]string{line}}
	return nil
}

// whole returns the use of a record that is both call and result, or nil if it is not
// wanted.
func (j *joiner) whole(r *audit.Record, line string) (*Use, error) {
	if !j.filter.call(r) || !j.filter.result(wholeUse(r)) {
		return nil, nil
	}
	own, err := audit.ParseRecord(line)
	u := wholeUse(own)
	u.Dir, u.lines = j.dir, [3]string{line}
	return u, err
}

// wholeUse returns the use of a record that is both call and result. A late record may be
// that of a job.
func wholeUse(r *audit.Record) *Use {
	if r.Job {
		return &Use{Call: r, Job: r}
	}
	return &Use{Call: r, Result: r}
}

// result adds a result to its use. It returns the use when it has ended and is wanted,
// and reports whether there is such a use.
func (j *joiner) result(r *audit.Record, line string) (ended *Use, known bool) {
	u := j.open[r.Intent]
	if u == nil {
		return nil, false
	}
	u.add(r, line)
	if u.pending() {
		return nil, true
	}
	delete(j.open, r.Intent)
	if !j.filter.Match(u) {
		return nil, true
	}
	return u, true
}

// add adds a record with what came of a use. The first one counts.
func (u *Use) add(r *audit.Record, line string) {
	switch {
	case r.Job && u.Job == nil:
		u.Job, u.lines[2] = r, line
	case !r.Job && u.Result == nil:
		u.Result, u.lines[1] = r, line
	}
}

// rest takes all uses that are open, in order.
func (j *joiner) rest() []*Use {
	if len(j.open) == 0 {
		return nil
	}
	list := make([]*Use, 0, len(j.open))
	for _, seq := range slices.Sorted(maps.Keys(j.open)) {
		list = append(list, j.open[seq])
	}
	clear(j.open)
	return list
}
