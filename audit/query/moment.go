package query

import (
	"fmt"
	"strings"
	"time"
)

// A Moment is a time as an operator says it: RFC 3339, a day, or a distance from now.
type Moment struct {
	Time time.Time
	Day  bool // it is the beginning of a day that was named

	again time.Time // the same time of day, an hour later: the clocks were put back; or zero
}

// ParseMoment reads a time. A day is one of the zone; a zone that a time lacks is that one
// too.
func ParseMoment(text string, now time.Time, zone *time.Location) (Moment, error) {
	year, month, day := now.In(zone).Date()
	switch text {
	case "now":
		return Moment{Time: now}, nil
	case "today":
		return Moment{Time: time.Date(year, month, day, 0, 0, 0, 0, zone), Day: true}, nil
	case "yesterday":
		return Moment{Time: time.Date(year, month, day-1, 0, 0, 0, 0, zone), Day: true}, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return Moment{Time: t, Day: true}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return Moment{Time: t}, nil
	}
	for _, layout := range []string{
		"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04",
	} {
		if wall, err := time.Parse(layout, text); err == nil {
			return onClock(wall, zone)
		}
	}
	if ago, ok := parseAgo(text); ok {
		return Moment{Time: now.Add(-ago)}, nil
	}
	return Moment{}, fmt.Errorf("%q is no time: write 2026-01-31T12:00:00+01:00, 2026-01-31, "+
		"today, yesterday, or how long ago, as 2h or 7d", text)
}

// onClock finds when the clocks of a zone show a time: twice after they were put back, and never
// while they are put forward.
func onClock(wall time.Time, zone *time.Location) (m Moment, err error) {
	const day = 24 * time.Hour // clocks are put at most once within it
	for _, near := range [...]time.Time{wall.Add(-day), wall.Add(day)} {
		_, offset := near.In(zone).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		switch {
		case t.Format(time.DateTime) != wall.Format(time.DateTime):
		case m.Time.IsZero():
			m.Time = t
		case t.After(m.Time):
			m.again = t
		}
	}
	if m.Time.IsZero() {
		err = fmt.Errorf("there is no %s in %s: the clocks were put forward over it",
			wall.Format(time.DateTime), zone)
	}
	return m, err
}

// parseAgo reads a distance into the past: 90m, 2h, 7d, or the same with a minus.
func parseAgo(text string) (time.Duration, bool) {
	text = strings.TrimPrefix(text, "-")
	if days, ok := strings.CutSuffix(text, "d"); ok {
		d, err := time.ParseDuration(days + "h")
		if err != nil || d < 0 || d > 100_000*time.Hour {
			return 0, false
		}
		return 24 * d, true
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0
}

// Since is the first moment that is meant by "since" this one. A time that the clocks show twice
// is meant from the first of them, and until the second.
func (m Moment) Since() time.Time { return m.Time }

// Until is the first moment that is no longer meant by "until" this one: the end of the day
// if it is one.
func (m Moment) Until() time.Time {
	switch {
	case m.Day:
		return m.Time.AddDate(0, 0, 1)
	case !m.again.IsZero():
		return m.again
	}
	return m.Time
}
