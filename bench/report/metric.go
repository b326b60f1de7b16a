package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A metric is one number of a turn; NaN when the turn lacks it.
type metric struct {
	name string
	unit func(float64) string
	of   func(*Turn) float64
	more bool // more of it is better
}

// metrics lists the metrics of tables, in their order.
func metrics(r *Report) []metric {
	list := []metric{
		{"rate", perSecond, func(t *Turn) float64 { return t.Rate }, true},
		{"errors", count, func(t *Turn) float64 { return float64(t.Errors()) }, false},
		{"p50", nanos, func(t *Turn) float64 { return float64(t.Latency.P50) }, false},
		{"p90", nanos, func(t *Turn) float64 { return float64(t.Latency.P90) }, false},
		{"p99", nanos, func(t *Turn) float64 { return float64(t.Latency.P99) }, false},
		{"p99.9", nanos, func(t *Turn) float64 { return float64(t.Latency.P999) }, false},
		{"max", nanos, func(t *Turn) float64 { return float64(t.Latency.Max) }, false},
		{"generator late, p99", nanos, func(t *Turn) float64 {
			if t.Slip.Count == 0 {
				return math.NaN()
			}
			return float64(t.Slip.P99)
		}, false},
	}
	for _, program := range r.programs() {
		list = append(list,
			metric{"CPU/call " + program, nanos, func(t *Turn) float64 {
				return ofUse(t, program, func(u *Use) float64 { return u.CPUPerCall })
			}, false},
			metric{"RSS " + program, size, func(t *Turn) float64 {
				return ofUse(t, program, func(u *Use) float64 { return float64(u.Most()) })
			}, false},
			metric{"RSS growth " + program, size, func(t *Turn) float64 {
				return ofUse(t, program, func(u *Use) float64 { return float64(u.Grown()) })
			}, false})
	}
	return append(list,
		metric{"allocations/call", number, func(t *Turn) float64 { return given(t.Mallocs) }, false},
		metric{"allocated/call", size, func(t *Turn) float64 { return given(t.Allocated) }, false},
		metric{"Redis commands/call", number, func(t *Turn) float64 { return given(t.Redis) }, false},
		metric{"with those in scripts", number, func(t *Turn) float64 { return given(t.RedisAll) },
			false},
		metric{"E198 p50/critical path", number, func(t *Turn) float64 {
			if t.Path == nil {
				return math.NaN()
			}
			return t.Path.Ratio
		}, false},
	)
}

// Subject is the program that is measured. A target has exactly one.
const Subject = "target"

// programs lists the programs whose use was measured, the subject first.
func (r *Report) programs() []string {
	var list []string
	for _, t := range r.Turns {
		for _, u := range t.Uses {
			if !slices.Contains(list, u.Program) {
				list = append(list, u.Program)
			}
		}
	}
	return list
}

func ofUse(t *Turn, program string, of func(*Use) float64) float64 {
	if u := t.Use(program); u != nil {
		return of(u)
	}
	return math.NaN()
}

func given(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// values are the values of a metric in the turns that have it.
func (m metric) values(turns []Turn) []float64 {
	var list []float64
	for i := range turns {
		if v := m.of(&turns[i]); !math.IsNaN(v) {
			list = append(list, v)
		}
	}
	return list
}

// median is the middle of values; NaN without values.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// spread is half the distance between the least and the greatest of values,
// relative to their median: the difference that repeating alone makes.
func spread(values []float64) float64 {
	if len(values) < 2 || median(values) == 0 {
		return 0
	}
	return (slices.Max(values) - slices.Min(values)) / 2 / math.Abs(median(values))
}

func nanos(v float64) string {
	switch d := time.Duration(math.Abs(v)); {
	case d < 100*time.Microsecond:
		return fmt.Sprintf("%.1f µs", v/1e3)
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", v/1e6)
	case d < time.Second:
		return fmt.Sprintf("%.1f ms", v/1e6)
	default:
		return fmt.Sprintf("%.2f s", v/1e9)
	}
}

func size(v float64) string {
	switch a := math.Abs(v); {
	case a < 1<<10:
		return fmt.Sprintf("%.0f B", v)
	case a < 1<<20:
		return fmt.Sprintf("%.1f KiB", v/(1<<10))
	default:
		return fmt.Sprintf("%.1f MiB", v/(1<<20))
	}
}

func perSecond(v float64) string { return fmt.Sprintf("%.0f/s", v) }
func count(v float64) string     { return fmt.Sprintf("%.0f", v) }
func number(v float64) string    { return strings.TrimSuffix(fmt.Sprintf("%.3f", v), ".000") }
