package upstream

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"time"

	"brana/socket"
)

// A conn is a connection to an upstream whose waits are bounded one by one. The HTTP
// library would set an absolute deadline. That would also count the time in which the
// caller of the gateway does not take the answer, and would fail a read of bytes that
// the kernel already has.
//
// It is used by one call at a time. Only Close may come from another goroutine.
type conn struct {
	net.Conn
	tcp  tcpConn       // Conn, or the one below its TLS
	wait time.Duration // longest single read or write

	// Of the call that has the connection:
	until time.Time // when the head of the answer must be here; zero: no such bound
	in    int64     // bytes read
	stuck bool      // a write failed: the upstream closed, or takes no more bytes
	out   int64     // bytes written
	ended bool      // the upstream closed its side

	hangUp func() // Close, for the watch on the context

	used bool // it has carried a call before
	over bool // the end came with the last bytes (TLS): nothing more can be read
}

// begin forgets the call before.
func (c *conn) begin() { c.until, c.in, c.out, c.stuck, c.ended = time.Time{}, 0, 0, false, false }

// Read sets the deadline of one wait. An end that comes with the last bytes is left to
// the next Read, so that ended is true only when a reader wanted more.
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

// alive reports whether an idle connection can still carry a call: the upstream has
// neither closed it nor sent anything unasked. It never waits. A streamed message cannot
// be sent twice, so the connection is checked before the first byte.
//
// It checks below TLS. Session tickets follow the handshake (TLS 1.3) and are read with
// the first answer. Records that come after an answer, which the protocol allows, cost
// the connection and nothing else.
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
		// The cache is for the one target.
		system := &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(1)}
		d.tls = func() *tls.Config { return system }
	}
	return d
}

// secure returns the configuration of one handshake.
func (d *dialer) secure() *tls.Config {
	c := d.tls().Clone()
	c.ServerName, c.NextProtos = d.to.name, []string{"http/1.1"}
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	return c
}

// dial has the signature that the HTTP library needs. The limit is the remaining time of
// the call, 0 when that is unknown.
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
		// It is a hint: the kernel may have a lower bound.
		_ = tcp.SetReadBuffer(d.cfg.ReceiveBuffer)
	}
	base, err := d.open(tcp)
	if err != nil {
		_ = tcp.Close()
		return nil, err
	}
	c := &conn{Conn: base, tcp: base, wait: d.cfg.Timeout}
	c.hangUp = func() { _ = c.Close() }
	if d.to.tls {
		t := tls.Client(base, d.secure())
		if err := t.HandshakeContext(ctx); err != nil {
			_ = tcp.Close()
			return nil, err
		}
		c.Conn = t
	}
	return c, nil
}

// A tcpConn is a [socket.Conn], or a [socket.Plain] while those are turned off.
type tcpConn interface {
	net.Conn
	Silent() bool
}

func (d *dialer) open(tcp *net.TCPConn) (tcpConn, error) {
	if d.cfg.PlainSockets {
		return socket.NewPlain(tcp), nil
	}
	return socket.New(tcp)
}
