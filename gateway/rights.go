package gateway

import (
	"context"
	"time"

	"brana/egon"
	"brana/policy"
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

// decide decides about a call of the route by a policy, and about a relayed one by the rule of
// its items. A call may pass without the row only if nothing of its reply is withheld by the
// row.
func (r Route) decide(p *policy.Snapshot, h *egon.Head, now time.Time) policy.Decision {
	d := p.Decide(h, now)
	if r.Kind != RelayRoute {
		return d
	}
	p.Apply(r.Items, h, &d, now)
	if d.Verdict == policy.Granted && h.Service.Code == "E100" { // it lists no items, and delivers those of any service
		_, d.Row = p.Row(h.Info.Agenda, h.Info.AgendovaRole, h.Info.Ovm, now)
	}
	if d.Verdict == policy.Granted && d.Row < policy.Stale && r.Returned != egon.ObserveReturned {
		d.Verdict = policy.RowUnavailable
	}
	return d
}
