package upstream

import (
	"bytes"
	"context"
	"errors"
)

// A request is a small message of a step whose reply is read whole.
type request struct {
	path   string // appended to the path of the upstream's URL
	action string
	body   []byte
	again  bool // may be sent once more when the connection turned out stale
}

// ask sends a request and returns its whole reply.
func (k *call) ask(ctx context.Context, q request) ([]byte, error) {
	r, err := k.start(ctx, q)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.readWhole(k.cfg.MaxReply)
}

// start sends a request and returns the reply when its head is here and is one
// that the contract knows. A SOAP Fault is an error, and so is an HTTP error
// status.
func (k *call) start(ctx context.Context, q request) (*reply, error) {
	m := message{path: q.path, action: q.action, length: int64(len(q.body)), body: bytes.NewReader(q.body)}
	r, err := k.do(ctx, m)
	if q.again && errors.Is(err, errStale) {
		m.body = bytes.NewReader(q.body)
		r, err = k.do(ctx, m)
	}
	if err != nil {
		return nil, err
	}
	if err := r.acceptable(); err != nil {
		defer r.Close()
		return nil, r.failed(judging, err)
	}
	if r.status >= 400 {
		defer r.Close()
		return nil, k.fault(r)
	}
	return r, nil
}
