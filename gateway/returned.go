package gateway

import (
	"brana/egon"
	"brana/gateway/metrics"
	"brana/policy"
)

// countReturned counts items that left, beside the rights by which the call was decided.
func (r *request) countReturned(items *egon.Returned) {
	if items.Empty() {
		return
	}
	var rights policy.Rights
	if r.policy != nil && r.head != nil {
		rights = r.policy.Rights(&r.decision, r.head, r.start)
	}
	unknown := false
	for word := range items.Words() {
		if egon.IsUnknownName(word) {
			unknown = true
			continue
		}
		r.parts.Metrics.ItemReturned(word, rights.Permit(word))
	}
	if unknown {
		r.parts.Metrics.ItemReturned(metrics.UnknownItem, false)
	}
}
