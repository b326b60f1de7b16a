package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// upstreams counts messages to upstreams, and what their breakers do.
type upstreams struct {
	seconds *prometheus.HistogramVec
	opened  *prometheus.CounterVec
	dropped prometheus.Counter
}

func newUpstreams(t table, s Sources) upstreams {
	m := upstreams{
		seconds: t.histograms("brana_upstream_seconds",
			"From sending a message to an upstream to the beginning of its reply, or to its "+
				"failure. Each step of E198 and each question of E227 counts, by the service "+
				"that it belongs to; messages that were not sent do not.",
			callSeconds, "upstream", "service"),
		opened: t.counters("brana_upstream_breaker_opened_total",
			"How often the circuit breaker of an upstream opened.", "upstream"),
		dropped: t.counter("brana_media_dropped_total",
			"Elements that an evidence sent without being asked for them, and that were left "+
				"out: other items and kinds of media, and media beyond the count or outside the "+
				"period."),
	}
	state := t.scrapedGauge("brana_upstream_breaker_state",
		"What the circuit breaker of an upstream does: 0 closed (calls go through), "+
			"1 half-open (one does), 2 open (none does).", "upstream")
	t.when(s.Breakers != nil).scraped(func(e emit) {
		s.Breakers(func(upstream string, value int) { e(state, float64(value), upstream) })
	}, state)
	return m
}

// MessageSent counts a message that was sent to an upstream; took is the time
// until its reply began, or failed.
func (m *upstreams) MessageSent(upstream, service string, took time.Duration) {
	m.seconds.WithLabelValues(upstream, service).Observe(took.Seconds())
}

// BreakerOpened counts that the breaker of an upstream opened.
func (m *upstreams) BreakerOpened(upstream string) {
	m.opened.WithLabelValues(upstream).Inc()
}

// MediaDropped counts an element that an evidence sent without being asked for
// it.
func (m *upstreams) MediaDropped() { m.dropped.Inc() }
