package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/valyala/fasthttp"

	"brana/egon"
	"brana/egon/xmltext"
)

// This file turns the errors of libraries into words of our own. A library may quote the
// peer: fasthttp quotes a broken head, crypto/tls the names in a certificate, the scanner
// the names of elements. So no text of an error goes on. An error is looked up in a
// closed set, whose words hold nothing but numbers. An unknown error is named by its
// stage and its type.

// A cause is why a call failed. It unwraps to errors that others compare, and prints none
// of them.
type cause struct {
	text string
	is   []error
}

func (c *cause) Error() string { return c.text }

// Unwrap returns the errors behind the cause.
func (c *cause) Unwrap() []error { return c.is }

// because puts a reason before the cause.
func (c *cause) because(s fixedError) {
	c.text = string(s) + ": " + c.text
	c.is = append(c.is, s)
}

// A stage is the part of a call in which it failed.
type stage string

const (
	judging    stage = "" // the error itself says what is wrong with the answer
	waiting    stage = "wait for a turn"
	connecting stage = "get a connection"
	sending    stage = "send the message"
	heading    stage = "read the head of the answer"
	reading    stage = "read the answer"
)

// unknown returns the words for an unknown error.
func (s stage) unknown(err error) string {
	switch s {
	case connecting:
		return fmt.Sprintf("the handshake failed (%T)", err)
	case sending:
		return fmt.Sprintf("it could not be written (%T)", err)
	case heading:
		return "it is no head of HTTP/1.1"
	case reading:
		return "it breaks the framing of HTTP/1.1"
	}
	return fmt.Sprintf("an unknown error (%T)", err)
}

// causeOf returns the cause of an error that came at a stage.
func causeOf(at stage, err error) *cause {
	c := &cause{}
	c.text, c.is = wordsFor(err)
	if c.text == "" {
		c.text = at.unknown(err)
	}
	if at != judging {
		c.text = string(at) + ": " + c.text
	}
	return c
}

// wordsFor returns the words for an error and the errors that others may compare. Both
// are empty when the error is unknown.
func wordsFor(err error) (text string, is []error) {
	for _, words := range []func(error) (string, error){
		ownWords, documentWords, plainWords, connectionWords, handshakeWords,
	} {
		if text, is := words(err); text != "" {
			return text, []error{is}
		}
	}
	return "", nil
}

// ownWords knows the errors that never have a byte of a peer in them.
func ownWords(err error) (string, error) {
	var (
		own    fixedError
		breach egon.Breach
		call   *egon.CallError
	)
	switch {
	case errors.As(err, &call):
		return call.Error(), call
	case errors.As(err, &own):
		return own.Error(), own
	case errors.As(err, &breach):
		return breach.Error(), breach
	}
	return "", nil
}

// documentWords knows the errors of a received document.
func documentWords(err error) (string, error) {
	var (
		fault  *egon.FaultError
		syntax *xmltext.SyntaxError
	)
	switch {
	case errors.As(err, &fault):
		return faultText(fault.Code), fault
	case errors.As(err, &syntax): // without its Path, which quotes the peer
		return fmt.Sprintf("read XML at byte %d: %v", syntax.Offset, syntax.Err), syntax.Err
	}
	return "", nil
}

// faultText returns the words for a SOAP Fault. They have its code when that is one of
// the four (SOAP 1.1, section 4.4.1), or begins with one and a dot.
func faultText(code string) string {
	for _, known := range []string{"Client", "Server", "VersionMismatch", "MustUnderstand"} {
		if rest, ok := strings.CutPrefix(code, known); ok && (rest == "" || rest[0] == '.') {
			return "receive a SOAP Fault with code " + known
		}
	}
	return "receive a SOAP Fault"
}

// plainWords knows the errors that are one value each.
func plainWords(err error) (string, error) {
	for _, p := range []struct {
		err  error
		text string
	}{
		{io.ErrUnexpectedEOF, "it is cut short"},
		{io.EOF, "the upstream closed the connection"},
		{fasthttp.ErrNoFreeConns, "none is free"},
		{fasthttp.ErrTimeout, "it takes too long"},
		{os.ErrDeadlineExceeded, "it takes too long"},
		{context.DeadlineExceeded, "the deadline has passed"},
		{context.Canceled, "the call was cancelled"},
		{net.ErrClosed, "the connection was closed"},
	} {
		if errors.Is(err, p.err) {
			return p.text, p.err
		}
	}
	return "", nil
}

// connectionWords knows the errors of HTTP and of the layers below it.
func connectionWords(err error) (string, error) {
	var (
		long  *fasthttp.ErrSmallBuffer
		chunk fasthttp.ErrBrokenChunk
		name  *net.DNSError
		errno syscall.Errno
	)
	switch {
	case errors.As(err, &long):
		return fmt.Sprintf("its head is longer than %d bytes", maxHTTPHead), nil
	case errors.As(err, &chunk):
		return "a chunk of it is malformed or cut short", nil
	case errors.As(err, &name) && name.IsNotFound:
		return "the name of its host does not exist", nil
	case errors.As(err, &name):
		return "the name of its host was not resolved", nil
	case errors.As(err, &errno):
		return errno.Error(), errno // the words of the kernel
	}
	return "", nil
}

// handshakeWords knows the errors of TLS. The texts in a certificate are the peer's.
func handshakeWords(err error) (string, error) {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		noTLS     tls.RecordHeaderError
		alert     *net.OpError
	)
	switch {
	case errors.As(err, &authority):
		return "its certificate is signed by no CA that is trusted", nil
	case errors.As(err, &host):
		return "its certificate is not of the host in its URL", nil
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired, or is not valid yet", nil
	case errors.As(err, &invalid):
		return fmt.Sprintf("its certificate is not valid (reason %d of crypto/x509)",
			invalid.Reason), nil
	case errors.As(err, &noTLS):
		return "it does not speak TLS", nil
	case errors.As(err, &alert) && fmt.Sprintf("%T", alert.Err) == "tls.alert":
		// An alert is a number that crypto/tls has a name for.
		return "the handshake failed with an alert, " + alert.Err.Error(), nil
	}
	return "", nil
}

// maxHTTPHead bounds the head of an answer, in bytes.
const maxHTTPHead = 16 << 10
