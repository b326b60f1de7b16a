package registries

import (
	"slices"
	"strings"

	"brana/egon"
	"brana/egon/xmltext"
)

// rob is ROB. It knows persons only by the identifiers of its own agenda.
type rob struct {
	population *Population
	system     System
}

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
		a = robRefusal("NEVALIDNI ZADOST", "KodSluzby a Dotaz si neodpovídají nebo službu ROB nezná.")
	case q.unknownItem() != "":
		a = robRefusal("NEVALIDNI DATA", "Neznámá položka v RobSeznamUdaju.")
	case service == "RobOverHromadneAifo":
		m.entry.Step = "O25"
		a = r.over(q)
	case service == "RobCtiHromadneAifo":
		m.entry.Step = "O08"
		a = r.ctiHromadne(q)
	default:
		a = robRefusal("NENI IMPLEMENTOVANO", "Službu simulátor ROB nemá.")
	}
	hidden, _ := data.AttrValue("znepristupniLog")
	out := a.reply(m, mapa, service)
	out.hidden = a.uses > 0 && isTrue(hidden)
	return out
}

// robQuery is a question to a service of ROB.
type robQuery struct {
	items   []string // RobSeznamUdaju: what the caller may compare or read
	entries []prevod // the persons in MapaAifo
	read    bool     // MapaAifo@nacistData
	data    *xmltext.Node
}

// knownItems is RobUdajType without the items that no service here uses.
var knownItems = strings.Fields(`AdresaPobytu AdresaUradu Aifo DatovaSchranka DatumNarozeni DatumUmrti
	DatumPravniMociUmrti Doklad DorucovaciAdresa Jmeno MistoNarozeni MistoUmrti Obcanstvi Prijmeni ZnepristupniLog
	RodnePrijmeni Pohlavi OmezeniSvepravnosti RodinnyStavPartnerstvi Telefon Email Certifikat`)

func (q robQuery) unknownItem() string {
	for _, item := range q.items {
		if !slices.Contains(knownItems, item) {
			return item
		}
	}
	return ""
}

// robItems returns the words of RobSeznamUdaju in a registry's AutorizaceInfo.
func robItems(autorizace *xmltext.Node) []string {
	return strings.Fields(autorizace.Child(egon.NSReg, "SeznamUdaju").Child(egon.NSReg,
		"RobSeznamUdaju").Value())
}

// person returns the person of an entry of a MapaAifo; nil if ROB has nobody.
func (r *rob) person(aifo string) *Person {
	if p, ok := r.population.PersonByAIFO(r.system.Agenda, aifo); ok && p.InROB {
		return p
	}
	return nil
}

// robAnswer is an answer of a service of ROB.
type robAnswer struct {
	kod     string
	details []robDetail
	entries []prevod
	refs    []ref
	persons func(d *doc) // the elements Osoba
	uses    int          // records of use left behind
}

// robDetail is one VysledekDetail of ROB's application status.
type robDetail struct{ subKod, popis string }

// The texts of the two partial results. The first is documented (seed E198
// §12.2), for the second only its code.
var (
	notFound = robDetail{"PARCIALNI ZAZNAM NENALEZEN",
		"CHYBA_0013: Pro některé hodnoty Aifo nebyly nalezeny žádné záznamy."}
	notVerified = robDetail{"PARCIALNI ZAZNAM NEOVEREN", "Některé údaje nebyly ověřeny."}
)

func robRefusal(subKod, popis string) robAnswer {
	return robAnswer{kod: egon.Chyba, details: []robDetail{{subKod, popis}}, persons: func(*doc) {}}
}

// status makes the status of an answer about persons.
func (a *robAnswer) status(missing, differing bool) {
	a.kod = egon.OK
	if missing {
		a.kod, a.details = egon.Varovani, append(a.details, notFound)
	}
	if differing {
		a.kod, a.details = egon.Varovani, append(a.details, notVerified)
	}
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

// robData writes the content of a …DataResponse of ROB.
func (d *doc) robData(a *robAnswer) {
	d.open("rod:RobAplikacniStatus")
	d.leaf("rob:VysledekRobKodType", a.kod)
	for _, x := range a.details {
		d.open("rob:VysledekDetail")
		d.leaf("rob:VysledekSubKod", x.subKod)
		d.leaf("rob:VysledekPopis", x.popis)
		d.shut("rob:VysledekDetail")
	}
	d.shut("rod:RobAplikacniStatus")
	a.persons(d)
}
