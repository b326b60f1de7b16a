package policy

import (
	"time"
)

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
