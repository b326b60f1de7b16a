package policy

import (
	"fmt"
	"slices"
	"time"

	"brana/egon"
)

// A Grant is an operator's entry for one quadruple and environment, in the words of
// the form of access (agenda, role, OVM, AIS, item scope, performance). It is
// immutable.
type Grant struct {
	Quadruple   egon.Quadruple
	Environment Environment
	Reference   string    // to the decision behind it, free text; may be empty
	From, To    time.Time // first and last day of validity, each at its midnight in Prague
	Services    []string  // codes of the catalogue, in the order written
	Items       []GrantItem
	Parameters  []string // of MediaCriteria and HideLog, as written
	Limits      []Limits // each service is in one of these groups
	Place       Place    // where it is written
	Rule        string   // its Place as file:line, for records

	services []string     // Services, sorted
	groups   []int        // of each of them: its index in Limits
	words    grantedWords // of Items
	end      time.Time    // the first instant after To
}

// The parameters of E198 that need a grant.
const (
	MediaCriteria = "media-criteria" // may restrict media by DatumOd, DatumDo, Pocet
	HideLog       = "hide-log"       // may set znepristupniLog
)

// Limits are the declared bounds of a quadruple's calls of a group of services (form of
// access, point 1). All are positive.
type Limits struct {
	// Group is the name of the group, or [Rest]. It is empty when the grant has one set of
	// limits for all its services.
	Group           string
	Working         int64 // calls per rolling hour in working time
	Off             int64 // calls per rolling hour outside of it
	Concurrent      int   // calls running at once
	WhenRedisIsDown WhenDown
}

// WhenDown is what a gateway does with the limits of a quadruple while their store
// is unavailable, in the word of the file of grants.
type WhenDown string

// The values of WhenDown.
const (
	Closed WhenDown = "closed" // admit nobody; the default
	Share  WhenDown = "share"  // admit a share of the limits
	Open   WhenDown = "open"   // admit everybody
)

// ValidAt reports whether the grant is valid at an instant: from the midnight in
// Prague that begins From to the midnight that ends To.
func (g *Grant) ValidAt(now time.Time) bool { return !now.Before(g.From) && now.Before(g.end) }

// covering returns the place in services of the code by which the grant covers a service: its
// own. An internal message is covered by the first listed service that the bus composes with
// it too, so that a decision about E159 holds on both sides of the bus. It is -1 when the
// grant does not cover the service, and does not allocate.
func (g *Grant) covering(s *egon.Service) int {
	if s == nil {
		return -1
	}
	at := find(g.services, s.Code)
	for i := 0; at < 0 && i < len(s.Serves); i++ {
		at = find(g.services, s.Serves[i])
	}
	return at
}

// LimitsFor returns the limits of a service: of the group of the code that covers it. It
// returns false when the grant does not cover the service, and does not allocate.
func (g *Grant) LimitsFor(s *egon.Service) (Limits, bool) {
	at := g.covering(s)
	if at < 0 {
		return Limits{}, false
	}
	return g.Limits[g.groups[at]], true
}

// InGroup returns the services of the grant in a group of its limits, in the order written.
func (g *Grant) InGroup(name string) (codes []string) {
	for _, code := range g.Services {
		if g.Limits[g.groups[find(g.services, code)]].Group == name {
			codes = append(codes, code)
		}
	}
	return codes
}

// insertByStart adds a grant to those of one caller, the earliest first.
func insertByStart(grants []*Grant, g *Grant) []*Grant {
	at, _ := slices.BinarySearchFunc(grants, g,
		func(a, b *Grant) int { return a.From.Compare(b.From) })
	return slices.Insert(grants, at, g)
}

// current picks the grant that is valid now. When none is, it picks the next one to
// come, or else the last one. The grants of a caller do not overlap.
func current(grants []*Grant, now time.Time) (*Grant, Reason) {
	for _, g := range grants {
		switch {
		case now.Before(g.From):
			return g, NotYetValid
		case now.Before(g.end):
			return g, NoReason
		}
	}
	return grants[len(grants)-1], Expired
}

// overlaps notes grants of one quadruple and environment that are valid on the same
// day: it would be ambiguous which of them holds.
func overlaps(grants []*Grant, p *problems) {
	type key struct {
		caller
		Environment
	}
	before := make(map[key][]*Grant)
	for _, g := range grants {
		k := key{callerOf(g.Quadruple), g.Environment}
		for _, other := range before[k] {
			if g.From.Before(other.end) && other.From.Before(g.end) {
				p.add(g.Place, "overlaps with the grant at %s for the same quadruple and "+
					"environment: give them validity without a common day", other.Place)
			}
		}
		before[k] = append(before[k], g)
	}
}

// String names the grant by its quadruple and environment.
func (g *Grant) String() string {
	q := g.Quadruple
	return fmt.Sprintf("%s/%s/%s/%s in %s", q.Agenda, q.Role, q.Ovm, q.Ais, g.Environment)
}

// Environment is one of the two environments of the base registries. A grant is given
// for one of them (form of access to AISEO, points 3 and 8).
type Environment string

// The environments.
const (
	Test       Environment = "test"
	Production Environment = "production"
)

// A caller is a quadruple in the order agenda, role, OVM, AIS. An array can be cut to
// its beginnings.
type caller [4]string

func callerOf(q egon.Quadruple) caller { return caller{q.Agenda, q.Role, q.Ovm, q.Ais} }

// A Reason says why there is no grant.
type Reason uint8

// The reasons. The Unknown ones name the first id of the quadruple that no grant of
// the environment has after the ids before it.
const (
	NoReason      Reason = iota
	AisMissing           // the header has no Ais, so there is no quadruple
	UnknownAgenda        // the Unknown ones stand in the order of the quadruple
	UnknownRole
	UnknownOvm
	UnknownAis
	NotYetValid       // a grant will be valid
	Expired           // a grant was valid
	ServiceNotGranted // a grant is valid, but does not list the service
)
