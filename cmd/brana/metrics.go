package main

import (
	"errors"
	"time"

	"brana/cmd/brana/config"
	"brana/gateway/metrics"
	"brana/gateway/queue"
	"brana/limits"
	"brana/limits/ledger"
	"brana/policy"
)

// sources read what the policy, the store of limits, the clients and the gateway
// know. The gateway is made later, and nothing is scraped before.
func (w *wired) sources(c *config.Config, log *logger) metrics.Sources {
	s := metrics.Sources{
		Connections:    func() float64 { return float64(w.gateway.Connections()) },
		Exchanges:      func() float64 { return float64(w.gateway.Running()) },
		Jobs:           func() float64 { return float64(w.gateway.Jobs()) },
		PolicyLoaded:   func() float64 { return float64(w.policy.Reloads().LastDone.Unix()) },
		PolicyGrants:   func() float64 { return float64(w.policy.Current().Counts().Grants) },
		PolicyRows:     func() float64 { return float64(w.policy.Current().Counts().Rows) },
		ReloadFailures: func() float64 { return float64(w.policy.Reloads().Failed) },
		Certificates:   w.certificateEnds,
		CallerCertificates: func(report func(end time.Time, ais, issuer, serial string)) {
			w.gateway.CallerCertificates(report)
		},
		Breakers: func(report func(upstream string, state int)) {
			for _, client := range w.clients {
				report(client.Name(), int(client.Breaker()))
			}
		},
	}
	if log.book != nil {
		s.LinesLost = func() float64 { return float64(log.book.Lost()) }
	}
	if c.Audit.Kept() {
		s.Audit = func() metrics.Journal { return w.usage.stats() }
	}
	if c.Limits.Store == config.InRedis {
		s.Ledger = func() metrics.Ledger { return ledgerOf(w.limiter.(*ledger.Store).Stats()) }
	}
	if c.Policy.Matrix.E227 != "" {
		s.Matrix = func() metrics.Matrix { return matrixOf(w.rows.Status()) }
	}
	return s
}

func (w *wired) certificateEnds(report func(end time.Time, key string)) {
	for key, c := range w.credentials {
		if end, ok := c.end(); ok {
			report(end, key)
		}
	}
}

func ledgerOf(s limits.Stats) metrics.Ledger {
	l := metrics.Ledger{
		State:    s.State.String(),
		Spent:    map[string]time.Duration{},
		Permits:  s.Permits,
		Slots:    s.Slots,
		Busy:     s.Busy,
		Callers:  s.Callers,
		Gateways: s.Gateways,
		Ahead:    s.Ahead,
		Fullest:  s.Fullest,
	}
	for i, spent := range s.Spent {
		l.Spent[limits.State(i).String()] = spent
	}
	return l
}

func matrixOf(s policy.RowsStatus) metrics.Matrix {
	return metrics.Matrix{
		Oldest:  s.Oldest,
		Fresh:   s.Fresh,
		Stale:   s.Stale,
		TooOld:  s.TooOld,
		Unknown: s.Unknown,
	}
}

// countRefill counts a request to the ledger of limits.
func (w *wired) countRefill(f limits.Refill) {
	r := metrics.Refill{
		Result:   metrics.Answered,
		Took:     f.Took,
		Granted:  f.Granted,
		Returned: f.Returned,
		Replayed: f.Replayed,
		Leases:   f.Leases,
		Lost:     f.Lost,
	}
	switch {
	case errors.Is(f.Err, limits.ErrReplicas):
		r.Result = metrics.Unacknowledged
	case f.Err != nil:
		r.Result = metrics.Failed
	}
	w.metrics.Refilled(&r)
}

// countQueue counts an operation on the queue of an AIS.
func (w *wired) countQueue(ais string, c queue.Change) {
	w.metrics.QueueChanged(ais, metrics.QueueChange(c))
}
