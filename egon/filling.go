package egon

import (
	"slices"
	"strings"
	"sync"
)

// This file knows which items a service can answer with: what belongs into a list that a
// caller has left out, and what comes without being listed.

// Answers reports whether the service may answer with an item of a register, by the table of
// replies and the lists of the schemas. Where these leave it open, it may if the right to the
// item names the register: a word alone may be of another one.
func (s *Service) Answers(of Register, word string, named bool) bool {
	known := held()[s.replyName()]
	own := ItemRegister(word) == of
	switch {
	case known != nil && known.has(word):
		return true
	case known != nil && known.unasked[word]:
		return false // no list can have it
	case of == AISEO && IsAiseoItem(word):
		// A search, whose reply has no items of AISEO itself.
		return known == nil || s.Reads.Has(AISEO) && !known.registers.Has(AISEO)
	case of == AISEO:
		return named // a word of the operator, which no schema has
	case of == EOP || of == ECD:
		if known != nil && (own || known.registers.Has(of)) {
			return false // the table has all media, but not all other items
		}
		return named || own || isEvidenceItem(of, word)
	}
	_, returned := replies().index[word] // else it may be inside of an item, as in Provozovny
	return known == nil || !known.registers.Has(of) || !returned
}

// ComesUnasked reports whether a reply of a service may hold an item for which the request
// did not ask: the schema demands it in a record, or the item is in a list of those that
// were verified, or no source says its word.
func ComesUnasked(s *Service, word string) bool {
	i, known := replies().index[word]
	h := held()[s.replyName()]
	return known && h != nil && h.coming.has(i)
}

// heldItems are the items that a reply can hold, and the registers by their words.
type heldItems struct {
	words     wordSet
	coming    wordSet         // items that come unasked
	unasked   map[string]bool // items for which nobody can ask
	registers Registers
}

func (h *heldItems) has(word string) bool {
	i, known := replies().index[word]
	return known && h.words.has(i)
}

// held are the items of each reply of the table, by its name. It is built once and never
// changed.
var held = sync.OnceValue(func() map[string]*heldItems {
	all := map[string]*heldItems{}
	for name, root := range replies().roots {
		h := &heldItems{unasked: map[string]bool{}}
		h.learn(root, map[*replyPlace]bool{replies().ofReplies: true})
		for i, word := range replies().words {
			of := ItemRegister(word)
			if of == NoRegister && IsAiseoItem(word) {
				of = AISEO // by its schemas, and in no other vocabulary
			}
			if h.words.has(i) {
				h.registers |= 1 << of
			}
		}
		all[name] = h
	}
	return all
})

// learn adds the items in p and the places in it.
func (h *heldItems) learn(p *replyPlace, seen map[*replyPlace]bool) {
	if seen[p] {
		return
	}
	seen[p] = true
	for _, row := range p.rows {
		switch {
		case row.is == isPlace:
			h.learn(row.inside, seen)
		case row.is == isList:
			for _, i := range replies().robWords {
				h.words.add(i)
				h.coming.add(i)
			}
		case row.unasked:
			h.unasked[row.local] = true
			h.coming.add(row.word)
		case row.is == isItem:
			h.words.add(row.word)
			if row.always {
				h.coming.add(row.word)
			}
		}
	}
}

// evidenceItems are the enumerations of the two evidences (AisSeTypy, AisEopUdajType and
// AisEcdUdajType) without their media, whose words name the evidence.
var evidenceItems = map[Register][]string{
	EOP: strings.Fields(`Aifo Jmeno JmenoOP Prijmeni PrijmeniOP RodneCislo DatumNarozeni DatumUmrti
		Pohlavi Obcanstvi RodinnyStav MistoNarozeni OSvepr AdresaPobytu TPDatumOd TPDatumZrus
		TPDatumUk OPTitul OPCislo OPSerie OPZadostCislo OPDatumVydani OPDatumPrevzeti
		OPDatumUkonPlatnost OPDatumSkartace OPVydal OPBok OPBokZmena OPZablokovaniBOK
		OPOdblokovaniBOK OPBlokaceSZR OPZtracene OPOdcizene OPZnicene OPNeplatne OPPotvrzeni
		OPZadost OPEIdentifikace OPCipCislo DatovaSchranka OPAktivaceCip OPDeaktivaceCip
		OPKomunikace`),
	ECD: strings.Fields(`Aifo Jmeno JmenoCD Prijmeni PrijmeniCD RodnePrijmeni RodneCislo
		DatumNarozeni DatumUmrti Pohlavi Obcanstvi RodinnyStav RodinnyStavOd MistoNarozeni OSvepr
		AdresaPobytu TPDatumOd TPDatumZrus TPDatumUk CDCislo CDDruh CDDatumVydani
		CDDatumPrevzeti CDDatumPlatnosti CDVydal CDZadostCislo DatumDuvodSkonceniPlatnosti
		DuvodSkonceniPlatnosti CDDatumPlatnostProdl CDCisloCipu CDHash CDPKI OmezeniVycestovani
		CDOdnate CDZtracene CDOdcizene CDNeplatne DatovaSchranka CDZadost CDKomunikace`),
}

func isEvidenceItem(of Register, word string) bool {
	return slices.Contains(evidenceItems[of], word)
}
