package load

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed country.csv
var countryText string

// country is the number of calls that the registries of the country get in each
// hour of a day, by name of the day.
var country = sync.OnceValue(func() map[string][]int {
	r := csv.NewReader(strings.NewReader(countryText))
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		panic("the embedded load of the country: " + err.Error())
	}
	days := map[string][]int{}
	for _, row := range rows {
		for _, field := range row[1:] {
			n, err := strconv.Atoi(field)
			if err != nil {
				panic("the embedded load of the country: " + err.Error())
			}
			days[row[0]] = append(days[row[0]], n)
		}
	}
	return days
})

// The days that [Country] knows.
const (
	PeakDay = "peak" // 4 May 2026, with the highest hour on record
	Week    = "week" // an average week of 2026, from Monday on
)

// Country is the pace of the national load, hour by hour of the days. Each hour is
// speed times shorter, and its rate scale times higher.
func Country(days string, scale, speed float64) (Pace, error) {
	names := map[string][]string{
		PeakDay: {"peak"},
		Week:    {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"},
	}[days]
	if names == nil {
		return nil, fmt.Errorf(
			"the country has no load of %q; choose of %s, %s", days, PeakDay, Week,
		)
	}
	var p Pace
	for _, name := range names {
		for _, calls := range country()[name] {
			p = append(p, Stretch{
				Rate: float64(calls) / 3600 * scale,
				For:  time.Duration(float64(time.Hour) / speed),
			})
		}
	}
	return p, p.Validate()
}
