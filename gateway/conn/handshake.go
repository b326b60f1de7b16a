package conn

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
)

// A FailedHandshake is a handshake that failed, and what is known of the caller.
type FailedHandshake struct {
	From        net.Addr
	Err         error             // of crypto/tls; its text may quote what the caller sent
	Certificate *x509.Certificate // that was refused; nil: none, or for another reason
	Signed      bool              // by a trusted CA; otherwise anybody may have written it
}

// Reason is one of Reasons.
func (f *FailedHandshake) Reason() string { return ReasonOf(f.Err) }

// Reasons are the reasons for which a handshake fails.
func Reasons() []string {
	return []string{
		"no-certificate", "expired", "untrusted", "not-tls", "nothing-in-common", "timeout",
		"caller-refused", "caller-left", "other",
	}
}

// ReasonOf returns the one of Reasons that an error of a handshake has. The
// library has no values for some of its errors, only texts.
func ReasonOf(err error) string {
	var (
		unverified *tls.CertificateVerificationError
		invalid    x509.CertificateInvalidError
		record     tls.RecordHeaderError
		network    *net.OpError
		timeout    net.Error
	)
	switch {
	case errors.As(err, &unverified) && errors.As(unverified.Err, &invalid) &&
		invalid.Reason == x509.Expired:
		return "expired"
	case errors.As(err, &unverified):
		return "untrusted"
	case errors.As(err, &record):
		return "not-tls"
	case strings.Contains(err.Error(), "didn't provide a certificate"):
		return "no-certificate"
	case strings.Contains(err.Error(), "unsupported versions"),
		strings.Contains(err.Error(), "no cipher suite"),
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
