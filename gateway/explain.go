package gateway

import (
	"time"

	"brana/egon"
	"brana/policy"
)

// A Trial is what a message is judged by.
type Trial struct {
	Policy  *policy.Snapshot
	Caller  *Caller // nil: who calls is not looked at, as without TLS
	Relayed bool    // by its route the service is not answered by the gateway itself
	Now     time.Time
}

// Explain says how a whole message would be refused, by the rules of the
// pipeline but without quotas, or returns nil when it would be granted. The
// reader must have been reset to the service called; the head that it has
// afterwards is of the caller's AIS also where the message names none.
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

// Sentences are what the caller would read, with their numbers.
func (r *Refusal) Sentences() []string {
	var list []string
	for _, d := range r.details() {
		list = append(list, d.Popis)
	}
	return list
}
