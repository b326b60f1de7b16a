package gateway

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"brana/egon"
)

// readBufferBytes bounds the header block of a request.
const readBufferBytes = 16 << 10

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
		ReadBufferSize:               readBufferBytes,
		MaxRequestBodySize:           g.cfg.InlineLimit, // bounds only what is read before the handler
		ReadTimeout:                  g.cfg.ReadIdle,
		WriteTimeout:                 g.cfg.WriteIdle,
		IdleTimeout:                  g.cfg.KeepAlive,
		ExpectHandler:                g.expect,
		ErrorHandler:                 g.refuseUnparsed,
		Logger:                       quietLogger{},
	}
}

// expect lets a caller send its body unless the header already refuses it; the
// handler then answers with the refusal.
func (g *Gateway) expect(*fasthttp.RequestCtx) int { return fasthttp.StatusContinue }

// refuseUnparsed answers a request whose header the server could not parse.
func (g *Gateway) refuseUnparsed(rc *fasthttp.RequestCtx, err error) {
	var small *fasthttp.ErrSmallBuffer
	r := badHTTP(400, "Hlavička požadavku HTTP není správně vytvořena.")
	var timeout net.Error
	switch {
	case errors.As(err, &small):
		r = badHTTP(431, "Hlavička požadavku HTTP je příliš velká.")
	case errors.As(err, &timeout) && timeout.Timeout():
		r = badHTTP(408, "Hlavička požadavku nepřišla včas.")
	}
	rc.ResetBody()
	rc.SetStatusCode(r.status(g.cfg.StatusMode))
	rc.SetContentType(contentType)
	rc.SetBody(egon.AppendFault(nil, r.Kind.Fault, r.text(), r.Kind.Code))
	rc.SetConnectionClose()
	g.parts.Metrics.refused(r.Kind)
	g.parts.Log.Info("exchange", zap.String("outcome", r.Kind.Code), zap.String("peer", rc.RemoteAddr().String()))
}

// Serve serves exchanges from ln until Shutdown. It returns nil after a
// shutdown.
func (g *Gateway) Serve(ln net.Listener) error { return g.server.Serve(ln) }

// Shutdown stops taking calls and waits until the running exchanges have
// ended, or ctx is done; what then still runs is cut and its error returned.
func (g *Gateway) Shutdown(ctx context.Context) error {
	g.draining.Store(true)
	return g.server.ShutdownWithContext(ctx)
}

var errDraining = errors.New("draining")

// limitsReady says why no decision of the limiter can be had, or nil.
func (g *Gateway) limitsReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return g.parts.Limiter.Ready(ctx)
}

// Running is the number of exchanges at this moment.
func (g *Gateway) Running() int64 { return g.running.Load() }

// quietLogger drops the server's own lines: each exchange has its line already,
// and theirs may quote what a caller sent.
type quietLogger struct{}

func (quietLogger) Printf(string, ...any) {}
