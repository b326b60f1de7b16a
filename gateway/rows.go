package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brana/policy"
)

// awaitOwnRow waits for the row of the caller's triple and decides anew, by one
// snapshot that has it: what the old one said about the caller is asked again.
func (g *Gateway) awaitOwnRow(x *exchange) error {
	ctx, cancel := context.WithTimeout(g.calls, x.route.Timeout)
	defer cancel()
	i := &x.head.Info
	if _, err := g.await(ctx, i.Agenda, i.AgendovaRole, i.Ovm); err != nil {
		return err
	}
	if err := g.identify(x); err != nil {
		return err
	}
	x.decision = x.policy.Decide(x.head, x.start)
	return nil // a row that has ended by now is refused like the others
}

// rowOf returns the items of any triple. With a matrix that is whole it is that
// of the snapshot which decided.
func (g *Gateway) rowOf(ctx context.Context, x *exchange, agenda, role, ovm []byte) ([]policy.Item, error) {
	snapshot := x.policy
	if g.parts.Rows != nil {
		var err error
		if snapshot, err = g.await(ctx, agenda, role, ovm); err != nil {
			return nil, err
		}
	}
	row, fresh := snapshot.Row(agenda, role, ovm, time.Now())
	if fresh < policy.Stale {
		return nil, refuse(MatrixUnavailable).because(errors.New("the row ended before it was read"))
	}
	return row, nil
}

// await returns a snapshot that has the row of a triple, fetched if need be.
func (g *Gateway) await(ctx context.Context, agenda, role, ovm []byte) (*policy.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, g.cfg.RowWait)
	defer cancel()
	snapshot, err := g.parts.Rows.Await(ctx, agenda, role, ovm)
	switch {
	case err != nil && context.Cause(ctx) == errDraining:
		return nil, refuse(Draining).because(err)
	case err != nil:
		return nil, refuse(MatrixUnavailable).because(err)
	}
	return snapshot, nil
}

// doubtRow has the row refreshed early that permitted an item which an upstream
// refused (NENI OPRAVNENI): the matrix there has changed.
func (x *exchange) doubtRow() {
	if x.g.parts.Rows == nil || !x.decision.RestsOnRow(x.head) {
		return
	}
	i := &x.head.Info
	x.g.parts.Rows.Doubt(i.Agenda, i.AgendovaRole, i.Ovm, x.start)
}

// rowsMetrics watch a matrix that is fetched by E227. The zero value counts
// nothing.
type rowsMetrics struct {
	read      func() policy.RowsStatus
	age, rows *prometheus.Desc
	refreshes *prometheus.CounterVec
	stale     prometheus.Counter
}

func newRowsMetrics(help map[string]string, read func() policy.RowsStatus) rowsMetrics {
	const age, rows, refreshes, stale = "brana_matrix_age_seconds", "brana_matrix_rows", "brana_matrix_refreshes_total", "brana_matrix_stale_serves_total"
	m := rowsMetrics{
		read:      read,
		age:       prometheus.NewDesc(age, help[age], nil, nil),
		rows:      prometheus.NewDesc(rows, help[rows], []string{"state"}, nil),
		refreshes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: refreshes, Help: help[refreshes]}, []string{"result"}),
		stale:     prometheus.NewCounter(prometheus.CounterOpts{Name: stale, Help: help[stale]}),
	}
	for _, r := range policy.RefreshResults() {
		m.refreshes.WithLabelValues(string(r))
	}
	return m
}

// Describe tells the metrics.
func (m rowsMetrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- m.age
	ch <- m.rows
	m.refreshes.Describe(ch)
	m.stale.Describe(ch)
}

// Collect reads them.
func (m rowsMetrics) Collect(ch chan<- prometheus.Metric) {
	s := m.read()
	if !s.Oldest.IsZero() {
		ch <- prometheus.MustNewConstMetric(m.age, prometheus.GaugeValue, time.Since(s.Oldest).Seconds())
	}
	for _, state := range []struct {
		name string
		n    int
	}{{"fresh", s.Fresh}, {"stale", s.Stale}, {"too-old", s.TooOld}, {"unknown", s.Unknown}} {
		ch <- prometheus.MustNewConstMetric(m.rows, prometheus.GaugeValue, float64(state.n), state.name)
	}
	m.refreshes.Collect(ch)
	m.stale.Collect(ch)
}

// Refreshed counts a question of E227 that has ended.
func (m *Metrics) Refreshed(r policy.Refresh) {
	if m.rows.refreshes != nil {
		m.rows.refreshes.WithLabelValues(string(r.Result)).Inc()
	}
}

// servedStale counts a decision by a row whose refresh was due.
func (m *Metrics) servedStale() {
	if m.rows.stale != nil {
		m.rows.stale.Inc()
	}
}
