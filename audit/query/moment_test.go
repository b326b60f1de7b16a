package query

import (
	"testing"
	"time"
)

// Times as operators say them, on the day on which the clocks of Prague were put back.
func TestMoments(t *testing.T) {
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 10, 25, 12, 30, 0, 0, prague)
	for text, want := range map[string][2]string{ // since, until
		"today":                     {"2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"},
		"yesterday":                 {"2026-10-24T00:00:00+02:00", "2026-10-25T00:00:00+02:00"},
		"2026-01-31":                {"2026-01-31T00:00:00+01:00", "2026-02-01T00:00:00+01:00"},
		"2026-01-31T08:00":          {"2026-01-31T08:00:00+01:00", "2026-01-31T08:00:00+01:00"},
		"2026-01-31 08:00:05":       {"2026-01-31T08:00:05+01:00", "2026-01-31T08:00:05+01:00"},
		"2026-01-31T08:00:00Z":      {"2026-01-31T09:00:00+01:00", "2026-01-31T09:00:00+01:00"},
		"2026-07-01T08:00:00-05:00": {"2026-07-01T15:00:00+02:00", "2026-07-01T15:00:00+02:00"},
		"now":                       {"2026-10-25T12:30:00+01:00", "2026-10-25T12:30:00+01:00"},
		"2h":                        {"2026-10-25T10:30:00+01:00", "2026-10-25T10:30:00+01:00"},
		"-90m":                      {"2026-10-25T11:00:00+01:00", "2026-10-25T11:00:00+01:00"},
		"-1d":                       {"2026-10-24T13:30:00+02:00", "2026-10-24T13:30:00+02:00"},
	} {
		m, err := ParseMoment(text, now, prague)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := [2]string{m.Since().In(prague).Format(time.RFC3339), m.Until().In(prague).Format(time.RFC3339)}
		if got != want {
			t.Errorf("%s = %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{"", "tomorrow", "2026-02-30", "31.1.2026", "-2", "--2h", "12:00", "-9999999999d", "2026-13-01"} {
		if m, err := ParseMoment(text, now, prague); err == nil {
			t.Errorf("%q is taken for %v", text, m)
		}
	}
}
