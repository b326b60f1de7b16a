package registries

import "io"

// reply is one answer of a registry, without the SOAP envelope around it. The
// zero reply says that the message is not one of the registry's.
type reply struct {
	head   []byte                  // the payload from its first byte
	stream func(w io.Writer) error // writes the rest after head; nil when head is all
	kod    string                  // VysledekKod of the answer, for the log of the server
	uses   int                     // use records that the registry keeps of this message, one per person
	hidden bool                    // those are not shown to the person (znepristupniLog)
}
