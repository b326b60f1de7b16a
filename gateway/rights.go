package gateway

import (
	"context"

	"brana/egon"
)

// answerRights answers E227 from the matrix: the items that it gives to the
// triple asked for, whoever asks (seed E227 §5, §6).
func (x *exchange) answerRights(ctx context.Context) (*egon.Answer, error) {
	q := x.head.Rights
	row, err := x.g.rowOf(ctx, x, q.Agenda, q.AgendovaRole, q.Ovm)
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
	return x.answered(egon.AppendRights(nil, x.head.Enveloped, x.info(kod), q, items), kod), nil
}
