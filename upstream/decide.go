package upstream

import (
	"slices"

	"brana/egon"
)

// This file decides what the answers of the registries mean for E198. It does
// no I/O and reads no clock.

// found is everything that the steps have brought; nil: the step was not taken.
type found struct {
	sent     []string // items that O25 compares, in ROB's words
	evidence *egon.EvidenceHead
	toRob    *egon.TranslateReply // G27 to ROB's agenda
	verified *egon.VerifyReply    // O25
	toCaller *egon.TranslateReply // G27 to the caller's agenda, or G02
	read     *egon.ReadReply      // O08
	places   *egon.PlacesReply    // A28
}

// translated returns the person's AIFO in the agenda that r is about. Where ORG
// says that something is wrong an identifier does not count.
func translated(r *egon.TranslateReply, local int) (egon.PrevodAifo, bool) {
	if r == nil || len(r.Codes) > 0 || slices.ContainsFunc(r.Map, func(p egon.PrevodAifo) bool { return p.Local == local && p.Status != "" }) {
		return egon.PrevodAifo{}, false
	}
	p, ok := r.Translated(local)
	return egon.PrevodAifo{Local: local, Global: p.Global}, ok
}

// lacksAifo reports whether the person is known to ORG but has no AIFO in the
// target agenda yet, which is what G02 makes one for. The map alone says so:
// OrgStatus has AIFO NENALEZENO for a missing source and a missing target alike.
// Beside any other code none is made.
func lacksAifo(r *egon.TranslateReply, local int) bool {
	return !slices.ContainsFunc(r.Codes, func(code string) bool { return code != "AIFO NENALEZENO" }) && slices.ContainsFunc(r.Map, func(p egon.PrevodAifo) bool {
		return p.Local == local && p.Status == "AifoCilNeexistuje"
	})
}

// isVerified reports whether ROB says yes to the person: in both its statuses,
// to the AIFO, and to each item that was sent. Silence on an item is no, and so
// is a partial agreement.
func (f *found) isVerified() bool {
	r, local := f.verified, f.evidence.Person.Local
	return r != nil && r.Info.Status.Kod == egon.OK && r.Rob.Kod == egon.OK &&
		!denies(r.Map, local) && r.Knows(local) && len(r.Unverified(local, f.sent)) == 0
}

// mayBeGiven reports whether the caller may have the person's AIFO: ROB has
// verified the person, and has not said the contrary when it was read.
func (f *found) mayBeGiven() bool {
	return f.isVerified() && (f.read == nil || !denies(f.read.Map, f.evidence.Person.Local))
}

// denies reports whether ROB says in its map that it does not know the AIFO. An
// entry without stavOvereniAifo says nothing.
func denies(mapa []egon.PrevodAifo, local int) bool {
	return slices.ContainsFunc(mapa, func(p egon.PrevodAifo) bool { return p.Local == local && p.Overeno == egon.No })
}

// keepsBack reports whether an evidence says in a status that it keeps something
// back which was asked for. It is to be told in the status of the system, with
// whatever code the evidence says so: OK beside it does not mean that all is
// there.
func keepsBack(s egon.Status) bool {
	return slices.ContainsFunc(s.Details, func(d egon.Detail) bool { return d.SubKod == "UDAJ NEVYDAN" }) // AisSeTypy, VysledekSubKodSEType
}

// barred reports whether ROB refused an item of its own, as one who has a newer
// matrix does, in an answer that goes out all the same.
func (f *found) barred() bool {
	return f.verified != nil && (f.verified.Info.Status.Bars() || f.verified.Rob.Bars()) ||
		f.read != nil && (f.read.Info.Status.Bars() || f.read.Rob.Bars())
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
	if !f.isVerified() {
		return b
	}
	own, ok := translated(f.toCaller, local)
	switch {
	case !ok:
		b.Org = f.toCaller.Org
	case f.mayBeGiven():
		own.Overeno = egon.Yes // ROB's OvereneUdaje have the Aifo
		b.Map = []egon.PrevodAifo{own}
	}
	if f.read != nil {
		b.Read = f.read.Block
	}
	if f.places != nil && whole {
		b.Ruian = f.places.Block
	}
	return b
}
