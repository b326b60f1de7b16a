package metrics

import "github.com/prometheus/client_golang/prometheus"

// A Metric is one row of the table: what /metrics says of a metric, and
// docs/metrics.md.
type Metric struct {
	Name   string
	Type   string // counter, gauge or histogram
	Help   string
	Labels []string
}

// callSeconds are buckets from half a millisecond to a minute and more.
var callSeconds = prometheus.ExponentialBuckets(0.0005, 2, 18)

// A table lists the metrics that are made with it, and registers them.
type table struct {
	rows     *[]Metric
	registry *prometheus.Registry // nil: metrics are only listed
}

// when returns the table for metrics that are registered if the condition holds,
// and else only listed.
func (t table) when(condition bool) table {
	if !condition {
		t.registry = nil
	}
	return t
}

func (t table) add(kind, name, help string, labels []string) {
	*t.rows = append(*t.rows, Metric{Name: name, Type: kind, Help: help, Labels: labels})
}

func (t table) register(c prometheus.Collector) {
	if t.registry != nil {
		t.registry.MustRegister(c)
	}
}

func (t table) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	t.add("counter", name, help, nil)
	t.register(c)
	return c
}

func (t table) counters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	t.add("counter", name, help, labels)
	t.register(c)
	return c
}

func (t table) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	c := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	t.add("gauge", name, help, labels)
	t.register(c)
	return c
}

func (t table) histogram(name, help string, buckets []float64) prometheus.Histogram {
	c := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	t.add("histogram", name, help, nil)
	t.register(c)
	return c
}

func (t table) histograms(
	name, help string, buckets []float64, labels ...string,
) *prometheus.HistogramVec {
	c := prometheus.NewHistogramVec(
		prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	t.add("histogram", name, help, labels)
	t.register(c)
	return c
}

func (t table) scrapedGauge(name, help string, labels ...string) desc {
	t.add("gauge", name, help, labels)
	return desc{prometheus.NewDesc(name, help, labels, nil), prometheus.GaugeValue}
}

func (t table) scrapedCounter(name, help string, labels ...string) desc {
	t.add("counter", name, help, labels)
	return desc{prometheus.NewDesc(name, help, labels, nil), prometheus.CounterValue}
}

// scraped registers metrics that read reads together.
func (t table) scraped(read func(emit), descs ...desc) {
	t.register(scrape{read: read, descs: descs})
}

// scrapedValue registers a metric of one value; one without a source is absent.
func (t table) scrapedValue(d desc, source func() float64) {
	t.when(source != nil).scraped(func(e emit) { e(d, source()) }, d)
}
