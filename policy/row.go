package policy

import (
	"time"
)

// A cached is what is known of one triple. There may be a million of them, so
// it is kept to 64 bytes: times are Unix ones, and what most have nothing of is
// apart.
type row struct {
	triple   handles
	set      *sharedSet // nil: it was never fetched
	trouble  *trouble
	fetched  int64  // in nanoseconds
	due, end uint32 // of its life
	next     uint32 // when the agenda fetches it, in seconds
	place    int32  // in the agenda, or one of the following
}

const (
	unscheduled = -1 // in no agenda
	ungranted   = -2 // nor ever, since the triple has no grant
)

func (c *row) granted() bool { return c.place != ungranted }

func (c *row) life() life {
	return life{from: seconds(time.Unix(0, c.fetched).Add(-skew)), due: c.due, end: c.end}
}

// after has the agenda fetch the row at a moment, or up to a second later.
func (c *row) scheduleAt(t time.Time) { c.next = seconds(t.Add(time.Second - 1)) }

// trouble is what is to be known of a row that somebody doubts or that cannot be
// fetched.
type trouble struct {
	doubted  time.Time
	tried    time.Time // when the last fetching ended
	failures int       // since the last that succeeded
	err      error     // of the last
}

// troubles are those of the row, none when it has none.
func (c *row) troubles() trouble {
	if c.trouble == nil {
		return trouble{}
	}
	return *c.trouble
}
