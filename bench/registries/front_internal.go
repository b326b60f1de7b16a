package registries

import (
	"strings"

	"brana/egon"
	"brana/egon/xmltext"
)

// An internal is a message of the bus to AISEO under construction. Its elements are in
// the default namespace.
type internal struct {
	doc
	local string // of the root, which is the SOAPAction too
	space string
}

// internal begins a message for the caller of m: with the caller's header, and the items
// of AISEO unless it has no list of them.
func (m *message) internal(local, space string, items *aiseoItems) *internal {
	d := &internal{doc: newDoc(), local: local, space: space}
	d.open(local, "xmlns", space, "xmlns:reg", egon.NSReg)
	d.zadostInfo(m.body.Child(egon.NSAbstract, "ZadostInfo"))
	if items != nil {
		d.autorizaceInfo(m.body.Child(egon.NSAbstract, "AutorizaceInfo"), items.words)
	}
	return d
}

// zadostInfo writes the header of the caller with an id of this message. PrioritaAis is
// for the bus alone.
func (d *internal) zadostInfo(given *xmltext.Node) {
	d.open("ZadostInfo")
	if given == nil {
		given = &xmltext.Node{}
	}
	numbered := false
	number := func() {
		if !numbered {
			d.leaf("reg:IszrZadostId", newID())
		}
		numbered = true
	}
	for _, n := range given.Children {
		switch {
		case n.Space != egon.NSReg || n.Local == "IszrZadostId":
			continue
		case n.Local == "AisKontrola" || n.Local == "IszrKontrola":
			number() // it comes before them
		}
		d.leaf("reg:"+n.Local, n.Value())
	}
	number()
	d.shut("ZadostInfo")
}

// autorizaceInfo writes the items in the list of AISEO, whose words the schema leaves
// open.
func (d *internal) autorizaceInfo(given *xmltext.Node, words []string) {
	d.open("AutorizaceInfo")
	if limit := given.Child(egon.NSAbstract, "MaximalniPocetZaznamu").Value(); limit != "" {
		d.leaf("reg:MaximalniPocetZaznamu", limit)
	}
	d.open("reg:SeznamUdaju")
	if len(words) > 0 {
		d.leaf("reg:AisSeznamUdaju", strings.Join(words, " "))
	}
	d.shut("reg:SeznamUdaju")
	d.shut("AutorizaceInfo")
}

// person writes a MapaAifo with the one person to be read.
func (d *internal) person(p prevod) {
	d.mapaAifo("MapaAifo", itoa(atoi(p.local)+1), []prevod{p})
}

// dotaz writes a question with values, nil for none, and with those attributes of the
// caller's question that the message has.
func (d *internal) dotaz(given, values *xmltext.Node, attrs ...string) {
	var list []string
	for _, name := range attrs {
		value, _ := given.AttrValue(name)
		list = append(list, name, value)
	}
	d.open("Dotaz", list...)
	d.content(values)
	d.shut("Dotaz")
}

// content writes the elements in n as they stand there.
func (d *doc) content(n *xmltext.Node) {
	if n == nil {
		return
	}
	for _, child := range n.Children {
		*d = child.Splice(*d)
	}
}

// The reply of AISEO to the front. kod and details are for the caller's status.
type aiseoAnswer struct {
	kod     string
	details []detail
	body    *xmltext.Node // nil: there is none, or it must not be used
}

// ask sends a message to AISEO, over HTTP if the settings of m name a URL. Without an answer
// that can be read the bus refuses. What AISEO warns of is passed on as AISEO's own.
func (f *front) ask(m *message, d *internal) aiseoAnswer {
	d.shut(d.local)
	body, err := f.deliver(m, d)
	switch {
	case err != nil:
		return f.refusedBy("CHYBA VOLANI AIS", "AISEO neodpovědělo.")
	case body.Space != d.space || body.Local != d.local+"Response":
		return f.refusedBy("CHYBA VOLANI AIS", "AISEO odpovědělo jinou zprávou.")
	}
	status := body.Child(d.space, "OdpovedInfo").Child(egon.NSReg, "Status")
	a := aiseoAnswer{kod: status.Child(egon.NSReg, "VysledekKod").Value(), body: body}
	for _, n := range status.All(egon.NSReg, "VysledekDetail") {
		a.details = append(a.details, detail{
			subKod: n.Child(egon.NSReg, "VysledekSubKod").Value(),
			popis:  n.Child(egon.NSReg, "VysledekPopis").Value(),
			ais:    f.aiseo.system.AIS,
		})
	}
	switch a.kod {
	case egon.OK, egon.Varovani:
		return a
	case egon.Chyba:
		if len(a.details) == 0 {
			return f.refusedBy("APLIKACNI CHYBA", "")
		}
		return aiseoAnswer{kod: egon.Chyba, details: a.details}
	}
	return f.refusedBy("CHYBA VOLANI AIS", "Odpověď AISEO nemá výsledek.")
}

// refusedBy is an answer that names AISEO as where it failed.
func (f *front) refusedBy(subKod, popis string) aiseoAnswer {
	return aiseoAnswer{
		kod:     egon.Chyba,
		details: []detail{{subKod: subKod, popis: popis, ais: f.aiseo.system.AIS}},
	}
}

// deliver hands a message to AISEO, for the caller of m.
func (f *front) deliver(m *message, d *internal) (*xmltext.Node, error) {
	if m.aiseoURL != "" {
		return f.client.post(m.aiseoURL, d.local, d.doc)
	}
	root, err := xmltext.Parse(d.doc, xmltext.DefaultBounds())
	if err != nil {
		return nil, err
	}
	inside := messageOf(root)
	inside.entry, inside.more = &Entry{}, m.more // the log has what came over the network
	answer := f.aiseo.serve(inside)
	if answer.head == nil {
		return nil, errFault
	}
	return xmltext.Parse(answer.head, xmltext.DefaultBounds())
}
