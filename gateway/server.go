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

// readAhead is how many bytes of a body the server reads before the handler, at
// least one. A message that is cut there gets the server's answer, which can say
// nothing of the message.
const readAhead = 1

// newServer is the HTTP server with the settings that a streaming gate needs;
// see docs/decisions.md on each.
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

// refuseUnparsed answers a request that the server could not parse, or whose
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
// after a shutdown, also after one that came first.
func (g *Gateway) Serve(ln net.Listener) error {
	return g.conns.Serve(ln, g.server.Serve)
}

// lookAgain is between two looks at whether callers and jobs have gone.
const lookAgain = 10 * time.Millisecond

// Shutdown stops taking calls and waits until the running exchanges and jobs have
// ended. For ShutdownDelay it is only not ready any more. Then the listener
// closes, and calls on connections that are open are refused as draining, which
// the idle ones may stay open for as long as Linger says.
//
// When ctx is done before, it cuts what still runs and returns an error that
// says how many exchanges these were. It ends within three times CutTime after
// ctx.
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

// errDraining ends the calls that a shutdown does not wait for. For whoever
// knows contexts only it is a cancellation.
var errDraining error = draining{}

type draining struct{}

func (draining) Error() string { return "the gateway is draining" }

func (draining) Is(target error) bool { return target == context.Canceled }

// Running is the number of exchanges at this moment.
func (g *Gateway) Running() int64 { return g.running.Load() }

// quietLogger drops the server's own lines: each exchange has its line already,
// and theirs may quote what a caller sent.
type quietLogger struct{}

func (quietLogger) Printf(string, ...any) {}
