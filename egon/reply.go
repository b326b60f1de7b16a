package egon

import (
	"slices"
	"strconv"
)

const maxPopis = 1024 // characters, reg:VysledekPopisType

// AppendReply appends a reply of service s with nothing but its header, as of a refusal.
// An internal message is answered in its own response type. E100 has a form of its own: first
// KodAsyncSluzby, in which the reference client writes the code of E100 itself, then an
// OdpovedInfo of the service's namespace.
func AppendReply(dst []byte, s *Service, enveloped bool, info *OdpovedInfo) []byte {
	dst = openReply(dst, s, enveloped)
	if s.message != nil {
		dst = appendOdpovedInfo(dst, "e:OdpovedInfo", info)
		dst = s.message.appendDemanded(dst, s.Namespace, info.Status.Kod)
		return closeReply(dst, s, enveloped)
	}
	name := "abs:OdpovedInfo"
	if s.Namespace == NSAsyncAnswer {
		dst = leaf(dst, "e:KodAsyncSluzby", s.Code)
		name = "e:OdpovedInfo"
	}
	dst = appendOdpovedInfo(dst, name, info)
	return closeReply(dst, s, enveloped)
}

// appendDemanded appends the elements that the schema demands in a reply of the message,
// in whose namespace e is bound. The status of AISEO's application is that of the system.
func (m *message) appendDemanded(dst []byte, space, kod string) []byte {
	var open []string
	for _, at := range m.demanded {
		prefix := "e:"
		if at.space != space {
			prefix = "d:"
		}
		dst = append(append(append(dst, '<'), prefix...), at.local...)
		if at.space != space {
			dst = attr(dst, "xmlns:d", at.space)
		}
		dst = append(dst, '>')
		open = append(open, prefix+at.local)
	}
	if n := len(m.demanded); n > 0 && m.demanded[n-1].local == "AiseoAplikacniStatus" {
		dst = append(dst, `<s:VysledekAiseoKodType xmlns:s="`+NSAiseoTypes+`">`...)
		dst = append(append(dst, kod...), "</s:VysledekAiseoKodType>"...)
	}
	for _, name := range slices.Backward(open) {
		dst = shut(dst, name)
	}
	return dst
}

// openReply appends the beginning of a reply up to its OdpovedInfo and binds the
// prefixes e (the service), abs and reg.
func openReply(dst []byte, s *Service, enveloped bool) []byte {
	if enveloped {
		dst = append(dst, soapOpen...)
	}
	return openPayload(dst, s.Response, s.Namespace)
}

func closeReply(dst []byte, s *Service, enveloped bool) []byte {
	dst = append(dst, "</e:"...)
	dst = append(dst, s.Response...)
	dst = append(dst, '>')
	if enveloped {
		dst = append(dst, soapClose...)
	}
	return dst
}

// openPayload appends the start tag of a request or reply of the external
// interface.
func openPayload(dst []byte, local, space string) []byte {
	dst = append(dst, "<e:"...)
	dst = append(dst, local...)
	dst = attr(dst, "xmlns:e", space)
	return append(dst, ` xmlns:abs="`+NSAbstract+`" xmlns:reg="`+NSReg+`">`...)
}

// appendOdpovedInfo appends the header of a reply as element name.
func appendOdpovedInfo(dst []byte, name string, info *OdpovedInfo) []byte {
	dst = open(dst, name)
	dst = moment(dst, "reg:CasOdpovedi", info.CasOdpovedi)
	dst = append(dst, "<reg:Status>"...)
	dst = leaf(dst, "reg:VysledekKod", info.Status.Kod)
	for i := range info.Status.Details {
		dst = appendDetail(dst, &info.Status.Details[i])
	}
	dst = append(dst, "</reg:Status>"...)
	id := info.AgendaZadostId
	if !isUUID(id) {
		id = nilUUID
	}
	dst = leaf(dst, "reg:AgendaZadostId", id)
	if info.IszrZadostId != "" {
		dst = leaf(dst, "reg:IszrZadostId", info.IszrZadostId)
	}
	if info.CekaciCas > 0 {
		dst = leaf(dst, "e:CekaciCas", strconv.Itoa(info.CekaciCas))
	}
	return shut(dst, name)
}

// appendDeclaredDetail appends a detail where no prefix is bound.
func appendDeclaredDetail(dst []byte, d *Detail) []byte {
	dst = append(dst, "<reg:VysledekDetail"...)
	dst = append(attr(dst, "xmlns:reg", NSReg), '>')
	return closeDetail(dst, d)
}

func appendDetail(dst []byte, d *Detail) []byte {
	return closeDetail(append(dst, "<reg:VysledekDetail>"...), d)
}

// closeDetail appends the content of a detail and its end tag.
func closeDetail(dst []byte, d *Detail) []byte {
	dst = leaf(dst, "reg:VysledekSubKod", d.SubKod)
	if d.Popis != "" {
		dst = leaf(dst, "reg:VysledekPopis", cut(d.Popis, maxPopis))
	}
	dst = appendParty(dst, d.Puvodce)
	return append(dst, "</reg:VysledekDetail>"...)
}

// appendParty appends the Puvodce of a detail.
func appendParty(dst []byte, p Party) []byte {
	var name string
	switch p.Kind {
	case Registr:
		name = "reg:Registr"
	case Ais:
		name = "reg:Ais"
	case Agenda:
		name = "reg:Agenda"
	default:
		return dst
	}
	dst = append(dst, "<reg:Puvodce>"...)
	dst = leaf(dst, name, p.Code)
	return append(dst, "</reg:Puvodce>"...)
}
