package policy

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"time"
)

// An agenda is the rows of triples with a grant that are not being fetched, the
// one that is due first on top.
type schedule []*row

// put enters a row, or moves it to where its time has gone.
func (a *schedule) put(c *row) {
	if c.place < 0 {
		heap.Push(a, c)
	} else {
		heap.Fix(a, int(c.place))
	}
}

// drop takes a row out.
func (a *schedule) drop(c *row) {
	if c.place >= 0 {
		heap.Remove(a, int(c.place))
	}
}

// Len, Less, Swap, Push and Pop are for package heap.
func (a schedule) Len() int           { return len(a) }
func (a schedule) Less(i, j int) bool { return a[i].next < a[j].next }

func (a schedule) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = int32(i), int32(j)
}

// Push is for package heap.
func (a *schedule) Push(x any) {
	c := x.(*row)
	c.place = int32(len(*a))
	*a = append(*a, c)
}

// Pop is for package heap.
func (a *schedule) Pop() any {
	last := len(*a) - 1
	c := (*a)[last]
	(*a)[last], *a = nil, (*a)[:last]
	c.place = unscheduled
	return c
}

// Start begins to fetch what is due. It returns at once.
func (r *Rows) Start() {
	r.tasks.Go(r.runSchedule)
	if r.cfg.Snapshot != "" {
		r.tasks.Go(r.runFile)
	}
}

// Close ends all fetching and writes the file. It returns why that failed.
func (r *Rows) Close() error {
	r.mu.Lock()
	r.stop() // under the lock: no fetching starts after it
	r.mu.Unlock()
	r.tasks.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.saveErr
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

// follow makes the rows those of the triples that have a grant in a snapshot:
// new ones are fetched at once, and the others too unless they are new.
func (r *Rows) follow(s *Snapshot) {
	now := time.Now()
	granted := s.triples(now)
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.all() {
		if c.granted() && !granted[c.triple.triple()] {
			r.schedule.drop(c)
			c.place = ungranted
			r.ungranted[c] = struct{}{}
		}
	}
	for t := range granted {
		c := r.known(t)
		if c == nil {
			c = r.add(t)
		}
		if !c.granted() {
			c.place = unscheduled
			delete(r.ungranted, c)
		}
		if c.set == nil || !r.followed.IsZero() && now.After(time.Unix(0, c.fetched).Add(r.cfg.Early)) {
			c.next = seconds(now)
		}
		if r.flights[c] == nil {
			r.schedule.put(c)
		}
	}
	r.followed = now
	r.shrink()
	nudge(r.wake)
}

// shrink forgets rows without a grant that are too many, those that were fetched
// first.
func (r *Rows) shrink() {
	excess := len(r.ungranted) - r.cfg.Ungranted
	byAge := slices.SortedFunc(maps.Keys(r.ungranted), func(a, b *row) int { return cmp.Compare(a.fetched, b.fetched) })
	for _, c := range byAge {
		if excess > 0 && r.flights[c] == nil {
			r.remove(c)
			excess--
		}
	}
	left := make(map[*row]struct{}, len(r.ungranted)) // at the start all rows of the file were in the other one
	maps.Copy(left, r.ungranted)
	r.ungranted = left
}

// RowsStatus says how the rows stand.
type RowsStatus struct {
	Granted   int // triples with a grant, which is the sum of the next four
	Fresh     int
	Stale     int
	TooOld    int
	Unknown   int // never fetched
	NoRow     int // fresh ones that say that the triple has no row
	Ungranted int // rows of triples without a grant
	Oldest    time.Time
	Last      Refresh // the latest fetching; At is zero when there was none
	LoadErr   error   // why the file could not be used
	Saved     time.Time
	SaveErr   error // of the last writing of the file
	Snapshot  string
}

// Status returns how the rows stand; Oldest is the time of the oldest row with a
// grant that decides, zero when there is none.
func (r *Rows) Status() RowsStatus {
	now := time.Now()
	r.mu.Lock()
	s := RowsStatus{Ungranted: len(r.ungranted), Last: r.last, LoadErr: r.loadErr, Saved: r.saved, SaveErr: r.saveErr, Snapshot: r.cfg.Snapshot}
	r.mu.Unlock()
	r.eachRow(func(c *row) {
		if !c.granted() {
			return
		}
		s.Granted++
		fresh := Unknown
		if c.set != nil {
			fresh = c.life().at(now)
		}
		switch fresh {
		case Fresh:
			s.Fresh++
			if len(c.set.items) == 0 {
				s.NoRow++
			}
		case Stale:
			s.Stale++
		case TooOld:
			s.TooOld++
		default:
			s.Unknown++
		}
		if fetched := time.Unix(0, c.fetched); fresh >= Stale && (s.Oldest.IsZero() || fetched.Before(s.Oldest)) {
			s.Oldest = fetched
		}
	})
	return s
}
