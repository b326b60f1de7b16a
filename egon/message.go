package egon

import (
	"fmt"
	"io"
)

// A Message is a request on its way to an upstream.
type Message struct {
	Service *Service
	Async   bool      // called with ?async
	Length  int64     // bytes of Body, -1 when that is not known
	Whole   bool      // all of Body is here; otherwise it still comes from the caller
	Body    io.Reader // read once; an error other than io.EOF aborts the message on the wire
}

// An Answer is a reply on its way to the caller. Its holder closes Body.
type Answer struct {
	HTTPStatus  int
	ContentType string
	Length      int64 // bytes of Body, or -1 when it is not known
	Body        io.ReadCloser

	// Set in a reply that the gateway made itself, otherwise empty:
	Kod          string   // VysledekKod
	SubKody      []string // VysledekSubKod of its details, each once
	IszrZadostId string   // the number of the reply
	Barred       bool     // a registry refused an item by NENI OPRAVNENI, the reply has the others
}

// A CallError is the failure of an upstream: it did not answer, answered too late, or
// broke its contract.
type CallError struct {
	Party   Party  // that failed; Nobody for the relay's target
	Name    string // the upstream's name in the configuration, for the log
	Timeout bool   // the deadline of the call passed
	Busy    bool   // its turn would have come after the deadline, and nothing was sent
	Sent    bool   // the request left, so the registry may have acted on it
	Detail  []Detail
	Err     error
}

func (e *CallError) Error() string { return fmt.Sprintf("call %s: %v", e.Name, e.Err) }

// Unwrap returns the cause.
func (e *CallError) Unwrap() error { return e.Err }
