package egon

import (
	"math"
	"time"
)

// MediaQuery is the question of E198 (IszrDataAgendaMediaDataCtiPodleUdaju). A nil field
// was absent, an empty one was empty. Values are those of the message, with all parts of
// their text joined and references resolved.
type MediaQuery struct {
	AgendaZdroj     []byte // Eop or Ecd
	Ais             []byte // the service ignores it; only its type is checked
	VerzeSluzby     []byte
	TypPorovnani    []byte // nil: diakritika
	ZnepristupniLog []byte // nil: false
	Photos          Criteria
	Signatures      Criteria
	Klic            []byte // KlicProSifrovani, base64

	Queries int       // number of DotazN elements; exactly one is valid
	Kind    QueryKind // the first of them

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

// Criteria restrict the photos or signatures (seed E198 §8.3.1, KriteriaProFotky and
// KriteriaProPodpis).
type Criteria struct {
	Used    bool // at least one child is present
	DatumOd []byte
	DatumDo []byte
	Pocet   []byte
}

// Most returns the number of photos or signatures that may go out: one, the newest,
// without criteria; Pocet if there is one; else all of the period. The criteria must be
// valid.
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

// Period returns the bounds of the period, inclusive. The zero time is no bound.
func (c *Criteria) Period() (from, to time.Time) {
	from, _ = ParseDate(c.DatumOd)
	to, _ = ParseDate(c.DatumDo)
	return from, to
}

// A QueryKind is one of the five permitted combinations of search inputs (seed E198
// §8.3.1).
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
	Dotaz5JmPrijDokladEmpty           // a Dotaz5JmPrijDoklad without a document
)

// HideLog reports whether the query asks to hide the log entry from the data
// subject (znepristupniLog).
func (m *MediaQuery) HideLog() bool {
	return string(m.ZnepristupniLog) == "true" || string(m.ZnepristupniLog) == "1"
}
