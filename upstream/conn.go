package upstream

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"time"

	"brana/socket"
)

// A conn is a connection to an upstream whose waits are bounded one by one. An
// absolute deadline, as the HTTP library would set it, would also count the
// time in which the caller of the gateway does not take the answer, and fail a
// read of bytes that the kernel has long had.
//
// It is used by one call at a time; only Close may come from elsewhere.
type conn struct {
	net.Conn
	tcp  *socket.Conn  // Conn, or what is below its TLS
	wait time.Duration // longest single read or write

	// Of the call that has the connection:
	until time.Time // the head of the answer must be here by then; zero: no such bound
	in    int64     // bytes read
	stuck bool      // a write failed: the upstream closed, or takes nothing more
	out   int64     // bytes written
	ended bool      // the upstream closed its side

	hangUp func() // Close, for those who watch the call

	used bool // it has carried a call before
	over bool // the end came with the last bytes (TLS); nothing more can be read
}

func (c *conn) begin() { c.until, c.in, c.out, c.stuck, c.ended = time.Time{}, 0, 0, false, false }

// Read arms the deadline of one wait. An end that comes with the last bytes is
// told by the next Read, so that ended is true only when somebody wanted more.
func (c *conn) Read(p []byte) (int, error) {
	by := time.Now().Add(c.wait)
	if !c.until.IsZero() && c.until.Before(by) {
		by = c.until
	}
	if err := c.Conn.SetReadDeadline(by); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	c.in += int64(n)
	if n > 0 {
		c.over = err != nil
		return n, nil
	}
	c.ended = c.ended || err == io.EOF
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	if err := c.Conn.SetWriteDeadline(time.Now().Add(c.wait)); err != nil {
		c.stuck = true
		return 0, err
	}
	n, err := c.Conn.Write(p)
	c.out += int64(n)
	c.stuck = err != nil
	return n, err
}

// alive reports whether an idle connection can still carry a call: the
// upstream has neither closed it nor said anything that nobody asked for. It
// never waits. A streamed message cannot be sent twice, so the connection is
// looked at before the first byte.
//
// It looks below TLS. There, session tickets follow the handshake (TLS 1.3) and
// are read with the first answer; records that come later than an answer, which
// the protocol allows, cost the connection and no more.
func (c *conn) alive() bool { return c.tcp.Silent() }

// A dialer opens connections to one target.
type dialer struct {
	cfg Config
	to  target
	tls func() *tls.Config // nil for http
}

func newDialer(cfg Config, to target) *dialer {
	d := &dialer{cfg: cfg, to: to}
	if d.tls = cfg.TLS; to.tls && d.tls == nil {
		system := &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(1)} // of the one target
		d.tls = func() *tls.Config { return system }
	}
	return d
}

// secure is the configuration of one handshake.
func (d *dialer) secure() *tls.Config {
	c := d.tls().Clone()
	c.ServerName, c.NextProtos = d.to.name, []string{"http/1.1"}
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	return c
}

// dial has the shape that the HTTP library wants; limit is what remains of the
// call's time, 0 when that is not known.
func (d *dialer) dial(_ string, limit time.Duration) (net.Conn, error) {
	if limit <= 0 || limit > d.cfg.Connect {
		limit = d.cfg.Connect
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var nd net.Dialer
	nc, err := nd.DialContext(ctx, "tcp", d.to.addr)
	if err != nil {
		return nil, err
	}
	tcp := nc.(*net.TCPConn)
	if d.cfg.ReceiveBuffer > 0 {
		// A hint: a kernel that bounds it lower is obeyed.
		_ = tcp.SetReadBuffer(d.cfg.ReceiveBuffer)
	}
	light, err := socket.New(tcp)
	if err != nil {
		_ = tcp.Close()
		return nil, err
	}
	c := &conn{Conn: light, tcp: light, wait: d.cfg.Timeout}
	c.hangUp = func() { _ = c.Close() }
	if d.to.tls {
		t := tls.Client(light, d.secure())
		if err := t.HandshakeContext(ctx); err != nil {
			_ = tcp.Close()
			return nil, err
		}
		c.Conn = t
	}
	return c, nil
}
