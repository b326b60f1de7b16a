package egon

import (
	"fmt"

	"brana/egon/xmltext"
)

// NSFault is the namespace of the one element in the detail of the gateway's faults.
const NSFault = "urn:brana:fault:v1"

// A FaultCode is the side that caused a fault (SOAP 1.1, section 4.4.1).
type FaultCode string

// The codes.
const (
	FaultClient         FaultCode = "Client"
	FaultServer         FaultCode = "Server"
	FaultVersion        FaultCode = "VersionMismatch"
	FaultMustUnderstand FaultCode = "MustUnderstand"
)

// AppendFault appends a SOAP 1.1 envelope with a Fault. text is the sentence for the
// caller. kind is the code of the refusal, alone in the element Kind of [NSFault]
// within detail. A Fault about the Envelope or its Header has no detail (SOAP 1.1 §4.4:
// detail is for the Body).
func AppendFault(dst []byte, code FaultCode, text, kind string) []byte {
	dst = append(dst, soapOpen...)
	dst = append(dst, "<s:Fault>"...)
	dst = leaf(dst, "faultcode", "s:"+string(code))
	dst = leaf(dst, "faultstring", text)
	if code == FaultClient || code == FaultServer {
		dst = append(dst, `<detail><b:Kind xmlns:b="`+NSFault+`">`...)
		dst = xmltext.AppendText(dst, kind)
		dst = append(dst, "</b:Kind></detail>"...)
	}
	dst = append(dst, "</s:Fault>"...)
	return append(dst, soapClose...)
}

// A FaultError is a SOAP Fault in place of an answer.
type FaultError struct {
	Code string // faultcode without its prefix
	Text string // faultstring; it may hold anything, so it does not leave the gateway
}

func (e *FaultError) Error() string { return fmt.Sprintf("receive SOAP fault %q", e.Code) }
