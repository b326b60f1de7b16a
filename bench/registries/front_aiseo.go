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
func (f *front) existsInRob(aifo string) bool { return f.inRob(aifo) != nil }

// inRob is the person of an AIFO of AISEO as ROB has it, by way of ORG; nil if ROB has
// nobody.
func (f *front) inRob(aifo string) *Person {
	own, why := f.org.translate(aifo, f.aiseo.system.Agenda, f.rob.system.Agenda, false)
	if why != nil {
		return nil
	}
	return f.rob.person(own)
}

// notInRob is the detail of a status for a person who is not in ROB.
var notInRob = detail{
	subKod:  "AIFO NEEXISTUJE",
	popis:   "Osoba nemá záznam v ROB.",
	registr: "ROB",
}

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

// merge takes over what AISEO says of its answer. It reports whether there is one.
func (a *aiseoReply) merge(from aiseoAnswer) bool {
	a.kod, a.details = worse(a.kod, from.kod), append(a.details, from.details...)
	return from.body != nil
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
	return frontRefusal(m, detail{subKod: "NEVALIDNI DATA", popis: popis, registr: "ISZR"})
}

// aiseoReads are the messages to AISEO about one person, by the request of the service:
// the namespace, and the attributes of the question; nil: there is no question.
var aiseoReads = map[string]struct {
	request, space string
	attrs          []string
}{
	"AiseoCtiAifo": {request: "AiseoSyncCtiAifo", space: nsAiseoRead},
	"AiseoCtiAifo2": {
		request: "AiseoSyncCtiAifo2",
		space:   nsAiseoRead2,
		attrs:   []string{"znepristupniLog", "vazaneOsobyCti"},
	},
	"AiseoCtiAifo3": {
		request: "AiseoSyncCtiAifo3",
		space:   nsAiseoRead3,
		attrs:   []string{"znepristupniLog"},
	},
}

// aiseoRead is the message by which the front reads one person, whom p names by an
// identifier of AISEO.
func aiseoRead(m *message, service string, p prevod, items aiseoItems) *internal {
	form := aiseoReads[service]
	d := m.internal(form.request, form.space, &items)
	d.person(p)
	if form.attrs != nil {
		d.dotaz(aiseoData(m), nil, form.attrs...)
	}
	return d
}

// aiseoData writes what AISEO answered about one person, in the element of a service. It
// writes nothing if AISEO was not asked.
func (d *doc) aiseoData(service string, read aiseoAnswer) {
	if read.body == nil {
		return
	}
	d.open("r:" + service + "DataResponse")
	d.content(aiseoPerson(read.body))
	d.shut("r:" + service + "DataResponse")
}

// aiseoPerson is the element of an answer of AISEO in which the status and the data of a
// person are; nil if there is none.
func aiseoPerson(body *xmltext.Node) *xmltext.Node {
	odpoved := body.Child(body.Space, "AiseoOdpoved")
	if odpoved == nil {
		odpoved = body.Child(body.Space, "EoOdpoved")
	}
	if odpoved == nil || len(odpoved.Children) == 0 {
		return nil
	}
	return odpoved.Children[0]
}

// aiseoCtiAifo answers E159, E171 and E270: the data of the one person whom the
// caller's MapaAifo names, if ROB has the person.
func (f *front) aiseoCtiAifo(m *message) reply {
	given := readMapa(m.body.Child(egon.NSAbstract, "MapaAifo"))
	if len(given) != 1 {
		return refuseAiseo(m, "MapaAifo má mít právě jednu osobu.")
	}
	hidden, _ := aiseoData(m).AttrValue("znepristupniLog")
	items := readAiseoItems(m.body)
	a := aiseoReply{kod: egon.OK, t: translation{targetKnown: true}}
	a.t.add(f.org, given[0], m.info.system(), f.aiseo.system, false)
	entry := &a.t.entries[0]
	sought := *entry
	entry.aifo = given[0].aifo
	exists := false
	if sought.aifo != "" {
		exists = f.existsInRob(sought.aifo)
		entry.overeno = strconv.FormatBool(exists)
		if !exists {
			a.warn(notInRob)
		}
	}
	if m.body.Local != "AiseoCtiAifo" { // whose answer has no SeznamIdAdres
		a.refs = []ref{}
	}
	var read aiseoAnswer
	uses := 0
	if exists {
		read = f.ask(m, aiseoRead(m, m.body.Local, sought, items))
		if a.merge(read) {
			uses = 1
		}
		f.refer(&a, read, items)
	}
	d := a.head(m)
	if read.body != nil && a.kod != egon.Chyba {
		d.open("r:AiseoOdpoved")
		d.aiseoData(m.body.Local, read)
		d.shut("r:AiseoOdpoved")
		if m.body.Local == "AiseoCtiAifo3" && items.readRefs {
			f.ruianOdpoved(&d, a.refs, true)
		}
	}
	d.shut("r:" + m.body.Local + "Response")
	return reply{head: d, kod: a.kod, uses: uses, hidden: isTrue(hidden)}
}

// refer adds the places in RUIAN to which the data in an answer of AISEO refer, with
// states if they are asked for. An answer without SeznamIdAdres gets none.
func (f *front) refer(a *aiseoReply, read aiseoAnswer, items aiseoItems) {
	if a.refs == nil || read.body == nil {
		return
	}
	a.refs = addressRefs(a.refs, aiseoPerson(read.body))
	if items.readRefs || items.verify {
		kod, details := refsStatus(f.ruian.check(a.refs))
		a.kod, a.details = worse(a.kod, kod), append(a.details, details...)
	}
}

// addressRefs adds the addresses of all elements in n that have one, in their order. They
// have other names in each version.
func addressRefs(refs []ref, n *xmltext.Node) []ref {
	if n == nil {
		return refs
	}
	for _, child := range n.Children {
		switch child.Local {
		case "AdresaPobId", "DAdr", "AdresniMistoKod":
			if kod := atoi(child.Value()); kod != 0 {
				refs = append(refs, ref{kod: kod})
			}
		default:
			refs = addressRefs(refs, child)
		}
	}
	return refs
}
