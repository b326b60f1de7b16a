package upstream

import (
	"fmt"
	"slices"
	"strings"

	"brana/egon"
)

// This file makes the system status of an E198 reply: the details of a VAROVANI. They
// name items and codes, never a value.

// nobodyFound stands for an evidence that gives no reason itself.
const nobodyFound = "Evidence podle zadaných údajů nenalezla právě jednu osobu."

// whyNobody returns the evidence's reasons when a search did not find one person.
func (f *found) whyNobody(evidence egon.Party) []egon.Detail {
	said := f.evidence.Info.Status.Details
	if len(said) == 0 {
		said = f.evidence.Application.Details
	}
	if len(said) == 0 {
		said = []egon.Detail{{SubKod: "SPECIFIKACE V POPISU", Popis: nobodyFound}}
	}
	details := make([]egon.Detail, len(said))
	for i, d := range said {
		details[i] = egon.Detail{SubKod: d.SubKod, Popis: d.Popis, Puvodce: evidence}.Systemic()
	}
	return details
}

// whyWarned returns the warning of an evidence that found the person, unless its block
// has words for it.
func (f *found) whyWarned(evidence egon.Party) []egon.Detail {
	system := f.evidence.Info.Status
	if keepsBack(system) {
		system.Kod = egon.Varovani
	}
	return beside(f.evidence.Application, system, evidence)
}

// beside returns the warning of a registry, unless the status in its block has words for
// it.
func beside(block, system egon.Status, party egon.Party) []egon.Detail {
	switch {
	case block.Kod == egon.OK:
	case len(block.Details) > 0:
		return nil
	default:
		system.Kod = egon.Varovani
	}
	return warning(system, party)
}

// deadPlaces returns one detail for each reference that RUIAN does not know or has
// removed.
func (f *found) deadPlaces() (details []egon.Detail) {
	if f.places == nil {
		return nil
	}
	for _, p := range f.stated() {
		d := egon.Detail{Puvodce: ruianParty}
		switch p.Stav {
		case "nenalezen":
			d.SubKod = "ADRESA NEEXISTUJE"
			d.Popis = fmt.Sprintf("Odkaz %d do RUIAN neexistuje.", p.Kod)
		case "zrusen":
			d.SubKod = "ADRESA SMAZANA"
			d.Popis = fmt.Sprintf("Prvek RUIAN, na který vede odkaz %d, byl zrušen.", p.Kod)
		default:
			continue
		}
		details = append(details, d)
	}
	return details
}

// orgReasons are the system's codes and words for the codes that ORG gives for an AIFO
// (OrgTypy, OrgAifoStatusDetailType).
var orgReasons = map[string]struct{ subKod, popis string }{
	"AIFO NENALEZENO":     {"AIFO NEEXISTUJE", "AIFO osoby nebylo nalezeno"},
	"AIFO ZNEPLATNENO":    {"AIFO ZRUSENO", "AIFO osoby bylo zneplatněno"},
	"AIFO KOMPROMITOVANO": {"AIFO ZRUSENO", "AIFO osoby bylo kompromitováno"},
	"ZMENA ALGORITMU AIFO": {"AIFO ZRUSENO",
		"změnil se algoritmus, podle kterého bylo AIFO osoby vytvořeno"},
	"OSOBA SPOJENA":   {"ZIFO ZRUSENO", "osoba byla spojena do nové identity"},
	"OSOBA ROZDELENA": {"ZIFO ZRUSENO", "osoba byla rozdělena do více nových identit"},
}

// whyUntranslated returns why ORG has no AIFO of the person in the agenda of target, and
// the consequence. ORG may say so in its map alone.
func whyUntranslated(r *egon.TranslateReply, target, so string) (details []egon.Detail) {
	add := func(subKod, why string) {
		details = append(details, egon.Detail{
			SubKod: subKod, Puvodce: orgParty,
			Popis: fmt.Sprintf("ORG nepřevedl AIFO osoby do agendy %s%s. %s", target, why, so),
		})
	}
	for _, code := range r.Codes {
		if reason, ok := orgReasons[code]; ok {
			add(reason.subKod, fmt.Sprintf(": %s (%s)", reason.popis, code))
		}
	}
	if len(details) == 0 {
		add("AIFO NEEXISTUJE", "")
	}
	return details
}

// whyUnverified returns what ROB has not confirmed, unless its own block has words for
// it.
func (f *found) whyUnverified() []egon.Detail {
	r, local := f.verified, f.evidence.Person.Local
	if r.Rob.Kod != egon.OK && len(r.Rob.Details) > 0 {
		return nil
	}
	popis := "ROB osobu neověřil."
	items := slices.DeleteFunc(r.Unverified(local, f.sent),
		func(item string) bool { return !slices.Contains(f.sent, item) })
	switch {
	case denies(r.Map, local) || !r.Knows(local):
		popis = "ROB nepotvrdil existenci osoby."
	case len(items) > 0:
		popis = "ROB nepotvrdil shodu těchto údajů: " + strings.Join(items, ", ") + "."
	}
	return []egon.Detail{{
		SubKod:  "SPECIFIKACE V POPISU",
		Popis:   popis + " Globální AIFO ani údaje z ROB odpověď neobsahuje.",
		Puvodce: robParty,
	}}
}

// remarks returns the warnings of registries that answered in full all the same, where
// no block of the reply has them: a registry's VAROVANI never becomes OK.
func (f *found) remarks() (details []egon.Detail) {
	details = warning(f.toRob.Info.Status, orgParty)
	details = append(details, warningOf(f.toCaller, f.evidence.Person.Local)...)
	if f.read != nil {
		details = append(details, beside(f.read.Rob, f.read.Info.Status, robParty)...)
	}
	if f.places != nil && len(f.deadPlaces()) == 0 {
		details = append(details, warning(f.places.Info.Status, ruianParty)...)
	}
	return details
}

// warningOf returns the warning beside an identifier that ORG gave.
func warningOf(r *egon.TranslateReply, local int) []egon.Detail {
	if _, ok := translated(r, local); !ok {
		return nil
	}
	return warning(r.Info.Status, orgParty)
}

// warning returns the codes of a registry's own VAROVANI. Its sentences stay inside.
func warning(s egon.Status, party egon.Party) (details []egon.Detail) {
	if s.Kod == egon.OK {
		return nil
	}
	for _, d := range s.Details {
		details = append(details, egon.Detail{SubKod: d.SubKod, Puvodce: party}.Systemic())
	}
	if len(details) == 0 {
		name := party.Code
		if party.Kind == egon.Ais {
			name = "AIS " + name
		}
		details = []egon.Detail{{
			SubKod:  "SPECIFIKACE V POPISU",
			Popis:   name + " odpověděl s upozorněním.",
			Puvodce: party,
		}}
	}
	return details
}

// status returns the system status of the reply. It has no details where a block of the
// reply has words for the matter (seed E198 §12.2). ORG's block has codes alone, and seed
// §6 demands a description.
func (f *found) status(evidence egon.Party) egon.Status {
	if !f.evidence.Found {
		return egon.Status{Kod: egon.Varovani, Details: f.whyNobody(evidence)}
	}
	warn := f.evidence.Application.Kod == egon.Varovani || keepsBack(f.evidence.Application)
	details := f.whyWarned(evidence)
	local := f.evidence.Person.Local
	switch _, toRob := translated(f.toRob, local); {
	case !toRob:
		so := "Osoba proto nebyla ověřena v ROB."
		details = append(details, whyUntranslated(f.toRob, "ROB", so)...)
	case !f.isVerified():
		warn, details = true, append(details, f.whyUnverified()...)
	default:
		if _, ok := translated(f.toCaller, local); !ok {
			so := "Globální AIFO proto odpověď neobsahuje."
			details = append(details, whyUntranslated(f.toCaller, "volajícího", so)...)
		}
		warn = warn || f.read != nil && f.read.Rob.Kod != egon.OK
		details = append(details, f.remarks()...)
	}
	details = append(details, f.deadPlaces()...)
	if warn || len(details) > 0 {
		return egon.Status{Kod: egon.Varovani, Details: details}
	}
	return egon.Status{Kod: egon.OK}
}
