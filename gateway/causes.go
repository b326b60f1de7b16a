package gateway

import (
	"context"
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

// inWords replaces an error of a library by one of the gateway, for the log: the
// text of a library may quote what a caller sent. Errors of the gateway and its
// packages never do so, and stay as they are. Of an unknown error the type is
// named.
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
	case errors.As(err, &refusal), errors.As(err, &offence),
		errors.As(err, &call), errors.As(err, &caught):
		return err
	case errors.As(err, &errno):
		return fmt.Errorf("the connection failed: %w", errno)
	}
	for _, plain := range []error{
		stream.ErrTooSlow, errUnsent, errDraining,
		io.ErrUnexpectedEOF, io.EOF, io.ErrClosedPipe, net.ErrClosed,
		os.ErrDeadlineExceeded, context.DeadlineExceeded, context.Canceled,
	} {
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
	case errors.As(err, &alert) && alert.Op == "remote error": // an alert of TLS, by its name
		return fmt.Errorf("the caller sent an alert: %v", alert.Err)
	}
	return fmt.Errorf("there are no words for it (%T)", err)
}

var errBrokenChunk = errors.New("a chunk is malformed")

// errUnsent ends an exchange whose answer did not go out whole.
var errUnsent = errors.New("the answer was not sent")

// errDraining ends the calls for which a shutdown does not wait. To a package that
// knows only contexts it is a cancellation.
var errDraining error = draining{}

type draining struct{}

func (draining) Error() string { return "the gateway is draining" }

func (draining) Is(target error) bool { return target == context.Canceled }
