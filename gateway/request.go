package gateway

import (
	"errors"
	"fmt"

	"github.com/valyala/fasthttp"

	"brana/egon"
	"brana/gateway/conn"
	"brana/gateway/stream"
)

// openBody begins the proof of the request's body.
func (x *exchange) openBody() {
	x.reader = x.g.readers.Get().(*egon.Reader)
	x.reader.Reset(x.service)
	src := x.incoming()
	src.Verifier = x.reader
	x.body.Begin(src, x.g.buffers.Get())
	x.message = egon.Message{Service: x.service, Async: x.async, Body: &x.body}
}

// incoming is the body of the request as it arrives. It may be asked for only as
// long as nothing of the body was read.
func (x *exchange) incoming() stream.Source {
	src := stream.Source{
		Body:     x.rc.RequestBodyStream(),
		Length:   int64(x.rc.Request.Header.ContentLength()),
		Hold:     x.g.maxHeld(),
		Sender:   sender{x.rc},
		Patience: stream.Patience{Idle: x.g.cfg.ReadIdle, Rate: x.g.cfg.MinRate},
		Ahead:    readAhead,
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
		popis := "Zpráva nepřišla včas celá, čekání skončilo za bajtem " + came + ". Odešlete ji znovu."
		return badFraming(408, popis).because(inWords(err))
	}
	return &egon.Offence{
		Kind:   egon.Malformed,
		Offset: p.Received(),
		Popis:  "Zpráva se přerušila za bajtem " + came + ". Odešlete ji celou.",
		Err:    fmt.Errorf("read request: %w", inWords(err)),
	}
}

// settle leaves nothing of the request on the wire, or has the connection closed
// after the answer: what is unread must never be taken for the next request. It
// reads off a rest within the bounds of bytes and time, since closing on a caller
// that still sends loses the answer.
func (x *exchange) settle() {
	if x.reader == nil { // nobody has asked for the body
		x.body.Begin(x.incoming(), nil)
	}
	if !x.body.Drain(x.g.cfg.DrainBytes, x.g.cfg.DrainTime) {
		x.hangUp()
	}
}

// hangUp has the connection closed after the answer, which the caller gets to read
// although it may still be sending.
func (x *exchange) hangUp() {
	x.rc.SetConnectionClose()
	conn.Linger(x.rc.Conn())
}
