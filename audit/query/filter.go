package query

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"brana/audit"
)

// A Filter says which uses are wanted: those that match all fields that are set. Of a
// list, one entry has to match.
type Filter struct {
	Since, Until time.Time // when the request came; Until itself is not in it
	Callers      []Caller
	Services     []string // codes, as E198
	Outcomes     []string
	Asked        []string  // items of SeznamUdaju
	Returned     []string  // items of the answer
	Removed      []string  // items taken from the request, or that the bus would take from it
	Filled       []string  // items filled into the request
	Filtered     []string  // items taken out of the answer
	Users        []Pattern // Uzivatel
	Persons      []string  // keyed hashes of AIFO, in the request or in the answer
	Requests     []string  // AgendaZadostId or IszrZadostId, of the call or of its answer
	Refused      bool      // refused calls only
}

// A Pattern is a text, or the beginning of one with a * behind it.
type Pattern string

// Matches reports whether a text is meant.
func (p Pattern) Matches(s string) bool {
	if beginning, open := strings.CutSuffix(string(p), "*"); open {
		return strings.HasPrefix(s, beginning)
	}
	return s == string(p)
}

// A Caller is a pattern of callers: of the four parts of a quadruple, or of a whole
// AGENDA/ROLE/OVM/AIS.
type Caller struct {
	parts []Pattern
	whole Pattern
}

// ParseCaller reads AGENDA/ROLE/OVM/AIS, of which each part may end with *, or the
// beginning of such a text with a * behind it.
func ParseCaller(text string) (Caller, error) {
	parts := strings.Split(text, "/")
	for _, part := range parts {
		if part == "" || strings.Contains(strings.TrimSuffix(part, "*"), "*") {
			return Caller{}, notCaller(text)
		}
	}
	switch {
	case len(parts) == 4:
		c := Caller{parts: make([]Pattern, 4)}
		for i, part := range parts {
			c.parts[i] = Pattern(part)
		}
		return c, nil
	case len(parts) < 4 && strings.HasSuffix(text, "*"):
		return Caller{whole: Pattern(text)}, nil
	}
	return Caller{}, notCaller(text)
}

func notCaller(text string) error {
	return fmt.Errorf("%q is no caller: write AGENDA/ROLE/OVM/AIS, as X999/XR1/12345678/999001, "+
		"or its beginning with *, as X999/*", text)
}

// Matches reports whether a quadruple is meant.
func (c *Caller) Matches(agenda, role, ovm, ais string) bool {
	if c.parts == nil {
		return c.whole.Matches(agenda + "/" + role + "/" + ovm + "/" + ais)
	}
	return c.parts[0].Matches(agenda) && c.parts[1].Matches(role) &&
		c.parts[2].Matches(ovm) && c.parts[3].Matches(ais)
}

// call reports whether a use with this call can match: what of the filter concerns
// calls.
func (f *Filter) call(r *audit.Record) bool {
	return f.during(r.Time) && f.by(r) &&
		wanted(f.Services, r.Service) &&
		(len(f.Asked) == 0 || overlap(f.Asked, r.Asked)) && f.decision(r.Decision) &&
		(len(f.Users) == 0 || slices.ContainsFunc(f.Users, func(p Pattern) bool {
			return p.Matches(r.Uzivatel)
		}))
}

// decision reports whether a decision, which may be nil, removed and filled in what is wanted.
func (f *Filter) decision(d *audit.RecordedDecision) bool {
	if len(f.Removed)+len(f.Filled) == 0 {
		return true
	}
	wanted := func(r audit.RecordedRefused) bool { return slices.Contains(f.Removed, r.Word) }
	return d != nil &&
		(len(f.Removed) == 0 || slices.ContainsFunc(d.Removed, wanted) ||
			slices.ContainsFunc(d.WouldRemove, wanted)) &&
		(len(f.Filled) == 0 || overlap(f.Filled, d.Filled))
}

func (f *Filter) by(r *audit.Record) bool {
	return len(f.Callers) == 0 || f.byParts([]string{r.Agenda, r.Role, r.Ovm, r.Ais})
}

// byParts reports whether one of Callers is a quadruple.
func (f *Filter) byParts(c []string) bool {
	for i := range f.Callers {
		if len(c) == 4 && f.Callers[i].Matches(c[0], c[1], c[2], c[3]) {
			return true
		}
	}
	return false
}

func (f *Filter) during(t time.Time) bool {
	return (f.Since.IsZero() || !t.Before(f.Since)) && (f.Until.IsZero() || t.Before(f.Until))
}

// ofCalls reports whether the filter asks for anything that only a call has, beside its
// time.
func (f *Filter) ofCalls() bool {
	return len(f.Callers)+len(f.Services)+len(f.Asked)+len(f.Users)+
		len(f.Removed)+len(f.Filled) > 0
}

// Match reports whether a use is wanted.
func (f *Filter) Match(u *Use) bool {
	if u.Call == nil {
		return !f.ofCalls() && f.during(u.Time()) && f.result(u)
	}
	return f.call(u.Call) && f.result(u)
}

// result reports whether the rest of the filter matches a use, which may need its results.
func (f *Filter) result(u *Use) bool {
	if f.Refused && !u.Refused() || !wanted(f.Outcomes, u.Outcome()) {
		return false
	}
	return (len(f.Returned) == 0 || anyRecord(u, func(r *audit.Record) bool {
		return overlap(f.Returned, r.Returned)
	})) && (len(f.Filtered) == 0 || anyRecord(u, func(r *audit.Record) bool {
		return overlap(f.Filtered, r.Filtered)
	})) && (len(f.Requests) == 0 || anyRecord(u, func(r *audit.Record) bool {
		return slices.Contains(f.Requests, r.AgendaZadostId) ||
			slices.Contains(f.Requests, r.IszrZadostId)
	})) && (len(f.Persons) == 0 || anyRecord(u, func(r *audit.Record) bool {
		return overlap(f.Persons, r.Persons) || overlap(f.Persons, r.ReturnedPersons)
	}))
}

func anyRecord(u *Use, holds func(*audit.Record) bool) bool {
	return u.Call != nil && holds(u.Call) || u.Result != nil && holds(u.Result) ||
		u.Job != nil && holds(u.Job)
}

func wanted(list []string, word string) bool {
	return len(list) == 0 || slices.Contains(list, word)
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(b, func(s string) bool { return slices.Contains(a, s) })
}
