package gateway

import (
	"time"

	"github.com/valyala/fasthttp"
)

// askFirst has the server call expect for every value of Expect. By itself the
// server does so for 100-continue only, and reads the beginning of the body first
// for all others. The raw lines, which checkLines checks, stay as they are.
func askFirst(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if len(h.Peek(fasthttp.HeaderExpect)) > 0 {
		h.Set(fasthttp.HeaderExpect, "100-continue")
	}
	return fasthttp.RequestConfig{} // no other bounds than the server's
}

// expect answers a caller that sends its header and waits: with 100 when there is
// no reason yet to refuse the call, else with the refusal. A refused message is not
// read. It may come all the same, so the connection closes (RFC 9110 §10.1.1).
func (c *core) expect(rc *fasthttp.RequestCtx) int {
	call, err := c.awaits(rc)
	if err == nil {
		c.renewWriteTime(rc)
		return fasthttp.StatusContinue // Handle begins the exchange when the message comes
	}
	x := c.begin(rc)
	x.service, x.async, x.route = call.service, call.async, call.route
	r := asRefusal(err)
	r.Hangup = true
	// Without an answer Read fails, which ends the connection.
	_ = safely(func() error { x.reject(r); return nil })
	rc.Response.SetBodyStream(x, x.out.length)
	return rc.Response.StatusCode()
}

// awaits returns why a call is refused before its message was sent, or nil.
func (c *core) awaits(rc *fasthttp.RequestCtx) (call edgeCall, err error) {
	err = safely(func() error {
		var refusal *Refusal
		call, refusal = c.checkEdge(rc)
		switch {
		case refusal != nil:
			return refusal
		case c.draining.Load():
			return refuse(Draining)
		case c.running.Load() >= c.cfg.MaxExchanges:
			return refuse(Overloaded)
		}
		return c.checkRecords()
	})
	return call, err
}

// renewWriteTime sets the write deadline of what is written before an answer, or in
// the place of one. The server sets none for it, and the one it has set before may
// have passed.
func (c *core) renewWriteTime(rc *fasthttp.RequestCtx) {
	// A closed connection fails at the write.
	_ = rc.Conn().SetWriteDeadline(time.Now().Add(c.cfg.WriteIdle))
}
