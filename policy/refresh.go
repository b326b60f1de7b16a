package policy

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"brana/egon"
)

// A Refresh is one fetching of a row that has ended.
type Refresh struct {
	Triple  Triple
	Result  RefreshResult
	Changed bool // the triple's items are other than before
	Err     error
	At      time.Time
}

// RefreshResult is what came of a fetching.
type RefreshResult string

// The results.
const (
	GotRow        RefreshResult = "row"
	GotNoRow      RefreshResult = "no-row"
	RefreshFailed RefreshResult = "failed"
)

// RefreshResults lists the results.
func RefreshResults() []RefreshResult { return []RefreshResult{GotRow, GotNoRow, RefreshFailed} }

// A flight is one fetching; err may be read when done is closed.
type flight struct {
	done   chan struct{}
	places chan struct{} // where it takes a place while it asks; nil: the agenda planned it
	err    error
}

// start begins the fetching of a row that has none under way.
func (r *Rows) start(c *row, planned bool) (*flight, error) {
	if r.ctx.Err() != nil {
		return nil, errClosed
	}
	f := &flight{done: make(chan struct{})}
	switch {
	case planned:
	case c.granted():
		f.places = r.grantedPlaces
	default:
		f.places = r.ungrantedPlaces
	}
	r.flights[c] = f
	r.schedule.drop(c)
	r.tasks.Go(func() { r.run(c, f) })
	return f, nil
}

// fly fetches a row, publishes it, and lets those go on who wait for it.
func (r *Rows) run(c *row, f *flight) {
	defer close(f.done)
	began, items, err := r.fetch(c.triple.triple(), f)
	r.mu.Lock()
	result := r.take(c, began, items, err)
	if f.places == nil {
		r.running--
		nudge(r.wake)
	}
	r.mu.Unlock()
	r.publish()

	r.mu.Lock()
	delete(r.flights, c)
	f.err = err
	if c.granted() {
		r.schedule.put(c)
	}
	r.last = result
	r.mu.Unlock()
	nudge(r.wake)
	if err == nil {
		nudge(r.dirty)
	}
	if r.cfg.OnRefresh != nil && r.ctx.Err() == nil { // what Close has broken off says nothing of the source
		r.cfg.OnRefresh(result)
	}
}

// fetch asks the source; a row is as old as the question. A source that panics
// has failed: it reads what the network sends, and the process must not end by it.
func (r *Rows) fetch(t Triple, f *flight) (began time.Time, items []Item, err error) {
	defer func() {
		if p := recover(); p != nil {
			items, err = nil, fmt.Errorf("fetch the row of %s: panic: %v\n%s", t, p, debug.Stack())
		}
	}()
	ctx, cancel := context.WithTimeout(r.ctx, r.cfg.Timeout)
	defer cancel()
	if f.places != nil {
		select {
		case f.places <- struct{}{}:
			defer func() { <-f.places }()
		case <-ctx.Done():
			return began, nil, ctx.Err()
		}
	}
	began = time.Now()
	got, err := r.cfg.Source.Fetch(ctx, &egon.RightsQuery{Agenda: []byte(t.Agenda), AgendovaRole: []byte(t.Role), Ovm: []byte(t.Ovm)})
	if err != nil {
		return began, nil, err
	}
	for _, one := range got {
		if !isCode(one.KodIszr, longestItem) || one.KodRpp != "" && !isCode(one.KodRpp, longestItem) {
			return began, nil, fmt.Errorf("the row of %s has an item that is no code", t)
		}
		items = append(items, Item{Kod: one.KodIszr, KodRpp: one.KodRpp})
	}
	return began, items, nil
}

// take enters what came of a fetching.
func (r *Rows) take(c *row, began time.Time, items []Item, err error) Refresh {
	now := time.Now()
	result := Refresh{Triple: c.triple.triple(), Err: err, At: now}
	ill := c.troubles()
	if err != nil {
		ill.tried, ill.failures, ill.err = now, ill.failures+1, err
		c.trouble = &ill
		c.scheduleAt(now.Add(backoff(ill.failures)))
		result.Result = RefreshFailed
		return result
	}
	before := c.set
	r.set(c, began, items)
	c.scheduleAt(now.Add(pauseAfterFetch))
	c.next = max(c.next, c.due) // which may be over before it came, or will be at once
	if c.trouble = nil; now.Before(ill.doubted.Add(r.cfg.Early)) {
		c.trouble = &trouble{doubted: ill.doubted}
	}
	result.Changed = before != nil && before != c.set
	result.Result = GotRow
	if len(items) == 0 {
		result.Result = GotNoRow
	}
	return result
}

// set puts items that were fetched at a moment into a row.
func (r *Rows) set(c *row, fetched time.Time, items []Item) {
	t, before := c.triple.triple(), c.set
	c.set = r.sets.take(items) // before the other is released, which may be the same
	sum := sumOf(t, c.set)
	p := r.change(c.triple)
	if before != nil {
		p.sum = p.sum.less(sumOf(t, before))
		r.sets.release(before)
	}
	p.sum = p.sum.add(sum)
	c.fetched = fetched.UnixNano()
	l := r.cfg.Ages.life(fetched, len(items) == 0, sum.low, r.prague)
	c.due, c.end, c.next = l.due, l.end, l.due
}

// backoff is how long after so many failures in a row the agenda waits.
func backoff(failures int) time.Duration {
	return min(time.Second<<min(failures-1, 10), 30*time.Second)
}

// nudge wakes whoever listens to a channel of one place.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// lookAgain is how long the agenda sleeps at most: a clock may be set.
const longestSleep = time.Minute

// keep fetches the rows of the agenda as they become due.
func (r *Rows) runSchedule() {
	for {
		timer := time.NewTimer(r.startDue(time.Now()))
		select {
		case <-r.ctx.Done():
			timer.Stop()
			return
		case <-r.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// startDue starts what is due, as much as may run at once, and says how long to
// wait for more.
func (r *Rows) startDue(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.running < r.cfg.Parallel && len(r.schedule) > 0 {
		c := r.schedule[0]
		if wait := time.Unix(int64(c.next), 0).Sub(now); wait > 0 {
			return min(wait, longestSleep)
		}
		if _, err := r.start(c, true); err != nil {
			break // all is ending
		}
		r.running++
	}
	return longestSleep
}
