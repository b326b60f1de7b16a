package query

import (
	"context"
	"sync"
)

// A stream is what comes from one journal.
type stream struct {
	items chan item
	next  item // that waits for its turn
	open  bool
}

// An item is a use, a finding or the error that ends a journal.
type item struct {
	use     *Use
	finding *Finding
	err     error
}

// merge yields the uses of several journals: of those that come next, the one that ended
// first. Each order gets where its uses and findings go.
func merge(ctx context.Context, orders []*order, yield func(*Use) bool, found func(Finding)) {
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer func() { stop(); running.Wait() }()
	streams := make([]*stream, len(orders))
	for i, o := range orders {
		s := &stream{items: make(chan item, maxEvents)}
		streams[i] = s
		running.Go(func() {
			defer close(s.items)
			o.run(ctx, func(u *Use) bool { return s.send(ctx, item{use: u}) },
				func(f Finding) { s.send(ctx, item{finding: &f}) })
		})
	}
	for _, s := range streams {
		s.advance(found)
	}
	for s := earliest(streams); s != nil; s = earliest(streams) {
		if !yield(s.next.use) {
			return
		}
		s.advance(found)
	}
}

func (s *stream) send(ctx context.Context, i item) bool {
	select {
	case s.items <- i:
		return true
	case <-ctx.Done():
		return false
	}
}

// advance takes the next use of a stream; findings before it are reported.
func (s *stream) advance(found func(Finding)) {
	for s.next, s.open = <-s.items; s.open && s.next.use == nil; s.next, s.open = <-s.items {
		found(*s.next.finding)
	}
}

// earliest returns the stream whose next use ended first; nil when all have ended.
func earliest(streams []*stream) (first *stream) {
	for _, s := range streams {
		if s.open && (first == nil || s.next.use.Ended().Before(first.next.use.Ended())) {
			first = s
		}
	}
	return first
}
