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
	if r.decision.Verdict != policy.Granted || r.decision.Removed != nil {
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
	if d.Verdict == policy.Granted && d.Row < policy.Stale {
		said.Reason = policy.RowUnavailable.String()
	}
	u.refused = r.recordables(u.refused, d.Refused)
	said.Refused = u.refused
	u.removed = r.recordables(u.removed, d.Removed)
	if d.Rule == policy.Pass {
		said.WouldRemove = u.removed
	} else {
		said.Removed = u.removed
	}
	said.Filled = d.Filled
	return said
}

// recordables appends refused words as a record has them.
func (r *request) recordables(dst []audit.Refused, list []policy.Refusal) []audit.Refused {
	for i := range list {
		dst = append(dst, audit.Refused{Word: r.recordable(list[i].Word), Why: list[i].Why()})
	}
	return dst
}

// unknownWord stands in a record for a word that may be anything.
const unknownWord = "?"

// recordable is a word of a call that was not granted, as a record has it. A word that is in
// no list, no grant and no row may be a name, also where the service has items that no list
// has.
func (r *request) recordable(word string) string {
	switch {
	case word == policy.MediaCriteria, word == policy.HideLog, egon.ListedItem(word):
		return word
	case r.policy == nil:
		return unknownWord
	case r.policy.Names(word), r.policy.Rights(&r.decision, r.head, r.start).Permit(word):
		return word
	}
	return unknownWord
}

// censoredIn is the head of a call that was not granted, perhaps not even checked, or of one
// that goes on though some of its words were not: values are cut at the lengths that the
// schemas give them, and words that may be anything are left out.
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
	for _, w := range r.head.Items {
		if word := string(w.Text); r.recordable(word) != word {
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
		Group:      r.decision.Limits.Group,
	}
	if d.Degraded != limits.Closed {
		q.Degraded = d.Degraded.String()
	}
	return q
}
