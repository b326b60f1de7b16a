package gateway

import (
	"time"

	"brana/egon"
	"brana/policy"
)

// Explain says how a whole message would be refused, by the rules of the
// pipeline but without quotas, or returns nil when it would be granted. The
// reader must have been reset to the service called.
func Explain(r *egon.Reader, message []byte, s *policy.Snapshot, now time.Time) *Refusal {
	if err := r.Feed(message, true); err != nil {
		return asRefusal(err)
	}
	h := r.Head()
	if offence := h.Check(); offence != nil {
		return asRefusal(offence)
	}
	if d := s.Decide(h, now); d.Verdict != policy.Granted {
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
