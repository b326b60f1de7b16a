package report

import "time"

// A Report is the sums of uses. It never holds what identifies a person or an official.
type Report struct {
	First      *time.Time `json:"first,omitempty"` // of the calls; nil: there are none
	Last       *time.Time `json:"last,omitempty"`
	Zone       string     `json:"zone"`
	Totals     Totals     `json:"totals"`
	Callers    []Caller   `json:"callers"` // the busiest first
	Services   []Service  `json:"services"`
	Registries []Registry `json:"registries"`
	Hours      []Hour     `json:"hours"`   // those with calls
	Deleted    int64      `json:"deleted"` // outcomes of calls whose own record was deleted

	zone *time.Location
}

// A Caller is the sums of one quadruple, beside what was declared. Groups of its services that
// have limits of their own are callers apart.
type Caller struct {
	Name string `json:"caller"` // AGENDA/ROLE/OVM/AIS, with ", GROUP" for a group; Nobody or Others
	Totals
	Working    Load    `json:"working_hours"`
	Off        Load    `json:"off_hours"`
	Concurrent Peak    `json:"concurrent"`         // calls at once, as the limits counted them
	Quota      Quota   `json:"quota"`              // in force, as the records say
	Declared   *Limits `json:"declared,omitempty"` // by the policy
	Hours      []Hour  `json:"-"`
}

// Limits are what a caller declared: calls per rolling hour in working hours and outside of
// them, and calls at once.
type Limits struct {
	Working    int64  `json:"working"`
	Off        int64  `json:"off"`
	Concurrent int64  `json:"concurrent"`
	Place      string `json:"place,omitempty"` // of the grant, file:line
}

// A Quota is the bounds that were in force at calls. Extra calls of an order are in them.
type Quota struct {
	Working    Range `json:"working"`
	Off        Range `json:"off"`
	Concurrent Range `json:"concurrent"`
}

// A Range is the least and the greatest value seen; both are 0 when none was.
type Range struct {
	Least int64 `json:"least"`
	Most  int64 `json:"most"`
}

func (r *Range) add(v int64) {
	if v <= 0 {
		return
	}
	if r.Least == 0 || v < r.Least {
		r.Least = v
	}
	r.Most = max(r.Most, v)
}

// A Service is the sums of one service; its name is empty for calls of an unknown one.
type Service struct {
	Code string `json:"service"`
	Sums
	Percentiles
}

// A Registry is what came of messages to a registry.
type Registry struct {
	Name     string `json:"registry"`
	Messages int64  `json:"messages"`
	Failures int64  `json:"failures"` // messages with no answer that could be used
	Percentiles
	Results []Count `json:"results"`
}
