package gateway

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brana/gateway/conn"
	"brana/gateway/queue"
	"brana/limits"
	"brana/policy"
)

// Metrics are the gateway's counters, in one registry of their own. Labels are
// from closed sets: service codes of the catalogue, names of upstreams in the
// configuration, and outcomes.
type Metrics struct {
	Registry     *prometheus.Registry
	exchanges    *prometheus.CounterVec
	seconds      *prometheus.HistogramVec
	upstream     *prometheus.HistogramVec
	refusals     *prometheus.CounterVec
	bounds       *prometheus.CounterVec
	connRefusals *prometheus.CounterVec
	in, out      prometheus.Counter
	dropped      prometheus.Counter
	opened       *prometheus.CounterVec
	help         map[string]string
	jobs         *prometheus.CounterVec
	queued       *prometheus.GaugeVec
	expired      prometheus.Counter
	evicted      prometheus.Counter
	degraded     *prometheus.CounterVec
	ledger       ledgerMetrics
	tls          tlsMetrics
	rows         rowsMetrics
}

// A Metric is one row of the table from which docs/metrics.md is generated.
type Metric struct {
	Name, Type, Labels, Help string
}

// MetricTable lists every metric that the gateway itself counts.
func MetricTable() []Metric {
	return []Metric{
		{"brana_exchanges_total", "counter", "service, outcome", "Exchanges ended, by what came of them."},
		{"brana_exchange_seconds", "histogram", "service", "From the first byte of a request to the last byte of its answer."},
		{"brana_upstream_seconds", "histogram", "upstream, service", "From sending a message to an upstream to the beginning of its reply, or to its failure. Each step of E198 and each question of E227 counts, by the service that it belongs to; what was not sent does not."},
		{"brana_refusals_total", "counter", "kind", "Calls refused, by kind."},
		{"brana_limits_degraded_total", "counter", "mode", "Calls decided without the shared counts, by what their grants say of that (share, open)."},
		{"brana_limits_decisions_total", "counter", "verdict", "Calls that asked for a permit and a slot: admitted, over-quota, over-concurrency, or unavailable when no decision could be had."},
		{"brana_limits_near_total", "counter", "", "Calls admitted when 80 % or more of their quota was used, this one counted. The lines of their exchanges have remaining."},
		{"brana_limits_ledger_seconds", "histogram", "result", "Requests to the ledger in Redis (answered, failed, unacknowledged: too few replicas have it), from sending to the answer. Its count by that of decisions is the cost of a decision."},
		{"brana_limits_permits_total", "counter", "what", "Permits that this gateway was granted by the ledger, and returned unused; and that it replayed to a ledger which had lost its memory, leased ones too."},
		{"brana_limits_lease_permits", "histogram", "", "Permits of a lease."},
		{"brana_limits_ledger_losses_total", "counter", "", "Answers from which this gateway learned that the ledger has lost its memory; one loss shows in each of its 16 shards."},
		{"brana_limits_state", "gauge", "state", "1 for what the ledger is: normal, learning (it waits for what gateways know, or this one for ledger time), down; else 0."},
		{"brana_limits_state_seconds_total", "counter", "state", "How long the ledger has been in each state since the start."},
		{"brana_limits_held", "gauge", "what", "What this gateway holds of the ledger: permits not used, slots, and busy ones of these."},
		{"brana_limits_callers", "gauge", "", "Callers that this gateway remembers: those of the last hour and somewhat more."},
		{"brana_limits_gateways", "gauge", "", "Gateways that share the ledger, this one too; 0 when it is not known."},
		{"brana_limits_ledger_ahead_seconds", "gauge", "", "Ledger time less the clock of this gateway."},
		{"brana_limits_fullest_ratio", "gauge", "", "The highest share of its quota that a caller which is active here has used, at all gateways. Above 1 the quota was lowered since, or calls were made without the ledger; else it is a mistake."},
		{"brana_bound_refusals_total", "counter", "bound", "Exchanges ended because a bound was exceeded, by bound."},
		{"brana_connections_refused_total", "counter", "limit", "Connections closed at once because there were too many, of one peer or in total."},
		{"brana_tls_handshakes_total", "counter", "resumed", "Handshakes of callers that came to an end, by whether they resumed a session."},
		{"brana_tls_handshake_errors_total", "counter", "reason", "Handshakes of callers that failed, by reason."},
		{"brana_certificate_expiry_timestamp_seconds", "gauge", "which", "When a certificate of the gateway's own ends, by the key of the configuration that names it."},
		{"brana_caller_certificate_expiry_timestamp_seconds", "gauge", "ais, issuer, serial", "When a caller's certificate ends, of those that are bound and have been seen since the start."},
		{"brana_bytes_total", "counter", "direction", "Bytes of bodies, in and out."},
		{"brana_media_dropped_total", "counter", "", "Elements that an evidence sent without being asked for them, and that were left out: other items and kinds of media, and media beyond the count or outside the period."},
		{"brana_upstream_breaker_state", "gauge", "upstream", "What the circuit breaker of an upstream does: 0 closed (calls go through), 1 half-open (one does), 2 open (none does)."},
		{"brana_upstream_breaker_opened_total", "counter", "upstream", "How often the circuit breaker of an upstream opened."},
		{"brana_jobs_total", "counter", "result", "Jobs of asynchronous calls that ended: the status of their answer, deleted before it came, unkept when the queue could not be had, lost when their gateway died."},
		{"brana_jobs_running", "gauge", "", "Jobs of this gateway at this moment."},
		{"brana_queue_entries", "gauge", "ais", "Jobs and answers in the queue of an AIS when this gateway last looked at it."},
		{"brana_queue_expired_total", "counter", "", "Answers that were dropped because nobody deleted them in time."},
		{"brana_request_ids_evicted_total", "counter", "", "Request ids that were forgotten before their time, since requests.duplicate_ids were more recent."},
		{"brana_connections_open", "gauge", "", "Connections of callers at this moment."},
		{"brana_exchanges_running", "gauge", "", "Exchanges at this moment."},
		{"brana_policy_loaded_timestamp_seconds", "gauge", "", "When the policy in force was loaded."},
		{"brana_policy_reload_failures_total", "counter", "", "Reloads that failed; the last good policy stayed."},
		{"brana_log_lines_lost_total", "counter", "", "Lines of the log that were lost, since it was blocked and more were held than may be."},
		{"brana_policy_grants", "gauge", "", "Grants in force."},
		{"brana_policy_rows", "gauge", "", "Rows of the matrix in force."},
		{"brana_matrix_age_seconds", "gauge", "", "Age of the oldest row in use of a triple with a grant; absent when none is."},
		{"brana_matrix_rows", "gauge", "state", "Triples with a grant, by what their row may do: fresh, stale, too-old, unknown."},
		{"brana_matrix_refreshes_total", "counter", "result", "Questions of E227 that have ended: row, no-row, failed."},
		{"brana_matrix_stale_serves_total", "counter", "", "Decisions that rested on a row whose refresh was due."},
	}
}

// NewMetrics makes the metrics of one gateway; gauges are read from the
// functions when they are scraped.
func NewMetrics(gauges Gauges) *Metrics {
	help := map[string]string{}
	for _, m := range MetricTable() {
		help[m.Name] = m.Help
	}
	counter := func(name string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help[name]}, labels)
	}
	histogram := func(name string, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help[name],
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 18)}, labels)
	}
	dropped := "brana_media_dropped_total"
	m := &Metrics{
		Registry:     prometheus.NewRegistry(),
		dropped:      prometheus.NewCounter(prometheus.CounterOpts{Name: dropped, Help: help[dropped]}),
		exchanges:    counter("brana_exchanges_total", "service", "outcome"),
		seconds:      histogram("brana_exchange_seconds", "service"),
		upstream:     histogram("brana_upstream_seconds", "upstream", "service"),
		refusals:     counter("brana_refusals_total", "kind"),
		jobs:         counter("brana_jobs_total", "result"),
		queued:       prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "brana_queue_entries", Help: help["brana_queue_entries"]}, []string{"ais"}),
		expired:      prometheus.NewCounter(prometheus.CounterOpts{Name: "brana_queue_expired_total", Help: help["brana_queue_expired_total"]}),
		evicted:      prometheus.NewCounter(prometheus.CounterOpts{Name: "brana_request_ids_evicted_total", Help: help["brana_request_ids_evicted_total"]}),
		bounds:       counter("brana_bound_refusals_total", "bound"),
		opened:       counter("brana_upstream_breaker_opened_total", "upstream"),
		help:         help,
		degraded:     counter("brana_limits_degraded_total", "mode"),
		connRefusals: counter("brana_connections_refused_total", "limit"),
	}
	m.ledger = newLedgerMetrics(help)
	m.Registry.MustRegister(m.ledger.decisions, m.ledger.near)
	if gauges.Ledger != nil {
		m.Registry.MustRegister(m.ledger.seconds, m.ledger.permits, m.ledger.losses, m.ledger.leases, newLedgerGauges(help, gauges.Ledger))
	}
	bytes := counter("brana_bytes_total", "direction")
	m.in, m.out = bytes.WithLabelValues("in"), bytes.WithLabelValues("out")
	m.Registry.MustRegister(m.exchanges, m.seconds, m.upstream, m.refusals, m.bounds, m.degraded, m.connRefusals, bytes, m.dropped, m.opened,
		m.jobs, m.queued, m.expired, m.evicted)
	m.tls = newTLSMetrics(help, gauges.Certificates)
	m.Registry.MustRegister(m.tls.shaken, m.tls.failed, m.tls.own)
	if gauges.Matrix != nil {
		m.rows = newRowsMetrics(help, gauges.Matrix)
		m.Registry.MustRegister(m.rows)
	}
	m.beginAtZero()
	m.watch(gauges)
	return m
}

// beginAtZero exports the values of labels that are known before they occur.
func (m *Metrics) beginAtZero() {
	for _, b := range bounds {
		m.bounds.WithLabelValues(b.name)
	}
	for _, result := range []string{"ok", "varovani", "chyba", jobDeleted, jobUnkept, jobLost} {
		m.jobs.WithLabelValues(result)
	}
	for _, mode := range []limits.Mode{limits.Share, limits.Open} {
		m.degraded.WithLabelValues(mode.String())
	}
	for _, limit := range conn.Limits() {
		m.connRefusals.WithLabelValues(limit)
	}
}

// watch registers what is read from functions when it is scraped.
func (m *Metrics) watch(gauges Gauges) {
	for name, read := range gauges.byName() {
		if read != nil {
			m.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: m.help[name]}, read))
		}
	}
	for name, read := range gauges.counters() {
		if read != nil {
			m.Registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: m.help[name]}, read))
		}
	}
}

// Gauges read what other packages know; a nil one is not exported.
type Gauges struct {
	Connections, Running, Jobs, PolicyLoaded, PolicyGrants, PolicyRows, ReloadFailures, LinesLost func() float64

	Certificates func(tell func(end time.Time, which string)) // the gateway's own

	Ledger func() limits.Stats // of limits in Redis

	Matrix func() policy.RowsStatus // of a matrix that is fetched by E227
}

func (g Gauges) byName() map[string]func() float64 {
	return map[string]func() float64{
		"brana_connections_open":                g.Connections,
		"brana_exchanges_running":               g.Running,
		"brana_jobs_running":                    g.Jobs,
		"brana_policy_loaded_timestamp_seconds": g.PolicyLoaded,
		"brana_policy_grants":                   g.PolicyGrants,
		"brana_policy_rows":                     g.PolicyRows,
	}
}

func (g Gauges) counters() map[string]func() float64 {
	return map[string]func() float64{
		"brana_policy_reload_failures_total": g.ReloadFailures,
		"brana_log_lines_lost_total":         g.LinesLost,
	}
}

// MediaDropped counts an element that an evidence sent without being asked, or
// beyond what was asked for.
func (m *Metrics) MediaDropped(string) { m.dropped.Inc() }

// MessageSent counts a message that was sent to an upstream, and how long it took
// until its reply began or failed.
func (m *Metrics) MessageSent(upstream, service string, took time.Duration) {
	m.upstream.WithLabelValues(upstream, service).Observe(took.Seconds())
}

// QueueChanged counts what an operation on the queue of an AIS found or left.
func (m *Metrics) QueueChanged(ais string, c queue.Change) {
	m.queued.WithLabelValues(ais).Set(float64(c.Entries))
	m.expired.Add(float64(c.Expired))
	if c.Lost > 0 {
		m.jobs.WithLabelValues(jobLost).Add(float64(c.Lost))
	}
}

// IDsEvicted counts ids that were forgotten before their time.
func (m *Metrics) IDsEvicted(ids int) { m.evicted.Add(float64(ids)) }

// connRefused counts a connection for which there was no room.
func (m *Metrics) connRefused(limit string) { m.connRefusals.WithLabelValues(limit).Inc() }

// ended counts an exchange.
func (m *Metrics) ended(x *exchange) {
	service := x.code()
	m.exchanges.WithLabelValues(service, x.outcome).Inc()
	m.seconds.WithLabelValues(service).Observe(x.end.Sub(x.start).Seconds())
	if x.refusal != nil {
		m.refusals.WithLabelValues(x.refusal.Kind.Code).Inc()
	}
	if bound := x.exceededBound(); bound != "" {
		m.bounds.WithLabelValues(bound).Inc()
	}
	m.in.Add(float64(x.body.Received()))
	m.out.Add(float64(x.written))
}
