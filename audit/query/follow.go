package query

import (
	"context"
	"crypto/sha256"
	"io"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"brana/audit/journal"
)

// poll is how often a journal is looked at for what has come.
const poll = 200 * time.Millisecond

// Follow returns the uses that match as Uses does, and then those that end while the
// gateways write, until the context ends. If Filter.Since is set, the calls since then come
// first; otherwise those that come from now on. Uses of several journals come as they are
// found.
func (q *Query) Follow(ctx context.Context) iter.Seq2[*Use, error] {
	filter := q.Filter
	fromNow := filter.Since.IsZero()
	if fromNow {
		filter.Since = time.Now()
	}
	return func(yield func(*Use, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		items := make(chan item)
		var running sync.WaitGroup
		for _, dir := range distinct(q.Dirs) {
			running.Go(func() {
				f := &follower{filter: &filter, fromNow: fromNow, whole: q.Whole, items: items}
				if err := f.run(ctx, dir); err != nil {
					f.send(ctx, item{err: err})
				}
			})
		}
		defer func() { stop(); running.Wait() }()
		go func() { running.Wait(); close(items) }()
		for i := range items {
			switch {
			case i.finding != nil:
				q.found(*i.finding)
			case !yield(i.use, i.err):
				return
			}
		}
	}
}

// A follower reads a journal while it is written.
type follower struct {
	filter  *Filter
	fromNow bool
	whole   bool // see Query
	items   chan<- item
	order   *order
	printed printed
}

func (f *follower) send(ctx context.Context, i item) bool {
	select {
	case f.items <- i:
		return true
	case <-ctx.Done():
		return false
	}
}

// run reads one segment after the other.
func (f *follower) run(ctx context.Context, dir string) error {
	p, err := newPlan(dir)
	if err != nil {
		return err
	}
	if !f.fromNow {
		p.loadIndexes()
		if !f.whole {
			p.prune(f.filter, rand.IntN)
		}
	}
	f.order = newOrder(p, f.filter)
	f.order.yield = func(u *Use) bool {
		return f.printed.twice(u) || f.send(ctx, item{use: u})
	}
	f.order.found = func(found Finding) { f.send(ctx, item{finding: &found}) }
	next := 0
	if f.fromNow {
		next = max(0, len(p.parts)-1)
	}
	for ctx.Err() == nil {
		f.report(p)
		if next < len(p.parts) {
			if p.parts[next].skip {
				next++
				continue
			}
			if err := f.segment(ctx, p, next); err != nil {
				return err
			}
			next++
			continue
		}
		if err := f.await(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// report reports what the plan has found.
func (f *follower) report(p *plan) {
	for _, found := range p.findings {
		f.order.found(found)
	}
	p.findings = nil
}

// segment reads a segment to its end; if it is the last one, until the next one begins.
func (f *follower) segment(ctx context.Context, p *plan, i int) error {
	// The plan grows while this goes on: the scan has a part of its own.
	part := p.parts[i]
	s := &scan{part: &part, join: newJoiner(p.dir, f.filter), send: func(events []event) bool {
		for i := range events {
			if !f.order.take(&events[i]) {
				return false
			}
		}
		return ctx.Err() == nil
	}}
	if part.closed() {
		s.indexer = newIndexer(part.First) // it is compared, or made
	}
	defer func() { s.close(); s.flush() }()
	s.begin()
	r := s.open()
	if r == nil {
		return nil
	}
	defer r.Close()
	for s.read(r) == io.EOF && s.flush() {
		if part.ending != nil || !p.parts[i].last {
			s.ends(r)
			return nil
		}
		if err := f.await(ctx, p); err != nil {
			return err
		}
		part.ending, part.last = p.parts[i].ending, p.parts[i].last
		if part.ending != nil && part.ending.Last < s.seq {
			f.forget(s, part.ending)
			return nil
		}
	}
	return nil
}

// await waits a moment, and looks for new segments.
func (f *follower) await(ctx context.Context, p *plan) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(poll):
	}
	return p.grow()
}

// forget takes back what was read of a batch that was never confirmed. Its intents are
// those of calls that were refused. Its other records are written again.
func (f *follower) forget(s *scan, ending *journal.Ending) {
	for seq := range s.join.open {
		if seq > ending.Last {
			delete(s.join.open, seq)
		}
	}
	f.printed.forget(ending.Last)
}

// printed remembers the last refusals and late records that were printed: they come a second
// time if their batch was never confirmed.
type printed struct {
	recent [1024]struct {
		seq uint64
		sum [sha256.Size]byte
	}
	next  int
	again map[[sha256.Size]byte]bool // that will come again
}

// twice reports whether a use was printed already, and remembers it if not.
func (p *printed) twice(u *Use) bool {
	if u.Call == nil || u.Call != u.Last() {
		return false
	}
	_, fields, _ := strings.Cut(u.lines[0], `"type"`)
	sum := sha256.Sum256([]byte(fields))
	if p.again[sum] {
		delete(p.again, sum)
		return true
	}
	p.recent[p.next].seq, p.recent[p.next].sum = u.Call.Seq, sum
	p.next = (p.next + 1) % len(p.recent)
	return false
}

// forget makes the records behind a line ones that will come again.
func (p *printed) forget(last uint64) {
	p.again = map[[sha256.Size]byte]bool{}
	for i := range p.recent {
		if p.recent[i].seq > last {
			p.again[p.recent[i].sum] = true
			p.recent[i].seq = 0
		}
	}
}
