package policy

import "time"

// RowsStatus counts the rows and says how their fetching and their file fare.
type RowsStatus struct {
	Granted   int // triples with a grant: the sum of the next four
	Fresh     int
	Stale     int
	TooOld    int
	Unknown   int // never fetched
	NoRow     int // fresh ones: the bus answered that the triple has no row
	Ungranted int // rows of triples without a grant
	Oldest    time.Time
	Last      Refresh // the latest fetch; At is zero when there was none
	LoadErr   error   // why the file could not be used
	Saved     time.Time
	SaveErr   error // of the last writing of the file
	Snapshot  string
}

// Status returns the state of the rows. Oldest is when the oldest row that has a
// grant and decides was fetched, zero when there is none.
func (r *Rows) Status() RowsStatus {
	now := time.Now()
	r.mu.Lock()
	s := RowsStatus{
		Ungranted: len(r.ungranted),
		Last:      r.last,
		LoadErr:   r.loadErr,
		Saved:     r.saved,
		SaveErr:   r.saveErr,
		Snapshot:  r.cfg.Snapshot,
	}
	r.mu.Unlock()
	r.eachRow(func(row *row) {
		if row.granted() {
			s.count(row, now)
		}
	})
	return s
}

// count adds a row with a grant.
func (s *RowsStatus) count(row *row, now time.Time) {
	s.Granted++
	fresh := Unknown
	if row.set != nil {
		fresh = row.life().at(now)
	}
	switch fresh {
	case Fresh:
		s.Fresh++
		if len(row.set.items) == 0 {
			s.NoRow++
		}
	case Stale:
		s.Stale++
	case TooOld:
		s.TooOld++
	default:
		s.Unknown++
	}
	fetched := time.Unix(0, row.fetched)
	if fresh >= Stale && (s.Oldest.IsZero() || fetched.Before(s.Oldest)) {
		s.Oldest = fetched
	}
}
