package upstream

import (
	"context"

	"brana/egon"
)

// checkPlaces asks RUIAN for places, or only whether they exist (A28). The question has no
// effect and may be sent again. Every place asked for is in the reply, with its state.
func (k *call) checkPlaces(
	ctx context.Context, st *egon.Step, whole bool, places []egon.Place,
) (*egon.PlacesReply, error) {
	b, err := k.ask(ctx, question{
		action: egon.ActionRuian,
		body:   egon.AppendPlaces(nil, st, whole, places),
		again:  true,
	})
	if err != nil {
		return nil, err
	}
	r, err := egon.ParsePlacesReply(b)
	if err != nil {
		return nil, k.unreadable(err)
	}
	k.kod = r.Info.Status.Kod
	if r.Info.Status.Kod == egon.Chyba {
		return nil, k.refused(r.Info.Status)
	}
	if !st.Answers(&r.Info) {
		return nil, k.unreadable(errOtherQuestion)
	}
	for _, p := range places {
		if !states(r.Places, p) {
			return nil, k.unreadable(fixedError("expect the state of every place asked for"))
		}
	}
	return r, nil
}

// states reports whether the answer has exactly one state of the place asked for.
func states(answered []egon.Place, asked egon.Place) bool {
	stav := ""
	for _, p := range answered {
		if p.Kod != asked.Kod || p.Kind != asked.Kind {
			continue
		}
		if p.Stav == "" || stav != "" && stav != p.Stav {
			return false
		}
		stav = p.Stav
	}
	return stav != ""
}
