package registries

import "brana/egon"

// front is the information system of the base registries: it serves the eGON
// services from the registries of the same server. It asks AISEO by messages, in the
// process or over HTTP, and the others without any.
type front struct {
	org    *org
	rob    *rob
	ruian  *ruian
	aiseo  *aiseo
	client *client
	rights func(triple string) []Right
}

// frontReply is a reply of a service with nothing but its header.
func frontReply(service *egon.Service, m *message, kod string, details ...detail) reply {
	d := newDoc()
	d.open("r:"+service.Response, "xmlns:r", service.Namespace, "xmlns:abs", egon.NSAbstract,
		"xmlns:reg", egon.NSReg)
	d.odpovedInfo("abs:OdpovedInfo", m, kod, details...)
	d.shut("r:" + service.Response)
	return reply{head: d, kod: kod}
}

// frontRoot opens a reply of a service with the prefixes that the front uses:
// r for the service.
func frontRoot(d *doc, m *message, local string) {
	d.open(
		"r:"+local,
		"xmlns:r", m.body.Space,
		"xmlns:abs", egon.NSAbstract,
		"xmlns:reg", egon.NSReg,
		"xmlns:rod", egon.NSRobData,
		"xmlns:rob", egon.NSRobTypes,
		"xmlns:or", egon.NSOrg,
		"xmlns:ot", egon.NSOrgTypes,
		"xmlns:crob", egon.NSRuian,
		"xmlns:crob2", egon.NSRuian2,
		"xmlns:xsi", egon.NSXSI,
	)
}
