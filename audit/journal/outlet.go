package journal

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// The bounds of the copies of one outlet.
const (
	mostCopies = 1024 // that wait; the oldest are lost, since a later one covers what they do
	copyTime   = 10 * time.Second
	firstRetry = time.Second
	lastRetry  = time.Minute
)

// CopyStats are the counts of copies since the start.
type CopyStats struct {
	Sent    uint64
	Failed  uint64 // attempts
	Lost    uint64
	Waiting int
}

// A sender brings one copy, which ends with a newline, to a place.
type sender func(ctx context.Context, copy []byte) error

// An outlet sends copies to one place, in order, each until it has arrived.
type outlet struct {
	send  sender
	event func(Event)
	wake  chan struct{} // of length 1: there is a copy, or none is left

	mu      sync.Mutex
	waiting [][]byte
	stats   CopyStats
	empty   chan struct{} // closed when nothing waits; nil: nobody wants to know
}

func newOutlet(send sender, event func(Event)) *outlet {
	return &outlet{send: send, event: event, wake: make(chan struct{}, 1)}
}

func (o *outlet) add(text []byte) {
	o.mu.Lock()
	o.waiting = append(o.waiting, text)
	lost := len(o.waiting) > mostCopies
	if lost {
		o.waiting = o.waiting[1:]
		o.stats.Lost++
	}
	o.mu.Unlock()
	if lost {
		o.event(Event{What: CopiesLost, Lost: 1})
	}
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// run sends until the context ends.
func (o *outlet) run(ctx context.Context) {
	retry := firstRetry
	for {
		text, any := o.first()
		if !any {
			select {
			case <-ctx.Done():
				return
			case <-o.wake:
			}
			continue
		}
		err := o.attempt(ctx, text)
		if err == nil {
			o.sent(text)
			retry = firstRetry
			continue
		}
		if ctx.Err() != nil {
			return
		}
		o.event(Event{What: CopyFailed, Err: err})
		if rested(ctx, retry) != nil {
			return
		}
		retry = min(2*retry, lastRetry)
	}
}

// attempt sends a copy, in bounded time.
func (o *outlet) attempt(ctx context.Context, text []byte) error {
	bounded, over := context.WithTimeout(ctx, copyTime)
	defer over()
	err := o.send(bounded, text)
	if err != nil {
		o.mu.Lock()
		o.stats.Failed++
		o.mu.Unlock()
		return fmt.Errorf("copy a seal: %w", err)
	}
	return nil
}

// first returns the oldest copy that waits.
func (o *outlet) first() (text []byte, any bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) == 0 {
		return nil, false
	}
	return o.waiting[0], true
}

// sent takes a copy off, unless it was lost while it was sent.
func (o *outlet) sent(text []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stats.Sent++
	if len(o.waiting) > 0 && &o.waiting[0][0] == &text[0] {
		o.waiting = o.waiting[1:]
	}
	if len(o.waiting) == 0 && o.empty != nil {
		close(o.empty)
		o.empty = nil
	}
}

// drained waits until no copy waits, or the context ends.
func (o *outlet) drained(ctx context.Context) {
	o.mu.Lock()
	if len(o.waiting) == 0 {
		o.mu.Unlock()
		return
	}
	empty := make(chan struct{})
	o.empty = empty
	o.mu.Unlock()
	select {
	case <-empty:
	case <-ctx.Done():
	}
}

func (o *outlet) count(s *CopyStats) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s.Sent += o.stats.Sent
	s.Failed += o.stats.Failed
	s.Lost += o.stats.Lost
	s.Waiting += len(o.waiting)
}
