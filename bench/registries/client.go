package registries

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"brana/egon/xmltext"
)

// Bounds of a call to a publisher.
const (
	publisherTimeout = time.Minute
	publisherReply   = 64 << 20 // bytes; a reply is read whole
)

// client calls publishers over HTTP, for the front. It may be used by several
// goroutines.
type client struct {
	http   *http.Client
	ctx    context.Context // of all calls, until close
	cancel context.CancelFunc
}

// newClient makes a client. over may be nil, for calls without a certificate; close closes
// its idle connections.
func newClient(over *http.Client) *client {
	if over == nil {
		over = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	}
	c := &client{http: over}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// close ends the calls that run, and the connections.
func (c *client) close() {
	c.cancel()
	c.http.CloseIdleConnections()
}

var errFault = errors.New("a SOAP Fault")

// post sends a payload in an Envelope and returns the payload of the reply. Its errors
// are those of the way there and back, errNotSoap and errFault.
func (c *client) post(url, action string, payload []byte) (*xmltext.Node, error) {
	ctx, cancel := context.WithTimeout(c.ctx, publisherTimeout)
	defer cancel()
	message := append(append([]byte(envelopeStart), payload...), bodyEnd+envelopeEnd...)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(message))
	if err != nil {
		return nil, fmt.Errorf("call publisher: %w", err)
	}
	request.Header.Set("Content-Type", soapType)
	request.Header.Set("SOAPAction", `"`+action+`"`)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("call publisher: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, publisherReply))
	if err != nil {
		return nil, fmt.Errorf("read the publisher's reply: %w", err)
	}
	m, err := readMessage(body)
	if err != nil {
		return nil, fmt.Errorf("read the publisher's reply: %w", err)
	}
	if m.body.Local == "Fault" {
		return nil, errFault
	}
	return m.body, nil
}
