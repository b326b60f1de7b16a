package upstream

import (
	"context"
	"time"

	"brana/egon"
)

// A Relay sends messages to one upstream unchanged.
type Relay struct {
	client *Client
}

// NewRelay returns a relay over c. The caller still closes c.
func NewRelay(c *Client) *Relay { return &Relay{client: c} }

// Send posts m to the service's address below the upstream's URL; an internal message to
// that URL itself, the one that a publisher has. It returns the answer
// when its head is here, and when the message began to go out; the zero time means that
// nothing was sent. The body goes with its Content-Length when m knows that, otherwise
// in chunks. Nothing is ever sent twice. The trace tr, which may be nil, takes one span
// with no status: only the reader of the answer learns it.
//
// An error of m.Body comes back unchanged: the message is then broken off on the wire
// without its end, so that the upstream cannot take it for whole. Any other error is an
// *egon.CallError. An answer that is not XML is one, and so is an HTTP error status
// without a SOAP Fault. When a SOAP header is longer than faultAhead, the Body returns
// that error.
//
// The context bounds the answer's Body too, until it is closed. Closing it before its
// end closes the connection.
func (r *Relay) Send(
	ctx context.Context, m *egon.Message, tr *egon.Trace,
) (a *egon.Answer, sent time.Time, err error) {
	k, err := r.client.open(ctx, asker{
		service:  m.Service.Code,
		arriving: !m.Whole,
		message:  egon.RelayedMessage,
		trace:    tr,
	})
	if err != nil {
		return nil, sent, err
	}
	err = errUnended // unless k.relay returns
	defer func() {
		if err != nil || a.HTTPStatus < 400 { // otherwise the body reports the outcome
			k.end(err)
		}
	}()
	a, err = k.relay(ctx, m)
	return a, k.sent, err
}

func (k *call) relay(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
	path := ""
	if !m.Service.Internal() {
		path = "/" + m.Service.Code
	}
	if m.Async {
		path += "?async"
	}
	rep, err := k.post(ctx, message{
		path:   path,
		action: m.Service.Action,
		length: m.Length,
		body:   m.Body,
	})
	if err != nil {
		return nil, err
	}
	if err := rep.acceptable(); err != nil {
		defer rep.Close()
		return nil, rep.failed(judging, err)
	}
	a := &egon.Answer{
		HTTPStatus:  rep.status,
		ContentType: rep.contentType,
		Length:      rep.length,
		Body:        rep,
	}
	if rep.status < 400 {
		return a, nil
	}
	if a.Body, err = k.faultBody(rep); err != nil {
		return nil, err
	}
	return a, nil
}
