package policy

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Ages say how long rows that were fetched hold. The bus generates its matrix
// once a day, so a row is as good as new until the next time.
type Ages struct {
	Fresh      time.Duration // a row is fresh for so long; 0: until the next generation
	Generation time.Duration // when that is, since midnight in Prague; used when Fresh is 0
	Jitter     time.Duration // and so much later at most, for each row at another time; used when Fresh is 0
	Negative   time.Duration // "no row" holds for so long, and then not at all
	Max        time.Duration // a row that is older decides nothing
}

// Validate returns all that is wrong, joined.
func (a Ages) Validate() error {
	var errs []error
	day := 25*time.Hour + a.Jitter // the longest day, when summer time ends
	switch {
	case a.Fresh < 0 || a.Jitter < 0 || a.Negative <= 0 || a.Max <= 0:
		errs = append(errs, errors.New("fresh and jitter must not be negative, negative and max_age must be above 0"))
	case a.Fresh > 0 && a.Max <= a.Fresh:
		errs = append(errs, fmt.Errorf("max_age %s is not above fresh %s: nothing would be left for a refresh", a.Max, a.Fresh))
	case a.Fresh == 0 && a.Max <= day:
		errs = append(errs, fmt.Errorf("max_age %s is not above %s, a day and the jitter: rows would end before the next generation; or set fresh", a.Max, day))
	}
	if a.Generation < 0 || a.Generation >= 24*time.Hour {
		errs = append(errs, fmt.Errorf("generation %s is no time of the day", a.Generation))
	}
	return errors.Join(errs...)
}

// Freshness says what a row may do at a moment.
type Freshness uint8

// The values, from the one that permits nothing.
const (
	Unknown Freshness = iota // nobody has fetched it
	TooOld                   // it decides nothing any more
	Stale                    // it decides, and a refresh is due
	Fresh                    // it decides
)

// A life is when a row becomes what, in Unix seconds, until 2106. Before it was
// fetched it is as good as too old: then a clock was wrong.
type life struct {
	from, due, end uint32
}

// seconds is a moment in a life.
func seconds(t time.Time) uint32 { return uint32(min(max(t.Unix(), 0), math.MaxUint32)) }

// skew is how far clocks may be apart.
const skew = 5 * time.Minute

// life is that of a row fetched at a moment; spread decides where in the jitter
// it falls.
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

// nextGeneration is the first generation after t, by the clock on the wall of
// t's zone.
func (a Ages) nextGeneration(t time.Time) time.Time {
	year, month, day := t.Date()
	next := time.Date(year, month, day, 0, 0, int(a.Generation/time.Second), 0, t.Location())
	if !next.After(t) {
		next = time.Date(year, month, day+1, 0, 0, int(a.Generation/time.Second), 0, t.Location())
	}
	return next
}

// at is what the row may do now.
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
