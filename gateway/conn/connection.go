package conn

import (
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// A limitConn is the connection of a caller that was let in.
type limitConn struct {
	net.Conn
	conns  *Conns
	peer   netip.Addr
	linger atomic.Bool // the caller may still be sending when it is closed
	closed atomic.Bool
	ended  bool // the caller closed its side, and a read has met that end
}

// Read notes the end of what the caller sends.
func (c *limitConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.ended = err == io.EOF
	return n, err
}

// Close closes the connection, and does so at once when it is called again.
func (c *limitConn) Close() error {
	if c.closed.Swap(true) {
		return c.Conn.Close()
	}
	defer c.conns.leave(c)
	if c.linger.Load() {
		c.conns.readOff(c.Conn)
	}
	return c.Conn.Close()
}

// Ended reports whether the last read of a connection met the end of what the
// caller sends. The HTTP library tells a message that ended with its last chunk
// from one that ended with the connection by nothing else.
func Ended(nc net.Conn) bool {
	switch c := nc.(type) {
	case *tlsConn:
		return c.ended
	case *limitConn:
		return c.ended
	}
	return false
}

// Linger has the connection read off what the caller still sends when it closes,
// so that the caller gets to read its answer. A connection of another package is
// left as it is.
func Linger(nc net.Conn) {
	if c, ok := nc.(*tlsConn); ok {
		nc = c.NetConn()
	}
	if c, ok := nc.(*limitConn); ok {
		c.linger.Store(true)
	}
}

// readOff ends the sending side and reads what still comes, within the bounds of a
// drain. A connection that is closed over unread bytes is reset, and the answer is
// lost on its way.
func (c *Conns) readOff(nc net.Conn) {
	half, ok := nc.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = nc.SetReadDeadline(time.Now().Add(c.cfg.DrainTime)) // a closed connection fails at the read
	_, _ = io.CopyN(io.Discard, nc, c.cfg.DrainBytes)       // an error is the end, too
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
