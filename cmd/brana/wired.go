package main

import (
	"errors"
	"io"
	"time"

	"brana/egon"
	"brana/gateway"
	"brana/gateway/metrics"
	"brana/policy"
	"brana/upstream"
)

// limiter is a store of limits that can be closed. Both stores are.
type limiter interface {
	gateway.Limiter
	gateway.Quotas
	Close() error
}

// wired is a gateway and the parts of which it was made.
type wired struct {
	gateway *gateway.Gateway
	policy  *policy.Store
	rows    *policy.Rows // nil when the matrix is a file
	limiter limiter
	queue   io.Closer // nil unless w closes it
	clients []*upstream.Client
	metrics *metrics.Metrics
	usage   *usage // nil when no record is kept

	sealTime time.Duration // longest time for the seal of the record; 0: its own bounds hold

	contracts *egon.Contracts // nil unless they are served

	credentials map[string]*credentials // by the keys of the configuration
	password    *reread[string]         // of Redis; nil when the URL has it
}

// close closes the parts, the record of use last: it has what the others brought to an
// end.
func (w *wired) close() error {
	var err error
	if w.rows != nil {
		err = w.rows.Close()
	}
	for _, c := range w.clients {
		c.Close()
	}
	if w.queue != nil {
		err = errors.Join(err, w.queue.Close())
	}
	return errors.Join(err, w.limiter.Close(), w.usage.close(w.sealTime))
}
