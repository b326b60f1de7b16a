package upstream

import (
	"slices"

	"brana/egon"
)

// This file decides what the answers of the registries mean for E198. It does no I/O and
// reads no clock.

// found holds the answers of all steps; nil: the step did not run.
type found struct {
	sent     []string // items that O25 compares, in ROB's words
	evidence *egon.EvidenceHead
	toRob    *egon.TranslateReply // G27 to ROB's agenda
	verified *egon.VerifyReply    // O25
	toCaller *egon.TranslateReply // G27 to the caller's agenda, or G02
	read     *egon.ReadReply      // O08
	places   *egon.PlacesReply    // A28
}

// translated returns the person's AIFO in the target agenda of r. It does not count when
// ORG reports that something is wrong.
func translated(r *egon.TranslateReply, local int) (egon.PrevodAifo, bool) {
	wrong := func(p egon.PrevodAifo) bool { return p.Local == local && p.Status != "" }
	if r == nil || len(r.Codes) > 0 || slices.ContainsFunc(r.Map, wrong) {
		return egon.PrevodAifo{}, false
	}
	p, ok := r.Translated(local)
	return egon.PrevodAifo{Local: local, Global: p.Global}, ok
}

// lacksAifo reports whether ORG knows the person, but has no AIFO in the target agenda
// yet: then G02 makes one. Only the map says so, since OrgStatus has AIFO NENALEZENO for a
// missing source and for a missing target. Any other code forbids making one.
func lacksAifo(r *egon.TranslateReply, local int) bool {
	other := func(code string) bool { return code != "AIFO NENALEZENO" }
	missing := func(p egon.PrevodAifo) bool {
		return p.Local == local && p.Status == "AifoCilNeexistuje"
	}
	return !slices.ContainsFunc(r.Codes, other) && slices.ContainsFunc(r.Map, missing)
}

// isVerified reports whether ROB verifies the person: by both its statuses, the AIFO, and
// each item that was sent. Silence about an item means no, and so does a partial match.
func (f *found) isVerified() bool {
	r, local := f.verified, f.evidence.Person.Local
	return r != nil && r.Info.Status.Kod == egon.OK && r.Rob.Kod == egon.OK &&
		!denies(r.Map, local) && r.Knows(local) && len(r.Unverified(local, f.sent)) == 0
}

// mayBeGiven reports whether the caller may have the person's AIFO: ROB has verified the
// person, and its read answer does not contradict that.
func (f *found) mayBeGiven() bool {
	return f.isVerified() && (f.read == nil || !denies(f.read.Map, f.evidence.Person.Local))
}

// denies reports whether ROB's map says that it does not know the AIFO. An entry without
// stavOvereniAifo says nothing.
func denies(mapa []egon.PrevodAifo, local int) bool {
	return slices.ContainsFunc(mapa, func(p egon.PrevodAifo) bool {
		return p.Local == local && p.Overeno == egon.No
	})
}

// keepsBack reports whether an evidence's status says that it keeps requested data back
// (AisSeTypy, VysledekSubKodSEType). The system status of the reply reports that, even
// beside a code OK.
func keepsBack(s egon.Status) bool {
	return slices.ContainsFunc(s.Details,
		func(d egon.Detail) bool { return d.SubKod == "UDAJ NEVYDAN" })
}

// barred reports whether ROB, which may have a newer matrix, refused one of its items in
// an answer that goes out all the same.
func (f *found) barred() bool {
	v, r := f.verified, f.read
	return v != nil && (v.Info.Status.Bars() || v.Rob.Bars()) ||
		r != nil && (r.Info.Status.Bars() || r.Rob.Bars())
}

// stated returns the references of the person, with their state if RUIAN was asked.
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

// blocks returns the blocks before the evidence's own. The caller gets its AIFO only of a
// person that ROB has verified.
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
