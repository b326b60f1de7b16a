package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// matrix counts how a matrix that is fetched by E227 is kept.
type matrix struct {
	refreshes *prometheus.CounterVec
	stale     prometheus.Counter
}

func newMatrix(t table, s Sources) matrix {
	t = t.when(s.Matrix != nil)
	m := matrix{
		refreshes: t.counters("brana_matrix_refreshes_total",
			"Questions of E227 that have ended: row, no-row, failed.", "result"),
		stale: t.counter("brana_matrix_stale_serves_total",
			"Decisions that rested on a row whose refresh was due."),
	}
	age := t.scrapedGauge("brana_matrix_age_seconds",
		"Age of the oldest row in use of a triple with a grant; absent when none is.")
	rows := t.scrapedGauge("brana_matrix_rows",
		"Triples with a grant, by the state of their row: fresh, stale, too-old, unknown.", "state")
	t.scraped(func(e emit) {
		now := s.Matrix()
		if !now.Oldest.IsZero() {
			e(age, time.Since(now.Oldest).Seconds())
		}
		e(rows, float64(now.Fresh), "fresh")
		e(rows, float64(now.Stale), "stale")
		e(rows, float64(now.TooOld), "too-old")
		e(rows, float64(now.Unknown), "unknown")
	}, age, rows)
	return m
}

// Refreshed counts a question of E227 that has ended.
func (m *matrix) Refreshed(result string) { m.refreshes.WithLabelValues(result).Inc() }

// ServedStale counts a decision by a row whose refresh was due.
func (m *matrix) ServedStale() { m.stale.Inc() }
