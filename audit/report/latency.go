package report

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Durations are counted from 1 µs to an hour, to 1 %.
const longest = time.Hour

// A latency is the distribution of durations. The zero latency has none.
type latency struct{ histogram *hdrhistogram.Histogram }

// add counts a duration in microseconds. One above the range counts as the end of the range.
func (l *latency) add(micros int64) {
	if l.histogram == nil {
		l.histogram = hdrhistogram.New(1, longest.Microseconds(), 2)
	}
	_ = l.histogram.RecordValue(min(max(micros, 1), longest.Microseconds())) // in range
}

// Percentiles are those of durations; both are 0 when there are none.
type Percentiles struct {
	P50Micros int64 `json:"p50_us"`
	P99Micros int64 `json:"p99_us"`
}

func (l *latency) percentiles() Percentiles {
	if l.histogram == nil {
		return Percentiles{}
	}
	return Percentiles{l.histogram.ValueAtQuantile(50), l.histogram.ValueAtQuantile(99)}
}
