package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"brana/egon"
	"brana/policy"
)

// A gate is a listener that speaks TLS with those who come. Handshakes are made
// by whoever serves the connection, so that a slow one holds up nobody else.
type gate struct {
	net.Listener
	g *Gateway
}

// Accept returns a connection whose handshake is still to be made.
func (l gate) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &secured{Conn: tls.Server(nc, l.g.cfg.TLS), g: l.g}, nil
}

// A secured is a connection over TLS, and what is known of its caller. One
// goroutine serves it; only Close comes from elsewhere.
type secured struct {
	*tls.Conn
	g      *Gateway
	once   sync.Once
	failed error // of the handshake
	ended  bool  // the caller closed its side, and somebody wanted more

	cert   *x509.Certificate // of the caller
	policy *policy.Snapshot  // that bound is of
	bound  *policy.Identity  // of cert, nil when nothing is bound to it
}

// Handshake makes the handshake, once. The server calls it first of all, under
// its deadlines, and goes on whatever it returns.
func (c *secured) Handshake() error {
	c.once.Do(func() {
		if c.failed = c.Conn.Handshake(); c.failed != nil {
			c.refused()
			return
		}
		state := c.ConnectionState()
		c.cert = state.PeerCertificates[0]
		c.g.parts.Metrics.shook(state.DidResume)
	})
	return c.failed
}

// Read says that nothing comes after a handshake that failed: there is nobody
// to answer.
func (c *secured) Read(p []byte) (int, error) {
	if c.Handshake() != nil {
		return 0, io.EOF
	}
	n, err := c.Conn.Read(p)
	c.ended = err == io.EOF
	return n, err
}

// Close says goodbye and closes the connection. A caller that takes nothing
// holds that up for seconds, and the server closes idle connections one after
// another, so in a shutdown none waits for another.
func (c *secured) Close() error {
	if c.g.draining.Load() {
		go func() { _ = c.Conn.Close() }() // Shutdown waits for it, and then cuts it
		return nil
	}
	return c.Conn.Close()
}

// refused counts a handshake that failed, and writes its line. The caller gets
// to read the alert although it may have sent a request already.
func (c *secured) refused() {
	reason := HandshakeFailure(c.failed)
	c.g.parts.Metrics.handshakeFailed(reason)
	fields := []zap.Field{zap.String("reason", reason), zap.Stringer("from", c.RemoteAddr()), zap.Error(handshakeInWords(c.failed))}
	var unverified *tls.CertificateVerificationError
	if errors.As(c.failed, &unverified) && len(unverified.UnverifiedCertificates) > 0 {
		fields = append(fields, zap.String("certificate", c.describe(unverified.UnverifiedCertificates)))
	}
	c.g.parts.Log.Info("handshake refused", fields...)
	lingering(c.NetConn())
	c.tellPlain()
}

// describe names a certificate that was refused. Its issuer is named only
// when a CA of client_ca has signed it, expired or not; otherwise anybody may have
// written it.
func (c *secured) describe(chain []*x509.Certificate) string {
	cert, cfg := chain[0], c.g.cfg.TLS
	if current := cfg.GetConfigForClient; current != nil {
		if now, err := current(&tls.ClientHelloInfo{}); err == nil && now != nil {
			cfg = now
		}
	}
	between := x509.NewCertPool()
	for _, one := range chain[1:] {
		between.AddCert(one)
	}
	_, err := cert.Verify(x509.VerifyOptions{Roots: cfg.ClientCAs, Intermediates: between, CurrentTime: cert.NotBefore, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err == nil {
		return policy.Describe(cert)
	}
	return fmt.Sprintf("certificate 0x%.40s of nobody in client_ca", cert.SerialNumber.Text(16))
}

// tellPlain answers a caller that speaks plain HTTP: to its client the alert of a
// failed handshake is no answer at all.
func (c *secured) tellPlain() {
	var record tls.RecordHeaderError
	if !errors.As(c.failed, &record) || record.Conn == nil || !beginsHTTP(record.RecordHeader[:]) {
		return
	}
	_ = record.Conn.SetWriteDeadline(time.Now().Add(time.Second)) // a closed connection fails at the write
	_, _ = record.Conn.Write(plainOnTLS)                          // nothing is left to tell a caller that has gone
}

// plainOnTLS is the same for all.
var plainOnTLS = lastWord("400 Bad Request", egon.FaultClient,
	badFraming(400, "Tento port přijímá jen TLS, požadavek přišel nešifrovaně: volejte adresu https://."))

// beginsHTTP reports whether the header of what should be a record of TLS is the
// beginning of a request: a method and a blank, as far as the header goes.
func beginsHTTP(header []byte) bool {
	return slices.ContainsFunc(methods, func(method string) bool {
		n := min(len(method), len(header))
		return string(header[:n]) == method[:n]
	})
}

// methods are those of RFC 9110 §9.3, PATCH, and what HTTP/2 begins with.
var methods = []string{"POST ", "GET ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ", "CONNECT ", "TRACE ", "PATCH ", "PRI "}

// handshakeFailures are the reasons for which a handshake fails.
var handshakeFailures = []string{"no-certificate", "expired", "untrusted", "not-tls", "nothing-in-common", "timeout",
	"caller-refused", "caller-left", "other"}

// HandshakeFailure is the one of these reasons for an error of a handshake; the
// log and the metrics have it. The library has no values for some of its
// errors, only texts.
func HandshakeFailure(err error) string {
	var (
		unverified *tls.CertificateVerificationError
		invalid    x509.CertificateInvalidError
		record     tls.RecordHeaderError
		network    *net.OpError
		timeout    net.Error
	)
	switch {
	case errors.As(err, &unverified) && errors.As(unverified.Err, &invalid) && invalid.Reason == x509.Expired:
		return "expired"
	case errors.As(err, &unverified):
		return "untrusted"
	case errors.As(err, &record):
		return "not-tls"
	case strings.Contains(err.Error(), "didn't provide a certificate"):
		return "no-certificate"
	case strings.Contains(err.Error(), "unsupported versions"), strings.Contains(err.Error(), "no cipher suite"),
		strings.Contains(err.Error(), "unsupported application protocols"):
		return "nothing-in-common"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.As(err, &network) && network.Op == "remote error":
		return "caller-refused"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network):
		return "caller-left"
	}
	return "other"
}
