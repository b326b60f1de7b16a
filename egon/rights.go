package egon

import "brana/egon/xmltext"

// A RightsItem is one item that a triple may read (E227, Polozka): its word of
// SeznamUdaju and, when known, its code in RPP.
type RightsItem struct {
	KodIszr string
	KodRpp  string
}

const (
	rightsOpen = `<e:IszrOdpoved><e:IszrVypisOpravneniPolozkyDataResponse` +
		` xmlns:q="` + NSIszrData + `" xmlns:t="` + NSIszrTypes + `" xmlns:d="` + NSRightsData +
		`">`
	rightsClose = `</e:IszrVypisOpravneniPolozkyDataResponse></e:IszrOdpoved>`
)

// AppendRights appends the reply of E227: the items of the requested triple in the given
// order. It does not read the status of info, which follows from the items: OK, or
// VAROVANI when there are none (seed E227, section 11.2).
func AppendRights(dst []byte, enveloped bool, info *OdpovedInfo, q *RightsQuery,
	items []RightsItem) []byte {
	head := *info
	head.Status = Status{Kod: OK}
	if len(items) == 0 {
		head.Status.Kod = Varovani
	}
	s := ServiceByCode("E227")
	dst = openReply(dst, s, enveloped)
	dst = appendOdpovedInfo(dst, "abs:OdpovedInfo", &head)
	dst = append(dst, rightsOpen...)
	dst = append(dst, "<q:IszrAplikacniStatus>"...)
	dst = leaf(dst, "t:VysledekIszrKodType", head.Status.Kod)
	if len(items) == 0 {
		dst = appendNoRights(dst, q)
	}
	dst = append(dst, "</q:IszrAplikacniStatus>"...)
	for _, item := range items {
		dst = append(dst, "<d:Polozka>"...)
		dst = leaf(dst, "d:KodIszr", item.KodIszr)
		if item.KodRpp != "" {
			dst = leaf(dst, "d:KodRpp", item.KodRpp)
		}
		dst = append(dst, "</d:Polozka>"...)
	}
	dst = append(dst, rightsClose...)
	return closeReply(dst, s, enveloped)
}

// appendNoRights appends the reason of an empty list. The service documents ZAZNAM
// NENALEZEN, although the enumeration of the schema lacks it.
func appendNoRights(dst []byte, q *RightsQuery) []byte {
	dst = append(dst, "<t:VysledekDetail><t:VysledekSubKod>ZAZNAM NENALEZEN</t:VysledekSubKod>"+
		"<t:VysledekPopis>S227_001: Nejsou evidována žádná oprávnění na položky pro "...)
	dst = xmltext.AppendText(dst, q.Agenda)
	dst = append(dst, '/')
	dst = xmltext.AppendText(dst, q.AgendovaRole)
	dst = append(dst, '/')
	dst = xmltext.AppendText(dst, q.Ovm)
	return append(dst, ".</t:VysledekPopis></t:VysledekDetail>"...)
}
