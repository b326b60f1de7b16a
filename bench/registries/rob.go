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
