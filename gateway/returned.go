package gateway

import (
	"slices"

	"brana/egon"
	"brana/gateway/metrics"
	"brana/policy"
)

// unpermitted returns the items that left without a right, by the rights by which the call
// was decided.
func (r *request) unpermitted(items *egon.Returned) (words []string) {
	if items.Empty() {
		return nil
	}
	var rights policy.Rights
	if r.policy != nil && r.head != nil {
		rights = r.policy.Rights(&r.decision, r.head, r.start)
	}
	for word := range items.Words() {
		if word != egon.AlwaysReturned && !rights.Permit(word) {
			words = append(words, word)
		}
	}
	return words
}

// countReturned counts items that left, and those of them that left without a right.
func (r *request) countReturned(items *egon.Returned, unpermitted []string) {
	unknown := false
	for word := range items.Words() {
		if egon.IsUnknownName(word) {
			unknown = true
			continue
		}
		r.parts.Metrics.ItemReturned(word, !slices.Contains(unpermitted, word))
	}
	if unknown {
		r.parts.Metrics.ItemReturned(metrics.UnknownItem, false)
	}
}
