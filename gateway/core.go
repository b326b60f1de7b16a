package gateway

import (
	"context"
	"sync/atomic"

	"brana/egon"
	"brana/gateway/stream"
)

// A core is what the exchanges and jobs of a gateway share. They know it, and not
// the server, which knows them.
type core struct {
	cfg    Config
	parts  Parts
	routes map[*egon.Service]Route
	pools  pools

	callerCerts *callerCerts

	leaving  atomic.Bool // a shutdown has begun, and it is not ready
	draining atomic.Bool // a shutdown has gone on, and it takes no calls
	running  atomic.Int64
	jobs     atomic.Int64

	calls    context.Context // ends the calls that a shutdown does not wait for
	cut      context.CancelCauseFunc
	underWay stream.Calls
}

// checkLog refuses a call while the log takes no lines, unless the operator wants
// such calls served.
func (c *core) checkLog() error {
	if c.cfg.DropLines || c.parts.LogBlocked == nil {
		return nil
	}
	if err := c.parts.LogBlocked(); err != nil {
		return refuse(LogUnavailable).because(err)
	}
	return nil
}
