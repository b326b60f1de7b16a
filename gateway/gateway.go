package gateway

import (
	"context"

	"github.com/valyala/fasthttp"

	"brana/gateway/conn"
)

// A Gateway serves exchanges. Make one with [New], serve with [Gateway.Serve].
type Gateway struct {
	core
	server *fasthttp.Server
	conns  *conn.Conns
}

// New checks the configuration and makes a gateway of it. The gateway closes none
// of its parts.
func New(cfg Config, parts Parts) (*Gateway, error) {
	cfg.setDefaults()
	if err := cfg.validate(parts); err != nil {
		return nil, err
	}
	routes := cfg.Routes.byService()
	g := &Gateway{core: core{
		cfg:         cfg,
		parts:       parts,
		messages:    newMessages(routes),
		routes:      routes,
		pools:       newPools(cfg.Bounds),
		callerCerts: newCallerCerts(),
	}}
	g.calls, g.cut = context.WithCancelCause(context.Background())
	g.conns = g.newConns()
	g.server = g.newServer()
	return g, nil
}
