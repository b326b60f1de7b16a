package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/valyala/fasthttp"

	"brana/egon"
	"brana/gateway/stream"
)

// inWords puts an error of a library into words of the gateway, for the log: the
// text of a library may quote what a caller sent. The gateway's own errors, and
// those of its packages, never do, and stay as they are. An unknown error is named
// by its type.
func inWords(err error) error {
	if err == nil {
		return nil // before anything is allocated
	}
	var (
		refusal *Refusal
		offence *egon.Offence
		call    *egon.CallError
		caught  *panicError
		errno   syscall.Errno
	)
	switch {
	case errors.As(err, &refusal), errors.As(err, &offence), errors.As(err, &call), errors.As(err, &caught):
		return err
	case errors.As(err, &errno):
		return fmt.Errorf("the connection failed: %w", errno)
	}
	for _, plain := range []error{stream.ErrTooSlow, errUnsent, errDraining, io.ErrUnexpectedEOF, io.EOF, io.ErrClosedPipe, net.ErrClosed,
		os.ErrDeadlineExceeded, context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, plain) {
			return plain
		}
	}
	var (
		chunk fasthttp.ErrBrokenChunk
		alert *net.OpError
	)
	switch {
	case errors.As(err, &chunk):
		return errBrokenChunk
	case errors.As(err, &alert) && alert.Op == "remote error": // of TLS, a number with a name in crypto/tls
		return fmt.Errorf("the caller sent an alert: %v", alert.Err)
	}
	return fmt.Errorf("there are no words for it (%T)", err)
}

var errBrokenChunk = errors.New("a chunk is malformed")

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
	switch HandshakeFailure(err) {
	case "no-certificate":
		return errors.New("it has no certificate")
	case "nothing-in-common":
		return errors.New("it knows no version, cipher suite or protocol that may be used")
	}
	return inWords(err)
}
