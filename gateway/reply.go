package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"brana/egon"
	"brana/gateway/stream"
)

// contentType is that of all answers that the gateway writes.
const contentType = "text/xml; charset=utf-8"

// take makes an upstream's answer the exchange's. A small relayed reply is
// read whole before the first byte leaves, so that a broken one is still a
// refusal and not a broken answer.
func (x *exchange) take(a *egon.Answer) error {
	x.answer, x.length, x.kod = a.Body, int(a.Length), a.Kod
	if x.route.Kind == RelayRoute {
		if err := x.openReply(a); err != nil {
			return err
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

// openReply puts a relayed reply under proof and reads as much
// of it as may be held, or, when it is known to be larger, its beginning.
func (x *exchange) openReply(a *egon.Answer) error {
	x.scanner = x.g.replies.Get().(*egon.ReplyReader)
	x.scanner.Reset(x.service)
	x.reply.Begin(stream.Source{
		Verifier: x.scanner,
		Body:     a.Body,
		Length:   a.Length,
		Hold:     x.g.maxHeld(),
		Broken:   cutReply,
	}, x.g.buffers.Get())
	inline := int64(x.g.cfg.InlineLimit)
	for !x.reply.Done() && (a.Length <= inline && x.reply.Received() < inline || x.reply.Ready() == 0) {
		if err := x.reply.Fill(); err != nil {
			return x.blame(err)
		}
	}
	if x.reply.Done() {
		x.length = int(x.reply.Received())
	}
	return nil
}

func cutReply(_ *stream.Proof, err error) error { return fmt.Errorf("read reply: %w", err) }

// blame names the upstream in the failure of a relay, be it that there is no
// reply or that the reply is not what the contract promises.
func (x *exchange) blame(err error) error {
	var call *egon.CallError
	if x.route.Kind != RelayRoute || errors.As(err, &call) && call.Party.Kind != egon.Nobody {
		return err
	}
	named := egon.CallError{Name: x.route.Name, Timeout: errors.Is(err, context.DeadlineExceeded), Sent: true, Err: err}
	if call != nil {
		named = *call
	}
	named.Party = x.route.Party
	return &named
}

func discard(a *egon.Answer) {
	if a != nil {
		_ = a.Body.Close()
	}
}

// reject answers with a refusal in place of what there was.
func (x *exchange) reject(err error) {
	r := asRefusal(err)
	x.refusal = r
	x.withdraw()
	x.drop()
	x.kod, x.fault = "", false
	if r.Hangup || r.Kind == Draining {
		x.hangUp()
	} else {
		x.settle()
	}
	body := x.refusalBody(r)
	x.answer, x.length = io.NopCloser(bytes.NewReader(body)), len(body)
	x.rc.SetStatusCode(r.status(x.g.cfg.StatusMode))
	x.rc.SetContentType(contentType)
	x.setLimitFields()
	if after := r.retryAfter(); after > 0 {
		x.rc.Response.Header.Set("Retry-After", strconv.FormatInt(after, 10))
	}
	if r.Status == 405 {
		x.rc.Response.Header.Set("Allow", "POST")
	}
}

// refusalBody writes the refusal as the called service's own reply, or as a
// SOAP Fault.
func (x *exchange) refusalBody(r *Refusal) []byte {
	if r.Kind.SubKod == "" {
		return egon.AppendFault(nil, r.Kind.Fault, r.text(), r.Kind.Code)
	}
	return x.refusalReply(r, x.reader == nil || x.reader.Enveloped(), time.Now())
}

// refusalReply writes the refusal as the called service's own reply.
func (x *exchange) refusalReply(r *Refusal, enveloped bool, at time.Time) []byte {
	id := ""
	if x.reader != nil {
		id = string(x.reader.RequestID())
	}
	return egon.AppendReply(nil, x.service, enveloped, &egon.OdpovedInfo{
		CasOdpovedi:    at.In(x.g.cfg.Zone),
		Status:         egon.Status{Kod: egon.Chyba, Details: r.details()},
		AgendaZadostId: id,
		IszrZadostId:   x.id(),
	})
}
