package limits_test

import (
	"strings"
	"testing"
	"time"

	"brana/limits"
	"brana/limits/limitstest"

	"pgregory.net/rapid"
)

const working, off = limits.WorkingHours, limits.OffHours

func TestCzechCalendar(t *testing.T) {
	c := limitstest.Czech(t)
	for _, test := range []struct {
		name, at string
		want     limits.Regime
		change   string
	}{
		{"before the first minute", "2026-03-04 06:59:59", off, "2026-03-04 07:00:00"},
		{"the first moment", "2026-03-04 07:00:00", working, "2026-03-04 17:00:00"},
		{"the last second", "2026-03-04 16:59:59", working, "2026-03-04 17:00:00"},
		{"the end", "2026-03-04 17:00:00", off, "2026-03-05 07:00:00"},
		{"Friday night to Monday", "2026-03-06 17:00:00", off, "2026-03-09 07:00:00"},
		{"Saturday", "2026-03-07 12:00:00", off, "2026-03-09 07:00:00"},
		{"Sunday", "2026-03-08 12:00:00", off, "2026-03-09 07:00:00"},
		{"New Year's Day", "2026-01-01 10:00:00", off, "2026-01-02 07:00:00"},
		{"Good Friday", "2026-04-03 10:00:00", off, "2026-04-07 07:00:00"},
		{"the Thursday before Easter", "2026-04-02 10:00:00", working, "2026-04-02 17:00:00"},
		{"Easter Monday", "2026-04-06 10:00:00", off, "2026-04-07 07:00:00"},
		{"Good Friday of 2027", "2027-03-26 10:00:00", off, "2027-03-30 07:00:00"},
		{"Easter Monday of 2027", "2027-03-29 10:00:00", off, "2027-03-30 07:00:00"},
		{"1 May", "2026-05-01 10:00:00", off, "2026-05-04 07:00:00"},
		{"8 May", "2026-05-08 10:00:00", off, "2026-05-11 07:00:00"},
		{"5 July", "2027-07-05 10:00:00", off, "2027-07-07 07:00:00"},
		{"6 July", "2026-07-06 10:00:00", off, "2026-07-07 07:00:00"},
		{"28 September", "2026-09-28 10:00:00", off, "2026-09-29 07:00:00"},
		{"28 October", "2026-10-28 10:00:00", off, "2026-10-29 07:00:00"},
		{"17 November", "2026-11-17 10:00:00", off, "2026-11-18 07:00:00"},
		{"Christmas", "2026-12-24 10:00:00", off, "2026-12-28 07:00:00"},
		{"after a holiday on Saturday", "2026-12-28 10:00:00", working, "2026-12-28 17:00:00"},
		{"New Year's Eve", "2026-12-31 10:00:00", working, "2026-12-31 17:00:00"},
		{"the night of 23 hours", "2026-03-29 01:59:59", off, "2026-03-30 07:00:00"},
		{"the morning after it", "2026-03-30 06:59:59", off, "2026-03-30 07:00:00"},
		{"the night of 25 hours", "2026-10-25 02:30:00", off, "2026-10-26 07:00:00"},
		{"the morning after it", "2026-10-26 07:00:00", working, "2026-10-26 17:00:00"},
	} {
		t.Run(test.name, func(t *testing.T) {
			at := limitstest.Prague(t, test.at)
			if got := c.Regime(at.UTC()); got != test.want {
				t.Errorf("Regime(%v) = %v, want %v", test.at, got, test.want)
			}
			if got, want := c.NextChange(at), limitstest.Prague(t, test.change); !got.Equal(want) {
				t.Errorf("NextChange(%v) = %v, want %v", test.at, got, want)
			}
		})
	}
}

// Working hours are local: when the clocks change, they begin at another instant of UTC.
func TestDaylightSaving(t *testing.T) {
	c := limitstest.Czech(t)
	for _, test := range []struct{ begins string }{
		{"2026-03-27T06:00:00Z"}, {"2026-03-30T05:00:00Z"}, // forward on Sunday the 29th
		{"2026-10-23T05:00:00Z"}, {"2026-10-26T06:00:00Z"}, // back on Sunday the 25th
	} {
		at, _ := time.Parse(time.RFC3339, test.begins)
		if c.Regime(at.Add(-time.Second)) != limits.OffHours || c.Regime(at) != limits.WorkingHours {
			t.Errorf("working hours do not begin at %v", at)
		}
	}
	// Working hours may lie in the night of the change itself.
	night, err := limits.NewCalendar(limits.CalendarConfig{
		Working: "Sun 01:00-04:00", Holidays: "none", Zone: "Europe/Prague",
	})
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string]time.Duration{
		"2026-03-22": 3 * time.Hour, "2026-03-29": 2 * time.Hour, "2026-10-25": 4 * time.Hour,
	} {
		begins := night.NextChange(limitstest.Prague(t, day+" 00:30:00"))
		if got := night.NextChange(begins).Sub(begins); got != want {
			t.Errorf("01:00-04:00 on %s lasts %v, want %v", day, got, want)
		}
	}
}

func TestCalendarConfigs(t *testing.T) {
	for _, test := range []struct {
		working, holidays, zone string
		at                      string // local
		want                    limits.Regime
		change                  string // local; empty for never
	}{
		{"Mon-Fri 07:00-17:00", "none", "Europe/Prague", "2026-04-03 10:00:00", working, "2026-04-03 17:00:00"},
		{"Mon-Fri 07:00-17:00", "cz", "UTC", "2026-03-04 07:30:00", off, "2026-03-04 08:00:00"},
		{"Sat 08:30-12:15", "cz", "Europe/Prague", "2026-03-07 12:14:59", working, "2026-03-07 12:15:00"},
		{"Sat-Mon 00:00-24:00", "none", "Europe/Prague", "2026-03-08 10:00:00", working, "2026-03-10 00:00:00"},
		{"Mon-Sun 00:00-24:00", "none", "Europe/Prague", "2026-03-04 10:00:00", working, ""},
		{"Mon-Sun 00:00-24:00", "cz", "Europe/Prague", "2026-03-04 10:00:00", working, "2026-04-03 00:00:00"},
	} {
		t.Run(test.working+" "+test.holidays+" "+test.zone, func(t *testing.T) {
			c, err := limits.NewCalendar(limits.CalendarConfig{
				Working: test.working, Holidays: test.holidays, Zone: test.zone,
			})
			if err != nil {
				t.Fatal(err)
			}
			at := limitstest.Prague(t, test.at)
			var want time.Time
			if test.change != "" {
				want = limitstest.Prague(t, test.change)
			}
			if got, change := c.Regime(at), c.NextChange(at); got != test.want || !change.Equal(want) {
				t.Errorf("at %v: %v until %v, want %v until %v", test.at, got, change, test.want, want)
			}
		})
	}
}

func TestCalendarErrors(t *testing.T) {
	good := limits.CalendarConfig{Working: "Mon-Fri 07:00-17:00", Holidays: "cz", Zone: "Europe/Prague"}
	for _, working := range []string{
		"", "Mon-Fri", "07:00-17:00", "Po-Pá 07:00-17:00", "mon-fri 07:00-17:00",
		"Mon-Fri 7:00-17:00", "Mon-Fri 07:00", "Mon-Fri 17:00-07:00", "Mon-Fri 07:00-07:00",
		"Mon-Fri 07:00-24:01", "Mon-Fri 07:00-25:00", "Mon-Fri  07:00-17:00",
		"Mon-Fri-Sat 07:00-17:00", "Mon-Fri 07:00-17:00-18:00", "Mon-Fri 07:00-17:00 ",
		"Mon, Tue 07:00-17:00", "Mon-Fri 07:00:00-17:00",
	} {
		c := good
		c.Working = working
		wantError(t, c, "Mon Tue Wed Thu Fri Sat Sun", "24:00", `"Mon-Fri 07:00-17:00"`)
	}
	for _, holidays := range []string{"", "CZ", "sk"} {
		c := good
		c.Holidays = holidays
		wantError(t, c, `"cz" and "none"`)
	}
	for _, zone := range []string{"", "Local", "Prague", "../../etc/passwd"} {
		c := good
		c.Zone = zone
		wantError(t, c, "IANA", `"Europe/Prague"`)
	}
	wantError(t, limits.CalendarConfig{}, "working", "holidays", "zone")
}

func wantError(t *testing.T, config limits.CalendarConfig, words ...string) {
	t.Helper()
	_, err := limits.NewCalendar(config)
	if err == nil {
		t.Errorf("NewCalendar(%+v) succeeds", config)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("NewCalendar(%+v): error does not have %s:\n%v", config, word, err)
		}
	}
}

// Regime and NextChange agree at every moment, in whatever order the calendar is asked.
func TestNextChangeIsTheNextChange(t *testing.T) {
	configs := []limits.CalendarConfig{
		{Working: "Mon-Fri 07:00-17:00", Holidays: "cz", Zone: "Europe/Prague"},
		{Working: "Sat-Tue 00:00-24:00", Holidays: "cz", Zone: "Europe/Prague"},
		{Working: "Sun 02:00-03:00", Holidays: "none", Zone: "Europe/Prague"},
		{Working: "Mon-Sun 00:30-23:30", Holidays: "none", Zone: "America/St_Johns"},
	}
	rapid.Check(t, func(t *rapid.T) {
		c, err := limits.NewCalendar(rapid.SampledFrom(configs).Draw(t, "config"))
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			at := time.Unix(rapid.Int64Range(1_700_000_000, 2_000_000_000).Draw(t, "at"), 0)
			now, change := c.Regime(at), c.NextChange(at)
			if c.Regime(change) == now || c.Regime(change.Add(-time.Nanosecond)) != now {
				t.Fatalf("at %v %v, NextChange = %v, which is no change", at, now, change)
			}
			step := change.Sub(at)/7 + time.Second
			for between := at; between.Before(change); between = between.Add(step) {
				if c.Regime(between) != now {
					t.Fatalf("at %v %v, NextChange = %v, but changes before %v", at, now, change, between)
				}
			}
		}
	})
}
