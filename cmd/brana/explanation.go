package main

import (
	"fmt"
	"time"

	"brana/cmd/brana/config"
	"brana/egon"
	"brana/gateway"
	"brana/policy"
)

// An explanation is what explain prints about a message, as JSON or as text. Fields that
// the gateway would not come to know are empty.
type explanation struct {
	File      string   `json:"file"`
	Verdict   string   `json:"verdict"`             // granted or refused
	Outcome   string   `json:"outcome,omitempty"`   // the kind of the refusal
	Reason    string   `json:"reason,omitempty"`    // of a refusal that has no kind
	Sentences []string `json:"sentences,omitempty"` // that the caller would read
	Help      string   `json:"help,omitempty"`
	Identity  string   `json:"identity,omitempty"`  // of the certificate
	Handshake string   `json:"handshake,omitempty"` // why it would fail

	Service string           `json:"service,omitempty"`
	Caller  string           `json:"caller,omitempty"` // AGENDA/ROLE/OVM/AIS
	Policy  string           `json:"policy,omitempty"` // version
	Route   *explainedRoute  `json:"route,omitempty"`
	Grant   string           `json:"grant,omitempty"` // file:line
	Limits  *explainedLimits `json:"limits,omitempty"`
	Items   []explainedItem  `json:"items,omitempty"`
}

// An explainedRoute is where the call would go, and by which rules.
type explainedRoute struct {
	Place    config.Place    `json:"place"`
	To       string          `json:"to"`
	Items    config.Items    `json:"items,omitempty"`    // of a relay
	Returned config.Returned `json:"returned,omitempty"` // of a relay
}

// explainedLimits are those that the call would count for.
type explainedLimits struct {
	Group      string `json:"group,omitempty"` // of services; empty: all of the grant
	Working    int64  `json:"working_hours"`
	Off        int64  `json:"off_hours"`
	Concurrent int    `json:"concurrent"`
}

// An explainedItem is a word of SeznamUdaju, or an item that the search needs.
type explainedItem struct {
	Word    string `json:"word"`
	Asked   bool   `json:"asked"`
	Input   bool   `json:"search_input,omitempty"`
	By      string `json:"permitted_by"`      // row, grant, control or nothing; empty: it was not judged
	Source  string `json:"source,omitempty"`  // of the right: file:line of a grant, or a row
	Lacks   string `json:"lacks,omitempty"`   // why there is no right: row, grant, both, unknown
	Becomes string `json:"becomes,omitempty"` // one of the constants below; empty: it goes on
}

// What becomes of an item.
const (
	refusedItem = "refused"
	removedItem = "removed"
	filledItem  = "filled"
	// The item passes, and the bus would remove it.
	passedItem = "would be removed"
)

// rowUnavailable is what an item lacks whose right is not known without the row.
const rowUnavailable = "row-unavailable"

// routeOf is the route of a service as it is explained.
func routeOf(c *config.Config, service *egon.Service) *explainedRoute {
	r := c.Routes.Of(service.Code, c.Place)
	return &explainedRoute{Place: c.Place, To: r.To, Items: r.Items, Returned: r.Returned}
}

// The verdicts of an explanation.
const (
	grantedCall = "granted"
	refusedCall = "refused"
)

// judge completes an explanation by what would become of the message in a trial. Its
// handshake is known.
func (e *explanation) judge(message []byte, c *config.Config, t gateway.Trial) {
	service, err := serviceOf(message)
	if err != nil {
		e.Reason = reason(err)
		return
	}
	t.Route = func(s *egon.Service) gateway.Route {
		return newRoute(c.Routes.Of(s.Code, c.Place), nil)
	}
	reader := egon.NewReader(c.Listen.Bounds.Egon())
	reader.Reset(service)
	f := t.Explain(reader, message)
	if h := reader.Head(); h != nil {
		service = h.Service // of messages that share an element it is known only now
		e.fill(t.Policy, h, f, t.Now)
	}
	e.Service, e.Route = service.Code, routeOf(c, service)
	switch {
	case f.Refusal != nil:
		e.Outcome, e.Help = f.Refusal.Kind.Code, f.Refusal.Kind.Help
		e.Sentences = f.Refusal.Sentences()
	case e.Handshake != "":
		e.Reason = "the handshake fails, and the call is not read"
	default:
		e.Verdict = grantedCall
	}
}

// fill adds what the policy decided about the message of h.
func (e *explanation) fill(s *policy.Snapshot, h *egon.Head, f gateway.Forecast, now time.Time) {
	e.Caller = fmt.Sprintf("%s/%s/%s/%s",
		h.Info.Agenda, h.Info.AgendovaRole, h.Info.Ovm, h.Info.Ais)
	e.Policy = s.Version()
	d := f.Decision
	if d == nil || d.Verdict == policy.NotGranted {
		e.Items = unjudged(h)
		return
	}
	e.Grant = d.Grant.Rule
	e.Limits = &explainedLimits{
		d.Limits.Group, d.Limits.Working, d.Limits.Off, d.Limits.Concurrent,
	}
	e.Items = judged(s, h, d, now)
}

// unjudged are the items of a call that is refused before they are judged.
func unjudged(h *egon.Head) (list []explainedItem) {
	for _, w := range h.Items {
		list = append(list, explainedItem{Word: egon.LegibleWord(string(w.Text)), Asked: true})
	}
	return list
}

// judged are the items that a call names or needs, and those that are filled in, each once,
// with what gives the right to them and what becomes of them.
func judged(s *policy.Snapshot, h *egon.Head, d *policy.Decision,
	now time.Time) (list []explainedItem) {
	j := judgement{d, s.Rights(d, h, now), rowOf(s, h)}
	seen := map[string]bool{}
	add := func(word string, item explainedItem) {
		if !seen[word] {
			seen[word] = true
			list = append(list, j.judge(word, item))
		}
	}
	for _, w := range h.Items {
		add(string(w.Text), explainedItem{Asked: true})
	}
	if h.Media != nil {
		for _, word := range h.Media.Kind.SearchItems() {
			add(word, explainedItem{Input: true})
		}
	}
	for _, word := range d.Filled {
		add(word, explainedItem{Becomes: filledItem})
	}
	return list
}

// A judgement is what a decision rests on.
type judgement struct {
	*policy.Decision
	rights policy.Rights
	triple string // with where its row comes from
}

// judge completes an item.
func (j judgement) judge(word string, item explainedItem) explainedItem {
	origin := j.rights.Origin(word)
	item.Word, item.By = egon.LegibleWord(word), origin.String()
	switch {
	case origin == policy.RowRight:
		item.Source = j.triple
	case origin == policy.GrantRight:
		item.Source = j.Grant.Rule
	case origin == policy.Nothing && j.Row < policy.Stale:
		item.By, item.Lacks = "", rowUnavailable
	}
	without := removedItem
	if j.Rule == policy.Pass {
		without = passedItem
	}
	for becomes, list := range map[string][]policy.Refusal{refusedItem: j.Refused, without: j.Removed} {
		for _, r := range list {
			if r.Word == word {
				item.Lacks, item.Becomes = r.Why(), becomes
			}
		}
	}
	return item
}

// rowOf names the row of the caller's triple, and where it comes from.
func rowOf(s *policy.Snapshot, h *egon.Head) string {
	i := &h.Info
	origin := s.RowOrigin(i.Agenda, i.AgendovaRole, i.Ovm)
	text := fmt.Sprintf("%s/%s/%s of %s", i.Agenda, i.AgendovaRole, i.Ovm, origin.Source)
	if !origin.Fetched.IsZero() {
		text += " at " + origin.Fetched.Format(time.RFC3339)
	}
	return text
}
