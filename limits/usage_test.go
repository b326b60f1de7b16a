package limits

import (
	"errors"
	"testing"
	"time"
)

func TestExtraCallsAreBounded(t *testing.T) {
	at := time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name  string
		calls int64
		until time.Duration
		ok    bool
	}{
		{"as many as the higher quota", 200, time.Hour, true},
		{"more than that", 201, time.Hour, false},
		{"below zero", -1, time.Hour, false},
		{"until the past", 1, -time.Second, false},
		{"until now", 1, 0, false},
		{"no longer than a lease", 1, Lease, false},
		{"a week", 1, LongestExtra, true},
		{"longer than a week", 1, LongestExtra + time.Second, false},
		{"taken back", 0, 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := CheckExtra(Rule{100, 200, 1}, test.calls, at.Add(test.until), at)
			if (err == nil) != test.ok || err != nil && !errors.Is(err, ErrExtra) {
				t.Errorf("CheckExtra(%d, %v) = %v, want ok %v", test.calls, test.until, err, test.ok)
			}
		})
	}
}

// The moment at which a pace uses up the quota considers buckets that leave until then, and extra
// calls that end.
func TestExhaustion(t *testing.T) {
	const minute = int64(60_000)
	for _, test := range []struct {
		name  string
		quota int64
		calls map[int64]int64 // by the minute in which they leave
		extra Extra
		pace  int64 // an hour
		want  int64 // minute; -1: never
	}{
		{"nobody calls", 10, nil, Extra{}, 0, -1},
		{"used up already", 10, map[int64]int64{30: 10}, Extra{}, 60, 0},
		{"at one a minute", 10, nil, Extra{}, 60, 10},
		{"at the quota's own pace", 60, nil, Extra{}, 60, -1},
		{"calls that leave make room", 10, map[int64]int64{3: 5, 50: 2}, Extra{}, 60, 8},
		{"calls that leave in time make enough room", 60, map[int64]int64{10: 40}, Extra{}, 50, -1},
		{"extra calls that stay", 10, nil, Extra{1, 10, 120 * minute}, 60, 20},
		{"extra calls that end too early", 10, nil, Extra{1, 10, 15*minute + leaseMillis}, 60, 15},
	} {
		t.Run(test.name, func(t *testing.T) {
			var w Hour
			for leaves, calls := range test.calls {
				w.Charge(leaves*minute, Counts{calls, 0})
			}
			at, ok := w.exhausted(Rule{test.quota, test.quota, 1}, test.extra, WorkingHours, 0, 60*minute, test.pace)
			if !ok {
				at = -minute
			}
			if at/minute != test.want {
				t.Errorf("exhausted at minute %d, want %d", at/minute, test.want)
			}
		})
	}
}
