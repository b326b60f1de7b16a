package upstream

import (
	"github.com/valyala/fasthttp"
	"golang.org/x/time/rate"
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

// Close closes the connections that are idle; those in use close when their
// answers are closed and the idle time has passed.
func (c *Client) Close() { c.host.CloseIdleConnections() }

// Breaker returns what the client's breaker does at this moment.
func (c *Client) Breaker() BreakerState { return c.breaker.state() }

// Name returns the name of the upstream in the configuration.
func (c *Client) Name() string { return c.cfg.Name }
