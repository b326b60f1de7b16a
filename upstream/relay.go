package upstream

import (
	"bufio"
	"context"
	"io"

	"github.com/valyala/fasthttp"

	"brana/egon"
	"brana/egon/xmltext"
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
// other error is an *egon.CallError; so is an answer that is not XML, or that
// has an HTTP error status without a SOAP Fault.
//
// The context rules the answer's Body too, until that is closed. Closing it
// before its end closes the connection.
func (r *Relay) Send(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
	return through(ctx, r.client, asker{}, func(k *call) (*egon.Answer, error) { return k.relay(ctx, m) })
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
	if rep.status == fasthttp.StatusOK {
		return a, nil
	}
	body := bufio.NewReaderSize(rep, faultHead)
	head, err := body.Peek(faultHead)
	if err == io.EOF {
		err = nil
	}
	if err == nil && !isFault(head) {
		err = rep.failed(judging, sayf("the answer has HTTP status %d and no SOAP fault", rep.status))
	}
	if err != nil {
		_ = rep.Close()
		return nil, err
	}
	a.Body = faultBody{body, rep}
	return a, nil
}

// faultHead is how much of an error answer is looked at, in bytes.
const faultHead = 4 << 10

// A faultBody is a reply of which the beginning has been looked at.
type faultBody struct {
	io.Reader
	io.Closer
}

// isFault reports whether a document that begins with head is a SOAP Fault: the
// first element in Body says it.
func isFault(head []byte) bool {
	s := xmltext.NewScanner(xmltext.DefaultBounds())
	body := false
	for {
		t, n, err := s.Next(head, false)
		if err != nil {
			return false
		}
		head = head[n:]
		if t.Kind != xmltext.StartElement {
			continue
		}
		switch s.Depth() {
		case 1:
			if !t.Name.Is(egon.NSEnvelope, "Envelope") {
				return false
			}
		case 2:
			body = t.Name.Is(egon.NSEnvelope, "Body")
		case 3:
			if body {
				return t.Name.Is(egon.NSEnvelope, "Fault")
			}
		}
	}
}
