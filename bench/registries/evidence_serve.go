package registries

import (
	"slices"

	"brana/egon"
	"brana/egon/xmltext"
)

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
	if as.more {
		q.photo, q.signature = true, true
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
