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

// This file is where the errors of libraries become words of our own. A library
// may quote what the peer sent: fasthttp a broken head, net/tls the names of a
// certificate, the scanner those of elements. So no text of an error goes on. An
// error is looked up in a closed set, whose words hold numbers at most. An unknown
// error is named by its place and its type.

// A cause is why a call failed. It unwraps to errors that others look for, and
// prints none of them.
type cause struct {
	text string
	is   []error
}

func (c *cause) Error() string { return c.text }

// Unwrap returns what the cause is.
func (c *cause) Unwrap() []error { return c.is }

// because puts what is behind the cause before it.
func (c *cause) because(s fixedError) {
	c.text = string(s) + ": " + c.text
	c.is = append(c.is, s)
}

// A stage is how far a call had come when it failed.
type stage string

const (
	judging    stage = "" // of the answer, which says itself what is wrong
	waiting    stage = "wait for a turn"
	connecting stage = "get a connection"
	sending    stage = "send the message"
	heading    stage = "read the head of the answer"
	reading    stage = "read the answer"
)

// otherwise is what is said of an error that is not known.
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
	return fmt.Sprintf("there are no words for it (%T)", err)
}

// causeOf says what err is that came at a stage.
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

// told returns the words for an error and what of it others may look for;
// nothing when it is not known.
func wordsFor(err error) (text string, is []error) {
	for _, say := range []func(error) (string, error){ours, document, plain, connection, handshake} {
		if text, is := say(err); text != "" {
			return text, []error{is}
		}
	}
	return "", nil
}

// ours are errors that have no byte of a peer in them from the start.
func ours(err error) (string, error) {
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

// document are those of a document that came.
func document(err error) (string, error) {
	var (
		fault  *egon.FaultError
		syntax *xmltext.SyntaxError
	)
	switch {
	case errors.As(err, &fault):
		return faultText(fault.Code), fault
	case errors.As(err, &syntax): // its Path is the peer's
		return fmt.Sprintf("read XML at byte %d: %v", syntax.Offset, syntax.Err), syntax.Err
	}
	return "", nil
}

// faultText says that a SOAP Fault came, and whose doing it is when its code is
// one of the four (SOAP 1.1, section 4.4.1) or begins with one and a dot.
func faultText(code string) string {
	for _, known := range []string{"Client", "Server", "VersionMismatch", "MustUnderstand"} {
		if rest, ok := strings.CutPrefix(code, known); ok && (rest == "" || rest[0] == '.') {
			return "receive a SOAP Fault with code " + known
		}
	}
	return "receive a SOAP Fault"
}

// plain are errors that are one value each.
func plain(err error) (string, error) {
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

// connection are those of HTTP and of what is below it.
func connection(err error) (string, error) {
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
		return "nobody knows the name of its host", nil
	case errors.As(err, &name):
		return "the name of its host was not resolved", nil
	case errors.As(err, &errno):
		return errno.Error(), errno // of the kernel
	}
	return "", nil
}

// handshake are those of TLS. What a certificate says of itself is the peer's.
func handshake(err error) (string, error) {
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
		return fmt.Sprintf("its certificate is not valid (reason %d of crypto/x509)", invalid.Reason), nil
	case errors.As(err, &noTLS):
		return "it does not speak TLS", nil
	case errors.As(err, &alert) && fmt.Sprintf("%T", alert.Err) == "tls.alert": // a number, with a name in crypto/tls
		return "the handshake failed with an alert, " + alert.Err.Error(), nil
	}
	return "", nil
}

// maxHTTPHead bounds the header of an answer, in bytes.
const maxHTTPHead = 16 << 10
