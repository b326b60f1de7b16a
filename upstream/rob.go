package upstream

import (
	"context"
	"slices"

	"brana/egon"
)

// verify asks ROB whether the person exists and matches the caller's search inputs (O25).
// ROB logs the question, so it is never sent again.
func (k *call) verify(
	ctx context.Context, st *egon.Step, person egon.PrevodAifo,
) (*egon.VerifyReply, error) {
	b, err := k.ask(ctx, question{
		action: egon.ActionRob,
		body:   egon.AppendVerify(nil, st, person),
	})
	if err != nil {
		return nil, err
	}
	r, err := egon.ParseVerifyReply(b)
	if err != nil {
		return nil, k.unreadable(err)
	}
	k.kod = r.Info.Status.Kod
	if !st.Answers(&r.Info) {
		return nil, k.unreadable(errOtherQuestion)
	}
	locals := make([]int, len(r.Persons))
	for i, p := range r.Persons {
		locals[i] = p.Local
	}
	if !only(person, locals, r.Map) {
		return nil, k.unreadable(errUnasked)
	}
	return r, k.refusedByRob(r.Info.Status, r.Rob)
}

// read asks ROB for items of the person (O08). ROB keeps a record of the use, so the
// question is never sent again.
func (k *call) read(
	ctx context.Context, st *egon.Step, person egon.PrevodAifo, items []string,
) (*egon.ReadReply, error) {
	internal := make([]string, len(items))
	for i, item := range items {
		internal[i] = egon.InternalName(item)
	}
	b, err := k.ask(ctx, question{
		action: egon.ActionRob,
		body:   egon.AppendRead(nil, st, person, internal),
	})
	if err != nil {
		return nil, err
	}
	r, err := egon.ParseReadReply(b, internal)
	if err != nil {
		return nil, k.unreadable(err)
	}
	k.kod = r.Info.Status.Kod
	switch {
	case !st.Answers(&r.Info):
		return nil, k.unreadable(errOtherQuestion)
	case !only(person, r.Persons, r.Map):
		return nil, k.unreadable(errUnasked)
	case r.Info.Status.Kod == egon.OK && r.Rob.Kod == egon.OK && len(r.Persons) == 0:
		return nil, k.unreadable(fixedError("expect the person in an answer with status OK"))
	case len(r.Persons) > 0 && denies(r.Map, person.Local):
		return nil, k.unreadable(
			fixedError("expect no data of a person whose AIFO is not verified"),
		)
	}
	return r, k.refusedByRob(r.Info.Status, r.Rob)
}

// only reports whether an answer of ROB is about the person alone, once, and gives the
// AIFO no other value.
func only(person egon.PrevodAifo, locals []int, mapa []egon.PrevodAifo) bool {
	other := func(p egon.PrevodAifo) bool {
		return p.Local == person.Local && p.Global != "" && p.Global != person.Global
	}
	alone := len(locals) == 0 || len(locals) == 1 && locals[0] == person.Local
	return alone && !slices.ContainsFunc(mapa, other)
}

// refusedByRob returns the error of an answer in which either status is CHYBA. "Nobody was
// found" is an answer, whatever the application status.
func (k *call) refusedByRob(system, rob egon.Status) error {
	switch {
	case system.Kod == egon.Chyba:
		details := slices.Concat(system.Details, rob.Details)
		return k.refused(egon.Status{Kod: egon.Chyba, Details: details})
	case rob.Kod == egon.Chyba && !nobodyInRob(rob):
		return k.refused(rob)
	}
	return nil
}

func nobodyInRob(rob egon.Status) bool {
	return slices.ContainsFunc(rob.Details, func(d egon.Detail) bool {
		return d.SubKod == "PARCIALNI ZAZNAM NENALEZEN" || d.SubKod == "ZAZNAM NENALEZEN"
	})
}
