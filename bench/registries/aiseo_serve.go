package registries

import (
	"strings"

	"brana/egon"
	"brana/egon/xmltext"
)

// aiseoSteps are its messages by namespace.
var aiseoSteps = map[string]struct{ request, step string }{
	nsAiseoIdentify: {"AiseoSyncZtotozneni", "X10"},
	nsAiseoRead:     {"AiseoSyncCtiAifo", "X11"},
	nsAiseo:         {"AiseoSyncCtiPodleUdaju", "X12"},
	nsAiseo2:        {"AiseoSyncCtiPodleUdaju2", "X13"},
	nsAiseoRead2:    {"AiseoSyncCtiAifo2", "X15"},
	nsAiseoRead3:    {"AiseoSyncCtiAifo3", "X31"},
}

// serve answers the messages of AISEO.
func (a *aiseo) serve(m *message) reply {
	known := aiseoSteps[m.body.Space]
	if known.request != m.body.Local {
		return reply{}
	}
	m.entry.Step = known.step
	switch m.body.Space {
	case nsAiseoRead, nsAiseoRead2, nsAiseoRead3:
		return a.read(m)
	}
	query := m.body.Child(m.body.Space, "Dotaz")
	how, _ := query.AttrValue("typPorovnani")
	if m.body.Space == nsAiseo2 {
		if query == nil || len(query.Children) != 1 {
			return reply{}
		}
		query = query.Children[0]
	}
	s := a.search(query, how)
	d := a.head(m, s.kod, itoa(len(s.found)+1), s.mapa(a.system))
	aiseoStatus(&d, m, &s)
	d.shut(m.body.Local + "Response")
	return reply{head: d, kod: s.kod}
}

// head writes the beginning of an answer.
func (a *aiseo) head(m *message, kod, from string, entries []prevod) doc {
	d := newDoc()
	d.open(m.body.Local+"Response", "xmlns", m.body.Space, "xmlns:reg", egon.NSReg)
	d.odpovedInfo("OdpovedInfo", m, kod)
	d.mapaAifo("MapaAifo", from, entries)
	return d
}

// read answers X11, X15 and X31: the data of the one person in the map.
func (a *aiseo) read(m *message) reply {
	mapa := m.body.Child(m.body.Space, "MapaAifo")
	entries := readMapa(mapa)
	s := aiseoSearch{
		kod:    egon.Varovani,
		subKod: "SPECIFIKACE V POPISU",
		popis:  "Osoba nebyla nalezena.",
	}
	var p *Person
	local := ""
	if len(entries) == 1 {
		local = entries[0].local
		if found, known := a.population.PersonByAIFO(a.system.Agenda, entries[0].aifo); known {
			s, p = aiseoSearch{kod: egon.OK}, found
		}
	}
	hidden, _ := m.body.Child(m.body.Space, "Dotaz").AttrValue("znepristupniLog")
	from, _ := mapa.AttrValue("lokalniAifoOd")
	d := a.head(m, s.kod, from, entries)
	r := aiseoReading{status: s, person: p, local: local, items: registryItems(m.body)}
	if m.more {
		r.items = aiseoItems{}
	}
	switch m.body.Space {
	case nsAiseoRead:
		r.write1(&d)
	case nsAiseoRead2:
		r.write2(&d)
	default:
		r.write3(&d)
	}
	d.shut(m.body.Local + "Response")
	uses := 0
	if p != nil {
		uses = 1
	}
	return reply{head: d, kod: s.kod, uses: uses, hidden: uses > 0 && isTrue(hidden)}
}

// registryItems returns the items in the AutorizaceInfo of a message to AISEO, in
// any of the lists of registries.
func registryItems(payload *xmltext.Node) (items aiseoItems) {
	list := payload.Child(payload.Space, "AutorizaceInfo").Child(egon.NSReg, "SeznamUdaju")
	if list != nil {
		for _, n := range list.Children {
			items.words = append(items.words, strings.Fields(n.Value())...)
		}
	}
	return items
}

// aiseoStatus writes the part of an answer that has no more than a status.
func aiseoStatus(d *doc, m *message, s *aiseoSearch) {
	if m.body.Space == nsAiseoIdentify {
		d.open("AiseoOdpoved")
		d.open("AiseoAplikacniStatus", "xmlns", nsAiseoData, "xmlns:aiseo", nsAiseoTypes)
		s.statusContent(d)
		d.shut("AiseoAplikacniStatus")
		d.shut("AiseoOdpoved")
		return
	}
	d.open("Odpoved")
	s.status(d)
	d.shut("Odpoved")
}

// aiseoChyba writes the elements that the schemas demand in a reply of a registry
// that broke down.
func aiseoChyba(m *message, d *doc) {
	s := aiseoSearch{
		kod:    egon.Chyba,
		subKod: "SPECIFIKACE V POPISU",
		popis:  "Registr zprávu nezpracoval.",
	}
	r := aiseoReading{status: s}
	switch m.body.Space {
	case nsAiseoRead:
		r.write1(d)
	case nsAiseoRead2:
		r.write2(d)
	case nsAiseoRead3: // it need not have one
	default:
		aiseoStatus(d, m, &s)
	}
}
