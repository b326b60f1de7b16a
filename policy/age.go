package policy

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Ages bound how long fetched rows hold. The bus generates its matrix once a day, so a
// row is as good as new until the next generation.
type Ages struct {
	Fresh      time.Duration // how long a row is fresh; 0: until the next generation
	Generation time.Duration // time of the generation after midnight in Prague, if Fresh is 0
	Jitter     time.Duration // most delay after a generation, its own for each row, if Fresh is 0
	Negative   time.Duration // how long "no row" holds
	Max        time.Duration // an older row decides nothing
}

// Validate returns everything that is wrong, joined.
func (a Ages) Validate() error {
	var errs []error
	day := 25*time.Hour + a.Jitter // the longest day, when summer time ends
	switch {
	case a.Fresh < 0 || a.Jitter < 0 || a.Negative <= 0 || a.Max <= 0:
		errs = append(errs, errors.New(
			"fresh and jitter must not be negative, negative and max_age must be above 0"))
	case a.Fresh > 0 && a.Max <= a.Fresh:
		errs = append(errs, fmt.Errorf(
			"max_age %s is not above fresh %s: no time would be left for a refresh",
			a.Max, a.Fresh))
	case a.Fresh == 0 && a.Max <= day:
		errs = append(errs, fmt.Errorf("max_age %s is not above %s, a day and the jitter: "+
			"rows would end before the next generation; raise max_age or set fresh", a.Max, day))
	}
	if a.Generation < 0 || a.Generation >= 24*time.Hour {
		errs = append(errs, fmt.Errorf("generation %s is no time of the day", a.Generation))
	}
	return errors.Join(errs...)
}

// Freshness is whether a row decides at a moment.
type Freshness uint8

// The values, in ascending order of what they permit.
const (
	Unknown Freshness = iota // the row was never fetched
	TooOld                   // it decides nothing
	Stale                    // it decides, and its refresh is due
	Fresh                    // it decides
)

// A life holds the moments at which a row changes its freshness, in Unix seconds
// (until 2106). Before from it is too old: then a clock is wrong.
type life struct {
	from, due, end uint32
}

// seconds returns a moment of a life.
func seconds(t time.Time) uint32 { return uint32(min(max(t.Unix(), 0), math.MaxUint32)) }

// skew is the greatest tolerated difference between two clocks.
const skew = 5 * time.Minute

// life returns the life of a row that was fetched at a moment. The spread chooses its
// place in the jitter.
func (a Ages) life(fetched time.Time, negative bool, spread uint64, prague *time.Location) life {
	l := life{from: seconds(fetched.Add(-skew)), end: seconds(fetched.Add(a.Max))}
	switch {
	case negative:
		l.end = min(l.end, seconds(fetched.Add(a.Negative)))
		l.due = l.end
	case a.Fresh > 0:
		l.due = seconds(fetched.Add(a.Fresh))
	default:
		due := a.nextGeneration(fetched.In(prague))
		if a.Jitter >= time.Second {
			due = due.Add(time.Duration(spread%uint64(a.Jitter/time.Second)) * time.Second)
		}
		l.due = seconds(due)
	}
	l.due = min(l.due, l.end)
	return l
}

// nextGeneration returns the first generation after t, by the wall clock of t's zone.
func (a Ages) nextGeneration(t time.Time) time.Time {
	year, month, day := t.Date()
	next := time.Date(year, month, day, 0, 0, int(a.Generation/time.Second), 0, t.Location())
	if !next.After(t) {
		next = time.Date(year, month, day+1, 0, 0, int(a.Generation/time.Second), 0, t.Location())
	}
	return next
}

// fetched is the moment at which the row was fetched.
func (l life) fetched() time.Time { return time.Unix(int64(l.from), 0).Add(skew) }

// at returns the freshness of the row.
func (l life) at(now time.Time) Freshness {
	switch t := seconds(now); {
	case t < l.from || t >= l.end:
		return TooOld
	case t >= l.due:
		return Stale
	default:
		return Fresh
	}
}
