package gateway

import (
	"context"
	"errors"
	"io"
	"math"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"brana/egon"
	"brana/gateway/queue"
	"brana/gateway/stream"
	"brana/limits"
	"brana/policy"
)

// slotMargin is how much longer than any wait of a call its slot lives. While
// bytes flow it is renewed, twice in this time at most; one that outlives its
// gateway frees itself.
const slotMargin = 30 * time.Second

// An exchange is one request, its answer, and all held for them, until the
// last byte. fasthttp reads the answer from it and then ends it. One goroutine
// at a time has it.
type exchange struct {
	g  *Gateway
	rc *fasthttp.RequestCtx

	start, sent, received, end time.Time

	service  *egon.Service
	async    bool
	route    Route
	timeout  time.Duration    // of the call
	deadline *stream.Deadline // of the call; nil before it is admitted
	reader   *egon.Reader
	body     stream.Proof // the request
	message  egon.Message // the request as it goes to an upstream: each byte released when it is proven
	head     *egon.Head
	policy   *policy.Snapshot
	decision policy.Decision
	limits   limits.Decision
	decided  bool // limits holds a decision
	slot     limits.Slot
	admitted bool // slot is held
	renewed  time.Time
	claim    queue.Claim
	claimed  bool   // claim holds the request's id
	opened   bool   // the queue holds room for the answer
	job      string // of which E100 asks
	iszrID   string // empty until somebody asks for it

	reply   stream.Proof      // a relayed answer
	scanner *egon.ReplyReader // of the reply; nil unless it is the answer
	answer  io.ReadCloser     // what the caller reads; nil before there is one
	length  int               // of the answer, -1 when it is not known
	written int64             // bytes of the answer handed to the server
	whole   bool              // all of it was
	kod     string            // VysledekKod of the answer, when it is known
	fault   bool              // the answer is a SOAP Fault of the upstream
	refusal *Refusal

	published bool // the answer is a WSDL or a schema

	readErr error // why reading the answer ended before its end
	ended   bool

	broken  error // why the answer did not reach the caller
	outcome string
}

// begin makes the exchange of a request.
func (g *Gateway) begin(rc *fasthttp.RequestCtx) *exchange {
	g.running.Add(1)
	return &exchange{g: g, rc: rc, start: time.Now()}
}

// id is the number of the exchange, IszrZadostId: that of a relayed answer, or a
// fresh one.
func (x *exchange) id() string {
	if x.iszrID == "" {
		x.iszrID = x.g.parts.NewID()
	}
	return x.iszrID
}

// setDeadline starts the time of the call: the route's timeout, and what a
// message that still arrives may take.
func (x *exchange) setDeadline() context.Context {
	x.timeout = x.route.Timeout + x.body.TimeLeft()
	x.deadline = x.g.underWay.Begin(x.timeout, x.g.cfg.MinRate)
	return x.deadline
}

// next returns up to most of the next bytes of the answer: a relayed one's where
// its proof holds them, others read into p. At the end it returns io.EOF.
func (x *exchange) next(p []byte, most int) (b []byte, err error) {
	x.keepSlot()
	defer x.keepSlot()
	if x.deadline != nil {
		x.deadline.Await(x.written)
		defer x.deadline.Pause()
	}
	err = safely(func() (err error) {
		if x.scanner != nil {
			b, err = x.reply.Next(most)
			return err
		}
		n, err := x.answer.Read(p)
		b = p[:n]
		return err
	})
	if err != nil && err != io.EOF {
		x.readErr = err
		return nil, err
	}
	x.whole = err == io.EOF
	x.written += int64(len(b))
	return b, err
}

// slotLifetime is longer than any one wait of the call: until its answer begins,
// for more of it, or until the caller takes some.
func (x *exchange) slotLifetime() time.Duration {
	return max(x.timeout, x.g.cfg.WriteIdle) + slotMargin
}

// keepSlot renews the slot between waits, so that the call stays counted until
// its last byte.
func (x *exchange) keepSlot() {
	if !x.admitted || time.Now().Sub(x.renewed) < slotMargin/2 {
		return
	}
	x.renewed = time.Now()
	renew := func() error { return x.g.parts.Limiter.Renew(context.Background(), x.slot, x.slotLifetime()) }
	if err := safely(renew); err != nil {
		x.g.parts.Log.Warn("renew slot: the call may be counted no more before it has ended", zap.Error(err))
	}
}

// Read hands the answer to the server. An error makes the server close the
// connection before the answer is complete.
func (x *exchange) Read(p []byte) (int, error) {
	b, err := x.next(p, len(p))
	return copy(p, b), err
}

// SupportsBodyWriteTo makes the server call WriteTo, which it does not do for
// every io.WriterTo.
func (x *exchange) SupportsBodyWriteTo() bool { return true }

// WriteTo hands the answer to the server in larger pieces than the server would
// read by itself, since it flushes each of them, and a relayed one without a
// copy. Of a large answer the caller must take each piece in its time; a small
// one is under the server's deadline as a whole.
func (x *exchange) WriteTo(w io.Writer) (written int64, err error) {
	var p []byte
	if x.scanner == nil {
		buf := x.g.buffers.Get()
		defer x.g.buffers.Put(buf)
		p = (*buf)[:cap(*buf)]
	}
	large := x.length < 0 || x.length > stream.WindowBytes
	taker := stream.Patience{Idle: x.g.cfg.WriteIdle, Rate: x.g.cfg.MinRate}
	for err == nil {
		var b []byte
		b, err = x.next(p, math.MaxInt)
		if len(b) == 0 {
			continue
		}
		if large {
			_ = x.rc.SetWriteDeadline(taker.Begin(written)) // a closed connection fails at the write
		}
		n, failed := w.Write(b)
		if large {
			taker.End()
		}
		written += int64(n)
		if failed != nil {
			return written, stream.MarkSlow(failed)
		}
	}
	if err == io.EOF {
		err = nil
	}
	return written, err
}

// CloseWithError ends the exchange; the server calls it after the last byte or
// when the caller has left, and err says which. It is the only place that
// gives anything back.
func (x *exchange) CloseWithError(err error) error {
	if x.ended {
		return nil
	}
	x.ended = true
	err = inWords(err)
	switch {
	case x.readErr != nil:
		err = x.readErr
	case err == nil && !x.whole && !x.rc.IsHead():
		err = errUnsent
	}
	x.release()
	if err := safely(func() error { x.g.record(x, err); return nil }); err != nil {
		x.g.parts.Log.Error("record exchange", zap.Error(err))
	}
	if x.reader != nil {
		x.g.readers.Put(x.reader) // after the record: the head borrows from it
	}
	x.g.running.Add(-1)
	return nil
}

var errUnsent = errors.New("the answer was not sent")

// release gives back the upstream's answer, the buffers and the slot.
func (x *exchange) release() {
	x.drop()
	x.body.Release(&x.g.buffers)
	if !x.admitted {
		return
	}
	release := func() error { return x.g.parts.Limiter.Release(context.Background(), x.slot) }
	if err := safely(release); err != nil {
		x.g.parts.Log.Warn("release slot: it frees itself when its time is over", zap.Error(err))
	}
}

// drop closes the upstream's answer and then ends the call: the other way round
// the connection of an answer that was read whole would be cut, not kept.
func (x *exchange) drop() {
	if x.answer != nil {
		_ = safely(x.answer.Close) // nothing is left to tell about it
		x.answer = nil
	}
	if x.deadline != nil {
		x.deadline.End()
		x.deadline = nil
	}
	if x.scanner != nil {
		x.kod, x.fault = x.scanner.Kod(), x.scanner.Fault()
		if id := x.scanner.IszrZadostId(); id != "" {
			x.iszrID = id // the log has the number that the caller sees
		}
		if x.scanner.Bars() {
			x.doubtRow()
		}
		x.reply.Release(&x.g.buffers)
		x.g.replies.Put(x.scanner)
		x.scanner = nil
	}
}
