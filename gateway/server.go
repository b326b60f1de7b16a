package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"brana/gateway/stream"
)

// readBufferBytes bounds the header block of a request.
const readBufferBytes = 16 << 10

// newServer makes the HTTP server; docs/decisions.md explains its settings.
func (g *Gateway) newServer() *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                      g.Handle,
		StreamRequestBody:            true,
		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		CloseOnShutdown:              true,
		SecureErrorLogMessage:        true,
		LazyRequestTime:              true, // an exchange has its own
		ReadBufferSize:               readBufferBytes,
		MaxRequestBodySize:           stream.ReadAhead,
		ReadTimeout:                  g.cfg.ReadIdle,
		WriteTimeout:                 g.cfg.WriteIdle,
		IdleTimeout:                  g.cfg.KeepAlive,
		HeaderReceived:               askFirst,
		ExpectHandler:                g.expect,
		ErrorHandler:                 g.refuseUnparsed,
		Logger:                       quietLogger{},
	}
}

// Handle serves one exchange.
func (g *Gateway) Handle(rc *fasthttp.RequestCtx) {
	x := g.begin(rc)
	if err := safely(func() error { return x.serve() }); err != nil {
		if x.proof.Cut() && g.calls.Err() != nil {
			err = refuse(Draining).because(err) // the gateway cut the message, not the caller
		}
		// Without an answer Read fails, which ends the connection.
		_ = safely(func() error { x.reject(err); return nil })
	}
	if g.draining.Load() {
		rc.SetConnectionClose()
	}
	// The server sends an answer with a write deadline of its own at once. It would
	// keep another until it has served the requests behind it on the connection. A
	// connection that is closed fails at the write.
	_ = rc.SetWriteDeadline(time.Now().Add(g.cfg.WriteIdle))
	// fasthttp reads the body after Handle has returned and then closes it: the
	// exchange ends there, not here.
	rc.Response.SetBodyStream(x, x.out.length)
}

// refuseUnparsed refuses a request that the server could not parse, or whose
// beginning did not come.
func (g *Gateway) refuseUnparsed(rc *fasthttp.RequestCtx, err error) {
	var small *fasthttp.ErrSmallBuffer
	r := badFraming(400, "Toto není úplný a správně vytvořený požadavek HTTP/1.1.")
	var timeout net.Error
	switch {
	case errors.As(err, &small):
		r = badFraming(431, "Hlavička požadavku HTTP je příliš velká.").because(errHeaderTooLarge)
	case errors.As(err, &timeout) && timeout.Timeout():
		r = badFraming(408, "Požadavek HTTP nepřišel včas.").because(inWords(stream.MarkSlow(err)))
	}
	g.renewWriteTime(rc)
	x := g.begin(rc)
	x.reject(r)
	rc.Response.SetBodyStream(x, x.out.length)
}

// Serve serves exchanges from ln until Shutdown, and closes it. It returns nil
// after a shutdown, also after one that came before Serve.
func (g *Gateway) Serve(ln net.Listener) error {
	return g.conns.Serve(ln, g.server.Serve)
}

// pollTime is the time between two looks at whether callers and jobs have gone.
const pollTime = 10 * time.Millisecond

// Shutdown stops taking calls and waits until the running exchanges and jobs have
// ended. For ShutdownDelay the gateway is only not ready any more. Then the
// listener closes, and calls on open connections are refused as draining. Idle
// connections stay open for Linger.
//
// When ctx is done before, Shutdown cuts the exchanges and jobs that still run, and
// returns an error with their number. It ends within three times CutTime after ctx.
func (g *Gateway) Shutdown(ctx context.Context) error {
	g.leaving.Store(true)
	pause(ctx, g.cfg.ShutdownDelay)
	g.draining.Store(true)
	g.conns.StopAccepting()
	g.awaitCallers(ctx)
	g.conns.EndIdle()
	g.awaitServer()
	err := errors.Join(g.server.ShutdownWithContext(ctx), g.awaitJobs(ctx))
	running := g.Running() + g.Jobs()
	g.cut(errDraining)
	g.underWay.Cut(errDraining)
	g.awaitClosed()
	g.conns.Cut()
	g.awaitClosed()
	g.awaitCutJobs()
	if err != nil && running > 0 {
		return fmt.Errorf("cut %d exchanges that were still running: %w", running, err)
	}
	return nil
}

// Running is the number of exchanges at this moment.
func (g *Gateway) Running() int64 { return g.running.Load() }

// Jobs is the number of jobs under way at this moment.
func (g *Gateway) Jobs() int64 { return g.jobs.Load() }

// awaitJobs waits until no job is under way, or until ctx is done, which is the
// error then.
func (g *Gateway) awaitJobs(ctx context.Context) error {
	for g.Jobs() > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollTime):
		}
	}
	return nil
}

// awaitCutJobs waits for CutTime until the jobs that were cut have ended: their
// stores are closed next.
func (g *Gateway) awaitCutJobs() {
	ctx, cancel := context.WithTimeout(context.Background(), g.cfg.CutTime)
	defer cancel()
	_ = g.awaitJobs(ctx) // what hangs is lost
}

// Connections is the number of open connections at this moment.
func (g *Gateway) Connections() int { return g.conns.Count() }

// awaitCallers waits as long as callers may be refused on the connections that
// they have open, or until there are none.
func (g *Gateway) awaitCallers(ctx context.Context) {
	for until := time.Now().Add(g.cfg.Linger); g.conns.Count() > 0 && time.Now().Before(until); {
		if !pause(ctx, pollTime) {
			return
		}
	}
}

// awaitServer waits until the server has seen that its listener and the last
// connection are closed. Its own shutdown looks once, and then after 100 ms.
func (g *Gateway) awaitServer() {
	until := time.Now().Add(pollTime)
	// The count leaves out one, the listener.
	open := func() bool { return g.server.GetOpenConnectionsCount() >= 0 }
	for g.conns.Count() == 0 && open() && time.Now().Before(until) {
		time.Sleep(pollTime / 10)
	}
}

// awaitClosed waits until no connection is open, for CutTime at most.
func (g *Gateway) awaitClosed() {
	for until := time.Now().Add(g.cfg.CutTime); g.conns.Count() > 0 && time.Now().Before(until); {
		time.Sleep(min(pollTime, g.cfg.CutTime))
	}
}

// quietLogger drops the server's own lines: each exchange has a line already, and
// theirs may quote what a caller sent.
type quietLogger struct{}

func (quietLogger) Printf(string, ...any) {}
