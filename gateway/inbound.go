package gateway

import (
	"errors"
	"fmt"

	"github.com/valyala/fasthttp"

	"brana/egon"
	"brana/gateway/conn"
	"brana/gateway/stream"
)

// An inbound is what came in: the request and its message. It has one end, release,
// after which neither the head nor the message may be used.
type inbound struct {
	request
	rc      *fasthttp.RequestCtx
	proof   stream.Proof
	edits   stream.Edits // of the message: what its decision changes of it
	message egon.Message // as it goes to an upstream: each byte released when it is proven
	watch   *watch       // of the message; nil: nobody wants more of it
}

// openMessage begins the proof of the message.
func (in *inbound) openMessage() {
	in.read()
	src := in.arriving()
	src.Verifier = in.reader
	if in.watch != nil {
		src.Watch = in.watch
	}
	in.proof.Begin(src, in.pools.buffers.Get())
	in.message = egon.Message{Service: in.service, Async: in.async, Body: &in.proof}
}

// arriving is the body of the request as it arrives. It may be asked for only as
// long as nothing of the body was read.
func (in *inbound) arriving() stream.Source {
	cfg := &in.cfg
	src := stream.Source{
		Body:     in.rc.RequestBodyStream(),
		Length:   int64(in.rc.Request.Header.ContentLength()),
		Hold:     in.cfg.maxHeld(),
		Sender:   sender{in.rc},
		Patience: stream.Patience{Idle: cfg.ReadIdle, Rate: cfg.MinRate},
		Broken:   cutRequest,
	}
	if src.Body != nil && src.Length < 0 {
		src.Body = stream.Chunks(src.Body)
	}
	return src
}

// A sender is the connection of a caller that sends its message.
type sender struct{ *fasthttp.RequestCtx }

// Ended reports whether the message met the end of the connection.
func (s sender) Ended() bool { return conn.Ended(s.Conn()) }

// cutRequest is the error of a message that ended before its end, or whose end
// cannot be known.
func cutRequest(p *stream.Proof, err error) error {
	var framing *stream.FramingError
	switch {
	case errors.As(err, &framing):
		return badFraming(400, framing.Popis)
	case errors.Is(err, stream.ErrUnknownBody):
		return refuse(Internal).because(err)
	}
	came := fmt.Sprint(p.Received())
	if p.Declared() >= 0 {
		came = fmt.Sprintf("%d z %d", p.Received(), p.Declared())
	}
	if errors.Is(err, stream.ErrTooSlow) {
		return badFraming(408, "Zpráva nepřišla včas celá, čekání skončilo za bajtem "+came+
			". Odešlete ji znovu.").because(inWords(err))
	}
	return &egon.Offence{
		Kind:   egon.Malformed,
		Offset: p.Received(),
		Popis:  "Zpráva se přerušila za bajtem " + came + ". Odešlete ji celou.",
		Err:    fmt.Errorf("read request: %w", inWords(err)),
	}
}

// settle leaves nothing of the message on the wire, or has the connection closed
// after the answer: what is unread must never be taken for the next request. It
// reads off a rest within the bounds of bytes and time, since closing on a caller
// that still sends loses the answer.
func (in *inbound) settle() {
	if in.reader == nil { // nobody has asked for the message
		in.proof.Begin(in.arriving(), nil)
	}
	if !in.proof.Drain(in.cfg.DrainBytes, in.cfg.DrainTime) {
		in.hangUp()
	}
}

// hangUp has the connection closed after the answer, which the caller gets to read
// although it may still be sending.
func (in *inbound) hangUp() {
	in.rc.SetConnectionClose()
	conn.Linger(in.rc.Conn())
}

// release gives back the buffer of the message, its watch and then its reader.
func (in *inbound) release() {
	in.watch.release(&in.pools)
	in.proof.Release(in.pools.buffers)
	in.request.release()
}
