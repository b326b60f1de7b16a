package gateway

import (
	"errors"
	"slices"

	"go.uber.org/zap/zapcore"

	"brana/egon"
	"brana/gateway/metrics"
	"brana/policy"
)

// unpermitted returns the items that left without a right or, where the call was relayed,
// unasked. inside is the service whose reply held them. They are judged as the call was
// decided: of one that went on without its row nothing is known.
func (r *request) unpermitted(items *egon.Returned, inside *egon.Service) (words []string) {
	d := &r.decision
	if items.Empty() || d.Verdict == policy.Granted && d.Row < policy.Stale {
		return nil
	}
	if inside == nil { // it was not relayed
		inside = r.service
	}
	entitled := r.entitle()
	for word := range items.Words() {
		always := r.route.Kind != RelayRoute || egon.ComesUnasked(inside, word)
		if word != egon.AlwaysReturned && !entitled.Permits(inside, word, always) {
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
		foreign := slices.ContainsFunc(unpermitted, egon.IsUnknownName)
		r.parts.Metrics.ItemReturned(metrics.UnknownItem, !foreign)
	}
}

// removedWords are the items that were removed from the message, or would have been by the
// bus, and which of both. A word that may be anything is unknownWord.
func (r *request) removedWords() (words []string, e metrics.Edit) {
	d := &r.decision
	for i := range d.Removed {
		words = append(words, r.recordable(d.Removed[i].Word))
	}
	if d.Rule == policy.Pass {
		return words, metrics.WouldRemove
	}
	return words, metrics.Removed
}

// countEdited counts the items by which the message was edited.
func (r *request) countEdited() {
	if words, e := r.removedWords(); len(words) > 0 {
		r.parts.Metrics.ItemsEdited(words, e)
	}
	r.parts.Metrics.ItemsEdited(r.decision.Filled, metrics.Filled)
}

// addEdited writes the items by which the message was edited.
func (r *request) addEdited(e zapcore.ObjectEncoder) {
	words, edit := r.removedWords()
	addWords(e, edit.String(), words)
	addWords(e, metrics.Filled.String(), r.decision.Filled)
}
