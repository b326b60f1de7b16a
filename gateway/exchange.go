package gateway

import (
	"bytes"
	"context"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"brana/egon"
	"brana/gateway/stream"
)

// An exchange is one request, its answer, and all held for them, until the last
// byte. fasthttp reads the answer from it and then ends it. One goroutine at a
// time has it.
//
// It owns three values, each with one end: what came in (inbound.release), what it
// holds at the stores (hold.release) and what goes out (outbound.close).
// CloseWithError ends all three, and nothing else ends the first two. Last it gives back
// the watch of what went out and the trace, of which the records tell.
type exchange struct {
	inbound
	hold hold
	out  outbound

	sent, received time.Time     // the message began to go out, the answer has begun
	trace          *egon.Trace   // of what came of the call at the registries
	entitled       entitlement   // of a relayed call
	inside         *egon.Service // whose items the answer holds; of E100 not the call's
	foreign        []string      // items that left without a right, or unasked
	filtered       []string      // items that were taken out of a relayed answer
	published      bool          // the answer is a WSDL or a schema
	ended          bool
	result
}

// begin makes the exchange of a request.
func (c *core) begin(rc *fasthttp.RequestCtx) *exchange {
	c.running.Add(1)
	return &exchange{
		inbound: inbound{
			request: request{core: c, start: time.Now()},
			rc:      rc,
			watch:   c.newWatch(),
		},
		hold:  hold{parts: &c.parts},
		out:   outbound{watch: c.newWatch()},
		trace: c.pools.traces.Get(),
	}
}

// setDeadline begins the time of the call: the route's timeout, and the time in
// which the rest of the message may arrive.
func (x *exchange) setDeadline() context.Context {
	x.timeout = x.route.Timeout + x.proof.TimeLeft()
	x.out.deadline = x.underWay.Begin(x.timeout, x.cfg.MinRate)
	return x.out.deadline
}

// slotLifetime is longer than any one wait of the call: until its answer begins,
// for more of it, or until the caller takes some.
func (x *exchange) slotLifetime() time.Duration {
	return max(x.timeout, x.cfg.WriteIdle) + slotMargin
}

// take makes an answer the exchange's. A small relayed reply is read whole before
// the first byte leaves, so that a broken one is still a refusal and not a broken
// answer.
func (x *exchange) take(a *egon.Answer) error {
	x.out.own(a)
	if x.route.Kind == RelayRoute {
		b := holding{int64(x.cfg.InlineLimit), x.cfg.maxHeld()}
		err := x.out.prove(&x.pools, x.service, x.expectation(), b)
		if err != nil {
			return x.route.blame(err)
		}
	}
	if a.Barred {
		x.doubtRow()
	}
	if a.IszrZadostId != "" {
		x.iszrID = a.IszrZadostId // the log has the number that the caller sees
	}
	x.settle() // an upstream may have answered before it had the whole message
	x.rc.SetStatusCode(a.HTTPStatus)
	x.rc.SetContentType(a.ContentType)
	x.setLimitFields()
	return nil
}

// expectation is what the relayed answer may hold, by the rule of its route.
func (x *exchange) expectation() egon.Expectation {
	e := egon.Expectation{Rule: x.route.Returned, Details: removedItems(x.head, &x.decision)}
	if e.Rule == egon.ObserveReturned && e.Details == nil {
		return e
	}
	x.entitled = x.entitle()
	e.Rights = &x.entitled
	return e
}

// reject answers with a refusal in place of what there was. What was reserved for
// the call is given back before the caller learns of it.
func (x *exchange) reject(err error) {
	r := asRefusal(err)
	x.refusal = r
	x.hold.withdraw()
	x.endAnswer()
	if r.Hangup || r.Kind == Draining {
		x.hangUp()
	} else {
		x.settle()
	}
	body := x.refusalBody(r)
	x.out.say(io.NopCloser(bytes.NewReader(body)), len(body))
	x.rc.SetStatusCode(r.status(x.cfg.StatusMode))
	x.rc.SetContentType(contentType)
	x.setLimitFields()
	if after := r.retryAfter(); after > 0 {
		x.rc.Response.Header.Set("Retry-After", strconv.FormatInt(after, 10))
	}
	if r.Status == fasthttp.StatusMethodNotAllowed {
		x.rc.Response.Header.Set("Allow", "POST")
	}
}

// refusalBody writes the refusal as the called service's own reply, or as a SOAP
// Fault.
func (x *exchange) refusalBody(r *Refusal) []byte {
	if r.Kind.SubKod == "" {
		return egon.AppendFault(nil, r.Kind.Fault, r.text(), r.Kind.Code)
	}
	return x.refusalReply(r, x.reader == nil || x.reader.Enveloped(), time.Now())
}

// next returns up to most of the next bytes of the answer, and keeps the slot
// between waits, so that the call stays counted until its last byte.
func (x *exchange) next(p []byte, most int) ([]byte, error) {
	x.hold.renew(x.slotLifetime())
	b, err := x.out.next(p, most)
	x.hold.renew(x.slotLifetime())
	return b, err
}

// Read hands the answer to the server. An error makes the server close the
// connection before the answer is complete.
func (x *exchange) Read(p []byte) (int, error) {
	b, err := x.next(p, len(p))
	return copy(p, b), err
}

// SupportsBodyWriteTo makes the server call WriteTo, which it does not do for
// every io.WriterTo.
func (x *exchange) SupportsBodyWriteTo() bool { return true }

// WriteTo hands the answer to the server in larger pieces than the server would
// read by itself, since it flushes each of them, and a relayed one without a copy.
// Of a large answer the caller must take each piece in its time; a small one is
// under the server's deadline as a whole.
func (x *exchange) WriteTo(w io.Writer) (written int64, err error) {
	var p []byte
	if x.out.verifier == nil {
		buf := x.pools.buffers.Get()
		defer x.pools.buffers.Put(buf)
		p = (*buf)[:cap(*buf)]
	}
	large := x.out.large()
	taker := stream.Patience{Idle: x.cfg.WriteIdle, Rate: x.cfg.MinRate}
	for err == nil {
		var b []byte
		b, err = x.next(p, math.MaxInt)
		if len(b) == 0 {
			continue
		}
		if large {
			_ = x.rc.SetWriteDeadline(taker.Begin(written)) // if it is closed, the write fails
		}
		n, failed := w.Write(b)
		if large {
			taker.End()
		}
		written += int64(n)
		if failed != nil {
			return written, stream.MarkSlow(failed)
		}
	}
	if err == io.EOF {
		err = nil
	}
	return written, err
}

// CloseWithError ends the exchange; the server calls it after the last byte or
// when the caller has left, and err says which. It gives back all that the
// exchange holds: what goes out, the slot, and after the records what came in, since they
// borrow from it. A second call does nothing.
func (x *exchange) CloseWithError(err error) error {
	if x.ended {
		return nil
	}
	x.ended = true
	err = inWords(err)
	switch {
	case x.out.err != nil:
		err = x.out.err
	case err == nil && !x.out.whole && !x.rc.IsHead():
		err = errUnsent
	}
	x.endAnswer()
	x.hold.release()
	x.broken, x.end = err, time.Now()
	x.outcome = x.outcomeOf(err)
	for _, record := range [...]func(*exchange){
		(*exchange).judgeReturned, (*exchange).recordUse, (*exchange).record,
	} {
		if err := safely(func() error { record(x); return nil }); err != nil {
			x.parts.Log.Error("record exchange", zap.Error(err))
		}
	}
	x.out.watch.release(&x.pools)
	x.trace.Reset()
	x.pools.traces.Put(x.trace)
	x.inbound.release()
	x.running.Add(-1)
	return nil
}

// endAnswer keeps what a relayed answer said, as far as it was read, and ends what
// goes out.
func (x *exchange) endAnswer() {
	if said := x.out.verifier; said != nil {
		x.out.kod, x.out.subKody, x.out.fault = said.Kod(), said.SubKody(), said.Fault()
		x.judge()
		x.trace.Returns(said.Returned())
		x.inside = said.Inside()
		if removed := said.Removed(); !removed.Empty() {
			x.filtered = slices.AppendSeq(make([]string, 0, 8), removed.Words())
		}
		if id := said.IszrZadostId(); id != "" {
			x.iszrID = id // the log has the number that the caller sees
		}
		if said.Bars() {
			x.doubtRow()
		}
	}
	x.out.close(&x.pools)
}

// judge tells the trace what a relayed answer is, which only its reader knows.
func (x *exchange) judge() {
	const relayed = 0 // the only span of a relay
	switch {
	case x.out.err != nil:
		x.trace.Judge(relayed, egon.SpanFailed)
	case x.out.fault:
		x.trace.Judge(relayed, egon.SpanFault)
	default:
		x.trace.Judge(relayed, egon.ResultOf(x.out.kod))
	}
}

// setLimitFields sets the header fields of the limits, if there is a decision.
func (x *exchange) setLimitFields() {
	if x.decided {
		setLimitFields(&x.rc.Response.Header, &x.limits, x.decision.Limits.Group)
	}
}
