package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// exchanges counts exchanges that have ended.
type exchanges struct {
	ended    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	bounds   *prometheus.CounterVec
	in, out  prometheus.Counter
}

func newExchanges(t table, s Sources) exchanges {
	m := exchanges{
		ended: t.counters("brana_exchanges_total",
			"Exchanges ended, by their outcome.", "service", "outcome"),
		seconds: t.histograms("brana_exchange_seconds",
			"From the first byte of a request to the last byte of its answer.",
			callSeconds, "service"),
		refusals: t.counters("brana_refusals_total", "Calls refused, by kind.", "kind"),
		bounds: t.counters("brana_bound_refusals_total",
			"Exchanges ended because a bound was exceeded, by bound.", "bound"),
	}
	bytes := t.counters("brana_bytes_total", "Bytes of bodies, in and out.", "direction")
	m.in, m.out = bytes.WithLabelValues("in"), bytes.WithLabelValues("out")
	running := t.scrapedGauge("brana_exchanges_running", "Exchanges at this moment.")
	t.scrapedValue(running, s.Exchanges)
	return m
}

// An Ended is an exchange that has ended.
type Ended struct {
	Service string // code, or unknown
	Outcome string
	Refusal string // code of its kind; empty: it was answered
	Bound   string // that it exceeded; empty: none
	Took    time.Duration
	In, Out int64 // bytes of bodies
}

// Ended counts an exchange.
func (m *exchanges) Ended(e *Ended) {
	m.ended.WithLabelValues(e.Service, e.Outcome).Inc()
	m.seconds.WithLabelValues(e.Service).Observe(e.Took.Seconds())
	if e.Refusal != "" {
		m.refusals.WithLabelValues(e.Refusal).Inc()
	}
	if e.Bound != "" {
		m.bounds.WithLabelValues(e.Bound).Inc()
	}
	m.in.Add(float64(e.In))
	m.out.Add(float64(e.Out))
}
