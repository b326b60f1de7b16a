package egon

import (
	"slices"
	"strings"
)

// A Step is the beginning of an internal request: the caller's head, and the number of
// this one message.
type Step struct {
	Head         *Head
	IszrZadostId string // fresh for each message, a UUID
}

// Answers reports whether an answer belongs to this message: it has the caller's
// AgendaZadostId and, if it has an IszrZadostId, the message's. A refusal need not: the
// registry may not have read the message.
func (st *Step) Answers(info *OdpovedInfo) bool {
	own := string(st.Head.Info.AgendaZadostId)
	return info.Status.Kod == Chyba || strings.EqualFold(info.AgendaZadostId, own) &&
		(info.IszrZadostId == "" || strings.EqualFold(info.IszrZadostId, st.IszrZadostId))
}

// The SOAPActions of internal requests that are always the same. An evidence has
// [Source].Request, ORG the [OrgService].
const (
	ActionRob   = "RobSyncDotaz"
	ActionRuian = "CtiProRobRequest"
)

// stepBytes is room for most messages to a registry.
const stepBytes = 2 << 10

// openStep appends the envelope and the start tag of the payload up to its attributes.
// It binds the prefixes e (the registry's own) and reg.
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

// appendInfo appends the caller's ZadostInfo for a registry, without PrioritaAis, which
// is for the bus.
func (st *Step) appendInfo(dst []byte) []byte {
	dst = append(dst, "<e:ZadostInfo>"...)
	dst = appendZadostInfo(dst, &st.Head.Info, []byte(st.IszrZadostId))
	return append(dst, "</e:ZadostInfo>"...)
}
