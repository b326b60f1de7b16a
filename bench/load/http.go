package load

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"brana/socket"
)

// HTTP describes a target that is called over the network, by HTTP/1.1.
type HTTP struct {
	// URLs are of services without the code, as http://127.0.0.1:8080/publikace.
	// Calls go to them in turn.
	URLs    []string
	Conns   int // open at once to each, at most
	Timeout time.Duration
	// Fresh makes a connection, and a TLS handshake, for each call, as the
	// reference client of the bus does.
	Fresh bool
	TLS   *tls.Config // of https; nil: the system's CAs
}

// Open makes a target of h; Close it.
func (h HTTP) Open() (*Client, error) {
	if len(h.URLs) == 0 {
		return nil, errors.New("there is no URL to call")
	}
	c := &Client{cfg: h}
	for _, text := range h.URLs {
		u, err := url.Parse(strings.TrimSuffix(text, "/"))
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf(
				"%q is no URL of services; write http://127.0.0.1:8080/publikace", text,
			)
		}
		c.hosts = append(c.hosts, host{base: u.String(), client: h.client(u)})
	}
	return c, nil
}

// never is no retry.
func never(*fasthttp.Request, int, error) (resetTimeout, retry bool) { return false, false }

func (h HTTP) client(u *url.URL) *fasthttp.HostClient {
	addr := u.Host
	if u.Port() == "" {
		addr = net.JoinHostPort(
			u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme],
		)
	}
	return &fasthttp.HostClient{
		Addr:                addr,
		DialTimeout:         dial,
		IsTLS:               u.Scheme == "https",
		TLSConfig:           h.TLS,
		MaxConns:            h.Conns,
		MaxConnWaitTimeout:  h.Timeout,
		ReadTimeout:         h.Timeout,
		WriteTimeout:        h.Timeout,
		MaxIdleConnDuration: 10 * time.Second,
		// A call that failed counts as failed: it is not sent again.
		MaxIdemponentCallAttempts: 1,
		RetryIfErr:                never,
		DisablePathNormalizing:    true,
		NoDefaultUserAgentHeader:  true,
	}
}

// dial opens a connection of package socket, which costs the generator little.
func dial(addr string, limit time.Duration) (net.Conn, error) {
	nc, err := net.DialTimeout("tcp", addr, limit)
	if err != nil {
		return nil, err
	}
	return socket.Of(nc), nil
}

// A Client is an HTTP target that is open.
type Client struct {
	cfg   HTTP
	hosts []host
	ids   atomic.Uint64
	calls sync.Pool // of *exchange
}

type host struct {
	base   string
	client *fasthttp.HostClient
}

// Close closes the idle connections.
func (c *Client) Close() {
	for _, h := range c.hosts {
		h.client.CloseIdleConnections()
	}
}

// exchange is the memory of one call.
type exchange struct {
	request  fasthttp.Request
	response fasthttp.Response
	text     []byte
	head     []byte
}

// headRoom is the number of bytes of a long answer that are checked.
const headRoom = 64 << 10

// Call sends a call and checks the answer.
func (c *Client) Call(s *Scenario, n int) Reply {
	x, _ := c.calls.Get().(*exchange)
	if x == nil {
		x = &exchange{head: make([]byte, 0, headRoom)}
	}
	defer c.calls.Put(x)
	defer x.request.Reset()
	defer x.response.Reset()
	h := &c.hosts[n%len(c.hosts)]
	m := s.messages[n%len(s.messages)]
	var id string
	x.text, id = m.appendStart(x.text[:0], c.ids.Add(1), time.Now())
	reply := Reply{Sent: s.size(m)}
	x.prepare(s, m, h.base, c.cfg.Fresh)
	if err := h.client.Do(&x.request, &x.response); err != nil {
		reply.Wrong = broken(err)
		return reply
	}
	text, size, err := x.answer()
	reply.Received = size
	if err != nil {
		reply.Wrong = broken(err)
		return reply
	}
	reply.Wrong = s.Want.check(x.response.StatusCode(), text, size, id)
	return reply
}

func (x *exchange) prepare(s *Scenario, m *message, base string, fresh bool) {
	r := &x.request
	r.Header.SetMethod(fasthttp.MethodPost)
	r.SetRequestURI(base + "/" + s.Service.Code)
	r.Header.SetContentType("text/xml; charset=utf-8")
	r.Header.Set("SOAPAction", `"`+s.Service.Action+`"`)
	if fresh {
		r.SetConnectionClose()
	}
	x.response.StreamBody = s.long()
	if s.padding == 0 {
		r.SetBodyRaw(append(x.text, m.after...))
		return
	}
	r.SetBodyStream(
		io.MultiReader(bytes.NewReader(x.text), &pad{s.padding}, bytes.NewReader(m.after)),
		int(s.size(m)),
	)
}

// answer reads the answer to its end. text is the answer, or the beginning of a
// long one.
func (x *exchange) answer() (text []byte, size int64, err error) {
	stream := x.response.BodyStream()
	if stream == nil {
		body := x.response.Body()
		return body, int64(len(body)), nil
	}
	defer func() { err = errors.Join(err, x.response.CloseBodyStream()) }()
	x.head = x.head[:headRoom]
	n, err := io.ReadFull(stream, x.head)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	} else if err == nil {
		size, err = io.Copy(io.Discard, stream)
	}
	size += int64(n)
	if want := x.response.Header.ContentLength(); err == nil && want >= 0 && int64(want) != size {
		err = io.ErrUnexpectedEOF
	}
	return x.head[:n], size, err
}

// broken names what broke, by a word of a small set.
func broken(err error) string {
	var dial *net.OpError
	var handshake *tls.CertificateVerificationError
	var alert tls.AlertError
	switch {
	case errors.Is(err, fasthttp.ErrTimeout),
		errors.Is(err, fasthttp.ErrDialTimeout),
		isTimeout(err):
		return "timeout"
	case errors.Is(err, fasthttp.ErrNoFreeConns):
		return "no free connection"
	case errors.As(err, &handshake), errors.As(err, &alert):
		return "TLS handshake failed"
	case errors.As(err, &dial) && dial.Op == "dial":
		return "cannot connect"
	default:
		return "connection broke"
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
