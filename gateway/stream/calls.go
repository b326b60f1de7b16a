package stream

import (
	"context"
	"sync"
	"time"
)

// Calls are the calls under way, by their deadlines. They share one timer, which
// is never set later than the first of them. Most calls end long before, and so
// none of them sets it. The zero value is ready for use, by any number of
// goroutines.
type Calls struct {
	mu    sync.Mutex
	open  []*Deadline
	timer *time.Timer // nil before the first call
	due   time.Time   // of timer; zero: it is not set
	ended error       // why no call goes on
}

// Open is how many calls have begun and not ended.
func (c *Calls) Open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// Cut ends all calls with an error, and those that are still to come.
func (c *Calls) Cut(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = why
	for _, d := range c.open {
		d.stop(why)
	}
}

func (c *Calls) enter(d *Deadline) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil {
		d.place = -1
		d.stop(c.ended)
		return
	}
	d.place = len(c.open)
	c.open = append(c.open, d)
	c.set(d, d.by)
}

func (c *Calls) leave(d *Deadline) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.place < 0 {
		return
	}
	last := len(c.open) - 1
	c.open[d.place] = c.open[last]
	c.open[d.place].place = d.place
	c.open[last] = nil
	c.open = c.open[:last]
	d.place = -1
}

// move sets when d ends; the zero time: not by its deadline.
func (c *Calls) move(d *Deadline, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(d, at)
}

func (c *Calls) set(d *Deadline, at time.Time) {
	d.at = at
	if at.IsZero() || !c.due.IsZero() && !at.Before(c.due) {
		return
	}
	c.due = at
	if c.timer == nil {
		c.timer = time.AfterFunc(time.Until(at), c.pass)
	} else {
		c.timer.Reset(time.Until(at))
	}
}

// pass ends the calls whose deadline has passed.
func (c *Calls) pass() {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := time.Now()
	c.due = time.Time{}
	for _, d := range c.open {
		switch {
		case d.at.IsZero():
		case d.at.After(at):
			c.set(d, d.at)
		default:
			d.at = time.Time{}
			d.stop(context.DeadlineExceeded)
		}
	}
}
