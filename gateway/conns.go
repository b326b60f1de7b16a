package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"

	"brana/egon"
	"brana/socket"
)

// A door is a listener that lets no more connections in than there may be, of
// one peer and of all. It belongs below TLS, since it looks at addresses only.
type door struct {
	net.Listener
	g      *Gateway
	full   []byte        // what a connection that finds no room reads, nil below TLS
	saying chan struct{} // as many may be told so at once; the others are closed only
}

// maxTold bounds the connections that are told that there is no room.
const maxTold = 64

func (g *Gateway) newDoor(ln net.Listener) *door {
	full := lastWord("503 Service Unavailable\r\nRetry-After: 1", egon.FaultServer, refuse(Overloaded, "Připojení je příliš mnoho, opakujte volání později."))
	return &door{Listener: ln, g: g, full: full, saying: make(chan struct{}, maxTold)}
}

// lastWord is a whole answer to a caller with whom the server does not speak. It
// ends with the connection.
func lastWord(status string, fault egon.FaultCode, r *Refusal) []byte {
	head := "HTTP/1.1 " + status + "\r\nContent-Type: " + contentType + "\r\nConnection: close\r\n\r\n"
	return egon.AppendFault([]byte(head), fault, r.text(), r.Kind.Code)
}

// Accept waits for a connection for which there is room. That the process has
// no descriptor left passes by, and must not end the server.
func (d *door) Accept() (net.Conn, error) {
	for {
		nc, err := d.Listener.Accept()
		switch {
		case exhausted(err):
			d.g.parts.Log.Warn("accept connection: listen.max_conns is above what the process may open", zap.Error(err))
			if !pause(d.g.calls, 100*time.Millisecond) {
				return nil, net.ErrClosed
			}
			continue
		case err != nil && d.g.draining.Load():
			<-d.g.serving.Done() // the server would close the connections that are open
			return nil, err
		case err != nil:
			return nil, err
		}
		c := &conn{Conn: socket.Of(nc), g: d.g, peer: peerOf(nc.RemoteAddr())}
		limit := d.g.conns.enter(c)
		if limit == "" {
			return c, nil
		}
		d.g.parts.Metrics.connRefused(limit)
		d.turnAway(nc)
	}
}

// Close closes the listener, which may be closed already.
func (d *door) Close() error {
	if err := d.Listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func exhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}

// pause waits, and reports whether it was to the end.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// turnAway closes a connection for which there is no room.
func (d *door) turnAway(nc net.Conn) {
	select {
	case d.saying <- struct{}{}:
	default:
		_ = nc.Close()
		return
	}
	go func() {
		defer func() { <-d.saying }()
		defer nc.Close()
		defer context.AfterFunc(d.g.calls, func() { _ = nc.Close() })()
		_ = nc.SetWriteDeadline(time.Now().Add(time.Second))
		if _, err := nc.Write(d.full); err == nil && d.full != nil {
			d.g.readOff(nc)
		}
	}()
}

// readOff ends the sending side and reads what still comes, within the bounds
// of a drain: a connection closed over unread bytes is reset, and the answer is
// lost on its way.
func (g *Gateway) readOff(nc net.Conn) {
	half, ok := nc.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = nc.SetReadDeadline(time.Now().Add(g.cfg.DrainTime)) // a closed connection fails at the read
	_, _ = io.CopyN(io.Discard, nc, g.cfg.DrainBytes)       // whatever it was
}

// A conn is the connection of a caller.
type conn struct {
	net.Conn
	g      *Gateway
	peer   netip.Addr
	linger atomic.Bool // the caller may still be sending when it is closed
	closed atomic.Bool
	ended  bool // the caller closed its side, and somebody wanted more
}

// Read notes the end of what the caller sends.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.ended = err == io.EOF
	return n, err
}

// hasEnded reports whether a message that came to its end met the end of the
// connection instead of its last chunk: the library tells neither from the
// other.
func hasEnded(nc net.Conn) bool {
	switch c := nc.(type) {
	case *secured:
		return c.ended
	case *conn:
		return c.ended
	}
	return false
}

// Close closes the connection, and does so at once when it is called again.
func (c *conn) Close() error {
	if c.closed.Swap(true) {
		return c.Conn.Close()
	}
	defer c.g.conns.leave(c)
	if c.linger.Load() {
		c.g.readOff(c.Conn)
	}
	return c.Conn.Close()
}

// hangUp closes the connection after the answer, which the caller gets to read
// although it may still be sending.
func (x *exchange) hangUp() {
	x.rc.SetConnectionClose()
	lingering(x.rc.Conn())
}

// lingering has what is still being sent read off when the connection closes.
func lingering(nc net.Conn) {
	if s, ok := nc.(*secured); ok {
		nc = s.NetConn()
	}
	if c, ok := nc.(*conn); ok {
		c.linger.Store(true)
	}
}

// peerOf is the address that connections are counted by: of IPv6 the network,
// since a host has all of it.
func peerOf(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	if addr.Is6() {
		network, _ := addr.Prefix(64) // of any address of 128 bits
		return network.Addr()
	}
	return addr
}

// The limits on connections, labels of brana_connections_refused_total.
const (
	perPeer = "per_peer"
	total   = "total"
)

// conns are the open connections.
type conns struct {
	max, perPeer int

	mu    sync.Mutex
	open  map[*conn]struct{}
	peers map[netip.Addr]int
}

func newConns(cfg *Config) *conns {
	return &conns{max: cfg.MaxConns, perPeer: cfg.MaxConnsPerPeer, open: map[*conn]struct{}{}, peers: map[netip.Addr]int{}}
}

// enter counts a connection, or names the limit that it would exceed.
func (s *conns) enter(c *conn) (limit string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.peers[c.peer] >= s.perPeer:
		return perPeer
	case len(s.open) >= s.max:
		return total
	}
	s.peers[c.peer]++
	s.open[c] = struct{}{}
	return ""
}

func (s *conns) leave(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	if s.peers[c.peer]--; s.peers[c.peer] == 0 {
		delete(s.peers, c.peer)
	}
}

func (s *conns) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// cut closes the connections below those who use them.
func (s *conns) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		_ = c.Conn.Close() // closed already is as good
	}
}
