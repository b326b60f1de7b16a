package upstream

import (
	"context"
	"slices"

	"brana/egon"
)

// translate asks ORG for the AIFO of the same persons in another agenda (G27, G02). G27 has
// no effect and may be sent again; G02 makes an AIFO. When ORG cannot translate a person,
// that is an answer and no error, whatever the status.
func (k *call) translate(
	ctx context.Context, st *egon.Step, op egon.OrgService, t *egon.Translation,
) (*egon.TranslateReply, error) {
	b, err := k.ask(ctx, question{
		action: string(op),
		body:   egon.AppendTranslate(nil, st, op, t),
		again:  op == egon.OrgCtiAifo,
	})
	if err != nil {
		return nil, err
	}
	r, err := egon.ParseTranslateReply(b, op)
	if err != nil {
		return nil, k.unreadable(err)
	}
	k.kod = r.Info.Status.Kod
	if !st.Answers(&r.Info) {
		return nil, k.unreadable(errOtherQuestion)
	}
	aboutPerson := concernsPerson(r.Codes) || slices.ContainsFunc(r.Map, untranslatable)
	if r.Info.Status.Kod == egon.Chyba && !aboutPerson {
		return nil, k.refused(r.Info.Status)
	}
	if err := ofAgenda(r.Map, t.Target.Agenda); err != nil {
		return nil, k.unreadable(err)
	}
	return r, nil
}

// ofAgenda returns an error when an identifier is of another agenda than the one asked
// for, or when a person has two.
func ofAgenda(mapa []egon.PrevodAifo, agenda string) error {
	given := map[int]string{}
	for _, p := range mapa {
		switch before, twice := given[p.Local]; {
		case p.Global == "":
			continue
		case p.Agenda != "" && p.Agenda != agenda:
			return fixedError("expect an AIFO of the agenda asked for")
		case twice && before != p.Global:
			return fixedError("expect one AIFO of a person")
		}
		given[p.Local] = p.Global
	}
	return nil
}

// untranslatable reports whether an entry itself says why it is not translated.
func untranslatable(p egon.PrevodAifo) bool { return p.Status != "" }

// concernsPerson reports whether ORG's codes say why it cannot translate a person (OrgTypy,
// OrgAifoStatusDetailType, and the one such code of OrgStatusDetailType). The other codes
// say what is wrong with ORG or with the request.
func concernsPerson(codes []string) bool {
	for _, c := range codes {
		switch c {
		case "AIFO NENALEZENO", "AIFO ZNEPLATNENO", "AIFO KOMPROMITOVANO", "OSOBA SPOJENA",
			"OSOBA ROZDELENA", "ZMENA ALGORITMU AIFO", "ZAZNAM NENALEZEN":
			return true
		}
	}
	return false
}
