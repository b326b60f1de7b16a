package gateway

import (
	"errors"
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
		src:    incoming(x.rc),
		length: int64(x.rc.Request.Header.ContentLength()),
		buf:    x.g.buffers.Get().(*[]byte),
		limit:  x.g.maxHeld(),
		caller: x.rc,
		sender: patience{idle: x.g.cfg.ReadIdle, rate: x.g.cfg.MinRate},
		broken: cutRequest,
	}
	x.message = egon.Message{Service: x.service, Async: x.async, Body: &x.body}
}

// cutRequest says that the caller's message ended before its end, and where, or
// why its end cannot be known.
func cutRequest(g *guard, err error) error {
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) {
		return refusal
	}
	came := fmt.Sprint(g.got)
	if g.length >= 0 {
		came = fmt.Sprintf("%d z %d", g.got, g.length)
	}
	if errors.Is(err, errTooSlow) {
		return badFraming(408, "Zpráva nepřišla včas celá, čekání skončilo za bajtem "+came+". Odešlete ji znovu.").because(inWords(err))
	}
	return &egon.Offence{Kind: egon.Malformed, Offset: g.got, Err: fmt.Errorf("read request: %w", inWords(err)),
		Popis: "Zpráva se přerušila za bajtem " + came + ". Odešlete ji celou."}
}

// settle leaves nothing of the request on the wire, or sees to it that the
// connection is closed after the answer: what is unread must never be taken
// for the next request. It reads off a rest within the bounds of bytes and
// time, since closing on a caller that still sends loses the answer.
func (x *exchange) settle() {
	if !x.drained() {
		x.hangUp()
	}
}

func (x *exchange) drained() bool {
	src, rest := x.body.src, int64(x.rc.Request.Header.ContentLength())
	if x.reader == nil {
		src = incoming(x.rc)
	} else {
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
	_ = x.rc.SetReadDeadline(time.Now().Add(x.g.cfg.DrainTime)) // a closed connection fails at the read
	n, err := io.Copy(io.Discard, io.LimitReader(src, x.g.cfg.DrainBytes+1))
	return err == nil && n <= x.g.cfg.DrainBytes && (rest < 0 || n == rest)
}

// A patience is how long a caller may let the gateway wait, for the bytes it
// sends or until it takes those it is sent: the idle time at once, and in all
// the idle time and what its bytes take at the lowest rate. A caller that drips
// is within each wait, but not within all of them.
type patience struct {
	idle   time.Duration
	rate   int64 // bytes a second
	waited time.Duration
	since  time.Time // of the wait that has begun
}

// begin begins a wait after so many bytes and returns when it must be over.
func (p *patience) begin(bytes int64) time.Time {
	p.since = time.Now()
	return p.until(bytes)
}

// until is when a wait that has begun must be over.
func (p *patience) until(bytes int64) time.Time {
	return p.since.Add(min(p.idle, p.idle+p.earned(bytes)-p.waited))
}

func (p *patience) end() { p.waited += time.Now().Sub(p.since) }

func (p *patience) earned(bytes int64) time.Duration {
	return time.Duration(bytes/p.rate) * time.Second
}

// longestUpload is how long a message may take to arrive however much of it
// comes: one that never ends would hold a slot.
const longestUpload = 10 * time.Minute

// timeLeft is how long the rest of the message may take to arrive.
func (g *guard) timeLeft() time.Duration {
	switch {
	case g.received():
		return 0
	case g.length < 0:
		return longestUpload
	default:
		return min(longestUpload, g.sender.idle+g.sender.earned(g.length))
	}
}
