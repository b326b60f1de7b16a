package query

import (
	"context"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
)

// A Query asks the journals of one or several gateways.
type Query struct {
	Dirs   []string // folders of journals
	Filter Filter
	Found  func(Finding) // gets what is not as it should be; it is called by the reader of Uses
	Whole  bool          // read also the segments that by their index hold nothing that is wanted
}

// Uses returns the uses that match. An error ends them: a folder cannot be read. Findings
// end nothing.
func (q *Query) Uses(ctx context.Context) iter.Seq2[*Use, error] {
	return func(yield func(*Use, error) bool) {
		orders, err := q.orders()
		if err != nil {
			yield(nil, err)
			return
		}
		use := func(u *Use) bool { return yield(u, nil) }
		if len(orders) == 1 {
			orders[0].run(ctx, use, q.found)
			return
		}
		merge(ctx, orders, use, q.found)
	}
}

func (q *Query) orders() ([]*order, error) {
	dirs := distinct(q.Dirs)
	orders := make([]*order, 0, len(dirs))
	for _, dir := range dirs {
		p, err := newPlan(dir)
		if err != nil {
			return nil, err
		}
		p.loadIndexes()
		if !q.Whole {
			p.prune(&q.Filter, rand.IntN)
		}
		orders = append(orders, newOrder(p, &q.Filter))
	}
	return orders, nil
}

// distinct returns folders, each once by any of its names: the uses of one that is named twice must
// not count twice.
func distinct(dirs []string) (list []string) {
	var known []os.FileInfo
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		switch {
		case err != nil: // the plan says what is wrong with it
		case slices.ContainsFunc(known, func(k os.FileInfo) bool { return os.SameFile(k, info) }):
			continue
		default:
			known = append(known, info)
		}
		list = append(list, dir)
	}
	return list
}

func (q *Query) found(f Finding) {
	if q.Found != nil {
		q.Found(f)
	}
}
