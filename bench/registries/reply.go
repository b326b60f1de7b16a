package registries

import "io"

// reply is one answer of a registry, without the SOAP envelope around it. The zero
// reply means that the registry does not have such a message.
type reply struct {
	head   []byte                  // the payload from its first byte
	stream func(w io.Writer) error // writes the rest after head; nil when head is all
	kod    string                  // VysledekKod of the answer, for the log of the server
	uses   int                     // use records for this message, one per person
	hidden bool                    // these are hidden from the person (znepristupniLog)
}
