package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"brana/audit"
	"brana/audit/query"
	"brana/egon"
)

// Config is what a report needs beside uses.
type Config struct {
	Working func(time.Time) bool // whether a moment is in working hours
	Zone    *time.Location       // of the hours and days that are shown
	// Declared returns the limits of a group of services by the policy, or of all services
	// of the caller. Nil: there is no policy.
	Declared func(q egon.Quadruple, group string) (limits Limits, ok bool)
}

// mostCallers is the number of callers that are counted apart. The header of a refused call may
// name any caller, so a report that took them all would grow with such calls.
const mostCallers = 20_000

// Nobody names the calls whose header was not read as far as the caller.
const Nobody = "?"

// others is the caller of the calls of callers beyond the bound.
var others = account{Quadruple: egon.Quadruple{Agenda: Others}}

// An account is what the limits count apart: a caller, or a group of its services. A call that
// was refused before the limits were asked is of no group.
type account struct {
	egon.Quadruple
	group string
}

// A Builder makes a Report. It is not safe for concurrent use.
type Builder struct {
	config     Config
	callers    map[account]*caller
	services   words[service]
	registries words[registry]
	deleted    int64
	first      time.Time
	last       time.Time
}

type caller struct {
	tally
	hours      hours
	concurrent Peak
	quota      Quota
}

type service struct {
	Sums
	took latency
}

type registry struct {
	messages int64
	took     latency
	results  words[int64]
}

// NewBuilder returns a Builder of an empty Report.
func NewBuilder(c Config) *Builder {
	return &Builder{
		config: c, callers: map[account]*caller{},
		services: words[service]{}, registries: words[registry]{},
	}
}

// Add counts a use. It keeps nothing of it but words. Uses may come in any order.
func (b *Builder) Add(u *query.Use) {
	if u.Call == nil {
		b.deleted++
		return
	}
	if u.Job == u.Call {
		return // the call has a late record itself, and a job answers only about rights
	}
	t := u.Call.Time
	if b.first.IsZero() || t.Before(b.first) {
		b.first = t
	}
	if t.After(b.last) {
		b.last = t
	}
	word := u.Outcome()
	end := endingOf(word)
	admitted := u.Call.Quota != nil && u.Call.Quota.Verdict == "admitted"
	c := b.caller(u.Call)
	c.tally.add(u, word, end)
	c.hours.add(t, end == refused, admitted)
	if q := u.Call.Quota; q != nil {
		c.limits(q, t, b.config.Working(t))
	}
	s := b.services.at(u.Call.Service)
	s.Sums.add(end)
	results(u, func(r *audit.Record) {
		if !r.Job && r.TookMicros > 0 {
			s.took.add(r.TookMicros)
		}
		for i := range r.Registries {
			b.registry(&r.Registries[i])
		}
	})
}

func (b *Builder) caller(r *audit.Record) *caller {
	q := accountOf(r)
	c := b.callers[q]
	if c == nil && len(b.callers) >= mostCallers {
		q = others
		c = b.callers[q]
	}
	if c == nil {
		c = &caller{tally: newTally(), hours: newHours()}
		b.callers[clone(q)] = c
	}
	return c
}

func accountOf(r *audit.Record) account {
	a := account{
		Quadruple: egon.Quadruple{Agenda: r.Agenda, Role: r.Role, Ovm: r.Ovm, Ais: r.Ais},
	}
	if r.Quota != nil {
		a.group = r.Quota.Group
	}
	return a
}

// clone returns an account that keeps nothing else in memory: the codes of a record are parts of
// its line.
func clone(a account) account {
	return account{
		Quadruple: egon.Quadruple{
			Agenda: strings.Clone(a.Agenda),
			Role:   strings.Clone(a.Role),
			Ovm:    strings.Clone(a.Ovm),
			Ais:    strings.Clone(a.Ais),
		},
		group: strings.Clone(a.group),
	}
}

func (c *caller) limits(q *audit.RecordedQuota, t time.Time, working bool) {
	if working {
		c.quota.Working.add(q.Quota)
	} else {
		c.quota.Off.add(q.Quota)
	}
	c.quota.Concurrent.add(int64(q.Concurrent))
	running, peak := int64(q.Running), &c.concurrent
	if running > peak.Calls || running > 0 && running == peak.Calls && t.Before(*peak.At) {
		at := t.UTC()
		*peak = Peak{running, &at}
	}
}

func (b *Builder) registry(r *audit.RecordedRegistry) {
	one := b.registries.at(r.Name)
	if one.results == nil {
		one.results = words[int64]{}
	}
	one.messages++
	*one.results.at(r.Result)++
	if result := egon.SpanResult(r.Result); result != egon.SpanBusy && result != egon.SpanRefused {
		one.took.add(r.TookMicros) // it was sent
	}
}

// Report returns the sums of the uses so far.
func (b *Builder) Report() *Report {
	r := &Report{
		Zone: b.config.Zone.String(), zone: b.config.Zone, Deleted: b.deleted,
		Callers: []Caller{}, Services: []Service{}, Registries: []Registry{},
	}
	if len(b.callers) > 0 {
		first, last := b.first.In(r.zone), b.last.In(r.zone)
		r.First, r.Last = &first, &last
	}
	all, hours := newTally(), newHours()
	for _, q := range b.busiest() {
		c := b.callers[q]
		all.merge(&c.tally)
		hours.merge(&c.hours)
		r.Callers = append(r.Callers, b.summary(q, c))
	}
	r.Totals, r.Hours = all.totals(), hours.list(r.zone)
	for _, code := range slices.Sorted(maps.Keys(b.services)) {
		s := b.services[code]
		r.Services = append(r.Services, Service{code, s.Sums, s.took.percentiles()})
	}
	for _, name := range slices.Sorted(maps.Keys(b.registries)) {
		r.Registries = append(r.Registries, b.registries[name].summary(name))
	}
	return r
}

// busiest returns the callers in the order of a report.
func (b *Builder) busiest() []account {
	return slices.SortedFunc(maps.Keys(b.callers), func(p, q account) int {
		return cmp.Or(cmp.Compare(b.callers[q].Calls, b.callers[p].Calls), cmp.Compare(name(p), name(q)))
	})
}

func (b *Builder) summary(q account, c *caller) Caller {
	s := Caller{
		Name:       name(q),
		Totals:     c.totals(),
		Concurrent: c.concurrent,
		Quota:      c.quota,
		Hours:      c.hours.list(b.config.Zone),
	}
	s.Working, s.Off = c.hours.loads(b.config.Working)
	for _, p := range []*Peak{
		&s.Concurrent, &s.Working.Rolling, &s.Working.Clock, &s.Off.Rolling, &s.Off.Clock,
	} {
		p.show(b.config.Zone)
	}
	if b.config.Declared != nil {
		if limits, ok := b.config.Declared(q.Quadruple, q.group); ok {
			s.Declared = &limits
		}
	}
	return s
}

// name is a quadruple as operators write it, and the group of services.
func name(q account) string {
	switch q {
	case others:
		return Others
	case account{}:
		return Nobody
	}
	text := q.Agenda + "/" + q.Role + "/" + q.Ovm + "/" + q.Ais
	if q.group != "" {
		text += ", " + q.group
	}
	return text
}

// unusable reports whether a message to a registry had no answer that could be used, through the
// registry. CHYBA is an answer; when the caller left, no registry failed.
func unusable(result string) bool {
	switch egon.SpanResult(result) {
	case egon.SpanOK, egon.SpanVarovani, egon.SpanChyba, egon.SpanAnswered, egon.SpanEnded:
		return false
	}
	return true
}

func (one *registry) summary(name string) Registry {
	r := Registry{
		Name:        name,
		Messages:    one.messages,
		Percentiles: one.took.percentiles(),
		Results:     sorted(one.results),
	}
	for _, c := range r.Results {
		if unusable(c.Word) {
			r.Failures += c.Calls
		}
	}
	return r
}
