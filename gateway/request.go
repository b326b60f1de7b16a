package gateway

import (
	"fmt"
	"io"
	"time"

	"brana/egon"
)

// openBody puts the request's body under the guard of a reader.
func (x *exchange) openBody() {
	x.reader = x.g.readers.Get().(*egon.Reader)
	x.reader.Reset(x.service)
	x.body = guard{
		scan:   x.reader,
		src:    x.rc.RequestBodyStream(),
		length: int64(x.rc.Request.Header.ContentLength()),
		buf:    x.g.buffers.Get().(*[]byte),
		limit:  x.g.maxHeld(),
		caller: x.rc,
		idle:   x.g.cfg.ReadIdle,
		broken: cutRequest,
	}
	x.message = egon.Message{Service: x.service, Async: x.async, Length: x.body.length, Body: &x.body}
}

// cutRequest says that the caller's message ended before its end.
func cutRequest(err error) error {
	return &egon.Offence{Kind: egon.Malformed, Popis: "Zpráva skončila před svým koncem.", Err: fmt.Errorf("read request: %w", err)}
}

// settle leaves nothing of the request on the wire, or sees to it that the
// connection is closed after the answer: what is unread must never be taken
// for the next request. It reads off a rest within the bounds of bytes and
// time, since closing on a caller that still sends loses the answer.
func (x *exchange) settle() {
	if !x.drained() {
		x.rc.SetConnectionClose()
	}
}

func (x *exchange) drained() bool {
	src, rest := x.rc.RequestBodyStream(), int64(x.rc.Request.Header.ContentLength())
	if x.reader != nil {
		if x.body.received() {
			return true
		}
		if x.body.cut {
			return false
		}
		rest -= x.body.got
	}
	if src == nil {
		return true
	}
	if rest > x.g.cfg.DrainBytes {
		return false
	}
	_ = x.rc.SetReadDeadline(now().Add(x.g.cfg.DrainTime)) // a closed connection fails at the read
	n, err := io.Copy(io.Discard, io.LimitReader(src, x.g.cfg.DrainBytes+1))
	return err == nil && n <= x.g.cfg.DrainBytes && (rest < 0 || n == rest)
}

// slowestUpload is how many bytes a second a caller must send beside its first
// ReadIdle, and longestUpload how long it may take however much it sends: a
// message that drips would hold an exchange, and its slot, for hours.
const (
	slowestUpload = 32 << 10
	longestUpload = 10 * time.Minute
)

// timeLeft is how long the rest of the message may take to arrive.
func (g *guard) timeLeft() time.Duration {
	switch {
	case g.received():
		return 0
	case g.length < 0:
		return longestUpload
	default:
		return min(longestUpload, g.idle+sendingTime(g.length))
	}
}

func sendingTime(bytes int64) time.Duration {
	return time.Duration(bytes/slowestUpload) * time.Second
}

// await arms the deadline of the next read from a caller: it may pause for the
// idle time, and all its pauses together may take as long once, plus what its
// bytes take at the slowest speed. The first read is under the server's own
// deadline.
func (g *guard) await() error {
	patience := g.idle + sendingTime(g.got) - g.waited
	return g.caller.SetReadDeadline(now().Add(min(g.idle, patience)))
}
