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

// readAhead is the number of bytes of a body that the server reads before the
// handler, at least one. A message that is cut there gets the server's own answer,
// without anything about the message.
const readAhead = 1

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
		MaxRequestBodySize:           readAhead,
		ReadTimeout:                  g.cfg.ReadIdle,
		WriteTimeout:                 g.cfg.WriteIdle,
		IdleTimeout:                  g.cfg.KeepAlive,
		HeaderReceived:               askFirst,
		ExpectHandler:                g.expect,
		ErrorHandler:                 g.refuseUnparsed,
		Logger:                       quietLogger{},
	}
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

// errDraining ends the calls for which a shutdown does not wait. To a package that
// knows only contexts it is a cancellation.
var errDraining error = draining{}

type draining struct{}

func (draining) Error() string { return "the gateway is draining" }

func (draining) Is(target error) bool { return target == context.Canceled }

// Running is the number of exchanges at this moment.
func (g *Gateway) Running() int64 { return g.running.Load() }

// quietLogger drops the server's own lines: each exchange has a line already, and
// theirs may quote what a caller sent.
type quietLogger struct{}

func (quietLogger) Printf(string, ...any) {}
