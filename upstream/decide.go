package upstream

import (
	"fmt"
	"slices"

	"brana/egon"
)

// This file decides what the answers of the registries mean for E198. It does
// no I/O and reads no clock.

// found is everything that the steps have brought; nil: the step was not taken.
type found struct {
	evidence *egon.EvidenceHead
	toRob    *egon.TranslateReply // G27 to ROB's agenda
	verified *egon.VerifyReply    // O25
	toCaller *egon.TranslateReply // G27 to the caller's agenda, or G02
	read     *egon.ReadReply      // O08
	places   *egon.PlacesReply    // A28
}

// translated returns the person's AIFO in the agenda that r is about.
func translated(r *egon.TranslateReply, local int) (egon.PrevodAifo, bool) {
	if r == nil || concernsPerson(r.Codes) {
		return egon.PrevodAifo{}, false
	}
	p, ok := r.Translated(local)
	return egon.PrevodAifo{Local: local, Global: p.Global}, ok
}

// lacksAifo reports whether the person is known to ORG but has no AIFO in the
// target agenda yet, which is what G02 makes one for. The map alone says so:
// OrgStatus has AIFO NENALEZENO for a missing source and a missing target alike.
func lacksAifo(r *egon.TranslateReply, local int) bool {
	return slices.ContainsFunc(r.Map, func(p egon.PrevodAifo) bool {
		return p.Local == local && p.Status == "AifoCilNeexistuje"
	})
}

// isVerified reports whether ROB knows the person and every search input
// agrees. Anything less, a partial agreement too, is no.
func isVerified(r *egon.VerifyReply, local int) bool {
	if r == nil || r.Rob.Kod != egon.OK {
		return false
	}
	for _, p := range r.Persons {
		if p.Local == local {
			return len(p.Overene) > 0 && len(p.Neoverene) == 0 && len(p.CastecneOverene) == 0
		}
	}
	return false
}

// status is the system status of the reply. Where a block of the reply says
// what is the matter, the warning is bare (seed E198 §12.2); the details are
// for what no block says, and for dead references.
func (f *found) status(evidence egon.Party) egon.Status {
	var details []egon.Detail
	warn := f.evidence.Info.Status.Kod == egon.Varovani || f.evidence.Application.Kod == egon.Varovani || f.withheld()
	if !f.evidence.Found {
		return egon.Status{Kod: egon.Varovani, Details: f.whyNobody(evidence)}
	}
	local := f.evidence.Person.Local
	switch _, toRob := translated(f.toRob, local); {
	case !toRob:
		warn, details = true, whyUntranslated(f.toRob)
	case !isVerified(f.verified, local):
		warn = true
	default:
		if _, ok := translated(f.toCaller, local); !ok {
			warn, details = true, whyUntranslated(f.toCaller)
		}
		warn = warn || f.read != nil && f.read.Rob.Kod != egon.OK
	}
	dead := f.deadPlaces()
	if warn || len(dead) > 0 {
		return egon.Status{Kod: egon.Varovani, Details: append(details, dead...)}
	}
	return egon.Status{Kod: egon.OK}
}

// withheld reports whether the evidence says that it keeps something back which
// was asked for. It is to be told in the status of the system, with whatever
// code the evidence says so: OK beside it does not mean that all is there.
func (f *found) withheld() bool {
	keptBack := func(d egon.Detail) bool { return d.SubKod == "UDAJ NEVYDAN" } // AisSeTypy, VysledekSubKodSEType
	return slices.ContainsFunc(f.evidence.Application.Details, keptBack) || slices.ContainsFunc(f.evidence.Info.Status.Details, keptBack)
}

// barred reports whether ROB refused an item of its own, as one who has a newer
// matrix does, in an answer that goes out all the same.
func (f *found) barred() bool {
	return f.verified != nil && (f.verified.Info.Status.Bars() || f.verified.Rob.Bars()) ||
		f.read != nil && (f.read.Info.Status.Bars() || f.read.Rob.Bars())
}

// nobodyFound is said when an evidence does not say itself what was the matter.
const nobodyFound = "Evidence podle zadaných údajů nenalezla právě jednu osobu."

// whyNobody returns what the evidence says of a search that did not find one
// person: whether nobody or too many.
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

// whyUntranslated says what ORG's own block would, when ORG sent none.
func whyUntranslated(r *egon.TranslateReply) []egon.Detail {
	if len(r.Org) > 0 {
		return nil
	}
	return []egon.Detail{{SubKod: "AIFO NEEXISTUJE", Popis: "Identifikátor osoby nebylo možné převést.", Puvodce: orgParty}}
}

// deadPlaces returns one detail for each reference that RUIAN does not know or
// has removed.
func (f *found) deadPlaces() (details []egon.Detail) {
	if f.places == nil {
		return nil
	}
	for _, p := range f.stated() {
		d := egon.Detail{Puvodce: ruianParty}
		switch p.Stav {
		case "nenalezen":
			d.SubKod, d.Popis = "ADRESA NEEXISTUJE", fmt.Sprintf("Odkaz %d do RUIAN neexistuje.", p.Kod)
		case "zrusen":
			d.SubKod, d.Popis = "ADRESA SMAZANA", fmt.Sprintf("Prvek RUIAN, na který vede odkaz %d, byl zrušen.", p.Kod)
		default:
			continue
		}
		details = append(details, d)
	}
	return details
}

// stated returns the references of the person with their state, if RUIAN was
// asked.
func (f *found) stated() []egon.Place {
	if f.read == nil {
		return nil
	}
	places := append([]egon.Place(nil), f.read.Places...)
	if f.places == nil {
		return places
	}
	for i := range places {
		for _, p := range f.places.Places {
			if p.Kod == places[i].Kod && p.Kind == places[i].Kind {
				places[i].Stav = p.Stav
			}
		}
	}
	return places
}

// blocks returns what stands before the evidence's own block. The caller gets
// its AIFO only of a person that ROB has verified.
func (f *found) blocks(src *egon.Source, whole bool) *egon.MediaBlocks {
	b := &egon.MediaBlocks{Source: src, Places: f.stated()}
	if !f.evidence.Found {
		return b
	}
	local := f.evidence.Person.Local
	if _, ok := translated(f.toRob, local); !ok {
		b.Org = f.toRob.Org
		return b
	}
	b.Verified = f.verified.Block
	if !isVerified(f.verified, local) {
		return b
	}
	if own, ok := translated(f.toCaller, local); ok {
		own.Overeno = egon.Yes
		b.Map = []egon.PrevodAifo{own}
	} else {
		b.Org = f.toCaller.Org
	}
	if f.read != nil {
		b.Read = f.read.Block
	}
	if f.places != nil && whole {
		b.Ruian = f.places.Block
	}
	return b
}
