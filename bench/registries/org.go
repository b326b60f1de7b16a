package registries

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"brana/egon"
	"brana/egon/xmltext"
)

// unknownAgenda is known to ORG in no information system. Any other agenda is,
// in every information system, except that the agendas of the registries are
// known only in their own.
const unknownAgenda = "X000"

// org is ORG: it translates identifiers and creates them.
//
// The registries that identify persons have an identifier for each of theirs.
// Of another agenda about half of the persons have one from the start, always
// the same ones, the others from the moment it was created.
type org struct {
	population *Population
	systems    Systems

	mu      sync.Mutex
	created map[identity]bool
}

// identity is a person in an agenda.
type identity struct {
	agenda string
	person int
}

// The messages of ORG.
var orgSteps = map[string]string{"OrgCtiAifoRequest": "G27", "OrgZalozAifoRequest": "G02"}

func (o *org) serve(m *message) reply {
	step, known := orgSteps[m.body.Local]
	if !known || m.body.Space != egon.NSOrg {
		return reply{}
	}
	m.entry.Step = step
	mapa := m.body.Child(egon.NSOrg, "MapaAifo")
	to := m.body.Child(egon.NSOrg, "OrgAgendaAis")
	agenda, ais := to.Child(egon.NSOrgTypes, "Agenda"), to.Child(egon.NSOrgTypes, "AIS")
	target := System{agenda.Value(), atoi(ais.Value())}
	m.entry.Target = target.Agenda
	t := translation{targetKnown: o.knows(target)}
	for _, p := range readMapa(mapa) {
		source := p.system
		if source.Agenda == "" {
			source = m.info.system()
		}
		t.add(o, p, source, target, step == "G02")
	}
	return t.reply(m, mapa)
}

// knows reports whether ORG has the system in its list.
func (o *org) knows(s System) bool {
	v := o.systems
	for _, own := range []System{v.ROB, v.EOP, v.ECD, v.AISEO} {
		if own.Agenda == s.Agenda {
			return own == s
		}
	}
	return s.Agenda != "" && s.Agenda != unknownAgenda && s.AIS >= 1 && s.AIS <= 9999999
}

// exists reports whether a person has an identifier in an agenda.
func (o *org) exists(agenda string, p *Person) bool {
	switch agenda {
	case o.systems.ROB.Agenda, o.systems.AISEO.Agenda:
		return true
	case o.systems.EOP.Agenda:
		return p.InEOP
	case o.systems.ECD.Agenda:
		return p.InECD
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.created[identity{agenda, p.ID}] || AIFO(agenda, p.ID)[0]%2 == 0
}

func (o *org) create(agenda string, p *Person) {
	o.mu.Lock()
	o.created[identity{agenda, p.ID}] = true
	o.mu.Unlock()
}

// translate returns the identifier in the target agenda of the person whom
// aifo names in the source agenda, or why there is none.
func (o *org) translate(aifo, source, target string, create bool) (string, *obstacle) {
	p, found := o.population.PersonByAIFO(source, aifo)
	if !found || p.Org == OrgUnknown || !o.exists(source, p) {
		return "", &obstacle{"AifoZdrojNenalezeno", true, "AIFO NENALEZENO", "AIFO NEEXISTUJE"}
	}
	if why, gone := obstacles[p.Org]; gone {
		return "", &why
	}
	switch {
	case p.Org == OrgToRobOnly && target != o.systems.ROB.Agenda:
		return "", &obstacle{"AifoCilNeplatne", false, "AIFO ZNEPLATNENO", "AIFO ZRUSENO"}
	case o.exists(target, p):
	case create:
		o.create(target, p)
	default:
		return "", &obstacle{"AifoCilNeexistuje", false, "AIFO NENALEZENO", "AIFO NEEXISTUJE"}
	}
	return AIFO(target, p.ID), nil
}

// obstacle is why an identifier cannot be translated, in the three code lists that
// have it: PrevodAifoStatusType, OrgAifoStatusDetailType and VysledekSubKodType.
// source means that it lies in the source identifier.
type obstacle struct {
	prevod string
	source bool
	detail string
	subKod string
}

// obstacles are those of a person in any agenda.
var obstacles = map[OrgState]obstacle{
	OrgMerged:      {"AifoZdrojNeplatne", true, "OSOBA SPOJENA", "ZIFO ZRUSENO"},
	OrgSplit:       {"AifoZdrojNeplatne", true, "OSOBA ROZDELENA", "ZIFO ZRUSENO"},
	OrgInvalid:     {"AifoZdrojNeplatne", true, "AIFO ZNEPLATNENO", "AIFO ZRUSENO"},
	OrgCompromised: {"AifoZdrojNeplatne", true, "AIFO KOMPROMITOVANO", "AIFO ZRUSENO"},
}

// translation is the answer of ORG under construction.
type translation struct {
	targetKnown   bool
	sourceUnknown bool
	entries       []prevod
	obstacles     []obstacle // one for each entry that has a status, in their order
}

func (t *translation) add(o *org, p prevod, source, target System, create bool) {
	switch {
	case !o.knows(source):
		t.sourceUnknown = true
		fallthrough
	case !t.targetKnown:
		t.entries = append(t.entries, prevod{local: p.local, system: target})
		return
	}
	aifo, why := o.translate(p.aifo, source.Agenda, target.Agenda, create)
	p = prevod{local: p.local, system: target, aifo: aifo}
	if why != nil {
		p.status = why.prevod
		t.obstacles = append(t.obstacles, *why)
	}
	t.entries = append(t.entries, p)
}

func (t *translation) reply(m *message, mapa *xmltext.Node) reply {
	kod, details := t.outcome(egon.OK)
	root := strings.TrimSuffix(m.body.Local, "Request") + "Response"
	d := newDoc()
	d.open(root, "xmlns", egon.NSOrg, "xmlns:ot", egon.NSOrgTypes, "xmlns:reg", egon.NSReg)
	d.odpovedInfo("OdpovedInfo", m, kod, details...)
	from, _ := mapa.AttrValue("lokalniAifoOd")
	d.mapaAifo("MapaAifo", from, t.entries)
	if kod != egon.OK {
		d.open("OrgStatus")
		t.status(&d)
		d.shut("OrgStatus")
	}
	d.shut(root)
	return reply{head: d, kod: kod}
}

// outcome returns the system status of a reply whose other parts have kod.
func (t *translation) outcome(kod string) (string, []detail) {
	if t.sourceUnknown || !t.targetKnown {
		return egon.Chyba, []detail{{subKod: "APLIKACNI CHYBA", registr: "ORG"}}
	}
	var details []detail
	for _, why := range t.obstacles {
		kod = worse(kod, egon.Varovani)
		if d := (detail{subKod: why.subKod, registr: "ORG"}); !slices.Contains(details, d) {
			details = append(details, d)
		}
	}
	return kod, details
}

// worse returns the worse of two outcomes.
func worse(a, b string) string {
	if a == egon.Chyba || b == egon.OK {
		return a
	}
	return b
}

// status writes the content of an OrgStatus, with the prefix ot.
func (t *translation) status(d *doc) {
	next := 0
	for _, p := range t.entries {
		if p.status == "" {
			continue
		}
		why := t.obstacles[next]
		next++
		d.open("ot:OrgAifoStatus")
		d.leaf("ot:LokalniAifo", p.local)
		d.leaf("ot:VstupniAifo", strconv.FormatBool(why.source))
		d.leaf("ot:OrgAifoStatusDetail", why.detail)
		d.shut("ot:OrgAifoStatus")
	}
	if t.sourceUnknown {
		d.leaf("ot:OrgStatusDetail", "NENALEZENA ZDROJ AGENDA/AIS")
	}
	if !t.targetKnown {
		d.leaf("ot:OrgStatusDetail", "NENALEZENA CIL AGENDA/AIS")
	}
}
