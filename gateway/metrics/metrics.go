package metrics

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the metrics of one gateway, in a registry of their own. The methods
// may be called from any goroutine.
type Metrics struct {
	Registry *prometheus.Registry

	// Each group has the methods that count into it.
	exchanges
	items
	connections
	limits
	upstreams
	queue
	matrix
	audit
}

// New registers the metrics of a gateway.
func New(s Sources, l Labels) *Metrics {
	t := table{rows: new([]Metric), registry: prometheus.NewRegistry()}
	m := newMetrics(t, s)
	m.Registry = t.registry
	m.know(l.Items)
	m.beginAtZero(l)
	return m
}

func newMetrics(t table, s Sources) *Metrics {
	m := &Metrics{
		exchanges:   newExchanges(t, s),
		items:       newItems(t),
		connections: newConnections(t, s),
		limits:      newLimits(t, s),
		upstreams:   newUpstreams(t, s),
		queue:       newQueue(t, s),
		matrix:      newMatrix(t, s),
		audit:       newAudit(t, s),
	}
	addPolicy(t, s)
	addLog(t, s)
	return m
}

// Table lists every metric that a gateway can have, those too that depend on its
// configuration.
func Table() []Metric {
	var rows []Metric
	newMetrics(table{rows: &rows}, Sources{})
	return rows
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
