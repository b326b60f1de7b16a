package gateway

import (
	"time"

	"github.com/valyala/fasthttp"
)

// askFirst has the server ask expect whatever it is that a caller expects: by
// itself it asks for 100-continue only, and of all others reads the beginning
// of the body first. The judgement is about the raw lines, which stay.
func askFirst(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if len(h.Peek(fasthttp.HeaderExpect)) > 0 {
		h.Set(fasthttp.HeaderExpect, "100-continue")
	}
	return fasthttp.RequestConfig{} // no other bounds than the server's
}

// expect answers a caller that sends its header and waits: 100 when there is no
// reason yet to refuse the call, else the refusal. Its message is not read then,
// and whether it comes all the same is not known, so the connection closes (RFC
// 9110 §10.1.1).
func (g *Gateway) expect(rc *fasthttp.RequestCtx) int {
	call, err := g.awaits(rc)
	if err == nil {
		g.renewWriteTime(rc)
		return fasthttp.StatusContinue // Handle begins the exchange when the message comes
	}
	x := g.begin(rc)
	x.service, x.async, x.route = call.service, call.async, call.route
	r := asRefusal(err)
	r.Hangup = true
	_ = safely(func() error { x.reject(r); return nil }) // without an answer Read fails, which ends the connection
	rc.Response.SetBodyStream(x, x.out.length)
	return rc.Response.StatusCode()
}

// awaits says why a call is refused before its message was sent, or nil.
func (g *Gateway) awaits(rc *fasthttp.RequestCtx) (call edgeCall, err error) {
	err = safely(func() error {
		var refusal *Refusal
		call, refusal = g.checkEdge(rc)
		switch {
		case refusal != nil:
			return refusal
		case g.draining.Load():
			return refuse(Draining)
		case g.running.Load() >= g.cfg.MaxExchanges:
			return refuse(Overloaded)
		}
		return g.checkLog()
	})
	return call, err
}

// renewWriteTime gives what is written before an answer, or in the place of
// one, its own time: the server gives it none, and what it has set before may
// be long over.
func (g *Gateway) renewWriteTime(rc *fasthttp.RequestCtx) {
	_ = rc.Conn().SetWriteDeadline(time.Now().Add(g.cfg.WriteIdle)) // a closed connection fails at the write
}
