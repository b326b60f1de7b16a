package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/google/uuid"
	"go.uber.org/zap"

	"brana/egon"
	"brana/gateway/metrics"
	"brana/policy"
	"brana/upstream"
)

// timeOfDay is written as 04:00; it counts from midnight.
type timeOfDay time.Duration

// UnmarshalYAML reads hours and minutes.
func (d *timeOfDay) UnmarshalYAML(n ast.Node) error {
	t, err := time.Parse("15:04", scalar(n))
	if err != nil {
		return mistake(n, "%s is not a time of the day: write it as \"04:00\"", n)
	}
	*d = timeOfDay(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute)
	return nil
}

func (m *matrixConfig) ages() policy.Ages {
	return policy.Ages{Fresh: time.Duration(m.Fresh), Generation: time.Duration(m.Generation), Jitter: time.Duration(m.Jitter),
		Negative: time.Duration(m.Negative), Max: time.Duration(m.MaxAge)}
}

func (m callerConfig) quadruple() egon.Quadruple {
	return egon.Quadruple{Agenda: m.Agenda, Role: m.Role, Ovm: m.Ovm, Ais: strconv.Itoa(int(m.Ais))}
}

// checkMatrix tells what is wrong with policy.matrix.
func (c *config) checkMatrix(wrong func(key, format string, args ...any)) {
	m := &c.Policy.Matrix
	switch {
	case m.E227 == "" && (m.Snapshot != "" || m.Caller != callerConfig{}):
		wrong("policy.matrix", "snapshot and caller are of use with e227 only; add e227: NAME of an upstream, or remove them")
	case m.E227 == "":
		return
	case m.File != "":
		wrong("policy.matrix", "file and e227 exclude each other; name one of them")
	}
	if _, ok := c.Upstreams[m.E227]; !ok {
		wrong("policy.matrix.e227", "no upstream has the name %s", m.E227)
	}
	if err := policy.CheckCaller(m.Caller.quadruple()); err != nil {
		wrong("policy.matrix.caller", "as whom the gateway itself calls E227: %v", err)
	}
	if err := m.ages().Validate(); err != nil {
		wrong("policy.matrix", "%v", err)
	}
	between(wrong, "policy.matrix.parallel", m.Parallel, 1, 64)
	between(wrong, "policy.matrix.foreign", m.Foreign, 1, 1<<20)
	between(wrong, "policy.matrix.timeout", m.Timeout, duration(time.Millisecond), duration(time.Hour))
	between(wrong, "policy.matrix.wait", m.Wait, duration(time.Millisecond), duration(time.Hour))
	between(wrong, "policy.matrix.early", m.Early, duration(time.Second), duration(24*time.Hour))
}

// rowsConfig is what rows of a source need to be kept.
func (c *config) rowsConfig(source policy.Source) policy.RowsConfig {
	m := &c.Policy.Matrix
	return policy.RowsConfig{Source: source, Ages: m.ages(), Timeout: time.Duration(m.Timeout), Parallel: int(m.Parallel),
		Early: time.Duration(m.Early), Ungranted: int(m.Foreign), Snapshot: m.Snapshot,
		Origin: string(c.Environment) + " " + c.Upstreams[m.E227].URL}
}

// rows makes the rows that E227 gives.
func (c *config) rows(store *policy.Store, clients map[string]*upstream.Client, counts *metrics.Metrics, log *zap.Logger) (*policy.Rows, error) {
	rights := &upstream.Rights{Client: clients[c.Policy.Matrix.E227], Caller: c.Policy.Matrix.Caller.quadruple(), NewID: uuid.NewString, Now: time.Now}
	if err := rights.Validate(); err != nil {
		return nil, err
	}
	cfg := c.rowsConfig(rights)
	refreshes, saves := &spells{log: log, broken: "refresh matrix: rows are served while they are young enough", mended: "matrix refreshed again"},
		&spells{log: log, broken: "write matrix: a start without the upstream would have old rows", mended: "matrix written again"}
	cfg.OnRefresh = func(r policy.Refresh) {
		counts.Refreshed(string(r.Result))
		refreshes.note(r.Err, zap.Stringer("triple", r.Triple))
		if r.Changed {
			log.Info("matrix row changed", zap.Stringer("triple", r.Triple), zap.String("result", string(r.Result)))
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

// spells log the beginning and the end of a time in which something fails, not
// each failure.
type spells struct {
	log            *zap.Logger
	broken, mended string
	failing        atomic.Bool
}

func (s *spells) note(err error, fields ...zap.Field) {
	switch {
	case err != nil && !s.failing.Swap(true):
		s.log.Warn(s.broken, append(fields, zap.Error(err))...)
	case err == nil && s.failing.Swap(false):
		s.log.Info(s.mended)
	}
}

// start begins to fetch what the policy needs.
func (w *wired) start() {
	if w.rows != nil {
		w.rows.Start()
	}
}

// rowsOnDisk says what the file of the rows holds.
func (w *wired) rowsOnDisk() string {
	if w.rows == nil {
		return ""
	}
	s := w.rows.Status()
	said := fmt.Sprintf("; matrix by E227: %d of %d triples with a grant in the snapshot", s.Fresh+s.Stale, s.Granted)
	if !s.Oldest.IsZero() {
		said += fmt.Sprintf(", the oldest %s old", time.Since(s.Oldest).Truncate(time.Second))
	}
	return said
}

// policyOnDisk is the policy as far as it can be known without calling anybody:
// rows that E227 gives are those of their file.
func (c *config) policyOnDisk() (*policy.Snapshot, error) {
	if c.Policy.Matrix.E227 == "" {
		return c.loadPolicy()
	}
	store, err := policy.NewStore(c.loadPolicy)
	if err != nil {
		return nil, err
	}
	rows, err := policy.NewRows(c.rowsConfig(nobody{}), store)
	if err != nil {
		return nil, fmt.Errorf("policy.matrix: %w", err)
	}
	return store.Current(), errors.Join(rows.Loaded(), rows.Close())
}

// nobody is a source that is never asked.
type nobody struct{}

// Fetch calls nobody.
func (nobody) Fetch(context.Context, *egon.RightsQuery) ([]egon.RightsItem, error) {
	return nil, errors.New("nobody is called")
}
