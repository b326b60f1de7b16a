package limits

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	_ "time/tzdata" // the zone must be known in a container without zone files too

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/cz"
)

// Regime is which of a Rule's two quotas is in force at a moment.
type Regime uint8

// The regimes.
const (
	WorkingHours Regime = iota // inside the calendar's working hours on a day that is no holiday
	OffHours                   // any other time

	// Regimes is how many there are.
	Regimes = 2
)

// String returns the regime in the words of the policy file.
func (r Regime) String() string {
	if r == WorkingHours {
		return "working_hours"
	}
	return "off_hours"
}

func (r Regime) other() Regime { return 1 - r }

// CalendarConfig says when working hours are. All three fields are required.
type CalendarConfig struct {
	// Working is a day or a range of days and the hours of each: "Mon-Fri 07:00-17:00". The first
	// minute is inside, the last is not; 24:00 is the end of the day.
	Working string
	// Holidays is "cz" (Czech public holidays are off hours) or "none".
	Holidays string
	// Zone is the zone of the hours by its IANA name: "Europe/Prague".
	Zone string
}

// Calendar knows the regime of every moment. It is safe for concurrent use.
type Calendar struct {
	zone     *time.Location
	days     [7]bool       // by time.Weekday
	from, to time.Duration // of the wall clock of a working day; to is up to 24h
	holidays *cal.Calendar
	known    atomic.Pointer[stretch]
}

// stretch is a span of one regime that was worked out once; most calls fall into the same one.
type stretch struct {
	from, until time.Time
	regime      Regime
}

func (s *stretch) has(t time.Time) bool {
	return !t.Before(s.from) && (s.until.IsZero() || t.Before(s.until))
}

// NewCalendar returns the calendar of a configuration. Its error names every field that is wrong
// and what is allowed.
func NewCalendar(config CalendarConfig) (*Calendar, error) {
	c := &Calendar{holidays: &cal.Calendar{}}
	var errs []error
	if err := c.parseWorking(config.Working); err != nil {
		errs = append(errs, fmt.Errorf("read calendar working %q: %w", config.Working, err))
	}
	switch config.Holidays {
	case "cz":
		c.holidays.Holidays = cz.Holidays
	case "none":
	default:
		errs = append(errs, fmt.Errorf(`read calendar holidays %q: allowed are "cz" and "none"`,
			config.Holidays))
	}
	zone, err := time.LoadLocation(config.Zone)
	if err != nil || config.Zone == "" || config.Zone == "Local" {
		errs = append(errs, fmt.Errorf("read calendar zone %q: allowed is an IANA zone name, "+
			`such as "Europe/Prague" or "UTC"`, config.Zone))
	}
	c.zone = zone
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

var errWorking = errors.New("allowed is a day or a range of days (Mon Tue Wed Thu Fri Sat Sun) " +
	`and hours from 00:00 to 24:00, the earlier first, such as "Mon-Fri 07:00-17:00"`)

func (c *Calendar) parseWorking(text string) error {
	days, hours, _ := strings.Cut(text, " ")
	first, last, isRange := strings.Cut(days, "-")
	if !isRange {
		last = first
	}
	begin, beginOK := parseDay(first)
	end, endOK := parseDay(last)
	from, to, _ := strings.Cut(hours, "-")
	var fromOK, toOK bool
	c.from, fromOK = parseHour(from)
	c.to, toOK = parseHour(to)
	if !beginOK || !endOK || !fromOK || !toOK || c.from >= c.to {
		return errWorking
	}
	for day := begin; ; day = (day + 1) % 7 {
		c.days[day] = true
		if day == end {
			return nil
		}
	}
}

func parseDay(text string) (time.Weekday, bool) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if text == day.String()[:3] {
			return day, true
		}
	}
	return 0, false
}

// parseHour reads 07:00 as 7 h after midnight. The length test refuses 7:00, which time.Parse
// takes.
func parseHour(text string) (time.Duration, bool) {
	if text == "24:00" {
		return 24 * time.Hour, true
	}
	t, err := time.Parse("15:04", text)
	since := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	return since, err == nil && len(text) == len("15:04")
}

// Regime returns the regime in force at t.
func (c *Calendar) Regime(t time.Time) Regime {
	return c.at(t).regime
}

// NextChange returns the first moment after t at which the other regime begins. It is the zero Time
// if none does within a year, as with "Mon-Sun 00:00-24:00" and no holidays.
func (c *Calendar) NextChange(t time.Time) time.Time {
	return c.at(t).until
}

// at returns the stretch t lies in, remembered or worked out.
func (c *Calendar) at(t time.Time) stretch {
	if s := c.known.Load(); s != nil && s.has(t) {
		return *s
	}
	// Regimes change on whole minutes, so the start of t's minute lies in the same stretch. Calls
	// that read the clock a moment earlier and come a moment later then still find themselves in
	// it.
	s := &stretch{from: t.Truncate(time.Minute), regime: c.regime(t)}
	s.until = c.nextChange(t, s.regime)
	c.known.Store(s)
	return *s
}

func (c *Calendar) regime(t time.Time) Regime {
	if from, to, ok := c.hours(t); ok && !t.Before(from) && t.Before(to) {
		return WorkingHours
	}
	return OffHours
}

// nextChange tries the ends of each day's working hours. Where one day's meet the beginning of the
// next day's, nothing changes.
func (c *Calendar) nextChange(t time.Time, now Regime) time.Time {
	year, month, day := t.In(c.zone).Date()
	for ahead := range 367 {
		noon := time.Date(year, month, day+ahead, 12, 0, 0, 0, c.zone)
		from, to, ok := c.hours(noon)
		if !ok {
			continue
		}
		for _, edge := range [...]time.Time{from, to} {
			if edge.After(t) && c.regime(edge) != now {
				return edge
			}
		}
	}
	return time.Time{}
}

// hours returns the working hours of t's day as instants; time.Date places them right on days of 23
// and 25 hours.
func (c *Calendar) hours(t time.Time) (from, to time.Time, ok bool) {
	local := t.In(c.zone)
	if !c.days[local.Weekday()] {
		return from, to, false
	}
	if holiday, _, _ := c.holidays.IsHoliday(local); holiday {
		return from, to, false
	}
	year, month, day := local.Date()
	clock := func(d time.Duration) time.Time {
		hour, minute := int(d/time.Hour), int(d%time.Hour/time.Minute)
		return time.Date(year, month, day, hour, minute, 0, 0, c.zone)
	}
	return clock(c.from), clock(c.to), true
}
