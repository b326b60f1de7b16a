package registries

import (
	"strings"

	"brana/egon"
	"brana/egon/xmltext"
)

// serve answers the messages in ROB's own envelope: O25 and O08.
func (r *rob) serve(m *message) reply {
	if m.body.Local != "RobSyncDotaz" || m.body.Space != egon.NSRobEnvelope {
		return reply{}
	}
	dotaz := m.body.Child(egon.NSRobEnvelope, "Dotaz")
	service := m.body.Child(egon.NSRobEnvelope, "KodSluzby").Value()
	data := dotaz.Child(egon.NSRobData, service+"Data")
	mapa := m.body.Child(egon.NSRobEnvelope, "MapaAifo")
	read, _ := mapa.AttrValue("nacistData")
	q := robQuery{
		items:   robItems(m.body.Child(egon.NSRobEnvelope, "AutorizaceInfo")),
		entries: readMapa(mapa),
		read:    isTrue(read),
		data:    data,
	}
	var a robAnswer
	switch {
	case data == nil:
		a = robRefusal(
			"NEVALIDNI ZADOST", "KodSluzby a Dotaz si neodpovídají nebo službu ROB nezná.",
		)
	case q.unknownItem() != "":
		a = robRefusal("NEVALIDNI DATA", "Neznámá položka v RobSeznamUdaju.")
	case service == "RobOverHromadneAifo":
		m.entry.Step = "O25"
		a = r.over(q)
	case service == "RobCtiHromadneAifo":
		m.entry.Step = "O08"
		if m.more {
			q.items = knownItems
		}
		a = r.ctiHromadne(q)
	default:
		a = robRefusal("NENI IMPLEMENTOVANO", "Službu simulátor ROB nemá.")
	}
	hidden, _ := data.AttrValue("znepristupniLog")
	out := a.reply(m, mapa, service)
	out.hidden = a.uses > 0 && isTrue(hidden)
	return out
}

// robItems returns the words of RobSeznamUdaju in a registry's AutorizaceInfo.
func robItems(autorizace *xmltext.Node) []string {
	return strings.Fields(autorizace.Child(egon.NSReg, "SeznamUdaju").Child(egon.NSReg,
		"RobSeznamUdaju").Value())
}

// reply wraps the answer into ROB's envelope.
func (a *robAnswer) reply(m *message, mapa *xmltext.Node, service string) reply {
	d := newDoc()
	d.open("RobSyncDotazResponse", "xmlns", egon.NSRobEnvelope, "xmlns:reg", egon.NSReg,
		"xmlns:rod", egon.NSRobData, "xmlns:rob", egon.NSRobTypes, "xmlns:xsi", egon.NSXSI)
	var details []detail
	if a.kod == egon.Chyba {
		details = []detail{{subKod: "APLIKACNI CHYBA", popis: a.details[0].popis, registr: "ROB"}}
	}
	d.odpovedInfo("OdpovedInfo", m, a.kod, details...)
	if a.kod != egon.Chyba {
		from, _ := mapa.AttrValue("lokalniAifoOd")
		d.mapaAifo("MapaAifo", from, a.entries)
		d.seznamIdAdres("SeznamIdAdres", a.refs)
		d.open("Odpoved")
		d.open("rod:" + service + "DataResponse")
		d.robData(a)
		d.shut("rod:" + service + "DataResponse")
		d.shut("Odpoved")
	}
	d.shut("RobSyncDotazResponse")
	return reply{head: d, kod: a.kod, uses: a.uses}
}
