package gateway

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"brana/limits"
)

// isNear reports whether a call was admitted into the last fifth of its quota.
// Operators learn of a caller that declares too little before it is refused.
func isNear(d *limits.Decision) bool {
	return d.Verdict == limits.Admitted && 5*d.Remaining <= d.Quota
}

// ledgerMetrics count decisions about limits, and what they cost in Redis.
type ledgerMetrics struct {
	decisions *prometheus.CounterVec
	near      prometheus.Counter
	seconds   *prometheus.HistogramVec
	permits   *prometheus.CounterVec
	losses    prometheus.Counter
	leases    prometheus.Histogram
}

const undecided = "unavailable"

func newLedgerMetrics(help map[string]string) ledgerMetrics {
	counter := func(name string, label ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help[name]}, label)
	}
	const decisions, near, seconds, permits, losses, leases = "brana_limits_decisions_total", "brana_limits_near_total", "brana_limits_ledger_seconds",
		"brana_limits_permits_total", "brana_limits_ledger_losses_total", "brana_limits_lease_permits"
	m := ledgerMetrics{
		decisions: counter(decisions, "verdict"),
		near:      prometheus.NewCounter(prometheus.CounterOpts{Name: near, Help: help[near]}),
		seconds:   prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: seconds, Help: help[seconds], Buckets: prometheus.ExponentialBuckets(0.0001, 2, 14)}, []string{"result"}),
		permits:   counter(permits, "what"),
		losses:    prometheus.NewCounter(prometheus.CounterOpts{Name: losses, Help: help[losses]}),
		leases:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: leases, Help: help[leases], Buckets: prometheus.ExponentialBuckets(1, 4, 12)}),
	}
	for _, v := range []string{limits.Admitted.String(), limits.OverQuota.String(), limits.OverConcurrency.String(), undecided} {
		m.decisions.WithLabelValues(v)
	}
	for _, result := range []string{"answered", "failed", "unacknowledged"} {
		m.seconds.WithLabelValues(result)
	}
	for _, what := range []string{"granted", "returned", "replayed"} {
		m.permits.WithLabelValues(what)
	}
	return m
}

// decided counts a decision about limits, or that there is none.
func (m *Metrics) decided(d *limits.Decision, err error) {
	if err != nil {
		m.ledger.decisions.WithLabelValues(undecided).Inc()
		return
	}
	m.ledger.decisions.WithLabelValues(d.Verdict.String()).Inc()
	if isNear(d) {
		m.ledger.near.Inc()
	}
}

// Refilled counts a request to the ledger.
func (m *Metrics) Refilled(f limits.Refill) {
	result := "answered"
	switch {
	case errors.Is(f.Err, limits.ErrReplicas):
		result = "unacknowledged"
	case f.Err != nil:
		result = "failed"
	}
	m.ledger.seconds.WithLabelValues(result).Observe(f.Took.Seconds())
	m.ledger.permits.WithLabelValues("granted").Add(float64(f.Granted))
	m.ledger.permits.WithLabelValues("returned").Add(float64(f.Returned))
	m.ledger.permits.WithLabelValues("replayed").Add(float64(f.Replayed))
	for _, permits := range f.Leases {
		m.ledger.leases.Observe(float64(permits))
	}
	if f.Lost {
		m.ledger.losses.Inc()
	}
}

// ledgerGauges tell what the gateway holds of the ledger, read when they are
// scraped.
type ledgerGauges struct {
	state, spent, held, callers, gateways, ahead, fullest *prometheus.Desc
	read                                                  func() limits.Stats
}

func newLedgerGauges(help map[string]string, read func() limits.Stats) ledgerGauges {
	desc := func(name string, label ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help[name], label, nil)
	}
	return ledgerGauges{desc("brana_limits_state", "state"), desc("brana_limits_state_seconds_total", "state"), desc("brana_limits_held", "what"), desc("brana_limits_callers"),
		desc("brana_limits_gateways"), desc("brana_limits_ledger_ahead_seconds"), desc("brana_limits_fullest_ratio"), read}
}

// Describe tells the gauges.
func (l ledgerGauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{l.state, l.spent, l.held, l.callers, l.gateways, l.ahead, l.fullest} {
		ch <- d
	}
}

// Collect reads them.
func (l ledgerGauges) Collect(ch chan<- prometheus.Metric) {
	s := l.read()
	tell := func(d *prometheus.Desc, value float64, label ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, label...)
	}
	for state, word := range limits.States {
		value := 0.0
		if limits.State(state) == s.State {
			value = 1
		}
		tell(l.state, value, word)
		ch <- prometheus.MustNewConstMetric(l.spent, prometheus.CounterValue, s.Spent[state].Seconds(), word)
	}
	tell(l.held, float64(s.Permits), "permits")
	tell(l.held, float64(s.Slots), "slots")
	tell(l.held, float64(s.Busy), "busy")
	tell(l.callers, float64(s.Callers))
	tell(l.gateways, float64(s.Gateways))
	tell(l.ahead, s.Ahead.Seconds())
	tell(l.fullest, s.Fullest)
}
