package registries

import (
	"slices"
	"time"

	"brana/egon"
	"brana/egon/xmltext"
)

// Evidence is the information system of one evidence of documents: of identity
// cards (EOP) or of travel documents (ECD). It answers X21 or X22: the photos
// and signatures of the one person who is found by the given data, encrypted
// for the caller. It may be used by several goroutines.
type Evidence struct {
	// NoCriteriaFor are the callers, by the number of their information system,
	// who may not choose photos and signatures by date and count.
	NoCriteriaFor []int

	population *Population
	agenda     string // the evidence's own, in which it knows AIFOs
	ais        int    // its own number
	dialect    dialect
	album      album
}

// dialect has the names in which the messages of the two evidences differ.
type dialect struct {
	space     string // of the message and of the answer's envelope
	request   string // root element
	data      string // the element of the question
	items     string // the element of the list of items
	document  string // the element of the query by document
	answer    string // the element around the answer; the one inside it has V1 behind
	documents func(*Person) []Document
}

// NewEOP returns the evidence of identity cards. agenda and ais are what ORG
// knows it by.
func NewEOP(p *Population, agenda string, ais int) *Evidence {
	return &Evidence{
		population: p,
		agenda:     agenda,
		ais:        ais,
		dialect: dialect{
			space:     egon.NSEop,
			request:   "AisEopMediaSyncCtiPodleUdaju",
			data:      "AisEopMediaCtiPodleUdajuData",
			items:     "AisEopSeznamUdaju",
			document:  "Dotaz5JmPrijOP",
			answer:    "EopOdpoved",
			documents: func(x *Person) []Document { return x.OP },
		},
	}
}

// NewECD returns the evidence of travel documents, as [NewEOP] does.
func NewECD(p *Population, agenda string, ais int) *Evidence {
	return &Evidence{
		population: p,
		agenda:     agenda,
		ais:        ais,
		dialect: dialect{
			space:     egon.NSEcd,
			request:   "AisEcdMediaSyncCtiPodleUdaju",
			data:      "AisEcdMediaCtiPodleUdajuData",
			items:     "AisEcdSeznamUdaju",
			document:  "Dotaz5JmPrijDok",
			answer:    "EcdOdpoved",
			documents: func(x *Person) []Document { return x.CD },
		},
	}
}

// staging has the settings for the media of one answer.
type staging struct {
	photo    int  // size of a photo in bytes before encryption, 0 for the person's own
	withheld bool // FailWithheld
}

// handle answers one message. The reply to a message that is none of the evidence's
// is zero.
func (e *Evidence) handle(body *xmltext.Node, as staging) reply {
	if body.Space != e.dialect.space || body.Local != e.dialect.request {
		return reply{}
	}
	a := answer{evidence: e, request: body, as: as}
	q, no := e.question(body)
	if no != nil {
		return a.refuse(no)
	}
	switch found := e.search(q); len(found) {
	case 0:
		return a.warn("Podle zadaných údajů nebyla v evidenci nalezena žádná osoba.")
	case 1:
		return a.give(q, found[0])
	default:
		return a.warn("Zadaným údajům odpovídá v evidenci více osob.")
	}
}

// search returns the persons of the evidence for whom all of the question
// holds.
func (e *Evidence) search(q *question) []*Person {
	var candidates []*Person
	switch {
	case q.rodneCislo != "":
		candidates = e.population.WithRodneCislo(q.rodneCislo)
	case q.cislo != "" && e.dialect.space == egon.NSEop:
		candidates = e.population.WithOP(q.cislo)
	case q.cislo != "":
		candidates = e.population.WithCD(q.cislo)
	default:
		candidates = e.population.Named(q.prijmeni, q.narozen)
	}
	return slices.DeleteFunc(candidates, func(x *Person) bool { return !e.fits(q, x) })
}

func (e *Evidence) fits(q *question, x *Person) bool {
	documents := e.dialect.documents(x)
	return len(documents) > 0 &&
		Equal(x.Jmeno, q.jmeno, q.typPorovnani) && Equal(x.Prijmeni, q.prijmeni, q.typPorovnani) &&
		(q.misto == nil || q.misto.is(x.Narozeni, q.typPorovnani)) &&
		(q.pobyt == 0 || x.Pobyt == q.pobyt) &&
		(q.cislo == "" || slices.ContainsFunc(documents, q.isDocument))
}

// isDocument compares a document with the question. Series and kind count only
// when they are given.
func (q *question) isDocument(d Document) bool {
	return d.Cislo == q.cislo && (q.serie == "" || d.Serie == q.serie) &&
		(q.druh == "" || d.Druh == q.druh)
}

func (p Place) is(x Place, typPorovnani string) bool {
	if p.Kod != 0 {
		return p.Kod == x.Kod && p.Obec == x.Obec
	}
	return p.Stat == x.Stat && x.MistoSvet != "" && Equal(p.MistoSvet, x.MistoSvet, typPorovnani)
}

// criteria choose among the photos or the signatures of a person (seed E198
// §8.3.1). The zero criteria choose the newest.
type criteria struct {
	from, to time.Time // inclusive; zero for no bound
	count    int       // the greatest number; 0 for no bound
}

// choose returns the documents that are chosen, newest first as they came.
func (c criteria) choose(documents []Document) []Document {
	if c == (criteria{}) {
		c.count = 1
	}
	var chosen []Document
	for _, d := range documents {
		before := !c.from.IsZero() && d.VydanoDne.Before(c.from)
		after := !c.to.IsZero() && d.VydanoDne.After(c.to)
		if !before && !after && (c.count == 0 || len(chosen) < c.count) {
			chosen = append(chosen, d)
		}
	}
	return chosen
}
