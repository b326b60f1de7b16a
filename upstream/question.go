package upstream

import (
	"bytes"
	"context"
	"errors"
)

// A question is a small message of our own, whose reply is read whole.
type question struct {
	path   string // appended to the path of the upstream's URL
	action string
	body   []byte
	again  bool // it may be sent once more over another connection when one was stale
}

// ask sends a question and returns its whole reply.
func (k *call) ask(ctx context.Context, q question) ([]byte, error) {
	r, err := k.start(ctx, q)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.readWhole(k.cfg.MaxReply)
}

// start sends a question and returns the reply when its head is here. A head beyond the
// contract is an error, and so are a SOAP Fault and an HTTP error status.
func (k *call) start(ctx context.Context, q question) (*reply, error) {
	m := message{path: q.path, action: q.action, length: int64(len(q.body))}
	m.body = bytes.NewReader(q.body)
	r, err := k.post(ctx, m)
	if q.again && errors.Is(err, errStale) {
		m.body = bytes.NewReader(q.body)
		r, err = k.post(ctx, m)
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
