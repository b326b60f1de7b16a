package upstream

import (
	"context"

	"brana/egon"
)

// A Relay sends messages to one upstream as they came.
type Relay struct {
	client *Client
}

// NewRelay returns a relay by way of c, which stays the caller's to close.
func NewRelay(c *Client) *Relay { return &Relay{client: c} }

// Send posts m to the service's address below the upstream's URL and returns
// the answer when its head is here. The body goes with its Content-Length when
// m knows it, otherwise in chunks; nothing is ever sent twice.
//
// An error of m.Body comes back as it is: the message is then broken off on the
// wire without its end, so that the upstream cannot take it for whole. Any
// other error is an *egon.CallError; so is an answer that is not XML.
//
// The context rules the answer's Body too, until that is closed. Closing it
// before its end closes the connection.
func (r *Relay) Send(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
	path := "/" + m.Service.Code
	if m.Async {
		path += "?async"
	}
	rep, err := r.client.do(ctx, message{path: path, action: m.Service.Action, length: m.Length, body: m.Body})
	if err != nil {
		return nil, err
	}
	if err := rep.acceptable(); err != nil {
		defer rep.Close()
		return nil, rep.failed(err)
	}
	return &egon.Answer{HTTPStatus: rep.status, ContentType: rep.contentType, Length: rep.length, Body: rep}, nil
}
