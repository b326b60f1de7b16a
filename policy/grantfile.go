package policy

import (
	"slices"
	"strings"
	"time"

	"brana/egon"

	"github.com/goccy/go-yaml/ast"
)

// grantOf reads a grant. A grant with mistakes has what could be read, and is not valid.
func grantOf(d document, n ast.Node, prague *time.Location) (g *Grant, valid bool) {
	before := d.count()
	m, ok := d.mapping(n, "the grant", "agenda", "role", "ovm", "ais", "environment", "reference?",
		"valid", "services", "items?", "parameters?", "limits")
	if !ok {
		return new(Grant), false
	}
	g = &Grant{
		Quadruple: egon.Quadruple{
			Agenda: m.code("agenda", longestAgenda),
			Role:   m.code("role", longestRole),
			Ovm:    m.code("ovm", longestOvm),
			Ais:    m.ais(),
		},
		Environment: Environment(m.oneOf("environment", string(Test), string(Production))),
		Services:    m.services(),
		Items:       m.items(),
		Parameters:  m.parameters(),
		Place:       d.whereOf(n),
	}
	groups, of := m.limits(g.Services)
	g.Limits = groups
	reference, _ := m.string("reference")
	g.Reference = reference.text
	g.From, g.To = m.valid(prague)
	g.end = g.To.AddDate(0, 0, 1)
	g.Rule = g.Place.line()
	g.services = slices.Sorted(slices.Values(g.Services))
	for _, code := range g.services {
		g.groups = append(g.groups, of[code])
	}
	g.words = wordsOf(g.Items)
	return g, d.count() == before
}

// code reads a code of the bus: an NMTOKEN of at most that many characters.
func (m mapping) code(key string, most int) string {
	s, ok := m.string(key)
	if ok && !isCode(s.text, most) {
		m.fail(s.node, "%s is %q: write a code of %s, at most %d characters",
			key, s.text, codeCharacters, most)
	}
	return s.text
}

// ais reads the number of an information system, 1 to 9999999 (KodAisType). It
// returns the decimal text that a header carries.
func (m mapping) ais() string {
	n := m.values["ais"]
	if n == nil {
		return ""
	}
	if v, ok := n.(*ast.IntegerNode); ok {
		if i, ok := positive(v.Token.Value); ok && i <= 9999999 {
			return v.Token.Value
		}
	}
	m.fail(n, "ais is %s: write a number from 1 to 9999999, without quotes and leading zeros",
		describe(n))
	return ""
}

// valid reads the first and the last day of validity.
func (m mapping) valid(prague *time.Location) (from, to time.Time) {
	n := m.values["valid"]
	if n == nil {
		return
	}
	v, ok := m.mapping(n, "valid", "from", "to")
	if !ok {
		return
	}
	from, to = v.date("from", prague), v.date("to", prague)
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		m.fail(v.values["to"],
			"to is before from: write a last day of validity that is not before the first")
	}
	return from, to
}

// date reads a day and returns its first instant.
func (m mapping) date(key string, zone *time.Location) time.Time {
	s, ok := m.string(key)
	if !ok {
		return time.Time{}
	}
	day, err := time.ParseInLocation(time.DateOnly, s.text, zone)
	if err != nil {
		m.fail(s.node, "%s is %q: write a day of the calendar as 2026-12-31", key, s.text)
	}
	return day
}

func (m mapping) services() []string {
	var codes []string
	for _, s := range m.list("services") {
		service := egon.ServiceByCode(s.text)
		if service == nil {
			m.fail(s.node, "unknown service %s: write %s", s.text, serviceAdvice(s.text))
			continue
		}
		codes = append(codes, service.Code)
	}
	if n, ok := m.values["services"].(*ast.SequenceNode); ok && len(n.Values) == 0 {
		m.fail(n, "services is empty: list at least one code, or remove the grant")
	}
	return codes
}

func serviceAdvice(code string) string {
	for _, s := range slices.Concat(egon.Services(), egon.Messages()) {
		if strings.EqualFold(s.Code, code) {
			return s.Code
		}
	}
	return "a code of the catalogue, such as E198"
}

func (m mapping) parameters() []string {
	var names []string
	for _, s := range m.list("parameters") {
		if known := []string{MediaCriteria, HideLog}; !slices.Contains(known, s.text) {
			m.fail(s.node, "unknown parameter %s: write %s", s.text, orMiss(s.text, known))
		}
		names = append(names, s.text)
	}
	return names
}

// figures reads one set of limits.
func (m mapping) figures() Limits {
	l := Limits{
		Working:         m.quota("working_hours"),
		Off:             m.quota("off_hours"),
		Concurrent:      m.concurrent(),
		WhenRedisIsDown: Closed,
	}
	if m.values["when_redis_is_down"] != nil {
		l.WhenRedisIsDown = WhenDown(m.oneOf("when_redis_is_down",
			string(Closed), string(Share), string(Open)))
	}
	return l
}

// Bounds of declared limits; a number beyond them is a slip of the pen.
const (
	mostCalls      = 1_000_000_000
	mostConcurrent = 1_000_000
)

// quota reads calls per hour, written 5000/h.
func (m mapping) quota(key string) int64 {
	n := m.values[key]
	if n == nil {
		return 0
	}
	if s, ok := n.(*ast.StringNode); ok {
		if text, ok := strings.CutSuffix(s.Value, "/h"); ok {
			if i, ok := positive(text); ok && i <= mostCalls {
				return i
			}
		}
	}
	m.fail(n, "%s is %s: write calls per hour as 5000/h, from 1/h to %d/h",
		key, describe(n), mostCalls)
	return 0
}

func (m mapping) concurrent() int {
	n := m.values["concurrent"]
	if n == nil {
		return 0
	}
	if v, ok := n.(*ast.IntegerNode); ok {
		if i, ok := positive(v.Token.Value); ok && i <= mostConcurrent {
			return int(i)
		}
	}
	m.fail(n, "concurrent is %s: write how many calls may run at once, from 1 to %d",
		describe(n), mostConcurrent)
	return 0
}
