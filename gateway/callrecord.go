package gateway

import (
	"strings"

	"brana/audit"
	"brana/egon"
	"brana/limits"
	"brana/policy"
)

// callIn describes a request as far as it is known.
func (r *request) callIn(u *use) *audit.Call {
	u.call = audit.Call{
		Time:           r.start,
		Route:          r.route.words,
		Async:          r.async,
		AgendaZadostId: r.requestID(),
		IszrZadostId:   r.numberSoFar(),
		Head:           r.head,
		Peer:           r.origin.peer,
		Certificate:    r.origin.certificate,
		AskedJob:       r.jobAsked(),
		Persons:        r.persons,
		Decision:       r.decisionIn(u),
		Quota:          r.quotaState(),
	}
	if r.service != nil {
		u.call.Service = r.service.Code
	}
	if r.head == nil {
		return &u.call
	}
	if r.decision.Verdict != policy.Granted {
		u.call.Head = r.censoredIn(u)
	}
	u.call.Parameters = u.parametersOf(r.head.Media)
	return &u.call
}

// numberSoFar is the IszrZadostId of the call, if it has one by now. What is answered here
// has it from the beginning.
func (r *request) numberSoFar() string {
	if r.route.Kind == LocalRoute && r.head != nil {
		return r.id()
	}
	return r.iszrID
}

// jobAsked names the jobs that E100 and E101 ask for: all is *.
func (r *request) jobAsked() string {
	switch {
	case r.query == nil:
		return ""
	case r.query.All:
		return "*"
	case len(r.query.IDs) == 1:
		return r.query.IDs[0]
	}
	return strings.Join(r.query.IDs, " ")
}

// readJobAsked reads which job a call of a queue service asks for.
func (in *inbound) readJobAsked() error {
	if in.route.Kind != LocalRoute || in.service.Code != "E100" && in.service.Code != "E101" {
		return nil
	}
	_, err := in.queueQuery(in.proof.Whole())
	return err
}

// decisionIn describes what the policy said. Before it was asked, a certificate may have
// refused the caller.
func (r *request) decisionIn(u *use) audit.Decision {
	d := &r.decision
	mismatch := d.Verdict == policy.NotGranted && d.Reason == policy.NoReason
	switch {
	case d.Version == "":
		return audit.Decision{}
	case mismatch && r.identity == nil:
		return audit.Decision{Verdict: CallerMismatch.Code, Policy: d.Version}
	case mismatch:
		return audit.Decision{
			Verdict: CallerMismatch.Code,
			Policy:  d.Version,
			Rule:    r.identity.Rule,
		}
	}
	said := audit.Decision{
		Verdict: d.Verdict.String(),
		Reason:  d.Reason.String(),
		Policy:  d.Version,
	}
	if d.Grant != nil {
		said.Rule = d.Grant.Rule
	}
	if d.Grant != nil && d.Verdict != policy.NotGranted && d.RestsOnRow(r.head) {
		i := &r.head.Info
		said.Row = audit.Row(r.policy.RowOrigin(i.Agenda, i.AgendovaRole, i.Ovm))
	}
	for i := range d.Refused {
		one := &d.Refused[i]
		word := one.Word
		if one.Unknown {
			word = unknownWord
		}
		u.refused = append(u.refused, audit.Refused{Word: word, Why: one.Why()})
	}
	said.Refused = u.refused
	return said
}

// unknownWord stands in a record for a word that is no item: it may be anything, a name
// too.
const unknownWord = "?"

// censoredIn is the head of a call that was not granted, perhaps not even checked: values are
// cut at the lengths that the schemas give them, and words that are no items are left out.
func (r *request) censoredIn(u *use) *egon.Head {
	h := &u.head
	*h = egon.Head{Service: r.head.Service, Info: r.head.Info}
	i := &h.Info
	for _, code := range []*[]byte{
		&i.Agenda, &i.AgendovaRole, &i.Ovm, &i.Ais, &i.PredchoziZadostId,
	} {
		*code = idBytes(*code)
	}
	i.Subjekt = prefix(i.Subjekt, 65)
	i.Uzivatel = prefix(i.Uzivatel, 100)
	i.DuvodUcel = prefix(i.DuvodUcel, 255)
	refused := r.decision.Refused
	for _, w := range r.head.Items {
		unknown := false
		if len(refused) > 0 && refused[0].Word == string(w.Text) { // in the order of the request
			unknown, refused = refused[0].Unknown, refused[1:]
		} else {
			unknown = egon.UnknownItem(r.head.Service, string(w.Text))
		}
		if unknown {
			w.Text = []byte(unknownWord)
		}
		u.items = append(u.items, w)
	}
	h.Items = u.items
	return h
}

// quotaState is what the limits said, or nothing when they were not asked.
func (r *request) quotaState() audit.Quota {
	d := &r.limits
	if !r.decided {
		return audit.Quota{}
	}
	q := audit.Quota{
		Verdict:    d.Verdict.String(),
		Quota:      d.Quota,
		Remaining:  d.Remaining,
		Concurrent: d.Concurrent,
		Running:    d.Running,
	}
	if d.Degraded != limits.Closed {
		q.Degraded = d.Degraded.String()
	}
	return q
}
