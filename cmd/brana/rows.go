package main

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"brana/cmd/brana/config"
	"brana/gateway/metrics"
	"brana/policy"
	"brana/upstream"
)

// rowsConfig is the configuration of rows that a source has.
func rowsConfig(c *config.Config, source policy.Source) policy.RowsConfig {
	m := &c.Policy.Matrix
	return policy.RowsConfig{
		Source:    source,
		Ages:      m.Ages(),
		Timeout:   time.Duration(m.Timeout),
		Parallel:  int(m.Parallel),
		Early:     time.Duration(m.Early),
		Ungranted: int(m.Foreign),
		Snapshot:  m.Snapshot,
		Origin:    string(c.Environment) + " " + c.Upstreams[m.E227].URL,
	}
}

// newRows makes the rows that E227 gives.
func newRows(c *config.Config, store *policy.Store, clients map[string]*upstream.Client,
	counts *metrics.Metrics, log *zap.Logger) (*policy.Rows, error) {
	rights := &upstream.Rights{
		Client: clients[c.Policy.Matrix.E227],
		Caller: c.Policy.Matrix.Caller.Quadruple(),
		NewID:  uuid.NewString,
		Now:    time.Now,
	}
	if err := rights.Validate(); err != nil {
		return nil, err
	}
	cfg := rowsConfig(c, rights)
	refreshes := &outage{
		log:   log,
		begun: "refresh matrix: rows are served while they are young enough",
		ended: "matrix refreshed again",
	}
	saves := &outage{
		log:   log,
		begun: "write matrix: a start without the upstream would have old rows",
		ended: "matrix written again",
	}
	cfg.OnRefresh = func(r policy.Refresh) {
		counts.Refreshed(string(r.Result))
		refreshes.note(r.Err, zap.Stringer("triple", r.Triple))
		if r.Changed {
			log.Info("matrix row changed", zap.Stringer("triple", r.Triple),
				zap.String("result", string(r.Result)))
		}
	}
	cfg.OnSave = func(err error) { saves.note(err) }
	rows, err := policy.NewRows(cfg, store)
	if err != nil {
		return nil, fmt.Errorf("policy.matrix: %w", err)
	}
	if err := rows.Loaded(); err != nil {
		log.Error("read matrix: all rows are fetched anew", zap.Error(err))
	}
	return rows, nil
}

// An outage logs when something begins to fail and when it works again, not each
// failure.
type outage struct {
	log          *zap.Logger
	begun, ended string // the messages
	lasts        atomic.Bool
}

func (o *outage) note(err error, fields ...zap.Field) {
	switch {
	case err != nil && !o.lasts.Swap(true):
		o.log.Warn(o.begun, append(fields, zap.Error(err))...)
	case err == nil && o.lasts.Swap(false):
		o.log.Info(o.ended)
	}
}
