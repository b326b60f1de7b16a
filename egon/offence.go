package egon

import (
	"errors"
	"fmt"
)

// The causes of an [Offence] of kind TooLarge that the scanner does not know;
// for its own see package xmltext.
var (
	ErrHeadTooLarge    = errors.New("head is too large")
	ErrMessageTooLarge = errors.New("message is too large")
	ErrTooManyItems    = errors.New("too many words in SeznamUdaju")
)

// An OffenceKind says what sort of offence a message commits.
type OffenceKind uint8

// The kinds, from the outermost layer inwards.
const (
	Malformed    OffenceKind = iota // not the XML or the SOAP that the gate lets pass
	OtherVersion                    // an Envelope, but not of SOAP 1.1
	TooLarge                        // a bound was exceeded
	Mismatch                        // path, SOAPAction and body name different services
	Invalid                         // a value that the contract of the service does not allow
)

// An Offence is why a message cannot be served, whoever sent it. It is an
// error; Popis is the Czech sentence for the caller and, like Err, never
// quotes personal data.
type Offence struct {
	Kind   OffenceKind
	Offset int64  // byte in the message at which it is certain
	Path   string // /Envelope/Body/..., local names; may be empty
	Popis  string // Czech, without code, names what is wrong and what to do
	Err    error  // the cause, English, for whoever has the message before them, as lint
	Told   string // Err without what the message says, for the log; empty: Err says nothing of it
}

// Error says what is wrong and where, and nothing of the message: neither its
// names nor its path.
func (o *Offence) Error() string {
	told := o.Told
	if told == "" {
		told = o.Err.Error()
	}
	return fmt.Sprintf("%s at byte %d", told, o.Offset)
}

// Unwrap returns the cause.
func (o *Offence) Unwrap() error { return o.Err }

// An exceeded is an error that names a bound with its figure.
type exceeded struct {
	error
	bound error
}

func (e exceeded) Unwrap() error { return e.bound }
