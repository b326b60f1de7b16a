package registries

import (
	"strconv"
	"strings"

	"brana/egon"
	"brana/egon/xmltext"
)

func readAiseoItems(payload *xmltext.Node) (items aiseoItems) {
	a := payload.Child(egon.NSAbstract, "AutorizaceInfo")
	for _, word := range strings.Fields(a.Child(egon.NSAbstract, "SeznamUdaju").Value()) {
		switch _, control := egon.ParseControl(word); {
		case word == "RUIANCti":
			items.readRefs = true
		case word == "RUIANOver":
			items.verify = true
		case !control:
			items.words = append(items.words, word)
		}
	}
	return items
}

// aiseoData returns the question of a service of AISEO, nil if there is none.
func aiseoData(m *message) *xmltext.Node {
	return m.body.Child(m.body.Space, "Zadost").Child(m.body.Space, m.body.Local+"Data")
}

// existsInRob reports whether a person of AISEO is in ROB, by way of ORG.
func (f *front) existsInRob(p *Person) bool {
	own := f.aiseo.system.Agenda
	aifo, why := f.org.translate(AIFO(own, p.ID), own, f.rob.system.Agenda, false)
	return why == nil && f.rob.person(aifo) != nil
}

// notInRob is the detail of a status for a person who is not in ROB.
var notInRob = detail{subKod: "AIFO NEEXISTUJE", popis: "Osoba nemá záznam v ROB.", registr: "ROB"}

// An aiseoReply is the answer of a service of AISEO under construction.
type aiseoReply struct {
	t       translation
	kod     string
	details []detail
	refs    []ref // of the data returned; nil: the service has no SeznamIdAdres
}

func (a *aiseoReply) warn(d detail) {
	a.kod, a.details = worse(a.kod, egon.Varovani), append(a.details, d)
}

// head writes the beginning of the answer.
func (a *aiseoReply) head(m *message) doc {
	kod, details := a.t.outcome(a.kod)
	a.kod, a.details = kod, append(details, a.details...)
	d := newDoc()
	frontRoot(&d, m, m.body.Local+"Response")
	d.odpovedInfo("abs:OdpovedInfo", m, a.kod, a.details...)
	if a.kod == egon.Chyba {
		return d
	}
	a.t.mapa(&d)
	if a.refs != nil {
		d.seznamIdAdres("abs:SeznamIdAdres", a.refs)
	}
	a.t.odpoved(&d)
	return d
}

// refuseAiseo answers a question that the service does not have.
func refuseAiseo(m *message, popis string) reply {
	a := aiseoReply{kod: egon.Chyba, t: translation{targetKnown: true}}
	a.details = []detail{{subKod: "NEVALIDNI DATA", popis: popis, registr: "ISZR"}}
	d := a.head(m)
	d.shut("r:" + m.body.Local + "Response")
	return reply{head: d, kod: egon.Chyba}
}

// aiseoCtiPodleUdaju answers E160 and E172 with the identifiers of the persons that
// AISEO found. The answer to E172 has the data of one person, too.
func (f *front) aiseoCtiPodleUdaju(m *message) reply {
	second := m.body.Local == "AiseoCtiPodleUdaju2"
	query, namespace := aiseoData(m), nsAiseo
	how, _ := query.AttrValue("typPorovnani")
	hidden, _ := query.AttrValue("znepristupniLog")
	s := aiseoSearch{
		kod:    egon.Varovani,
		subKod: "SPECIFIKACE V POPISU",
		popis:  "Chybí právě jedna kombinace údajů.",
	}
	switch {
	case !second:
		s = f.aiseo.search(query, how)
	case query != nil && len(query.Children) == 1:
		s = f.aiseo.search(query.Children[0], how)
	}
	a := aiseoReply{kod: s.kod, t: translation{targetKnown: f.org.knows(m.info.system())}}
	for i, p := range s.mapa(f.aiseo.system) {
		a.t.add(f.org, p, f.aiseo.system, m.info.system(), true)
		exists := f.existsInRob(s.found[i])
		a.t.entries[i].overeno = strconv.FormatBool(exists)
		if !exists && a.t.entries[i].status == "" {
			a.warn(notInRob)
		}
	}
	gives := second && len(s.found) == 1 && a.t.entries[0].overeno == "true"
	items := readAiseoItems(m.body)
	if second {
		namespace, a.refs = nsAiseo2, []ref{}
	}
	if gives {
		f.refer(&a, s.found[0], items, "AdresaPobId", "DAdresa")
	}
	d := a.head(m)
	if a.kod != egon.Chyba {
		d.open("r:AiseoOdpoved")
		d.open("r:"+m.body.Local+"DataResponse", "xmlns", namespace)
		s.status(&d)
		d.shut("r:" + m.body.Local + "DataResponse")
		if gives {
			r := aiseoReading{
				status: aiseoSearch{kod: egon.OK},
				person: s.found[0],
				local:  "1",
				items:  items,
			}
			r.write2(&d, "r:AiseoCtiAifo2DataResponse")
		}
		d.shut("r:AiseoOdpoved")
	}
	d.shut("r:" + m.body.Local + "Response")
	return reply{head: d, kod: a.kod, uses: len(s.found), hidden: isTrue(hidden)}
}

// aiseoCtiAifo answers E159, E171 and E270: the data of the one person whom the
// caller's MapaAifo names, if ROB has the person.
func (f *front) aiseoCtiAifo(m *message) reply {
	given := readMapa(m.body.Child(egon.NSAbstract, "MapaAifo"))
	if len(given) != 1 {
		return refuseAiseo(m, "MapaAifo má mít právě jednu osobu.")
	}
	hidden, _ := aiseoData(m).AttrValue("znepristupniLog")
	a := aiseoReply{kod: egon.OK, t: translation{targetKnown: true}}
	a.t.add(f.org, given[0], m.info.system(), f.aiseo.system, false)
	entry := &a.t.entries[0]
	p, known := f.aiseo.population.PersonByAIFO(f.aiseo.system.Agenda, entry.aifo)
	entry.aifo = given[0].aifo
	exists := known && f.existsInRob(p)
	if known {
		entry.overeno = strconv.FormatBool(exists)
	}
	r := aiseoReading{
		status: aiseoSearch{kod: egon.OK},
		local:  entry.local,
		items:  readAiseoItems(m.body),
	}
	switch {
	case known && !exists:
		a.warn(notInRob)
	case exists:
		r.person = p
	}
	f.referTo(&a, m, r)
	d := a.head(m)
	uses := 0
	if exists && a.kod != egon.Chyba {
		uses = 1
		f.writeRead(&d, m, r, a.refs)
	}
	d.shut("r:" + m.body.Local + "Response")
	return reply{head: d, kod: a.kod, uses: uses, hidden: isTrue(hidden)}
}

// referTo fills in the references of an answer to E171 and E270; E159 has none.
func (f *front) referTo(a *aiseoReply, m *message, r aiseoReading) {
	switch m.body.Local {
	case "AiseoCtiAifo2":
		f.refer(a, r.person, r.items, "AdresaPobId", "DAdresa")
	case "AiseoCtiAifo3":
		f.refer(a, r.person, r.items, "AdresaTP", "DorucovaciAdresa")
	}
}

// refer adds the places in RUIAN to which the data of a person refer, with states
// if they are asked for. The person may be nil. Items have other names in each
// version.
func (f *front) refer(a *aiseoReply, p *Person, items aiseoItems, address, delivery string) {
	a.refs = []ref{}
	if p == nil {
		return
	}
	add := func(item string, kod int) {
		if kod != 0 && items.asked(item) {
			a.refs = append(a.refs, ref{kod: kod})
		}
	}
	add(address, p.Pobyt)
	add(delivery, p.Dorucovaci)
	if items.readRefs || items.verify {
		kod, details := refsStatus(f.ruian.check(a.refs))
		a.kod, a.details = worse(a.kod, kod), append(a.details, details...)
	}
}

// writeRead writes the answer of AISEO with the person, and of RUIAN where it is
// asked for.
func (f *front) writeRead(d *doc, m *message, r aiseoReading, refs []ref) {
	name := "r:" + m.body.Local + "DataResponse"
	d.open("r:AiseoOdpoved")
	switch m.body.Local {
	case "AiseoCtiAifo":
		r.write1(d, name)
	case "AiseoCtiAifo2":
		r.write2(d, name)
	default:
		r.write3(d, name)
	}
	d.shut("r:AiseoOdpoved")
	if m.body.Local == "AiseoCtiAifo3" && r.items.readRefs {
		f.ruianOdpoved(d, refs, true)
	}
}

// aiseoZtotozneni answers E158: it identifies a person in ROB by names and birth
// date. If that does not find just one, it identifies the person in AISEO by birth
// number and names, and then ROB must agree with names and date.
func (f *front) aiseoZtotozneni(m *message) reply {
	query := aiseoData(m)
	hidden, _ := query.AttrValue("znepristupniLog")
	v := aiseoQueryOf(query)
	for _, item := range []string{"Jmeno", "Prijmeni", "DatumNarozeni", "RC"} {
		if v[item] == "" {
			return refuseAiseo(m, "Chybí "+item+".")
		}
	}
	a := aiseoReply{kod: egon.OK, t: translation{targetKnown: f.org.knows(m.info.system())}}
	p := f.robNamed(v)
	var s *aiseoSearch // nil: AISEO was not asked
	if p == nil {
		found := f.aiseo.search(query, Diakritika)
		s, a.kod = &found, found.kod
		switch {
		case len(found.found) != 1:
		case !f.existsInRob(found.found[0]):
			a.warn(notInRob)
		case !agreesWithRob(v, found.found[0]):
			a.warn(detail{
				subKod:  "SPECIFIKACE V POPISU",
				popis:   "Jméno, příjmení nebo datum narození se neshodují s ROB.",
				registr: "ROB",
			})
		default:
			p = found.found[0]
		}
	}
	if p != nil {
		a.t.add(f.org, prevod{local: "1", aifo: AIFO(f.rob.system.Agenda, p.ID)}, f.rob.system,
			m.info.system(), true)
		a.t.entries[0].overeno = "true"
	}
	d := a.head(m)
	if a.kod != egon.Chyba {
		f.writeIdentified(&d, m, s, p)
	}
	d.shut("r:" + m.body.Local + "Response")
	return reply{head: d, kod: a.kod, uses: len(a.t.entries), hidden: isTrue(hidden)}
}

// writeIdentified writes the answers of AISEO and ROB to E158.
func (f *front) writeIdentified(d *doc, m *message, s *aiseoSearch, p *Person) {
	if s != nil {
		d.open("r:AiseoOdpoved")
		d.open("r:AiseoZtotozneniDataResponse", "xmlns", nsAiseoData)
		s.status(d)
		d.shut("r:AiseoZtotozneniDataResponse")
		d.shut("r:AiseoOdpoved")
	}
	if p == nil {
		return
	}
	items := readAiseoItems(m.body)
	o := osoba{Person: p, local: "1", aifo: AIFO(f.rob.system.Agenda, p.ID)}
	for _, item := range []string{"Jmeno", "Prijmeni"} { // it returns no more
		if items.asked(item) {
			o.items = append(o.items, item)
		}
	}
	a := robAnswer{kod: egon.OK, persons: o.write}
	d.open("r:RobOdpoved")
	d.open("r:RobCtiHromadneAifoDataResponse")
	d.robData(&a)
	d.shut("r:RobCtiHromadneAifoDataResponse")
	d.shut("r:RobOdpoved")
}

// robNamed returns the one person whom ROB has by names and birth date, or nil.
func (f *front) robNamed(v aiseoQuery) *Person {
	born, _ := dayIn(v["DatumNarozeni"]) // the schema demands a date; without one nobody is found
	var found []*Person
	for _, p := range f.rob.population.Named(v["Prijmeni"], born) {
		if p.InROB && agreesWithRob(v, p) {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

// agreesWithRob reports whether names and birth date are those that ROB has.
func agreesWithRob(v aiseoQuery, p *Person) bool {
	born, ok := dayIn(v["DatumNarozeni"])
	return ok && born.Equal(p.Narozen) && Equal(v["Jmeno"], p.Jmeno, Diakritika) &&
		Equal(v["Prijmeni"], p.RobPrijmeni, Diakritika)
}
