package upstream

import (
	"github.com/valyala/fasthttp"
	"golang.org/x/time/rate"
)

// A Client calls one upstream. It is safe for concurrent use. Its maker closes it.
//
// Of the caller's HTTP message it forwards only the body. The request has Host,
// User-Agent, Content-Type, SOAPAction and the framing. Of the answer it takes only the
// status, Content-Type and the body. A redirect is an answer like any other.
//
// The library keeps the connections. The round trip is our own, since the deadlines of
// the library are absolute and it does not know a context. The connection is half
// duplex: the answer is read once the message was sent, or sending failed. If an
// upstream answers more than the sockets hold before it has read the message, both
// wait until Config.Timeout.
type Client struct {
	cfg     Config
	to      target
	host    *fasthttp.HostClient
	breaker *breaker
	pace    *rate.Limiter // nil: calls do not wait
}

// NewClient returns a client of the upstream that c describes. It does not connect.
func NewClient(c Config) (*Client, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	to, err := c.target()
	if err != nil {
		return nil, err
	}
	return &Client{
		cfg:     c,
		to:      to,
		breaker: newBreaker(c.Name, c.Breaker, c.OnBreaker),
		pace:    c.Pace.limiter(),
		host: &fasthttp.HostClient{
			Addr:                to.addr,
			DialTimeout:         newDialer(c, to).dial,
			ConnPoolStrategy:    fasthttp.LIFO,
			MaxConns:            c.MaxConns,
			MaxConnWaitTimeout:  waitForConn,
			MaxIdleConnDuration: c.Idle,
			ReadBufferSize:      maxHTTPHead,
		},
	}, nil
}

// Close closes the idle connections. Those in use close when their answers are closed
// and the idle time has passed.
func (c *Client) Close() { c.host.CloseIdleConnections() }

// Breaker returns the state of the client's breaker at this moment.
func (c *Client) Breaker() BreakerState { return c.breaker.state() }

// Name returns the name of the upstream in the configuration.
func (c *Client) Name() string { return c.cfg.Name }
