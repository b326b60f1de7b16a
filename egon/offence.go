package egon

import (
	"errors"
	"fmt"
)

// Causes of an [Offence] of kind TooLarge. Package xmltext has those of the scanner.
var (
	ErrHeadTooLarge    = errors.New("head is too large")
	ErrMessageTooLarge = errors.New("message is too large")
	ErrTooManyItems    = errors.New("too many words in SeznamUdaju")
)

// An OffenceKind is the kind of an offence.
type OffenceKind uint8

// The kinds, from the outermost layer inwards.
const (
	Malformed    OffenceKind = iota // not the XML or the SOAP that the gateway accepts
	OtherVersion                    // an Envelope, but not of SOAP 1.1
	TooLarge                        // a bound was exceeded
	Mismatch                        // path, SOAPAction and body name different services
	Invalid                         // a value that the contract of the service does not allow
	Unpermitted                     // a reply with an item that must not leave
)

// An Offence is the reason to refuse a message, whoever sent it. It is an error. Popis
// is the Czech sentence for the caller. Neither Popis nor Err quotes personal data.
type Offence struct {
	Kind   OffenceKind
	Offset int64  // byte of the message at which it is certain
	Path   string // /Envelope/Body/..., local names; may be empty
	Popis  string // Czech, without code: the fault and its remedy
	Err    error  // the cause, English, for readers who have the message, as those of lint
	ForLog string // Err without words of the message; empty: Err has none
}

// Error returns the cause and its place for the log, without any words of the message,
// its names and its path included.
func (o *Offence) Error() string {
	text := o.ForLog
	if text == "" {
		text = o.Err.Error()
	}
	return fmt.Sprintf("%s at byte %d", text, o.Offset)
}

// Unwrap returns the cause.
func (o *Offence) Unwrap() error { return o.Err }

// An exceeded is an error that names a bound with its figure.
type exceeded struct {
	error
	bound error
}

func (e exceeded) Unwrap() error { return e.bound }
