package gateway

import (
	"bytes"
	"io"

	"brana/egon"
)

// answerRights answers E227 from the policy snapshot: the items that the
// matrix gives to the triple asked for, whoever asks (seed E227 §5, §6).
func (x *exchange) answerRights() *egon.Answer {
	q := x.head.Rights
	row, _ := x.policy.Row(q.Agenda, q.AgendovaRole, q.Ovm, now())
	items := make([]egon.RightsItem, len(row))
	for i, item := range row {
		items[i] = egon.RightsItem{KodIszr: item.Kod, KodRpp: item.KodRpp}
	}
	kod := egon.OK
	if len(items) == 0 {
		kod = egon.Varovani
	}
	body := egon.AppendRights(nil, x.head.Enveloped, &egon.OdpovedInfo{
		CasOdpovedi:    now(),
		Status:         egon.Status{Kod: kod},
		AgendaZadostId: string(x.head.Info.AgendaZadostId),
		IszrZadostId:   x.iszrID,
	}, q, items)
	return &egon.Answer{HTTPStatus: 200, ContentType: contentType, Length: int64(len(body)), Kod: kod,
		Body: io.NopCloser(bytes.NewReader(body))}
}
