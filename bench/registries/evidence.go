package registries

import (
	"time"

	"brana/egon"
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
