package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"brana/egon"
	"brana/gateway/conn"
	"brana/policy"
)

// newConns makes the set of connections of callers.
func (g *Gateway) newConns() *conn.Conns {
	return conn.New(g.calls, conn.Config{
		Max:             g.cfg.MaxConns,
		MaxPerPeer:      g.cfg.MaxConnsPerPeer,
		DrainBytes:      g.cfg.DrainBytes,
		DrainTime:       g.cfg.DrainTime,
		PlainSockets:    g.cfg.PlainSockets,
		TLS:             g.cfg.TLS,
		Full:            noRoom,
		Plain:           plainOnTLS,
		Log:             g.parts.Log,
		Refused:         g.parts.Metrics.ConnectionRefused,
		Handshaken:      g.parts.Metrics.HandshakeEnded,
		HandshakeFailed: g.handshakeFailed,
	})
}

// Answers to callers with whom the server does not speak.
var (
	noRoom = lastWord("503 Service Unavailable\r\nRetry-After: 1", egon.FaultServer,
		refuse(Overloaded, "Připojení je příliš mnoho, opakujte volání později."))
	plainOnTLS = lastWord("400 Bad Request", egon.FaultClient,
		badFraming(400, "Tento port přijímá jen TLS, požadavek přišel nešifrovaně:"+
			" volejte adresu https://."))
)

// lastWord is a whole answer that ends with the connection.
func lastWord(status string, fault egon.FaultCode, r *Refusal) []byte {
	head := "HTTP/1.1 " + status + "\r\n" +
		"Content-Type: " + contentType + "\r\n" +
		"Connection: close\r\n\r\n"
	return egon.AppendFault([]byte(head), fault, r.text(), r.Kind.Code)
}

// handshakeFailed counts a handshake that failed, and writes its line.
func (g *Gateway) handshakeFailed(f conn.FailedHandshake) {
	g.parts.Metrics.HandshakeFailed(f.Reason())
	fields := []zap.Field{
		zap.String("reason", f.Reason()),
		zap.Stringer("from", f.From),
		zap.Error(handshakeInWords(f.Err)),
	}
	if f.Certificate != nil {
		fields = append(fields, zap.String("certificate", describe(&f)))
	}
	g.parts.Log.Info("handshake refused", fields...)
}

// describe names a certificate that was refused. Its issuer is named only when a
// CA of client_ca has signed it; otherwise anybody may have written it.
func describe(f *conn.FailedHandshake) string {
	if f.Signed {
		return policy.Describe(f.Certificate)
	}
	serial := f.Certificate.SerialNumber.Text(16)
	return fmt.Sprintf("certificate 0x%.40s of nobody in client_ca", serial)
}

// handshakeInWords is why a handshake with a caller failed, as [inWords].
func handshakeInWords(err error) error {
	var (
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &authority):
		return errors.New("its certificate is signed by no CA of client_ca")
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return errors.New("its certificate has expired, or is not valid yet")
	case errors.As(err, &invalid):
		return fmt.Errorf("its certificate is not valid (reason %d of crypto/x509)", invalid.Reason)
	case errors.As(err, &record):
		return errors.New("what came is not TLS")
	}
	switch conn.ReasonOf(err) {
	case "no-certificate":
		return errors.New("it has no certificate")
	case "nothing-in-common":
		return errors.New("it knows no version, cipher suite or protocol that may be used")
	}
	return inWords(err)
}

// Connections is the number of open connections at this moment.
func (g *Gateway) Connections() int { return g.conns.Count() }

// awaitCallers waits as long as callers may be refused on the connections that
// they have open, or until there are none.
func (g *Gateway) awaitCallers(ctx context.Context) {
	for until := time.Now().Add(g.cfg.Linger); g.conns.Count() > 0 && time.Now().Before(until); {
		if !pause(ctx, pollTime) {
			return
		}
	}
}

// awaitServer waits until the server has seen that its listener and the last
// connection are closed. Its own shutdown looks once, and then after 100 ms.
func (g *Gateway) awaitServer() {
	until := time.Now().Add(pollTime)
	open := func() bool { return g.server.GetOpenConnectionsCount() >= 0 } // the listener is not counted
	for g.conns.Count() == 0 && open() && time.Now().Before(until) {
		time.Sleep(pollTime / 10)
	}
}

// awaitClosed waits until no connection is open, for CutTime at most.
func (g *Gateway) awaitClosed() {
	for until := time.Now().Add(g.cfg.CutTime); g.conns.Count() > 0 && time.Now().Before(until); {
		time.Sleep(min(pollTime, g.cfg.CutTime))
	}
}

// pause waits, and reports whether it waited to the end.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
