package egon

import (
	"strings"

	"brana/egon/xmltext"
)

// RightsReply is the answer of the bus to E227.
type RightsReply struct {
	Info  OdpovedInfo
	Items []RightsItem // in the order of the answer; empty: no row for the triple, or status CHYBA
}

// ParseRightsReply reads the answer of the bus to E227, in a SOAP envelope. It reads two
// forms of the list: the schema has each pair of codes in a Polozka, the sample of the
// description has the pairs bare (seed E227, section 12.1).
//
// An answer that is neither clearly a list nor clearly "no rights are recorded" (section
// 11.2) is an error: a misunderstood answer must not pass for a row.
func ParseRightsReply(doc []byte) (*RightsReply, error) {
	n, err := openAnswer(doc, "IszrVypisOpravneniPolozkyResponse", NSRights)
	if err != nil {
		return nil, err
	}
	head, err := need(n, NSAbstract, "OdpovedInfo")
	if err != nil {
		return nil, err
	}
	info, err := infoOf(head)
	if err != nil {
		return nil, err
	}
	r := &RightsReply{Info: info}
	if info.Status.Kod == Chyba {
		return r, nil
	}
	odpoved, err := need(n, NSRights, "IszrOdpoved")
	if err != nil {
		return nil, err
	}
	data, err := need(odpoved, NSRights, "IszrVypisOpravneniPolozkyDataResponse")
	if err != nil {
		return nil, err
	}
	status, err := need(data, NSIszrData, "IszrAplikacniStatus")
	if err != nil {
		return nil, err
	}
	application, err := readStatus(status, NSIszrTypes, "VysledekIszrKodType")
	if err != nil {
		return nil, err
	}
	if r.Items, err = readItems(data); err != nil {
		return nil, err
	}
	some := info.Status.Kod == OK && application.Kod == OK && len(r.Items) > 0
	none := application.Kod == Varovani && saysNoRights(application) && len(r.Items) == 0
	if !some && !none {
		return nil, errRightsContradict
	}
	return r, nil
}

const errRightsContradict = Breach(
	"expect items with the statuses OK, or no items with the application status VAROVANI and S227_001")

// saysNoRights reports whether a status means that no rights are recorded. The schema
// does not list the documented sub-code, so any other with the documented sentence
// counts too.
func saysNoRights(s Status) bool {
	for _, d := range s.Details {
		if d.SubKod == "ZAZNAM NENALEZEN" || strings.HasPrefix(d.Popis, "S227_001:") {
			return true
		}
	}
	return false
}

// readItems reads the pairs of codes and ignores other elements.
func readItems(data *xmltext.Node) (items []RightsItem, err error) {
	var bare *xmltext.Node // a Polozka of all bare codes, which stand side by side
	for _, c := range data.Children {
		switch {
		case c.Space != NSRightsData:
		case c.Local == "Polozka":
			one, err := readPairs(c)
			if err != nil || len(one) != 1 {
				return nil, expected(NSRightsData, "KodIszr", "Polozka, alone or before one KodRpp")
			}
			items = append(items, one...)
		case c.Local == "KodIszr" || c.Local == "KodRpp":
			if bare == nil {
				bare = &xmltext.Node{Space: NSRightsData, Local: "Polozka"}
			}
			bare.Children = append(bare.Children, c)
		}
	}
	switch {
	case bare == nil:
		return items, nil
	case len(items) > 0:
		return nil, Breach("expect codes within Polozka or without it, not both in one answer")
	}
	return readPairs(bare)
}

// readPairs reads codes in the order KodIszr, KodRpp. KodRpp may be absent.
func readPairs(n *xmltext.Node) (items []RightsItem, err error) {
	open := false // the last item may still get its KodRpp
	for _, c := range n.Children {
		switch value := c.Value(); {
		case c.Space != NSRightsData:
		case c.Local == "KodIszr" && value != "":
			items, open = append(items, RightsItem{KodIszr: value}), true
		case c.Local == "KodRpp" && open:
			items[len(items)-1].KodRpp, open = value, false
		case c.Local == "KodIszr" || c.Local == "KodRpp":
			return nil, expected(NSRightsData, "KodIszr", n.Local+", before each KodRpp")
		}
	}
	return items, nil
}
