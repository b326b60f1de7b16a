package registries

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Person is one inhabitant as the registries together know them. All registries
// share the values; do not change them.
type Person struct {
	ID int // index in the population; what ORG would call the ZIFO

	Jmeno       string // in upper case, as all registries write it
	Prijmeni    string // as the evidences and AISEO have it
	RobPrijmeni string // as ROB has it
	RodneCislo  string // 9 digits before 1954, 10 from then on, without the slash
	Narozen     time.Time
	Zena        bool
	Narozeni    Place

	Umrti      *time.Time // nil for the living
	MistoUmrti Place

	Pobyt      int // RUIAN code of the address
	Dorucovaci int // RUIAN code of the delivery address; 0 for none

	OP []Document // identity cards, newest first
	CD []Document // travel documents, newest first

	DatovaSchranka string // identifier; empty for none
	Obcanstvi      []int  // states, by the list of the Czech Statistical Office
	Zmena          time.Time

	InROB, InEOP, InECD bool
	Org                 OrgState
	NoPhoto             bool // the evidences have signatures only
	PhotoWithheld       bool // the evidences have photos and withhold them (UDAJ NEVYDAN)

	Special string // the rule that the person shows; empty for an ordinary one
}

// Document is one identity card or travel document. The evidences return its
// portrait and signature.
type Document struct {
	Cislo      string // digits without a leading zero; 6 with a series, otherwise 8 (CD) or 9 (OP)
	Serie      string // only of old identity cards
	Druh       string // only of travel documents, by the list of their evidence: EP, CT
	VydanoDne  time.Time
	PlatnostDo time.Time
}

// The kinds of a document in ROB's list, which is not the evidences' one.
const (
	DruhOP = "ID"
	DruhCD = "P"
)

// OrgState is what ORG does with a person's identifiers.
type OrgState uint8

// The states. All but the first and the last keep ORG from translating into
// ROB's agenda.
const (
	OrgOK          OrgState = iota
	OrgUnknown              // AIFO NENALEZENO
	OrgMerged               // OSOBA SPOJENA
	OrgSplit                // OSOBA ROZDELENA
	OrgInvalid              // AIFO ZNEPLATNENO
	OrgCompromised          // AIFO KOMPROMITOVANO
	OrgToRobOnly            // translated for ROB, for no other agenda
)

// day returns a date as all registries keep it: midnight UTC.
func day(year, month, dayOfMonth int) time.Time {
	return time.Date(year, time.Month(month), dayOfMonth, 0, 0, 0, 0, time.UTC)
}

// born1 and born2 bound the birth dates of synthetic persons.
var born1, born2 = day(1935, 1, 1), day(2009, 12, 31)

// census makes synthetic persons one by one. The first n are the same in a
// larger population of the same seed.
type census struct {
	random   *rand.Rand
	towns    *gazetteer
	taken    map[string]bool // birth numbers and names with birth dates given so far
	specials int             // special persons made so far
}

// next makes one more person. Name and birth date find nobody else, with or without
// accents.
func (c *census) next(id int) Person {
	p := Person{
		ID:    id,
		InROB: true,
		InEOP: true,
		InECD: c.random.IntN(10) < 8,
		Zena:  c.random.IntN(2) == 0,
	}
	for {
		c.name(&p)
		p.Narozen = born1.AddDate(0, 0, c.random.IntN(int(born2.Sub(born1)/(24*time.Hour))))
		if c.take(Fold(p.Jmeno+" "+p.Prijmeni, Ascii) + p.Narozen.Format(time.DateOnly)) {
			break
		}
	}
	p.RodneCislo = c.rodneCislo(p.Narozen, p.Zena)
	p.Narozeni = c.birthplace()
	p.Pobyt = c.address()
	if c.random.IntN(8) == 0 {
		p.Dorucovaci = c.address()
	}
	p.Obcanstvi = []int{kodCeska}
	if c.random.IntN(4) == 0 {
		p.DatovaSchranka = dataBox(id)
	}
	p.Zmena = time.Date(2012, 7, 1, 6, 0, 0, 0,
		time.UTC).Add(time.Duration(c.random.IntN(12*365*24*3600)) * time.Second)
	c.documents(&p)
	return p
}

func (c *census) name(p *Person) {
	names, form := mensNames, 0
	if p.Zena {
		names, form = womensNames, 1
	}
	p.Jmeno = names[c.random.IntN(len(names))]
	p.Prijmeni = surnames[c.random.IntN(len(surnames))][form]
	p.RobPrijmeni = p.Prijmeni
}

// take reserves a key; it reports false when it is taken.
func (c *census) take(key string) bool {
	if c.taken[key] {
		return false
	}
	c.taken[key] = true
	return true
}

// rodneCislo makes a birth number that nobody has: the date, plus 50 months for
// a woman, and a serial; from 1954 on ten digits divisible by 11.
func (c *census) rodneCislo(born time.Time, zena bool) string {
	month := int(born.Month())
	if zena {
		month += 50
	}
	date := fmt.Sprintf("%02d%02d%02d", born.Year()%100, month, born.Day())
	for {
		number := fmt.Sprintf("%s%03d", date, 1+c.random.IntN(998))
		if born.Year() >= 1954 {
			check := checkDigit(number)
			if check == 10 {
				continue
			}
			number += string(rune('0' + check))
		}
		if c.take(number) {
			return number
		}
	}
}

// checkDigit returns the digit that makes nine digits divisible by 11 when it
// is put behind them, or 10 when there is none.
func checkDigit(nine string) int {
	rest := 0
	for _, d := range nine {
		rest = (rest*10 + int(d-'0')) % 11
	}
	return rest
}

func (c *census) birthplace() Place {
	switch n := c.random.IntN(100); {
	case n < 4:
		abroad := []Place{{MistoSvet: "Bratislava", Stat: 703}, {MistoSvet: "Košice", Stat: 703},
			{MistoSvet: "Dresden", Stat: 276}, {MistoSvet: "Kyjev", Stat: 804},
			{MistoSvet: "Wien", Stat: 40}}
		return abroad[c.random.IntN(len(abroad))]
	case n < 14:
		return Place{Kod: districts[c.random.IntN(len(districts))].kod}
	default:
		return Place{Kod: towns[1+c.random.IntN(len(towns)-1)].kod, Obec: true}
	}
}

// address draws one of the ordinary addresses; the special ones stand behind
// them.
func (c *census) address() int {
	return c.towns.addresses[c.random.IntN(len(towns)*len(streets)*housesPerStreet)].Kod
}

// documents gives the person one to three identity cards and up to two travel
// documents, the last ones issued between 2015 and 2025.
func (c *census) documents(p *Person) {
	last := day(2016, 1, 1).AddDate(0, 0, c.random.IntN(3600))
	cards, passports := 1+c.random.IntN(3), 1+c.random.IntN(2)
	p.issueOP(last.AddDate(0, -c.random.IntN(6), 0), cards)
	if p.InECD {
		p.issueCD(last.AddDate(0, -c.random.IntN(9), 0), passports)
	}
}

// issueOP gives the person at most n identity cards, the last one issued on a
// day and the older ones ten years apart, none before birth.
func (p *Person) issueOP(last time.Time, n int) {
	for k := 0; k < n && last.After(p.Narozen); k++ {
		p.OP = append(p.OP, Document{
			Cislo:      opNumber(p.ID, k),
			VydanoDne:  last,
			PlatnostDo: last.AddDate(10, 0, 0),
		})
		last = last.AddDate(-10, 0, -3)
	}
}

// issueCD does the same for travel documents.
func (p *Person) issueCD(last time.Time, n int) {
	for k := 0; k < n && last.After(p.Narozen); k++ {
		p.CD = append(p.CD, Document{
			Cislo:      cdNumber(p.ID, k),
			Druh:       "EP",
			VydanoDne:  last,
			PlatnostDo: last.AddDate(10, 0, 0),
		})
		last = last.AddDate(-10, 0, -3)
	}
}

// maxDocuments is the greatest number of documents of each kind that a person has.
const maxDocuments = 4

// opNumber and cdNumber scatter the numbers of documents over nine and eight
// digits. The moduli are primes, so no number comes twice.
func opNumber(id, k int) string {
	return fmt.Sprint(100_000_000 + scatter(id*maxDocuments+k, 899_999_963))
}

func cdNumber(id, k int) string {
	return fmt.Sprint(10_000_000 + scatter(id*maxDocuments+k, 89_999_999))
}

func scatter(i, prime int) int { return (i + 1) * 7_368_787 % prime }

// dataBox makes the identifier of a data box: seven characters of base 32.
func dataBox(id int) string {
	const letters = "abcdefghijkmnpqrstuvwxyz23456789"
	box := make([]byte, 7)
	n := scatter(id, 2_147_483_647)
	for i := range box {
		box[i] = letters[n%len(letters)]
		n /= len(letters)
	}
	return string(box)
}

// robDocument is a document with its kind in ROB's list.
type robDocument struct {
	Document
	druh string
}

func (p *Person) robDocuments() (held []robDocument) {
	if len(p.OP) > 0 {
		held = append(held, robDocument{p.OP[0], DruhOP})
	}
	if len(p.CD) > 0 {
		held = append(held, robDocument{p.CD[0], DruhCD})
	}
	return held
}

func (p *Person) pohlavi() string {
	if p.Zena {
		return "zena"
	}
	return "muz"
}
