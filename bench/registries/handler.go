package registries

import (
	"io"

	"brana/egon/xmltext"
)

// handler answers one message of a registry. action is the SOAPAction as it
// came, body the payload element inside the SOAP Body; both are the server's
// and may be used until the reply was written.
type handler func(action string, body *xmltext.Node) reply

// reply is one answer of a registry, without the SOAP envelope around it.
type reply struct {
	head   []byte                  // the payload from its first byte
	stream func(w io.Writer) error // writes the rest after head; nil when head is all
	kod    string                  // VysledekKod of the answer, for the log of the server
	uses   int                     // use records that the registry keeps of this message, one per person
	hidden bool                    // those are not shown to the person (znepristupniLog)
}
