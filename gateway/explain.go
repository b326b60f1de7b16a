package gateway

import (
	"time"

	"brana/egon"
	"brana/policy"
)

// A Trial is what decides about a message.
type Trial struct {
	Policy *policy.Snapshot
	Caller *Caller                   // nil: the caller is not checked, as without TLS
	Route  func(*egon.Service) Route // of a service
	Now    time.Time
}

// A Forecast is what the gateway would do with a message, by the rules of the pipeline but
// without quotas.
type Forecast struct {
	Refusal  *Refusal         // nil: the call is granted
	Decision *policy.Decision // nil: the call is refused before the policy is asked
}

// Explain returns what would become of a whole message. The reader must have been reset
// to the service called. Its head names the caller's AIS afterwards, also where the
// message names none.
func (t Trial) Explain(r *egon.Reader, message []byte) Forecast {
	if err := r.Feed(message, true); err != nil {
		return Forecast{Refusal: asRefusal(err)}
	}
	h := r.Head()
	route := t.Route(h.Service)
	switch {
	case route.Kind == RefuseRoute:
		return Forecast{Refusal: notOffered(h.Service)}
	case route.Kind != RelayRoute && h.Demanded != "":
		return Forecast{Refusal: notUnderstood(h)}
	}
	if offence := h.Check(); offence != nil {
		return Forecast{Refusal: asRefusal(offence)}
	}
	if t.Caller != nil {
		if refusal := t.Caller.vouch(&h.Info, t.Now); refusal != nil {
			return Forecast{Refusal: refusal}
		}
	}
	d := route.decide(t.Policy, h, t.Now)
	f := Forecast{Decision: &d}
	if d.Verdict != policy.Granted {
		f.Refusal = notPermitted(h, &d)
	}
	return f
}

// Sentences are the sentences that the caller would read, with their numbers.
func (r *Refusal) Sentences() []string {
	var list []string
	for _, d := range r.details() {
		list = append(list, d.Popis)
	}
	return list
}
