package policy

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"brana/egon"
)

// A Refresh is one fetch of a row that has ended.
type Refresh struct {
	Triple  Triple
	Result  RefreshResult
	Changed bool // the triple's items differ from those before
	Err     error
	At      time.Time
}

// RefreshResult is the outcome of a fetch.
type RefreshResult string

// The results.
const (
	GotRow        RefreshResult = "row"
	GotNoRow      RefreshResult = "no-row"
	RefreshFailed RefreshResult = "failed"
)

// RefreshResults lists the results.
func RefreshResults() []RefreshResult { return []RefreshResult{GotRow, GotNoRow, RefreshFailed} }

// pauseAfterFetch is how long after a fetch the schedule does not fetch the row
// again. After a fetch that failed a call does not start another one either.
const pauseAfterFetch = time.Second

// longestSleep bounds the sleep of the schedule: a clock may be set.
const longestSleep = time.Minute

// runSchedule fetches the rows of the schedule as they become due.
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

// startDue starts the fetches that are due, as many as may run at once, and returns
// how long to wait for the next.
func (r *Rows) startDue(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.running < r.cfg.Parallel && len(r.schedule) > 0 {
		row := r.schedule[0]
		if wait := time.Unix(int64(row.next), 0).Sub(now); wait > 0 {
			return min(wait, longestSleep)
		}
		if _, err := r.start(row, true); err != nil {
			break // the process is ending
		}
		r.running++
	}
	return longestSleep
}

// A flight is one fetch under way; err may be read once done is closed.
type flight struct {
	done   chan struct{}
	places chan struct{} // it holds a place here while it asks; nil: the schedule started it
	err    error
}

// start begins the fetch of a row that has none under way.
func (r *Rows) start(row *row, scheduled bool) (*flight, error) {
	if r.ctx.Err() != nil {
		return nil, errClosed
	}
	f := &flight{done: make(chan struct{})}
	switch {
	case scheduled:
	case row.granted():
		f.places = r.grantedPlaces
	default:
		f.places = r.ungrantedPlaces
	}
	r.flights[row] = f
	r.schedule.drop(row)
	r.tasks.Go(func() { r.run(row, f) })
	return f, nil
}

// run fetches a row, publishes it, and wakes the calls that wait for it.
func (r *Rows) run(row *row, f *flight) {
	defer close(f.done)
	began, items, err := r.fetch(row.triple.triple(), f)
	r.mu.Lock()
	result := r.enter(row, began, items, err)
	if f.places == nil {
		r.running--
		nudge(r.wake)
	}
	r.mu.Unlock()
	r.publish()

	r.mu.Lock()
	delete(r.flights, row)
	f.err = err
	if row.granted() {
		r.schedule.put(row)
	}
	r.last = result
	r.mu.Unlock()
	nudge(r.wake)
	if err == nil {
		nudge(r.dirty)
	}
	// A fetch that Close broke off says nothing about the source.
	if r.cfg.OnRefresh != nil && r.ctx.Err() == nil {
		r.cfg.OnRefresh(result)
	}
}

// fetch asks the source. The row is as old as the question.
func (r *Rows) fetch(t Triple, f *flight) (began time.Time, items []Item, err error) {
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
	items, err = recovered(t, func() ([]Item, error) { return r.ask(ctx, t) })
	return began, items, err
}

// ask fetches the items of a triple and checks that they are codes.
func (r *Rows) ask(ctx context.Context, t Triple) (items []Item, err error) {
	got, err := r.cfg.Source.Fetch(ctx, &egon.RightsQuery{
		Agenda:       []byte(t.Agenda),
		AgendovaRole: []byte(t.Role),
		Ovm:          []byte(t.Ovm),
	})
	if err != nil {
		return nil, err
	}
	for _, one := range got {
		rpp := one.KodRpp == "" || isCode(one.KodRpp, longestItem)
		if !rpp || !isCode(one.KodIszr, longestItem) {
			return nil, fmt.Errorf("the row of %s has an item that is no code", t)
		}
		items = append(items, Item{Kod: one.KodIszr, KodRpp: one.KodRpp})
	}
	return items, nil
}

// recovered makes the panic of a source an error: a source reads what the network
// sends, and the process must not end by it.
func recovered(t Triple, f func() ([]Item, error)) (items []Item, err error) {
	defer func() {
		if p := recover(); p != nil {
			items = nil
			err = fmt.Errorf("fetch the row of %s: panic: %v\n%s", t, p, debug.Stack())
		}
	}()
	return f()
}

// enter puts the outcome of a fetch into the row and schedules the next one.
func (r *Rows) enter(row *row, began time.Time, items []Item, err error) Refresh {
	now := time.Now()
	result := Refresh{Triple: row.triple.triple(), Err: err, At: now}
	ill := row.troubles()
	if err != nil {
		ill.tried, ill.failures, ill.err = now, ill.failures+1, err
		row.trouble = &ill
		row.scheduleAt(now.Add(backoff(ill.failures)))
		result.Result = RefreshFailed
		return result
	}
	before := row.set
	r.set(row, began, items)
	row.scheduleAt(now.Add(pauseAfterFetch))
	row.next = max(row.next, row.due) // the row may be stale already, or soon
	if row.trouble = nil; now.Before(ill.doubted.Add(r.cfg.Early)) {
		row.trouble = &trouble{doubted: ill.doubted}
	}
	result.Changed = before != nil && before != row.set
	result.Result = GotRow
	if len(items) == 0 {
		result.Result = GotNoRow
	}
	return result
}

// set puts the items that were fetched at a moment into a row.
func (r *Rows) set(row *row, fetched time.Time, items []Item) {
	t, before := row.triple.triple(), row.set
	row.set = r.sets.take(items) // before the release of the old set, which may be the same
	sum := sumOf(t, row.set)
	s := r.change(row.triple)
	if before != nil {
		s.sum = s.sum.less(sumOf(t, before))
		r.sets.release(before)
	}
	s.sum = s.sum.add(sum)
	row.fetched = fetched.UnixNano()
	l := r.cfg.Ages.life(fetched, len(items) == 0, sum.low, r.prague)
	row.due, row.end, row.next = l.due, l.end, l.due
}

// backoff is how long the schedule waits after n failures in a row.
func backoff(n int) time.Duration {
	return min(time.Second<<min(n-1, 10), 30*time.Second)
}

// nudge wakes the reader of a channel of one place.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
