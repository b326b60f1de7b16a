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
func (c *core) newConns() *conn.Conns {
	return conn.New(c.calls, conn.Config{
		Max:             c.cfg.MaxConns,
		MaxPerPeer:      c.cfg.MaxConnsPerPeer,
		DrainBytes:      c.cfg.DrainBytes,
		DrainTime:       c.cfg.DrainTime,
		PlainSockets:    c.cfg.PlainSockets,
		TLS:             c.cfg.TLS,
		Full:            noRoom,
		Plain:           plainOnTLS,
		Log:             c.parts.Log,
		Refused:         func(limit string) { c.parts.Metrics.ConnectionRefused(limit) },
		Handshaken:      func(resumed bool) { c.parts.Metrics.HandshakeEnded(resumed) },
		HandshakeFailed: c.handshakeFailed,
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
func (c *core) handshakeFailed(f conn.FailedHandshake) {
	c.parts.Metrics.HandshakeFailed(f.Reason())
	fields := []zap.Field{
		zap.String("reason", f.Reason()),
		zap.Stringer("from", f.From),
		zap.Error(handshakeInWords(f.Err)),
	}
	if f.Certificate != nil {
		fields = append(fields, zap.String("certificate", describe(&f)))
	}
	c.parts.Log.Info("handshake refused", fields...)
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

// pause waits, and reports whether it waited to the end.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
