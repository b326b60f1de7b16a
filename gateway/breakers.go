package gateway

import (
	"fmt"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// breakerStates are what the circuit breaker of an upstream can say, in the
// order of their values in brana_upstream_breaker_state.
var breakerStates = []string{"closed", "half-open", "open"}

// breakers is a gauge of the state of each upstream's breaker, read when it is
// scraped.
type breakers struct {
	desc *prometheus.Desc
	read func(tell func(upstream, state string))
}

// watchBreakers has the metrics tell the states of breakers.
func (m *Metrics) watchBreakers(read func(tell func(upstream, state string))) error {
	name := "brana_upstream_breaker_state"
	if err := m.Registry.Register(breakers{prometheus.NewDesc(name, m.help[name], []string{"upstream"}, nil), read}); err != nil {
		return fmt.Errorf("register metrics of breakers: %w", err)
	}
	return nil
}

// Describe tells the gauge.
func (b breakers) Describe(ch chan<- *prometheus.Desc) { ch <- b.desc }

// Collect reads it.
func (b breakers) Collect(ch chan<- prometheus.Metric) {
	b.read(func(upstream, state string) {
		value := slices.Index(breakerStates, state)
		ch <- prometheus.MustNewConstMetric(b.desc, prometheus.GaugeValue, float64(value), upstream)
	})
}

// BreakerOpened counts that an upstream is not asked any more.
func (m *Metrics) BreakerOpened(upstream string) { m.opened.WithLabelValues(upstream).Inc() }
