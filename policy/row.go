package policy

import "time"

// A row is what is known of one triple. There may be a million rows, so each is
// kept to 64 bytes: times are Unix times, and what few rows have lies apart.
type row struct {
	triple   handles
	set      *sharedSet // nil: the row was never fetched
	trouble  *trouble
	fetched  int64  // in nanoseconds
	due, end uint32 // of its life
	next     uint32 // when the schedule fetches it, in seconds
	place    int32  // its index in the schedule, or one of the following
}

const (
	unscheduled = -1 // in no schedule
	ungranted   = -2 // in no schedule ever, since the triple has no grant
)

func (r *row) granted() bool { return r.place != ungranted }

func (r *row) life() life {
	return life{from: seconds(time.Unix(0, r.fetched).Add(-skew)), due: r.due, end: r.end}
}

// scheduleAt makes the schedule fetch the row at t, or up to a second later.
func (r *row) scheduleAt(t time.Time) { r.next = seconds(t.Add(time.Second - 1)) }

// trouble is kept of a row that was doubted or could not be fetched.
type trouble struct {
	doubted  time.Time
	tried    time.Time // when the last fetch ended
	failures int       // since the last fetch that succeeded
	err      error     // of the last fetch
}

// troubles returns a copy of the row's trouble, the zero value when it has none.
func (r *row) troubles() trouble {
	if r.trouble == nil {
		return trouble{}
	}
	return *r.trouble
}
