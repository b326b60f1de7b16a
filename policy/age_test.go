package policy

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var prague = func() *time.Location {
	l, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		panic(err)
	}
	return l
}()

// daily are the ages of a matrix that is generated at four in the morning.
var daily = Ages{Generation: 4 * time.Hour, Negative: 15 * time.Minute, Max: 48 * time.Hour}

// The freshness of a row depends on when it was fetched and on the time now, and on
// nothing else.
func TestFreshnessOfARow(t *testing.T) {
	hourly := Ages{Fresh: time.Hour, Negative: 15 * time.Minute, Max: 2 * time.Hour}
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04:05", s, prague)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, tt := range []struct {
		name     string
		ages     Ages
		negative bool
		fetched  string
		now      string
		want     Freshness
	}{
		{"just fetched", hourly, false, "2026-11-25 10:00:00", "2026-11-25 10:00:00", Fresh},
		{"to the end of fresh", hourly, false, "2026-11-25 10:00:00", "2026-11-25 10:59:59", Fresh},
		{"from then on", hourly, false, "2026-11-25 10:00:00", "2026-11-25 11:00:00", Stale},
		{"to the maximum age", hourly, false, "2026-11-25 10:00:00", "2026-11-25 11:59:59", Stale},
		{"closed from then on", hourly, false, "2026-11-25 10:00:00", "2026-11-25 12:00:00",
			TooOld},
		{"closed for ever", hourly, false, "2026-11-25 10:00:00", "2036-11-25 12:00:00", TooOld},
		{"fetched by a clock that was a little ahead", hourly, false, "2026-11-25 10:00:00",
			"2026-11-25 09:56:00", Fresh},
		{"fetched by a clock that was wrong", hourly, false, "2026-11-25 10:00:00",
			"2026-11-25 09:54:00", TooOld},
		{"no row", hourly, true, "2026-11-25 10:00:00", "2026-11-25 10:14:59", Fresh},
		{"no row is never served stale", hourly, true, "2026-11-25 10:00:00", "2026-11-25 10:15:00",
			TooOld},

		{"before the generation of the day", daily, false, "2026-11-25 03:00:00",
			"2026-11-25 03:59:59", Fresh},
		{"after it", daily, false, "2026-11-25 03:00:00", "2026-11-25 04:00:00", Stale},
		{"fetched at the generation", daily, false, "2026-11-25 04:00:00", "2026-11-26 03:59:59",
			Fresh},
		{"at the next one", daily, false, "2026-11-25 04:00:00", "2026-11-26 04:00:00", Stale},
		{"the day on which summer time begins has 23 hours", daily, false, "2026-03-28 05:00:00",
			"2026-03-29 04:00:00", Stale},
		{"the day on which it ends has 25", daily, false, "2026-10-24 04:00:00",
			"2026-10-25 03:59:59", Fresh},
		{"the maximum age counts from fetching", daily, false, "2026-11-25 03:00:00",
			"2026-11-27 03:00:00", TooOld},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.ages.Validate(); err != nil {
				t.Fatal(err)
			}
			l := tt.ages.life(at(tt.fetched), tt.negative, 1<<63+12345, prague)
			if got := l.at(at(tt.now)); got != tt.want {
				t.Errorf("fetched %s, at %s: %d, want %d", tt.fetched, tt.now, got, tt.want)
			}
		})
	}
}

// A row goes from fresh to stale to too old and never back. It never decides beyond its
// maximum age. The jitter moves only the beginning of stale.
func TestARowOnlyAges(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seconds := func(name string, least, most int) time.Duration {
			return time.Duration(rapid.IntRange(least, most).Draw(rt, name)) * time.Second
		}
		a := Ages{Fresh: seconds("fresh", 0, 100_000), Generation: seconds("generation", 0, 86_399),
			Jitter:   seconds("jitter", 0, 7200),
			Negative: seconds("negative", 1, 100_000), Max: seconds("max", 1, 400_000)}
		if a.Validate() != nil {
			rt.Skip("no ages")
		}
		fetched := time.Unix(rapid.Int64Range(1_700_000_000, 2_000_000_000).Draw(rt, "fetched"), 0)
		negative, spread := rapid.Bool().Draw(rt, "negative"), rapid.Uint64().Draw(rt, "spread")
		l := a.life(fetched, negative, spread, prague)
		last := Fresh
		for age := time.Duration(0); age <= a.Max; age += max(a.Max/97, time.Second) {
			got := l.at(fetched.Add(age))
			if got > last {
				rt.Fatalf("at the age of %s the row is %d again", age, got)
			}
			last = got
		}
		if l.at(fetched.Add(a.Max)) != TooOld {
			rt.Fatal("the row is usable beyond its maximum age")
		}
		if !negative && a.Fresh == 0 {
			plain := a
			plain.Jitter = 0
			if late := int64(l.due) - int64(plain.life(fetched, false, spread,
				prague).due); late < 0 || late > int64(a.Jitter/time.Second) {
				rt.Fatalf("the jitter is %d s, of at most %s", late, a.Jitter)
			}
		}
	})
}

func TestMistakesInAges(t *testing.T) {
	for want, a := range map[string]Ages{
		"max_age 1h0m0s is not above fresh 1h0m0s": {Fresh: time.Hour, Negative: 1, Max: time.Hour},
		"max_age 24h0m0s is not above 26h0m0s": {Jitter: time.Hour, Negative: 1,
			Max: 24 * time.Hour},
		"generation 24h0m0s is no time": {Generation: 24 * time.Hour, Negative: 1,
			Max: 48 * time.Hour},
		"must be above 0": {Max: 48 * time.Hour},
	} {
		if err := a.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", a, err, want)
		}
	}
}
