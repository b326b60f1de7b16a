package gateway

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"brana/egon"
	"brana/gateway/metrics"
	"brana/policy"
)

// sourceFunc answers E227 for a triple written agenda/role/ovm.
type sourceFunc func(ctx context.Context, triple string) ([]egon.RightsItem, error)

func (f sourceFunc) Fetch(ctx context.Context, q *egon.RightsQuery) ([]egon.RightsItem, error) {
	return f(ctx, fmt.Sprintf("%s/%s/%s", q.Agenda, q.AgendovaRole, q.Ovm))
}

// fakeRights answers E227 and keeps the triples it was asked for.
type fakeRights struct {
	mu    sync.Mutex
	rows  map[string]string // triple → words
	err   error
	hold  chan struct{} // when not nil, answers wait until it is closed
	asked []string
}

func (f *fakeRights) fetch(ctx context.Context, triple string) ([]egon.RightsItem, error) {
	f.mu.Lock()
	f.asked = append(f.asked, triple)
	hold := f.hold
	f.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var items []egon.RightsItem
	for _, word := range strings.Fields(f.rows[triple]) {
		items = append(items, egon.RightsItem{KodIszr: word})
	}
	return items, f.err
}

func (f *fakeRights) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeRights) questions() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

const ownTriple = "X999/XR1/12345678"

// rowsFrom puts rows of a source in the place of the matrix file. They are not
// started: only calls ask.
func rowsFrom(t testing.TB, source sourceFunc, change ...func(*policy.RowsConfig)) func(*settings) {
	t.Helper()
	store, err := policy.NewStore(func() (*policy.Snapshot, error) {
		return policy.LoadFS(fstest.MapFS{"grants/a.yaml": {Data: []byte(grants)}}, policy.Config{
			Dir:         "grants",
			Environment: policy.Test,
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return rowsOver(t, store, source, change...)
}

// rowsOver is rowsFrom over a store that there is.
func rowsOver(
	t testing.TB, store *policy.Store, source sourceFunc, change ...func(*policy.RowsConfig),
) func(*settings) {
	return func(s *settings) {
		s.cfg.Routes.Default.Items = policy.Strict // so that calls rest on rows
		var err error
		cfg := policy.RowsConfig{
			Source: source,
			Ages: policy.Ages{
				Fresh:    time.Hour,
				Negative: time.Minute,
				Max:      2 * time.Hour,
			},
			Timeout:   20 * time.Second,
			Parallel:  1,
			Early:     time.Hour,
			Ungranted: 100,
			Origin:    "test",
		}
		for _, f := range change {
			f(&cfg)
		}
		var rows *policy.Rows
		s.parts.Metrics = NewMetrics(metrics.Sources{Matrix: func() metrics.Matrix {
			s := rows.Status()
			return metrics.Matrix{
				Oldest:  s.Oldest,
				Fresh:   s.Fresh,
				Stale:   s.Stale,
				TooOld:  s.TooOld,
				Unknown: s.Unknown,
			}
		}})
		cfg.OnRefresh = func(r policy.Refresh) { s.parts.Metrics.Refreshed(string(r.Result)) }
		if rows, err = policy.NewRows(cfg, store); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := rows.Close(); err != nil {
				t.Error(err)
			}
		})
		s.parts.Policy, s.parts.Rows = store, rows
	}
}
