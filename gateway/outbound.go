package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"

	"brana/egon"
	"brana/gateway/stream"
)

// An outbound is what goes out: the answer that the caller reads, and the time in
// which upstreams must give it. It has one end, close, which may be called again.
type outbound struct {
	deadline *stream.Deadline  // of the call; nil: it has not begun, or has ended
	answer   io.ReadCloser     // nil: none
	verifier *egon.ReplyReader // of a relayed answer, else nil
	proof    stream.Proof      // of a relayed answer
	length   int               // -1 when it is not known
	written  int64             // bytes handed to the server
	whole    bool              // all of it was
	fault    bool              // it is a SOAP Fault of the upstream
	err      error             // why reading it ended before its end
	kod      string            // VysledekKod, when it is known
	subKody  []string          // VysledekSubKod of its details, likewise
	watch    *watch            // of the bytes handed to the server; nil: nobody wants more of them
}

// own takes an upstream's answer, nil for none. From here on close ends it, on every
// way out.
func (o *outbound) own(a *egon.Answer) {
	if a != nil {
		o.answer, o.length, o.kod, o.subKody = a.Body, int(a.Length), a.Kod, a.SubKody
	}
}

// say puts a refusal in the place of the answer.
func (o *outbound) say(body io.ReadCloser, length int) {
	o.answer, o.length = body, length
	o.kod, o.subKody, o.fault = "", nil, false
}

// prove begins the proof of a relayed answer and reads as much of it as may be
// held, or its beginning when it is known to be larger.
func (o *outbound) prove(p *pools, s *egon.Service, e egon.Expectation, b holding) error {
	o.verifier = p.replies.Get()
	o.verifier.Reset(s)
	o.verifier.Expect(e)
	o.proof.Begin(stream.Source{
		Verifier: o.verifier,
		Body:     o.answer,
		Length:   int64(o.length),
		Hold:     b.most,
		Broken:   cutReply,
	}, p.buffers.Get())
	edits := o.verifier.MayEdit()
	if edits {
		o.proof.Edit(o.verifier)
	}
	if edits || int64(o.length) <= b.inline { // the more is known, the more the status can say
		if err := o.fill(b.inline); err != nil {
			return err
		}
	}
	o.verifier.Seal()
	for !o.proof.Done() && o.proof.Ready() == 0 {
		if err := o.proof.Fill(); err != nil {
			return err
		}
	}
	o.length = -1
	if !o.verifier.MayEdit() {
		o.length = int(o.proof.Leaving())
	}
	return nil
}

// A holding is how much of an answer is held.
type holding struct {
	inline int64 // bytes of an answer that is read whole before it leaves
	most   int   // bytes held at all
}

// fill receives a number of bytes, or the whole answer.
func (o *outbound) fill(bytes int64) error {
	for !o.proof.Done() && o.proof.Received() < bytes {
		if err := o.proof.Fill(); err != nil {
			return err
		}
	}
	return nil
}

func cutReply(_ *stream.Proof, err error) error { return fmt.Errorf("read reply: %w", err) }

// large reports whether the answer is more than one write, or may be.
func (o *outbound) large() bool { return o.length < 0 || o.length > stream.WindowBytes }

// next returns up to most of the next bytes of the answer: those of a relayed one
// where its proof holds them, others read into p. At the end it returns io.EOF.
func (o *outbound) next(p []byte, most int) (b []byte, err error) {
	if o.deadline != nil {
		o.deadline.Await(o.written)
		defer o.deadline.Pause()
	}
	err = safely(func() (err error) {
		if o.verifier != nil {
			b, err = o.proof.Next(most)
			return err
		}
		n, err := o.answer.Read(p)
		b = p[:n]
		return err
	})
	if err != nil && err != io.EOF {
		o.err = err
		return nil, err
	}
	o.whole = err == io.EOF
	o.written += int64(len(b))
	if o.watch != nil {
		_, _ = o.watch.Write(b)
	}
	return b, err
}

// close closes the answer and then ends the call: the other way round the
// connection of an answer that was read whole would be cut, not kept. The reply
// reader goes back last; what it has read is lost then.
func (o *outbound) close(p *pools) {
	if o.answer != nil {
		_ = safely(o.answer.Close) // an error of it changes nothing
		o.answer = nil
	}
	if o.deadline != nil {
		o.deadline.End()
		o.deadline = nil
	}
	if o.verifier != nil {
		o.proof.Release(p.buffers)
		p.replies.Put(o.verifier)
		o.verifier = nil
	}
}

// blame names the upstream of a relay in a failure, be it that there is no reply
// or that the reply is not what the contract promises.
func (r Route) blame(err error) error {
	var call *egon.CallError
	if r.Kind != RelayRoute || errors.As(err, &call) && call.Party.Kind != egon.Nobody {
		return err
	}
	named := egon.CallError{
		Name:    r.Name,
		Timeout: errors.Is(err, context.DeadlineExceeded),
		Sent:    true,
		Err:     err,
	}
	if call != nil {
		named = *call
	}
	named.Party = r.Party
	return &named
}
