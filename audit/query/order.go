package query

import (
	"context"
	"fmt"
	"runtime"
)

// An order reads the segments of a journal, several at once, and gives their uses in the
// order in which they ended.
type order struct {
	plan  *plan
	carry joiner // calls whose result is in a later segment
	first uint64 // number of the earliest line that is there
	yield func(*Use) bool
	found func(Finding)
}

// ahead is how many sendings of a segment wait until those of the one before are taken.
const ahead = 8

func newOrder(p *plan, filter *Filter) *order {
	return &order{plan: p, carry: newJoiner(p.dir, filter), first: p.first()}
}

// run reads the journal. It returns when everything was yielded or no more is wanted.
func (o *order) run(ctx context.Context, yield func(*Use) bool, found func(Finding)) {
	o.yield, o.found = yield, found
	ctx, stop := context.WithCancel(ctx)
	segments := make(chan chan []event, runtime.GOMAXPROCS(0))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		scanAll(ctx, o.plan, o.carry.filter, segments)
	}()
	defer func() { stop(); <-ended }()
	for _, f := range o.plan.findings {
		o.found(f)
	}
	for events := range segments {
		for batch := range events {
			for i := range batch {
				if !o.take(&batch[i]) {
					return
				}
			}
		}
	}
	if ctx.Err() == nil {
		o.abandon()
	}
}

// scanAll scans the segments, as many at once as there are processors. The events of a
// segment come over a channel of its own.
func scanAll(ctx context.Context, p *plan, filter *Filter, segments chan<- chan []event) {
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	defer func() {
		close(segments)
		for range cap(slots) { // the scans have ended
			slots <- struct{}{}
		}
	}()
	for i := range p.parts {
		if p.parts[i].skip {
			continue
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		events := make(chan []event, ahead)
		go func() {
			defer func() { close(events); <-slots }()
			newScan(p, i, filter, func(batch []event) bool {
				if batch == nil {
					return ctx.Err() == nil
				}
				select {
				case events <- batch:
					return true
				case <-ctx.Done():
					return false
				}
			}).run()
		}()
		select {
		case segments <- events:
		case <-ctx.Done():
			return
		}
	}
}

// take takes an event. It reports whether more are wanted.
func (o *order) take(e *event) bool {
	switch {
	case e.use != nil:
		return o.yield(e.use)
	case e.result != nil:
		return o.result(e.result)
	case e.ended:
		return o.abandon()
	case e.finding != nil:
		o.found(*e.finding)
	}
	for _, u := range e.open {
		o.carry.open[u.Call.Seq] = u
	}
	return len(o.carry.open) <= maxOpen || o.overflow()
}

// maxOpen is how many calls are held whose result is to come. No gateway has as many at once.
const maxOpen = 100_000

// overflow gives up waiting for results.
func (o *order) overflow() bool {
	o.found(Finding{Path: o.plan.dir, What: fmt.Sprintf(
		"more than %d calls have no outcome; they count as unfinished, also if it comes yet", maxOpen)})
	return o.abandon()
}

// result joins a result with a call of an earlier segment. If that one is no longer
// there, the result is all that is known of the use.
func (o *order) result(alone *Use) bool {
	r := alone.Last()
	ended, known := o.carry.result(r, alone.lines[1]+alone.lines[2])
	switch {
	case ended != nil:
		return o.yield(ended)
	case !known && r.Intent < o.first && o.carry.filter.Match(alone):
		return o.yield(alone)
	}
	return true
}

// abandon yields the calls that are open: nobody is left who could end them.
func (o *order) abandon() bool {
	for _, u := range o.carry.rest() {
		if o.carry.filter.Match(u) && !o.yield(u) {
			return false
		}
	}
	return true
}
