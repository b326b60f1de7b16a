package gateway

import (
	"context"
	"sync/atomic"

	"brana/gateway/stream"
)

// A core is what the exchanges and jobs of a gateway share. They know it, and not
// the server, which knows them.
type core struct {
	cfg      Config
	parts    Parts
	routes   routes
	messages messages
	pools    pools

	callerCerts *callerCerts

	leaving  atomic.Bool // a shutdown has begun, and it is not ready
	draining atomic.Bool // a shutdown has gone on, and it takes no calls
	running  atomic.Int64
	jobs     atomic.Int64

	calls    context.Context // ends the calls that a shutdown does not wait for
	cut      context.CancelCauseFunc
	underWay stream.Calls
}

// checkRecords refuses a call of which nothing could be recorded, unless the operator
// wants such calls served. Where there is no record of use, the line of the log is the
// record.
func (c *core) checkRecords() error {
	if c.parts.Record != nil {
		if err := c.parts.Record.Blocked(); err != nil && !c.cfg.ServeUnrecorded {
			return refuse(AuditUnavailable).because(err)
		}
		return nil
	}
	if c.cfg.DropLines || c.parts.LogBlocked == nil {
		return nil
	}
	if err := c.parts.LogBlocked(); err != nil {
		return refuse(LogUnavailable).because(err)
	}
	return nil
}
