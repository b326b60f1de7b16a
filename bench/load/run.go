package load

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// A Reply is what the generator keeps of an answer.
type Reply struct {
	Wrong          string // what was wrong, in words of a small set; empty: the answer was right
	Sent, Received int64  // bytes of bodies
}

// A Target answers calls of many goroutines at once.
type Target interface {
	// Call sends call number n of a scenario, and waits for the whole answer.
	Call(s *Scenario, n int) Reply
}

// A Plan says what is sent.
type Plan struct {
	Pace    Pace          // open loop: when calls start
	For     time.Duration // closed loop, without a pace: the length of the run
	Workers int           // calls at once at most
	Mix     *Mix
	Target  Target
	// Patience is the time after the end of the pace in which calls are still sent
	// that should have been sent before. Calls that are left then are unsent.
	Patience time.Duration
	// Progress gets the numbers of answers from time to time; may be nil.
	Progress func(right, wrong int64)
}

// Validate reports what is missing.
func (p *Plan) Validate() error {
	switch {
	case p.Workers < 1:
		return errors.New("a run needs at least one connection")
	case p.Mix == nil || p.Target == nil:
		return errors.New("a run needs messages and a target")
	case len(p.Pace) == 0 && p.For <= 0:
		return errors.New("a run needs a pace or a time")
	case len(p.Pace) > 0:
		return p.Pace.Validate()
	}
	return nil
}

// Run sends the calls of a plan and returns the outcome when all answers have
// come. When ctx ends it starts no more calls.
func Run(ctx context.Context, p Plan) (*Outcome, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	r := &run{Plan: p, recorder: newRecorder(), begin: time.Now()}
	reported := make(chan struct{})
	stop := make(chan struct{})
	go func() { defer close(reported); r.report(stop) }()
	var workers sync.WaitGroup
	for range p.Workers {
		workers.Go(func() {
			if len(p.Pace) > 0 {
				r.open(ctx)
			} else {
				r.closed(ctx)
			}
		})
	}
	workers.Wait()
	close(stop)
	<-reported
	r.turn(time.Since(r.begin))
	return &r.out, nil
}

// run is a plan under way.
type run struct {
	Plan
	*recorder
	begin time.Time
	next  atomic.Int64 // the number of the next call
}

// open sends the calls of a pace. A worker that is free takes the next number and
// waits for its start. When no worker is free, the start passes, and the latency
// counts from it all the same.
func (r *run) open(ctx context.Context) {
	for ctx.Err() == nil {
		n := int(r.next.Add(1) - 1)
		start, more := r.Pace.Start(n)
		if !more {
			return
		}
		intended := r.begin.Add(start)
		if wait := time.Until(intended); wait > 0 {
			if !sleep(ctx, wait) {
				return
			}
			r.slipped(time.Since(intended))
		} else if time.Since(r.begin) > r.Pace.For()+r.Patience {
			r.mu.Lock()
			r.out.Unsent++
			r.mu.Unlock()
			continue
		}
		r.call(n, intended)
	}
}

// closed sends one call after the other.
func (r *run) closed(ctx context.Context) {
	for ctx.Err() == nil && time.Since(r.begin) < r.For {
		r.call(int(r.next.Add(1)-1), time.Now())
	}
}

func (r *run) call(n int, intended time.Time) {
	s := r.Mix.At(n)
	reply := r.Target.Call(s, n)
	end := time.Now()
	r.record(s.Name, end.Sub(r.begin), end.Sub(intended), reply)
}

// report reports progress until the run is over.
func (r *run) report(stop <-chan struct{}) {
	if r.Progress == nil {
		<-stop
		return
	}
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			r.Progress(r.answers())
		}
	}
}

// sleep reports whether the time has passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
