package metrics

import "github.com/prometheus/client_golang/prometheus"

// A scrape is a collector of metrics that are read, all of them at once, when
// /metrics is asked for.
type scrape struct {
	read  func(emit)
	descs []desc
}

// A desc describes a metric whose values a [scrape] reads.
type desc struct {
	*prometheus.Desc
	kind prometheus.ValueType
}

// emit adds one value to the answer of a scrape.
type emit func(d desc, value float64, labels ...string)

// Describe sends the descriptions of the metrics.
func (s scrape) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range s.descs {
		ch <- d.Desc
	}
}

// Collect reads the metrics and sends their values.
func (s scrape) Collect(ch chan<- prometheus.Metric) {
	s.read(func(d desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d.Desc, d.kind, value, labels...)
	})
}
