package conn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// A tlsListener speaks TLS with the connections that are let in. The
// goroutine that serves a connection makes its handshake, so a slow one delays no other.
type tlsListener struct {
	net.Listener
	conns *Conns
}

// Accept returns a connection whose handshake is still to be made.
func (l tlsListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tlsConn{Conn: tls.Server(nc, l.conns.cfg.TLS), conns: l.conns}, nil
}

// A tlsConn is a connection over TLS. One goroutine serves it; only Close comes
// from elsewhere.
type tlsConn struct {
	*tls.Conn
	conns  *Conns
	once   sync.Once
	failed error // of the handshake
	ended  bool  // the caller closed its side, and a read has met that end
	caller Caller
}

// A Caller is who is at the other end of a connection over TLS.
type Caller struct {
	Certificate *x509.Certificate // verified
	Note        any               // what the server keeps of the caller
}

// CallerOf returns the caller of a connection, or nil when it has no TLS. Before
// the handshake was made there is no certificate. The Caller lives as long as the
// connection, and belongs to the goroutine that serves it.
func CallerOf(nc net.Conn) *Caller {
	if c, ok := nc.(*tlsConn); ok {
		return &c.caller
	}
	return nil
}

// Handshake makes the handshake, once. The server calls it first, under its
// deadlines. It goes on also when Handshake fails: Read then returns io.EOF.
func (c *tlsConn) Handshake() error {
	c.once.Do(func() {
		if c.failed = c.Conn.Handshake(); c.failed != nil {
			c.refuse()
			return
		}
		state := c.ConnectionState()
		c.caller.Certificate = state.PeerCertificates[0]
		c.conns.cfg.Handshaken(state.DidResume)
	})
	return c.failed
}

// Read reports the end of a connection whose handshake failed: there is nobody to
// answer.
func (c *tlsConn) Read(p []byte) (int, error) {
	if c.Handshake() != nil {
		return 0, io.EOF
	}
	n, err := c.Conn.Read(p)
	c.ended = err == io.EOF
	return n, err
}

// Close sends the closing alert of TLS and closes the connection. A caller that
// takes nothing holds that up for seconds, and the server closes idle connections one
// after another. So in a shutdown each is closed by a goroutine of its own, until
// [Conns.Count] is zero or [Conns.Cut] ends the rest.
func (c *tlsConn) Close() error {
	if c.conns.stopped() {
		go func() { _ = c.Conn.Close() }()
		return nil
	}
	return c.Conn.Close()
}

// refuse reports a handshake that failed. The caller gets to read the alert
// although it may have sent a request already.
func (c *tlsConn) refuse() {
	failure := FailedHandshake{From: c.RemoteAddr(), Err: c.failed}
	var unverified *tls.CertificateVerificationError
	if errors.As(c.failed, &unverified) && len(unverified.UnverifiedCertificates) > 0 {
		failure.Certificate = unverified.UnverifiedCertificates[0]
		failure.Signed = c.signed(unverified.UnverifiedCertificates)
	}
	c.conns.cfg.HandshakeFailed(failure)
	Linger(c.NetConn())
	c.answerPlain()
}

// signed reports whether a CA of those that are trusted has signed a certificate,
// be it expired or not.
func (c *tlsConn) signed(chain []*x509.Certificate) bool {
	cfg := c.conns.cfg.TLS
	if current := cfg.GetConfigForClient; current != nil {
		if now, err := current(&tls.ClientHelloInfo{}); err == nil && now != nil {
			cfg = now
		}
	}
	between := x509.NewCertPool()
	for _, one := range chain[1:] {
		between.AddCert(one)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         cfg.ClientCAs,
		Intermediates: between,
		CurrentTime:   chain[0].NotBefore,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err == nil
}

// answerPlain answers a caller that speaks plain HTTP: to its client the alert of
// a failed handshake is no answer at all.
func (c *tlsConn) answerPlain() {
	var record tls.RecordHeaderError
	if !errors.As(c.failed, &record) || record.Conn == nil || !beginsHTTP(record.RecordHeader[:]) {
		return
	}
	// If the connection is closed, the write fails, and a caller that has gone reads
	// nothing.
	_ = record.Conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = record.Conn.Write(c.conns.cfg.Plain)
}

// beginsHTTP reports whether the header of what should be a record of TLS is the
// beginning of a request: a method and a blank, as far as the header goes.
func beginsHTTP(header []byte) bool {
	return slices.ContainsFunc(methods, func(method string) bool {
		n := min(len(method), len(header))
		return string(header[:n]) == method[:n]
	})
}

// methods are those of RFC 9110 §9.3, PATCH, and what HTTP/2 begins with.
var methods = []string{
	"POST ", "GET ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ", "CONNECT ", "TRACE ", "PATCH ", "PRI ",
}
