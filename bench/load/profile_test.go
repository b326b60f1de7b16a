package load

import (
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

func TestCountry(t *testing.T) {
	p, err := Country(PeakDay, 50, 600)
	if err != nil {
		t.Fatal(err)
	}
	if len(p) != 24 || p.For() != 144*time.Second {
		t.Errorf("%d hours in %s, want 24 in 144 s", len(p), p.For())
	}
	peak := 0.0
	for _, s := range p {
		peak = max(peak, s.Rate)
	}
	if want := 722072.0 / 3600 * 50; math.Abs(peak-want) > 0.01 {
		t.Errorf("the highest rate is %f, want %f", peak, want)
	}
	if p[10].Rate != peak {
		t.Errorf("the highest hour is not the one from ten")
	}
	slow, err := Country(PeakDay, 50, 60)
	if err != nil {
		t.Fatal(err)
	}
	if slow[10] != (Stretch{peak, time.Minute}) {
		t.Errorf("at a tenth of the speed the hour is %v: the rate must stay", slow[10])
	}
	week, err := Country(Week, 1, 600)
	if err != nil || len(week) != 168 {
		t.Errorf("a week has %d hours, %v", len(week), err)
	}
	if _, err := Country("month", 1, 1); err == nil {
		t.Error("a month is taken")
	}
}

// The embedded load is that of the facts.
func TestCountryIsThatOfTheFacts(t *testing.T) {
	dir := os.Getenv("BRANA_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	file, err := os.Open(filepath.Join(dir, "data/transakce.csv"))
	if err != nil {
		if os.Getenv("BRANA_REQUIRE_SHARED") == "1" {
			t.Fatal(err)
		}
		t.Skip("the facts are not here: ", err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
	sum, hours := map[string][24]int{}, map[string][24]int{}
	for _, row := range rows[1:] {
		at, err := time.Parse("2006-01-02T15:04:05", row[0])
		n, err2 := strconv.Atoi(row[1])
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if at.Format(time.DateOnly) == "2026-05-04" && country()["peak"][at.Hour()] != n {
			t.Errorf("%s: %d, embedded %d", at, n, country()["peak"][at.Hour()])
		}
		if at.Year() == 2026 {
			name := names[at.Weekday()]
			s, h := sum[name], hours[name]
			s[at.Hour()] += n
			h[at.Hour()]++
			sum[name], hours[name] = s, h
		}
	}
	for _, name := range names {
		for hour := range 24 {
			if got, want := country()[name][hour], float64(sum[name][hour])/float64(hours[name][hour]); math.Abs(float64(got)-want) > 0.51 {
				t.Errorf("%s, hour %d: embedded %d, the mean is %f", name, hour, got, want)
			}
		}
	}
}

func TestKnee(t *testing.T) {
	for _, c := range []struct {
		name        string
		first, knee float64
	}{
		{"above the first", 100, 4321}, {"below the first", 100, 7}, {"at the first", 100, 100}, {"nothing holds", 100, 0},
	} {
		steps := 0
		got, err := Knee(c.first, func(rate float64) (bool, error) { steps++; return rate <= c.knee, nil })
		if err != nil || got > c.knee || got < c.knee/kneeNear {
			t.Errorf("%s: %f, %v; want at most %f and near it", c.name, got, err, c.knee)
		}
		if steps > 25 {
			t.Errorf("%s: %d steps", c.name, steps)
		}
	}
	broken := errors.New("broken")
	if _, err := Knee(1, func(float64) (bool, error) { return false, broken }); !errors.Is(err, broken) {
		t.Errorf("the error is lost: %v", err)
	}
}
