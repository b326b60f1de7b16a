package egon

import (
	"math"
	"time"
)

// MediaQuery is the question of E198 (IszrDataAgendaMediaDataCtiPodleUdaju).
// A nil field was absent, an empty one was empty; values are as they stand in
// the message, all text parts joined, references resolved.
type MediaQuery struct {
	AgendaZdroj     []byte // Eop or Ecd
	Ais             []byte // ignored by the service, only its type is checked
	VerzeSluzby     []byte
	TypPorovnani    []byte // nil: diakritika
	ZnepristupniLog []byte // nil: false
	Photos          Criteria
	Signatures      Criteria
	Klic            []byte // KlicProSifrovani, base64

	Queries int       // how many DotazN elements there are; exactly one is valid
	Kind    QueryKind // which of them (the first)

	Jmeno         []byte
	Prijmeni      []byte
	RodneCislo    []byte
	DatumNarozeni []byte
	NarozeniCr    []byte // place of birth in the Czech Republic, a RUIAN code
	NarozeniObec  []byte // its attribute obec: true (default) or false, a Prague district
	MistoSvet     []byte // place of birth abroad
	Stat          []byte // its state
	TrvalyPobyt   []byte // RUIAN code of the address
	OpCislo       []byte
	OpSerie       []byte
	CdCislo       []byte
	CdDruh        []byte
}

// Criteria restrict which photos or signatures are given out (seed E198
// §8.3.1, KriteriaProFotky and KriteriaProPodpis).
type Criteria struct {
	Used    bool // at least one child is present
	DatumOd []byte
	DatumDo []byte
	Pocet   []byte
}

// Most returns how many photos or signatures may go out: the newest alone
// without criteria, Pocet where there is one, and all of a period without it.
// The criteria are valid.
func (c *Criteria) Most() int {
	switch {
	case !c.Used:
		return 1
	case len(c.Pocet) == 0:
		return math.MaxInt
	}
	n, _ := parseInt(c.Pocet)
	return n
}

// Period returns the bounds of the period, inclusive; the zero time is none.
func (c *Criteria) Period() (from, to time.Time) {
	from, _ = ParseDate(c.DatumOd)
	to, _ = ParseDate(c.DatumDo)
	return from, to
}

// QueryKind is one of the five permitted combinations of search inputs (seed
// E198 §8.3.1).
type QueryKind uint8

// The combinations, named after their elements.
const (
	NoQuery                 QueryKind = iota
	Dotaz1JmPrijRC                    // name, surname, birth number
	Dotaz2JmPrijDatNar                // name, surname, birth date
	Dotaz3JmPrijDatNarMN              // and place of birth
	Dotaz4JmPrijDatNarTP              // and permanent residence
	Dotaz5JmPrijDokladOp              // name, surname, identity card
	Dotaz5JmPrijDokladCd              // name, surname, travel document
	Dotaz5JmPrijDokladEmpty           // a Dotaz5JmPrijDoklad with neither
)

// HideLog reports whether the query asks to hide the log entry from the data
// subject (znepristupniLog).
func (m *MediaQuery) HideLog() bool {
	return string(m.ZnepristupniLog) == "true" || string(m.ZnepristupniLog) == "1"
}
