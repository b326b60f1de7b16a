package upstream

import (
	"context"
	"io"
	"time"

	"github.com/valyala/fasthttp"
)

// A message is what a client sends.
type message struct {
	path   string // appended to the path of the upstream's URL
	action string // SOAPAction, without quotes
	length int64  // bytes of body, or -1
	body   io.Reader
}

// post sends m and returns the answer when its head is here. The context bounds the body
// of the answer too, until it is closed. An error of m.body comes back unchanged, and
// the message on the wire is then broken off without its end. Every other error is an
// *egon.CallError.
func (k *call) post(ctx context.Context, m message) (*reply, error) {
	for {
		cc, err := k.host.AcquireConn(remaining(ctx), false)
		if err != nil {
			return nil, k.failed(ctx, nil, connecting, err)
		}
		nc := cc.Conn().(*conn)
		if ctx.Err() != nil {
			k.host.ReleaseConn(cc)
			return nil, k.failed(ctx, nil, connecting, ctx.Err())
		}
		if nc.used && (nc.over || !nc.alive()) {
			k.host.CloseConn(cc) // each round takes one from the pool, so this ends
			continue
		}
		nc.begin()
		return k.roundTrip(ctx, m, nc, func(reuse bool) {
			nc.used = true
			if reuse {
				k.host.ReleaseConn(cc)
			} else {
				k.host.CloseConn(cc)
			}
		})
	}
}

// roundTrip sends m on nc. It gives nc back by giveBack: at once when it fails, otherwise
// when the reply is closed.
func (k *call) roundTrip(
	ctx context.Context, m message, nc *conn, giveBack func(reuse bool),
) (*reply, error) {
	r := &reply{
		ctx:      ctx,
		call:     k,
		giveBack: giveBack,
		unwatch:  watch(ctx, nc.hangUp),
		conn:     nc,
		pool:     k.host,
		resp:     fasthttp.AcquireResponse(),
	}
	body, began := &source{r: m.body, nc: nc}, time.Now()
	sendErr := k.write(m, body, nc)
	if body.err != nil {
		k.went(began, nc)
		_ = r.Close()
		return nil, body.err
	}
	err := sendErr
	// An upstream that refuses the message may have answered before it closed the
	// connection.
	if sendErr == nil || nc.stuck && !isTimeout(sendErr) {
		nc.until = time.Now().Add(k.cfg.Timeout)
		err = r.readHead(sendErr == nil)
		nc.until = time.Time{}
	}
	k.went(began, nc)
	if err == nil {
		return r, nil
	}
	at := heading
	if sendErr != nil {
		at, err = sending, sendErr
	}
	failure := r.failed(at, err)
	_ = r.Close()
	return nil, failure
}

// watch runs f when ctx ends, unless it is stopped before. A context with an AfterFunc of
// its own, as the one of an exchange has, is called directly: the library would make a
// context of f first.
func watch(ctx context.Context, f func()) (stop func() bool) {
	if own, ok := ctx.(interface {
		AfterFunc(func()) func() bool
	}); ok {
		return own.AfterFunc(f)
	}
	return context.AfterFunc(ctx, f)
}

// write writes the head and the body of a message to nc.
func (c *Client) write(m message, body io.Reader, nc *conn) error {
	req := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(req)
	h := &req.Header
	h.DisableNormalizing()
	h.SetNoDefaultContentType(true)
	h.SetMethod(fasthttp.MethodPost)
	h.SetRequestURI(c.to.path + m.path)
	h.SetHost(c.to.host)
	h.SetUserAgent("brana")
	h.SetContentType("text/xml; charset=utf-8")
	h.Set("SOAPAction", `"`+m.action+`"`)
	req.SetBodyStream(body, int(m.length))
	w := c.host.AcquireWriter(nc)
	defer c.host.ReleaseWriter(w)
	if err := req.Write(w); err != nil {
		return err
	}
	return w.Flush()
}

// remaining returns the time until the deadline of ctx, 0 when it has none.
func remaining(ctx context.Context) time.Duration {
	by, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return max(time.Until(by), time.Nanosecond)
}

// A source is the body of a message on its way out. It keeps the errors of the reader
// apart from those of the connection, and hides the reader's Close.
type source struct {
	r   io.Reader
	nc  *conn // to which it goes
	err error // other than io.EOF
}

func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// SupportsBodyWriteTo makes the library call WriteTo.
func (s *source) SupportsBodyWriteTo() bool {
	_, ok := s.r.(io.WriterTo)
	return ok
}

// WriteTo writes the body from the memory that holds it, without a copy. After a write
// that failed nc is stuck, and the error is the connection's.
func (s *source) WriteTo(w io.Writer) (int64, error) {
	n, err := s.r.(io.WriterTo).WriteTo(w)
	if err != nil && !s.nc.stuck {
		s.err = err
	}
	return n, err
}
