package upstream

import (
	"context"
	"time"

	"brana/egon"
)

// A Relay sends messages to one upstream as they came.
type Relay struct {
	client *Client
}

// NewRelay returns a relay by way of c, which stays the caller's to close.
func NewRelay(c *Client) *Relay { return &Relay{client: c} }

// Send posts m to the service's address below the upstream's URL and returns
// the answer when its head is here, and when the message began to go out; the
// zero time means that nothing was sent. The body goes with its Content-Length
// when m knows it, otherwise in chunks; nothing is ever sent twice.
//
// An error of m.Body comes back as it is: the message is then broken off on the
// wire without its end, so that the upstream cannot take it for whole. Any
// other error is an *egon.CallError; so is an answer that is not XML, or that
// has an HTTP error status without a SOAP Fault. Of one whose SOAP header is
// longer than faultAhead, reading the Body tells it.
//
// The context rules the answer's Body too, until that is closed. Closing it
// before its end closes the connection.
func (r *Relay) Send(ctx context.Context, m *egon.Message) (a *egon.Answer, sent time.Time, err error) {
	k, err := r.client.open(ctx, asker{service: m.Service.Code, arriving: !m.Whole})
	if err != nil {
		return nil, sent, err
	}
	err = errUnended // unless it comes to an end below
	defer func() {
		if err != nil || a.HTTPStatus < 400 { // otherwise the body says what came of it
			k.end(err)
		}
	}()
	a, err = k.relay(ctx, m)
	return a, k.sent, err
}

func (k *call) relay(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
	path := "/" + m.Service.Code
	if m.Async {
		path += "?async"
	}
	rep, err := k.do(ctx, message{path: path, action: m.Service.Action, length: m.Length, body: m.Body})
	if err != nil {
		return nil, err
	}
	if err := rep.acceptable(); err != nil {
		defer rep.Close()
		return nil, rep.failed(judging, err)
	}
	a := &egon.Answer{HTTPStatus: rep.status, ContentType: rep.contentType, Length: rep.length, Body: rep}
	if rep.status < 400 {
		return a, nil
	}
	if a.Body, err = k.faultBody(rep); err != nil {
		return nil, err
	}
	return a, nil
}
