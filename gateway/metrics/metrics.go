package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the metrics of one gateway, in a registry of their own. All
// methods may be called from any goroutine.
type Metrics struct {
	Registry *prometheus.Registry

	exchanges   exchanges
	connections connections
	limits      limits
	upstreams   upstreams
	queue       queue
	matrix      matrix
}

// New registers the metrics of a gateway.
func New(s Sources, l Labels) *Metrics {
	t := table{rows: new([]Metric), registry: prometheus.NewRegistry()}
	m := newMetrics(t, s)
	m.Registry = t.registry
	m.beginAtZero(l)
	return m
}

func newMetrics(t table, s Sources) *Metrics {
	m := &Metrics{
		exchanges:   newExchanges(t, s),
		connections: newConnections(t, s),
		limits:      newLimits(t, s),
		upstreams:   newUpstreams(t, s),
		queue:       newQueue(t, s),
		matrix:      newMatrix(t, s),
	}
	addPolicy(t, s)
	addLog(t, s)
	return m
}

// beginAtZero exports the values of labels that are known before they occur.
func (m *Metrics) beginAtZero(l Labels) {
	begin := func(c *prometheus.CounterVec, values ...string) {
		for _, value := range values {
			c.WithLabelValues(value)
		}
	}
	begin(m.exchanges.bounds, l.Bounds...)
	begin(m.connections.refused, l.ConnectionLimits...)
	begin(m.connections.failed, l.HandshakeFailures...)
	begin(m.limits.decisions, append(l.Verdicts, undecided)...)
	begin(m.limits.degraded, l.DegradedModes...)
	begin(m.limits.permits, granted, returned, replayed)
	for _, result := range []string{Answered, Failed, Unacknowledged} {
		m.limits.seconds.WithLabelValues(result)
	}
	begin(m.queue.jobs, "ok", "varovani", "chyba", JobDeleted, JobUnkept, JobLost)
	begin(m.matrix.refreshes, l.RefreshResults...)
}

// callSeconds are buckets from half a millisecond to a minute and more.
var callSeconds = prometheus.ExponentialBuckets(0.0005, 2, 18)

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
func (m *Metrics) Ended(e *Ended) {
	m.exchanges.ended.WithLabelValues(e.Service, e.Outcome).Inc()
	m.exchanges.seconds.WithLabelValues(e.Service).Observe(e.Took.Seconds())
	if e.Refusal != "" {
		m.exchanges.refusals.WithLabelValues(e.Refusal).Inc()
	}
	if e.Bound != "" {
		m.exchanges.bounds.WithLabelValues(e.Bound).Inc()
	}
	m.exchanges.in.Add(float64(e.In))
	m.exchanges.out.Add(float64(e.Out))
}

type upstreams struct {
	seconds *prometheus.HistogramVec
	opened  *prometheus.CounterVec
	dropped prometheus.Counter
}

func newUpstreams(t table, s Sources) upstreams {
	m := upstreams{
		seconds: t.histograms("brana_upstream_seconds",
			"From sending a message to an upstream to the beginning of its reply, or to its failure. "+
				"Each step of E198 and each question of E227 counts, by the service that it belongs to; "+
				"messages that were not sent do not.",
			callSeconds, "upstream", "service"),
		opened: t.counters("brana_upstream_breaker_opened_total",
			"How often the circuit breaker of an upstream opened.", "upstream"),
		dropped: t.counter("brana_media_dropped_total",
			"Elements that an evidence sent without being asked for them, and that were left out: "+
				"other items and kinds of media, and media beyond the count or outside the period."),
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
func (m *Metrics) MessageSent(upstream, service string, took time.Duration) {
	m.upstreams.seconds.WithLabelValues(upstream, service).Observe(took.Seconds())
}

// BreakerOpened counts that the breaker of an upstream opened.
func (m *Metrics) BreakerOpened(upstream string) {
	m.upstreams.opened.WithLabelValues(upstream).Inc()
}

// MediaDropped counts an element that an evidence sent without being asked for
// it.
func (m *Metrics) MediaDropped() { m.upstreams.dropped.Inc() }

func addPolicy(t table, s Sources) {
	loaded := t.scrapedGauge("brana_policy_loaded_timestamp_seconds",
		"When the policy in force was loaded.")
	failures := t.scrapedCounter("brana_policy_reload_failures_total",
		"Reloads that failed; the last good policy stayed.")
	grants := t.scrapedGauge("brana_policy_grants", "Grants in force.")
	rows := t.scrapedGauge("brana_policy_rows", "Rows of the matrix in force.")
	t.scrapedValue(loaded, s.PolicyLoaded)
	t.scrapedValue(failures, s.ReloadFailures)
	t.scrapedValue(grants, s.PolicyGrants)
	t.scrapedValue(rows, s.PolicyRows)
}

func addLog(t table, s Sources) {
	lost := t.scrapedCounter("brana_log_lines_lost_total",
		"Lines of the log that were lost: it was blocked and its buffer was full.")
	t.scrapedValue(lost, s.LinesLost)
}
