package registries

import (
	"slices"

	"brana/egon"
)

// robCtiPodleUdaju answers E05 and E278.
func (f *front) robCtiPodleUdaju(m *message) reply {
	version2 := m.body.Local == "RobCtiPodleUdaju2"
	items := f.items(m)
	if len(items.rob) == 0 {
		return items.refuse(m)
	}
	data := m.body.Child(m.body.Space, "Zadost").Child(m.body.Space, m.body.Local+"Data")
	hidden, _ := data.AttrValue("znepristupniLog")
	found, a := f.rob.search(data, items.limit)
	t := translation{targetKnown: f.org.knows(m.info.system())}
	var persons []osoba
	if m.more {
		items.rob = knownItems
	}
	for i, p := range found {
		local := itoa(i + 1)
		own := AIFO(f.rob.system.Agenda, p.ID)
		t.add(f.org, prevod{local: local, aifo: own}, f.rob.system, m.info.system(), true)
		o := osoba{Person: p, local: local, aifo: own, items: items.rob, version2: version2}
		a.refs = o.references(a.refs)
		persons = append(persons, o)
	}
	a.persons = func(d *doc) {
		for _, o := range persons {
			o.write(d)
		}
	}
	kod, details := items.outcome(t.outcome(a.kod))
	if items.readRefs || items.verify {
		refsKod, refsDetails := refsStatus(f.ruian.check(a.refs))
		kod, details = worse(kod, refsKod), append(details, refsDetails...)
	}
	d := newDoc()
	frontRoot(&d, m, m.body.Local+"Response")
	d.odpovedInfo("abs:OdpovedInfo", m, kod, details...)
	if kod != egon.Chyba {
		t.mapa(&d)
		d.seznamIdAdres("abs:SeznamIdAdres", a.refs)
		t.odpoved(&d)
	}
	d.open("r:RobOdpoved")
	d.open("r:" + m.body.Local + "DataResponse")
	d.robData(&a)
	d.shut("r:" + m.body.Local + "DataResponse")
	d.shut("r:RobOdpoved")
	if items.readRefs && kod != egon.Chyba {
		f.ruianOdpoved(&d, a.refs, version2)
	}
	d.shut("r:" + m.body.Local + "Response")
	return reply{head: d, kod: kod, uses: len(found), hidden: isTrue(hidden)}
}

func (f *front) ruianOdpoved(d *doc, refs []ref, version2 bool) {
	name, prefix, lists := "r:RuianCtiProRobDataResponse", "crob:", "crob:"
	if version2 {
		name, prefix, lists = "r:RuianCtiProRobV2DataResponse", "crob2:", "crob2:"
	}
	d.open("r:RuianOdpoved")
	d.open(name)
	d.open(lists + "SeznamAdres")
	f.ruian.adresy(d, refs, prefix, version2)
	d.shut(lists + "SeznamAdres")
	d.open(lists + "SeznamLokalit")
	f.ruian.lokality(d, refs, prefix)
	d.shut(lists + "SeznamLokalit")
	d.shut(name)
	d.shut("r:RuianOdpoved")
}

// robOverHromadneAifo answers E183: the persons of the caller's MapaAifo.
func (f *front) robOverHromadneAifo(m *message) reply {
	items := f.items(m)
	if len(items.rob) == 0 {
		return items.refuse(m)
	}
	mapa := m.body.Child(egon.NSAbstract, "MapaAifo")
	t := translation{targetKnown: true}
	given := readMapa(mapa)
	for _, p := range given {
		t.add(f.org, p, m.info.system(), f.rob.system, false)
	}
	data := m.body.Child(m.body.Space, "Zadost").Child(m.body.Space, "RobOverHromadneAifoData")
	a := robRefusal("NEVALIDNI DATA", "Chybí Zadost.")
	if data != nil {
		a = f.rob.over(robQuery{items: items.rob, entries: t.entries, data: data})
	}
	kod, details := items.outcome(t.outcome(a.kod))
	for i := range t.entries {
		t.entries[i].system, t.entries[i].aifo = System{}, given[i].aifo
		if i < len(a.entries) {
			t.entries[i].overeno = a.entries[i].overeno
		}
	}
	d := newDoc()
	frontRoot(&d, m, m.body.Local+"Response")
	d.odpovedInfo("abs:OdpovedInfo", m, kod, details...)
	if kod != egon.Chyba {
		t.mapa(&d)
		t.odpoved(&d)
	}
	d.open("r:RobOdpoved")
	d.open("r:RobOverHromadneAifoDataResponse")
	d.robData(&a)
	d.shut("r:RobOverHromadneAifoDataResponse")
	d.shut("r:RobOdpoved")
	d.shut("r:" + m.body.Local + "Response")
	return reply{head: d, kod: kod, uses: a.uses}
}

// mapa writes the MapaAifo of a reply to the caller, unless it is empty. The
// caller's own identifiers need no agenda.
func (t *translation) mapa(d *doc) {
	entries := slices.Clone(t.entries)
	for i := range entries {
		entries[i].system = System{}
	}
	if len(entries) > 0 {
		d.mapaAifo("abs:MapaAifo", itoa(len(entries)+1), entries)
	}
}

// odpoved writes an OrgOdpoved, if ORG has a status.
func (t *translation) odpoved(d *doc) {
	if len(t.obstacles) == 0 && t.targetKnown && !t.sourceUnknown {
		return
	}
	d.open("abs:OrgOdpoved")
	d.open("abs:OrgCtiAifoDataResponse")
	d.open("or:OrgStatus")
	t.status(d)
	d.shut("or:OrgStatus")
	d.shut("abs:OrgCtiAifoDataResponse")
	d.shut("abs:OrgOdpoved")
}
