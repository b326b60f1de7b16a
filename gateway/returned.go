package gateway

import (
	"errors"
	"slices"

	"brana/egon"
	"brana/gateway/metrics"
)

// unpermitted returns the items that left without a right, by the rights by which the call
// was decided.
func (r *request) unpermitted(items *egon.Returned) (words []string) {
	if items.Empty() {
		return nil
	}
	rights := r.rights()
	for word := range items.Words() {
		if word != egon.AlwaysReturned && !rights.Permit(word) {
			words = append(words, word)
		}
	}
	return words
}

// barred reports whether an answer was refused for an item that it holds.
func barred(err error) bool {
	var offence *egon.Offence
	return errors.As(err, &offence) && offence.Kind == egon.Unpermitted
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

// countEdited counts items by which requests and answers were edited. Those of names that
// no table has count once.
func (r *request) countEdited(edit metrics.Edit, words []string) {
	unknown := false
	for _, word := range words {
		if egon.IsUnknownName(word) {
			unknown = true
			continue
		}
		r.parts.Metrics.ItemEdited(word, edit)
	}
	if unknown {
		r.parts.Metrics.ItemEdited(metrics.UnknownItem, edit)
	}
}
