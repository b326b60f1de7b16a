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

// caller calls publishers over HTTP, for the front. It may be used by several
// goroutines.
type caller struct {
	client *http.Client
	ctx    context.Context // of all calls, until close
	cancel context.CancelFunc
}

// newCaller makes a caller. client may be nil, for one without a certificate; its idle
// connections are the caller's, which closes them.
func newCaller(client *http.Client) *caller {
	if client == nil {
		client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	}
	c := &caller{client: client}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// close ends the calls that run, and the connections.
func (c *caller) close() {
	c.cancel()
	c.client.CloseIdleConnections()
}

var errFault = errors.New("a SOAP Fault")

// post sends a payload in an Envelope and returns the payload of the reply. Its errors
// are those of the way there and back, errNotSoap and errFault.
func (c *caller) post(url, action string, payload []byte) (*xmltext.Node, error) {
	ctx, cancel := context.WithTimeout(c.ctx, publisherTimeout)
	defer cancel()
	message := append(append([]byte(envelopeStart), payload...), bodyEnd+envelopeEnd...)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(message))
	if err != nil {
		return nil, fmt.Errorf("call publisher: %w", err)
	}
	request.Header.Set("Content-Type", soapType)
	request.Header.Set("SOAPAction", `"`+action+`"`)
	response, err := c.client.Do(request)
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
