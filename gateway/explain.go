package gateway

import (
	"time"

	"brana/egon"
	"brana/policy"
)

// A Trial is what decides about a message.
type Trial struct {
	Policy  *policy.Snapshot
	Caller  *Caller // nil: the caller is not checked, as without TLS
	Relayed bool    // by its route the service is not answered by the gateway itself
	Now     time.Time
}

// Explain returns the refusal of a whole message by the rules of the pipeline, but
// without quotas, or nil when it would be granted. The reader must have been reset
// to the service called. Its head names the caller's AIS afterwards, also where the
// message names none.
func (t Trial) Explain(r *egon.Reader, message []byte) *Refusal {
	if err := r.Feed(message, true); err != nil {
		return asRefusal(err)
	}
	h := r.Head()
	if !t.Relayed && h.Demanded != "" {
		return notUnderstood(h)
	}
	if offence := h.Check(); offence != nil {
		return asRefusal(offence)
	}
	if t.Caller != nil {
		if refusal := t.Caller.vouch(&h.Info, t.Now); refusal != nil {
			return refusal
		}
	}
	if d := t.Policy.Decide(h, t.Now); d.Verdict != policy.Granted {
		return notPermitted(h, &d)
	}
	return nil
}

// Sentences are the sentences that the caller would read, with their numbers.
func (r *Refusal) Sentences() []string {
	var list []string
	for _, d := range r.details() {
		list = append(list, d.Popis)
	}
	return list
}
