package gateway

import (
	"context"

	"brana/egon"
)

// answerRights answers E227 from the matrix, with the items of the triple in the
// question. A caller may ask for any triple (seed E227 §5, §6).
func (r *request) answerRights(ctx context.Context, _ []byte) (*egon.Answer, error) {
	q := r.head.Rights
	row, err := r.rowOf(ctx, q.Agenda, q.AgendovaRole, q.Ovm)
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
	return answered(egon.AppendRights(nil, r.head.Enveloped, r.info(kod), q, items), kod), nil
}
