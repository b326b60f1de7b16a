package egon

import (
	"slices"
	"strings"
)

// A Step is what every internal request of one exchange begins with: the
// caller's head, and the number under which this one message goes out.
type Step struct {
	Head         *Head
	IszrZadostId string // fresh for each message, a UUID
}

// Answers reports whether an answer says that it is one to this message: with
// the caller's AgendaZadostId, and if it has an IszrZadostId, with the message's.
// A refusal need not, since it may not have read the message.
func (st *Step) Answers(info *OdpovedInfo) bool {
	return info.Status.Kod == Chyba || strings.EqualFold(info.AgendaZadostId, string(st.Head.Info.AgendaZadostId)) &&
		(info.IszrZadostId == "" || strings.EqualFold(info.IszrZadostId, st.IszrZadostId))
}

// The SOAPActions of the internal requests whose name does not depend on what
// is asked; an evidence's is [Source].Request, ORG's the [OrgService].
const (
	ActionRob   = "RobSyncDotaz"
	ActionRuian = "CtiProRobRequest"
)

// stepBytes is room for most messages to a registry.
const stepBytes = 2 << 10

// openStep appends the envelope and the payload's start tag up to its
// attributes; the prefixes e (the registry's own) and reg are bound.
func openStep(dst []byte, local, space string) []byte {
	dst = append(slices.Grow(dst, stepBytes), soapOpen+"<e:"...)
	dst = append(dst, local...)
	dst = attr(dst, "xmlns:e", space)
	return attr(dst, "xmlns:reg", NSReg)
}

func closeStep(dst []byte, local string) []byte {
	dst = shut(dst, "e:"+local)
	return append(dst, soapClose...)
}

// appendInfo appends the caller's ZadostInfo as registries take it: without
// PrioritaAis, which is a matter of the bus.
func (st *Step) appendInfo(dst []byte) []byte {
	dst = append(dst, "<e:ZadostInfo>"...)
	dst = appendZadostInfo(dst, &st.Head.Info, []byte(st.IszrZadostId))
	return append(dst, "</e:ZadostInfo>"...)
}
