package egon

import (
	"slices"
	"strings"
	"time"
)

// The values of VysledekKod (RegTypy 1.23.0).
const (
	OK       = "OK"
	Varovani = "VAROVANI"
	Chyba    = "CHYBA"
)

// A Status is the system status of a reply.
type Status struct {
	Kod     string // OK, VAROVANI or CHYBA
	Details []Detail
}

// NeniOpravneni is the VysledekSubKod that refuses an item to which the caller has no
// right.
const NeniOpravneni = "NENI OPRAVNENI"

// Bars reports whether the status refuses an item by any of its details. A status OK
// refuses nothing.
func (s Status) Bars() bool {
	return s.Kod != OK && slices.ContainsFunc(s.Details,
		func(d Detail) bool { return d.SubKod == NeniOpravneni })
}

// SubKody returns the SubKod of the details, each once.
func (s Status) SubKody() (codes []string) {
	for i := range s.Details {
		codes = appendNew(codes, s.Details[i].SubKod)
	}
	return codes
}

// A Detail is one VysledekDetail. SubKod is an open string: documented replies
// carry values that the schemas do not list.
type Detail struct {
	SubKod  string
	Popis   string // at most 1024 characters; the writers cut longer text
	Puvodce Party
}

// Systemic returns the detail for a system status. A code that its enumeration lacks, as
// those of registries' applications, goes into the text (RegTypy 1.23.0,
// VysledekSubKodType: SPECIFIKACE V POPISU).
func (d Detail) Systemic() Detail {
	if slices.Contains(systemSubKods, d.SubKod) {
		return d
	}
	d.Popis = strings.Trim(d.SubKod+": "+d.Popis, ": ")
	d.SubKod = "SPECIFIKACE V POPISU"
	return d
}

var systemSubKods = []string{
	"PREKROCEN CAS", "PREKROCEN SEZNAM", "NENI OPRAVNENI EGON", "NENI OPRAVNENI",
	"AIFO NEEXISTUJE", "AIFO ZRUSENO", "ZIFO ZRUSENO", "ADRESA NEEXISTUJE", "ADRESA SMAZANA",
	"JENOM SYNC", "JENOM ASYNC", "MIMO PORADI", "NEPLATNY CAS", "STARSI VERZE",
	"NEPLATNA VERZE", "DUPLICITNI ZADOST", "NENI IMPLEMENTOVANO", "NENI K DISPOZICI",
	"NENALEZENO", "PROBIHA ZPRACOVANI", "NEVALIDNI DATA", "NEVALIDNI ZADOST",
	"NEVALIDNI VAZBA", "APLIKACNI CHYBA", "CHYBA VOLANI REGISTRU", "CHYBA VOLANI AIS",
	"SPECIFIKACE V POPISU",
}

// A Party is the subject of a detail of a status (RegTypy, Puvodce and Prijemce): a
// registry, an information system or an agenda. The zero Party is nobody.
type Party struct {
	Kind PartyKind
	Code string // ISZR, RPP, ROB, ROS, RUIAN, ORG; the number of an AIS; the code of an agenda
}

// A PartyKind is the kind of a [Party].
type PartyKind uint8

// The kinds of RegTypy's choice.
const (
	Nobody PartyKind = iota
	Registr
	Ais
	Agenda
)

// OdpovedInfo is the header of a reply. AgendaZadostId echoes the request's. If the
// request had no valid one, the writers write the nil UUID, since the schema demands
// one.
type OdpovedInfo struct {
	CasOdpovedi    time.Time
	Status         Status
	AgendaZadostId string
	IszrZadostId   string
	CekaciCas      int // of E100 alone: seconds after which to ask again; 0: none
}
