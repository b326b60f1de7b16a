package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"brana/egon"
	"brana/limits"
	"brana/policy"
)

// slotMargin is how much longer than the deadline of a call its slot lives:
// time to write the last bytes. A slot that outlives its gateway frees itself
// after it.
const slotMargin = 30 * time.Second

// An exchange is one request, its answer, and all held for them, until the
// last byte. fasthttp reads the answer from it and then ends it.
type exchange struct {
	g  *Gateway
	rc *fasthttp.RequestCtx

	start, sent, received time.Time

	service  *egon.Service
	async    bool
	route    Route
	cancel   context.CancelFunc
	reader   *egon.Reader
	body     guard // the request
	head     *egon.Head
	decision policy.Decision
	limits   limits.Decision
	decided  bool // limits holds a decision
	slot     limits.Slot
	admitted bool // slot is held
	iszrID   string

	reply   guard             // a relayed answer
	scanner *egon.ReplyReader // of the reply
	answer  io.ReadCloser     // what the caller reads; nil before there is one
	length  int               // of the answer, -1 when it is not known
	written int64             // bytes of the answer handed to the server
	kod     string            // VysledekKod of the answer, when it is known
	fault   bool              // the answer is a SOAP Fault of the upstream
	refusal *Refusal
	readErr error // why reading the answer ended before its end
	ended   bool
}

func (g *Gateway) now() time.Time { return time.Now() }

// begin makes the exchange of a request.
func (g *Gateway) begin(rc *fasthttp.RequestCtx) *exchange {
	g.running.Add(1)
	return &exchange{g: g, rc: rc, start: g.now(), iszrID: g.parts.NewID()}
}

// openBody puts the request's body under the guard of a reader.
func (x *exchange) openBody() {
	x.reader = x.g.readers.Get().(*egon.Reader)
	x.reader.Reset(x.service)
	x.body = guard{
		scan:   x.reader,
		src:    x.rc.RequestBodyStream(),
		length: int64(x.rc.Request.Header.ContentLength()),
		buf:    x.g.buffers.Get().(*[]byte),
		wait:   func() error { return x.rc.SetReadDeadline(x.g.now().Add(x.g.cfg.ReadIdle)) },
		broken: cutRequest,
	}
	if x.body.src == nil { // neither Content-Length nor Transfer-Encoding
		x.body.length = 0
	}
}

// cutRequest says that the caller's message ended before its end.
func cutRequest(err error) error {
	return &egon.Offence{Kind: egon.Malformed, Popis: "Zpráva skončila před svým koncem.", Err: fmt.Errorf("read request: %w", err)}
}

// message is the request as it goes to an upstream: the bytes received, from
// the first on, each released only when it is proven.
func (x *exchange) message() *egon.Message {
	return &egon.Message{Service: x.service, Async: x.async, Length: x.body.length, Body: &x.body}
}

// take makes an upstream's answer the exchange's. A small relayed reply is
// read whole before the first byte leaves, so that a broken one is still a
// refusal and not a broken answer.
func (x *exchange) take(a *egon.Answer) error {
	x.answer, x.length, x.kod = a.Body, int(a.Length), a.Kod
	if x.route.Kind == RelayRoute {
		x.scanner = x.g.replies.Get().(*egon.ReplyReader)
		x.scanner.Reset(x.service)
		x.reply = guard{scan: x.scanner, src: a.Body, length: a.Length, buf: x.g.buffers.Get().(*[]byte), broken: cutReply}
		small := a.Length >= 0 && a.Length <= int64(x.g.cfg.InlineLimit)
		for !x.reply.done() && (small || x.reply.ready() == 0) {
			if err := x.reply.fill(); err != nil {
				return brokenReply(err)
			}
		}
	}
	x.rc.SetStatusCode(a.HTTPStatus)
	x.rc.SetContentType(a.ContentType)
	x.setLimitFields()
	return nil
}

func cutReply(err error) error { return fmt.Errorf("read reply: %w", err) }

// brokenReply is the failure of an upstream whose reply is not what its
// contract promises.
func brokenReply(err error) error {
	var call *egon.CallError
	if errors.As(err, &call) {
		return err
	}
	timeout := errors.Is(err, context.DeadlineExceeded)
	return &egon.CallError{Name: "relay", Party: egon.Party{Kind: egon.Registr, Code: "ISZR"}, Timeout: timeout, Sent: true, Err: err}
}

// reject answers with a refusal. It drains the unread body within its bounds,
// since closing on a caller that still sends loses the answer, and closes the
// connection unless the message was read whole: what is unread must never be
// taken for the next request.
func (x *exchange) reject(err error) {
	r := asRefusal(err)
	x.refusal = r
	x.drop()
	if r.Hangup || !x.drain() {
		x.rc.SetConnectionClose()
	}
	body := x.refusalBody(r)
	x.answer, x.length, x.kod = io.NopCloser(bytes.NewReader(body)), len(body), ""
	x.rc.SetStatusCode(r.status(x.g.cfg.StatusMode))
	x.rc.SetContentType(contentType)
	x.setLimitFields()
	if r.RetryAfter > 0 {
		x.rc.Response.Header.Set("Retry-After", strconv.FormatInt(seconds(r.RetryAfter), 10))
	}
}

// refusalBody writes the refusal as the called service's own reply, or as a
// SOAP Fault.
func (x *exchange) refusalBody(r *Refusal) []byte {
	if r.Kind.SubKod == "" || x.service == nil {
		fault := r.Kind.Fault
		if fault == "" {
			fault = egon.FaultServer
		}
		return egon.AppendFault(nil, fault, r.text(), r.Kind.Code)
	}
	enveloped, id := true, ""
	if x.reader != nil {
		id = string(x.reader.RequestID())
		enveloped = x.reader.Enveloped()
	}
	return egon.AppendReply(nil, x.service, enveloped, &egon.OdpovedInfo{
		CasOdpovedi:    x.g.now(),
		Status:         egon.Status{Kod: egon.Chyba, Details: r.details()},
		AgendaZadostId: id,
		IszrZadostId:   x.iszrID,
	})
}

// Read hands the answer to the server. An error makes the server close the
// connection before the answer is complete.
func (x *exchange) Read(p []byte) (n int, err error) {
	defer func() {
		if p := recover(); p != nil {
			n, err = 0, &panicError{value: p}
		}
		if err != nil && err != io.EOF {
			x.readErr = err
		}
	}()
	if x.scanner != nil && x.refusal == nil {
		n, err = x.reply.Read(p)
	} else {
		n, err = x.answer.Read(p)
	}
	x.written += int64(n)
	if x.length < 0 {
		_ = x.rc.SetWriteDeadline(x.g.now().Add(x.g.cfg.WriteIdle)) // a closed connection fails at the write
	}
	return n, err
}

// CloseWithError ends the exchange; the server calls it after the last byte or
// when the caller has left, and err says which. It is the only place that
// gives anything back.
func (x *exchange) CloseWithError(err error) error {
	if x.ended {
		return nil
	}
	x.ended = true
	if x.readErr != nil {
		err = x.readErr
	}
	x.release()
	x.g.running.Add(-1)
	x.g.record(x, err)
	if x.reader != nil {
		x.g.readers.Put(x.reader) // after the record: the head borrows from it
	}
	return nil
}

// release gives back the upstream's answer, the buffers and the slot.
func (x *exchange) release() {
	x.drop()
	x.body.release(&x.g.buffers)
	if x.admitted {
		x.admitted = false
		ctx, cancel := context.WithTimeout(context.Background(), x.g.cfg.AdmitTimeout)
		defer cancel()
		if err := x.g.parts.Limiter.Release(ctx, x.slot); err != nil {
			x.g.parts.Log.Warn("release slot", zap.Error(err))
		}
	}
}

// drop closes the upstream's answer and cancels what still waits for it.
func (x *exchange) drop() {
	if x.answer != nil {
		_ = x.answer.Close() // nothing is left to tell about it
		x.answer = nil
	}
	if x.cancel != nil {
		x.cancel()
	}
	if x.scanner != nil {
		x.kod, x.fault = x.scanner.Kod(), x.scanner.Fault()
		x.reply.release(&x.g.buffers)
		x.g.replies.Put(x.scanner)
		x.scanner = nil
	}
}

// drain reads off what is left of an unread request body, within its bounds of
// bytes and time, and reports whether nothing is left.
func (x *exchange) drain() bool {
	src := x.body.src
	if x.reader == nil {
		src = x.rc.RequestBodyStream()
	}
	if src == nil || x.body.received() {
		return true
	}
	_ = x.rc.SetReadDeadline(x.g.now().Add(x.g.cfg.DrainTime)) // a closed connection fails at the read
	n, err := io.Copy(io.Discard, io.LimitReader(src, x.g.cfg.DrainBytes+1))
	return err == nil && n <= x.g.cfg.DrainBytes
}

// seconds rounds up to whole seconds, at least one.
func seconds(d time.Duration) int64 { return max(1, int64((d+time.Second-1)/time.Second)) }
