package upstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/time/rate"

	"brana/egon"
)

// A Client calls one upstream. It is safe for concurrent use; whoever made it
// closes it.
//
// Nothing of the caller's HTTP message is forwarded but the body: the request
// has Host, User-Agent, Content-Type, SOAPAction and the framing, and of the
// answer only the status, Content-Type and the body are taken. Redirects are
// answers like any other.
//
// The library keeps the connections; the round trip is our own, since its
// deadlines are absolute and it does not know a context. The connection is
// half duplex: the answer is read when the message has been sent, or could not
// be sent any further. An upstream that answers more than the sockets hold
// before it has read the message makes both wait until Config.Timeout.
type Client struct {
	cfg     Config
	to      target
	host    *fasthttp.HostClient
	breaker *breaker
	pace    *rate.Limiter // nil: all go through
}

// NewClient returns a client of the upstream that c describes. It does not
// connect.
func NewClient(c Config) (*Client, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	to, err := c.target()
	if err != nil {
		return nil, err
	}
	return &Client{cfg: c, to: to, breaker: newBreaker(c.Name, c.Breaker, c.OnBreaker), pace: c.Pace.limiter(), host: &fasthttp.HostClient{
		Addr:                to.addr,
		DialTimeout:         newDialer(c, to).dial,
		ConnPoolStrategy:    fasthttp.LIFO,
		MaxConns:            c.MaxConns,
		MaxConnWaitTimeout:  waitForConn,
		MaxIdleConnDuration: c.Idle,
		ReadBufferSize:      maxHTTPHead,
	}}, nil
}

// maxHTTPHead bounds the header of an answer, in bytes.
const maxHTTPHead = 16 << 10

// Close closes the connections that are idle; those in use close when their
// answers are closed and the idle time has passed.
func (c *Client) Close() { c.host.CloseIdleConnections() }

// A message is what a client sends.
type message struct {
	path   string // appended to the path of the upstream's URL
	action string // SOAPAction, without quotes
	length int64  // bytes of body, or -1
	body   io.Reader
}

// do sends m and returns the answer when its head is here. The context rules
// the body of the answer too, until it is closed. An error of m.body comes back
// as it is, and the message on the wire is then broken off without its end;
// every other error is an *egon.CallError.
func (k *call) do(ctx context.Context, m message) (*reply, error) {
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
			k.host.CloseConn(cc) // each turn takes one from the pool, so this ends
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

// roundTrip sends m on nc. It gives nc back by giveBack, at once when it fails,
// otherwise when the reply is closed.
func (k *call) roundTrip(ctx context.Context, m message, nc *conn, giveBack func(reuse bool)) (*reply, error) {
	r := &reply{
		ctx:      ctx,
		call:     k,
		giveBack: giveBack,
		unwatch:  watch(ctx, nc.hangUp),
		conn:     nc,
		pool:     k.host,
		resp:     fasthttp.AcquireResponse(),
	}
	body, began := &source{r: m.body}, time.Now()
	sendErr := k.send(m, body, nc)
	if body.err != nil {
		k.went(began, nc)
		_ = r.Close()
		return nil, body.err
	}
	err := sendErr
	// An upstream that does not want the message may have said so before it
	// closed the connection.
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

// watch runs f when ctx ends, unless it is stopped before. A context that offers
// that itself, as the one of an exchange does, is asked without the detour by
// way of the library, which would make a context of f.
func watch(ctx context.Context, f func()) (stop func() bool) {
	if own, ok := ctx.(interface {
		AfterFunc(func()) func() bool
	}); ok {
		return own.AfterFunc(f)
	}
	return context.AfterFunc(ctx, f)
}

func (c *Client) send(m message, body io.Reader, nc *conn) error {
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

// errStale says that a connection from the pool broke before it said anything:
// the upstream had most likely closed it while it was idle.
const errStale = saying("the upstream closed an idle connection")

// failed says what became of a call that failed at a stage; nc is nil when it
// had no connection.
func (k *call) failed(ctx context.Context, nc *conn, at stage, err error) *egon.CallError {
	c := causeOf(at, err)
	e := &egon.CallError{Party: k.party, Name: k.cfg.Name, Err: c}
	switch {
	case ctx.Err() != nil:
		why := context.Cause(ctx)
		e.Timeout = errors.Is(why, context.DeadlineExceeded)
		c.because(errEnded)
		c.is = append(c.is, why) // of the gateway's own, or of another step
		if e.Timeout {
			c.because(errLate)
		}
	case nc != nil || errors.Is(err, fasthttp.ErrTimeout):
		e.Timeout = isTimeout(err)
	}
	if nc != nil {
		e.Sent = nc.out > 0
		if nc.used && nc.in == 0 && !e.Timeout && ctx.Err() == nil {
			c.because(errStale)
		}
	}
	return e
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// remaining returns what is left until the deadline of ctx, 0 when it has none.
func remaining(ctx context.Context) time.Duration {
	by, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return max(time.Until(by), time.Nanosecond)
}

// A source is the body of a message on its way out. It keeps the reader's own
// error apart from those of the connection, and hides its Close.
type source struct {
	r   io.Reader
	err error // other than io.EOF
	to  io.Writer
	bad error // of writing to it
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

// WriteTo lets the body go out from where it is held, without a copy.
func (s *source) WriteTo(w io.Writer) (int64, error) {
	s.to = w
	n, err := s.r.(io.WriterTo).WriteTo((*sink)(s))
	if err != nil && s.bad == nil {
		s.err = err
	}
	return n, err
}

// A sink is where a source writes to.
type sink source

func (s *sink) Write(p []byte) (n int, err error) {
	n, err = s.to.Write(p)
	if err != nil {
		s.bad = err
	}
	return n, err
}

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

// unreadable is the error of an answer that breaks the contract.
func (k *call) unreadable(err error) error {
	return &egon.CallError{Party: k.party, Name: k.cfg.Name, Sent: true, Err: causeOf(judging, err)}
}

// refused is the error of an answer whose status s is CHYBA. Of the details
// only the codes go on: what a registry says of its own errors stays inside.
func (k *call) refused(s egon.Status) *egon.CallError {
	e := &egon.CallError{Party: k.party, Name: k.cfg.Name, Sent: true, Err: errRefused}
	for _, d := range s.Details {
		e.Detail = append(e.Detail, egon.Detail{SubKod: d.SubKod, Puvodce: k.party}.Systemic())
	}
	return e
}

// errRefused says that the upstream answered, and that it will not.
const errRefused = saying("receive status CHYBA")
