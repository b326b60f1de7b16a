package registries

import (
	"strconv"

	"brana/egon"
)

// aiseoCtiPodleUdaju answers E160 and E172 with the identifiers of the persons that
// AISEO found. The answer to E172 has the data of one person, too.
func (f *front) aiseoCtiPodleUdaju(m *message) reply {
	second := m.body.Local == "AiseoCtiPodleUdaju2"
	query := aiseoData(m)
	if query == nil || second && len(query.Children) != 1 {
		return refuseAiseo(m, "Chybí právě jedna kombinace údajů.")
	}
	hidden, _ := query.AttrValue("znepristupniLog")
	items := readAiseoItems(m.body)
	d := m.internal("AiseoSyncCtiPodleUdaju", nsAiseo, &items)
	attrs := []string{"typPorovnani"}
	if second {
		d = m.internal("AiseoSyncCtiPodleUdaju2", nsAiseo2, &items)
		attrs = append(attrs, "znepristupniLog")
	}
	d.dotaz(query, query, attrs...)
	a := aiseoReply{kod: egon.OK, t: translation{targetKnown: f.org.knows(m.info.system())}}
	found := f.ask(m, d)
	a.merge(found)
	persons := readMapa(found.body.Child(d.space, "MapaAifo"))
	for i, p := range persons {
		a.t.add(f.org, p, f.aiseo.system, m.info.system(), true)
		exists := f.existsInRob(p.aifo)
		a.t.entries[i].overeno = strconv.FormatBool(exists)
		if !exists && a.t.entries[i].status == "" {
			a.warn(notInRob)
		}
	}
	var read aiseoAnswer
	if second {
		a.refs = []ref{}
		if len(persons) == 1 && a.t.entries[0].overeno == "true" {
			read = f.ask(m, aiseoRead(m, "AiseoCtiAifo2", persons[0], items))
			a.merge(read)
			f.refer(&a, read, items)
		}
	}
	return f.writeFound(&a, m, found, read, len(persons), isTrue(hidden))
}

// writeFound writes the answer to E160 and E172: the status of the search, and the data
// of a person, if they were read.
func (f *front) writeFound(a *aiseoReply, m *message, found, read aiseoAnswer,
	uses int, hidden bool) reply {
	d := a.head(m)
	if a.kod != egon.Chyba {
		d.open("r:AiseoOdpoved")
		d.open("r:" + m.body.Local + "DataResponse")
		d.content(found.body.Child(found.body.Space, "Odpoved"))
		d.shut("r:" + m.body.Local + "DataResponse")
		d.aiseoData("AiseoCtiAifo2", read)
		d.shut("r:AiseoOdpoved")
	}
	d.shut("r:" + m.body.Local + "Response")
	return reply{head: d, kod: a.kod, uses: uses, hidden: hidden}
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
	var found aiseoAnswer
	if p == nil {
		d := m.internal("AiseoSyncZtotozneni", nsAiseoIdentify, nil)
		d.dotaz(query, query)
		found = f.ask(m, d)
		a.merge(found)
		p = f.confirmed(&a, v, readMapa(found.body.Child(nsAiseoIdentify, "MapaAifo")))
	}
	if p != nil {
		a.t.add(f.org, prevod{local: "1", aifo: AIFO(f.rob.system.Agenda, p.ID)}, f.rob.system,
			m.info.system(), true)
		a.t.entries[0].overeno = "true"
	}
	d := a.head(m)
	if a.kod != egon.Chyba {
		f.writeIdentified(&d, m, found, p)
	}
	d.shut("r:" + m.body.Local + "Response")
	return reply{head: d, kod: a.kod, uses: len(a.t.entries), hidden: isTrue(hidden)}
}

// confirmed is the one person whom AISEO found, if ROB has the person with the same names
// and birth date; nil if not, with a warning.
func (f *front) confirmed(a *aiseoReply, v aiseoQuery, found []prevod) *Person {
	if len(found) != 1 {
		return nil
	}
	p := f.inRob(found[0].aifo)
	switch {
	case p == nil:
		a.warn(notInRob)
	case !agreesWithRob(v, p):
		a.warn(detail{
			subKod:  "SPECIFIKACE V POPISU",
			popis:   "Jméno, příjmení nebo datum narození se neshodují s ROB.",
			registr: "ROB",
		})
	default:
		return p
	}
	return nil
}

// writeIdentified writes the answers of AISEO and ROB to E158.
func (f *front) writeIdentified(d *doc, m *message, found aiseoAnswer, p *Person) {
	if found.body != nil {
		d.open("r:AiseoOdpoved")
		d.open("r:AiseoZtotozneniDataResponse")
		d.content(found.body.Child(nsAiseoIdentify, "AiseoOdpoved"))
		d.shut("r:AiseoZtotozneniDataResponse")
		d.shut("r:AiseoOdpoved")
	}
	if p == nil {
		return
	}
	items := readAiseoItems(m.body)
	o := osoba{Person: p, local: "1", aifo: AIFO(f.rob.system.Agenda, p.ID)}
	for _, item := range []string{"Jmeno", "Prijmeni"} { // it returns no more
		if m.more || items.asked(item) {
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
