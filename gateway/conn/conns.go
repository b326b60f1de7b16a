package conn

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"time"

	"go.uber.org/zap"
)

// The limits on connections, by which refusals are counted.
const (
	PerPeer = "per_peer"
	Total   = "total"
)

// Limits are the names of the limits on connections.
func Limits() []string { return []string{PerPeer, Total} }

// Config is what [New] needs. Every field must be set but PlainSockets, TLS,
// Full and Plain.
type Config struct {
	Max        int           // connections at once at most
	MaxPerPeer int           // of one address (IPv6: of one /64) at most
	DrainBytes int64         // bytes that are read off at most when a caller still sends
	DrainTime  time.Duration // time for that

	PlainSockets bool // connections of package net in the place of those of package socket

	TLS *tls.Config // it must demand certificates of callers. nil: no TLS

	Full  []byte // written to a connection without TLS for which there is no room
	Plain []byte // written to a caller that speaks plain HTTP where TLS is spoken

	Log             *zap.Logger
	Refused         func(limit string)    // a connection was refused by one of Limits
	Handshaken      func(resumed bool)    // a handshake came to its end
	HandshakeFailed func(FailedHandshake) // a handshake failed
}

// Conns are the open connections of callers.
type Conns struct {
	cfg Config

	cut       context.Context // ends when nothing may wait any more
	accepting context.Context // ends when no connection is accepted any more
	stop      context.CancelFunc
	idle      context.Context // ends when idle connections may be closed
	endIdle   context.CancelFunc

	mu    sync.Mutex
	open  map[*limitConn]struct{}
	peers map[netip.Addr]int
}

// New returns a set without connections. When ctx is done nothing waits any more:
// no connection is accepted, and those that are being refused are closed.
func New(ctx context.Context, cfg Config) *Conns {
	c := &Conns{cfg: cfg, cut: ctx, open: map[*limitConn]struct{}{}, peers: map[netip.Addr]int{}}
	c.accepting, c.stop = context.WithCancel(ctx)
	c.idle, c.endIdle = context.WithCancel(ctx)
	return c
}

// Serve calls serve with a listener that accepts from ln and lets in connections up
// to the limits. StopAccepting closes ln. Serve returns the error of serve.
func (c *Conns) Serve(ln net.Listener, serve func(net.Listener) error) error {
	defer context.AfterFunc(c.accepting, func() { _ = ln.Close() })()
	bounded := &limitListener{Listener: ln, conns: c, refusing: make(chan struct{}, maxRefusing)}
	if c.cfg.TLS == nil {
		return serve(bounded)
	}
	return serve(tlsListener{bounded, c})
}

// StopAccepting closes the listeners. Connections that are open stay open.
func (c *Conns) StopAccepting() { c.stop() }

// EndIdle lets the server close idle connections: the Accept of a listener that
// StopAccepting has closed does not return before.
func (c *Conns) EndIdle() { c.endIdle() }

// Cut closes all connections at once, below TLS and below the server: the next read
// or write of each fails.
func (c *Conns) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for nc := range c.open {
		_ = nc.Conn.Close() // closed already is as good
	}
}

// Count is the number of open connections at this moment.
func (c *Conns) Count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// stopped reports whether no connection is accepted any more.
func (c *Conns) stopped() bool { return c.accepting.Err() != nil }

// enter counts a connection, or names the limit that it would exceed.
func (c *Conns) enter(nc *limitConn) (limit string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.peers[nc.peer] >= c.cfg.MaxPerPeer:
		return PerPeer
	case len(c.open) >= c.cfg.Max:
		return Total
	}
	c.peers[nc.peer]++
	c.open[nc] = struct{}{}
	return ""
}

func (c *Conns) leave(nc *limitConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, nc)
	if c.peers[nc.peer]--; c.peers[nc.peer] == 0 {
		delete(c.peers, nc.peer)
	}
}
