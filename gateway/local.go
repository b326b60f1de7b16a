package gateway

import (
	"bytes"
	"context"
	"io"

	"brana/egon"
)

// answerRights answers E227 from the matrix: the items that it gives to the
// triple asked for, whoever asks (seed E227 §5, §6).
func (g *Gateway) answerRights(ctx context.Context, x *exchange) (*egon.Answer, error) {
	q := x.head.Rights
	row, err := g.rowOf(ctx, x, q.Agenda, q.AgendovaRole, q.Ovm)
	if err != nil {
		return nil, err
	}
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
		Body: io.NopCloser(bytes.NewReader(body))}, nil
}
