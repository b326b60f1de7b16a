package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"brana/audit/query"
)

// Refusals are refused calls, grouped by their cause.
type Refusals struct {
	Calls  int64             `json:"calls"` // refused ones, each once
	Groups []Group           `json:"groups"`
	Help   map[string]string `json:"help"` // what to do about the kinds of the groups

	zone *time.Location
}

// A Group is the refused calls of one caller to one service, of one kind, because of one item or
// parameter. A call with three refused items is in three groups.
type Group struct {
	Caller  string    `json:"caller"`
	Service string    `json:"service"`
	Kind    string    `json:"kind"`
	Item    string    `json:"item,omitempty"`
	Why     string    `json:"why,omitempty"`  // what lacks the item, or why there is no grant
	Rule    string    `json:"rule,omitempty"` // the grant that decided: file:line
	Row     string    `json:"row,omitempty"`  // the row of the matrix that decided
	Calls   int64     `json:"calls"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	Example string    `json:"example,omitempty"` // IszrZadostId of the last call that has one
}

// mostGroups is the number of groups that are counted apart.
const mostGroups = 20_000

// A Sorter makes Refusals. It is not safe for concurrent use.
type Sorter struct {
	zone   *time.Location
	help   map[string]string
	calls  int64
	groups map[cause]*Group
}

// A cause is what the calls of a group have in common.
type cause struct {
	caller                              account
	service, kind, item, why, rule, row string
}

// NewSorter returns a Sorter of no calls. The help is what to do about each kind of refusals;
// times are shown in the zone.
func NewSorter(zone *time.Location, help map[string]string) *Sorter {
	return &Sorter{zone: zone, help: help, groups: map[cause]*Group{}}
}

// Add counts a use if it was refused. It keeps nothing of it but words.
func (s *Sorter) Add(u *query.Use) {
	if u.Call == nil {
		return // who was refused is no longer known
	}
	kind := u.Outcome()
	if endingOf(kind) != refused {
		return
	}
	s.calls++
	call := u.Call
	c := cause{
		caller: accountOf(call), service: call.Service, kind: kind,
	}
	d := call.Decision
	if d == nil {
		s.count(c, u)
		return
	}
	if len(d.Refused) == 0 {
		if d.Verdict != "granted" { // a granted call was refused by no rule
			c.rule, c.row, c.why = d.Rule, d.Row, d.Reason
		}
		s.count(c, u)
		return
	}
	for i := range d.Refused {
		one := &d.Refused[i]
		c.item, c.why, c.rule, c.row = one.Word, one.Why, d.Rule, d.Row
		switch one.Why { // a rule that did not decide would split the group
		case "row", "input":
			c.rule = ""
		case "grant", "unknown":
			c.row = ""
		}
		s.count(c, u)
	}
}

// count counts a call of a cause.
func (s *Sorter) count(c cause, u *query.Use) {
	g := s.groups[c]
	if g == nil && len(s.groups) >= mostGroups {
		c = cause{caller: others, kind: Others}
		g = s.groups[c]
	}
	t := u.Call.Time
	if g == nil {
		c = c.clone()
		g = &Group{
			Caller: name(c.caller), Service: c.service, Kind: c.kind, Item: c.item, Why: c.why,
			Rule: c.rule, Row: c.row, First: t, Last: t,
		}
		s.groups[c] = g
	}
	g.Calls++
	if t.Before(g.First) {
		g.First = t
	}
	if id := numberOf(u); !t.Before(g.Last) {
		g.Last = t
		if id != "" {
			g.Example = strings.Clone(id)
		}
	}
}

// clone returns a cause that keeps no lines of records in memory.
func (c cause) clone() cause {
	return cause{
		caller: clone(c.caller), service: strings.Clone(c.service), kind: strings.Clone(c.kind),
		item: strings.Clone(c.item), why: strings.Clone(c.why), rule: strings.Clone(c.rule),
		row: strings.Clone(c.row),
	}
}

// Refusals returns the groups so far: a caller's together, the most frequent first.
func (s *Sorter) Refusals() *Refusals {
	r := &Refusals{Calls: s.calls, Groups: []Group{}, Help: map[string]string{}, zone: s.zone}
	of := map[string]int64{}
	for _, g := range s.groups {
		r.Groups = append(r.Groups, *g)
		of[g.Caller] += g.Calls
		if help := s.help[g.Kind]; help != "" {
			r.Help[g.Kind] = help
		}
	}
	slices.SortFunc(r.Groups, func(a, b Group) int {
		return cmp.Or(
			cmp.Compare(of[b.Caller], of[a.Caller]), cmp.Compare(a.Caller, b.Caller),
			cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Service, b.Service),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Item, b.Item), cmp.Compare(a.Why, b.Why),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Row, b.Row),
		)
	})
	return r
}
