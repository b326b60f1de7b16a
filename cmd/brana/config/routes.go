package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"brana/egon"
)

// A Route says how a service is answered. In the file it is its To, or a mapping with more
// keys: {to: relay iszr, items: strict}.
type Route struct {
	To       string   `yaml:"to"`       // one of the constants, or "relay NAME"
	Items    Items    `yaml:"items"`    // of a relay; empty: as its place
	Returned Returned `yaml:"returned"` // of a relay; empty: as its place
}

// The routes that are no relay.
const (
	Workflow = "workflow" // E198
	Local    = "local"    // E227, and the services of the queue
	Refuse   = "refuse"
)

// Items says what becomes of a relayed call with items that are not permitted, or with none.
type Items string

// The values of Items.
const (
	Strict Items = "strict"
	AsIszr Items = "as-iszr"
	Pass   Items = "pass"
)

// Returned says what becomes of items that a relayed reply holds without a right.
type Returned string

// The values of Returned.
const (
	Observe  Returned = "observe"
	Withhold Returned = "refuse"
	Filter   Returned = "filter"
)

// Place is where brana stands. It has the defaults of routes.
type Place string

// The places.
const (
	Hub       Place = "hub"       // in the place of the bus
	Sidecar   Place = "sidecar"   // at an AIS, before the bus
	Publisher Place = "publisher" // before a registry or an AIS that publishes data
)

// rules are the defaults of routes at a place.
var rules = map[Place]Route{
	Hub:       {Items: AsIszr, Returned: Filter},
	Sidecar:   {Items: Pass, Returned: Observe},
	Publisher: {Items: Strict, Returned: Withhold},
}

// Rules are the rules that a relay has by its place, as a route without To.
func (p Place) Rules() Route { return rules[p] }

// UnmarshalYAML reads a route in either form.
func (r *Route) UnmarshalYAML(n ast.Node) error {
	if _, more := n.(*ast.MappingNode); !more {
		r.To = scalar(n)
		return nil
	}
	type keys Route // without this method
	return yaml.NodeToValue(n, (*keys)(r), yaml.Strict())
}

// Relay is the name of the upstream of a relay; false for any other route.
func (r Route) Relay() (upstream string, ok bool) {
	return strings.CutPrefix(r.To, "relay ")
}

// Routes is the key routes: the route of each service, by its code. A service that
// is not named has the route of "default".
type Routes map[string]Route

// Of is the route of a service at a place, with the rules that it leaves to the place. The
// route default is of what is called there: before a publisher of the internal messages,
// elsewhere of the services. The others have none of their own accord.
func (r Routes) Of(code string, at Place) Route {
	route, own := r[code]
	if !own && code != "default" && isInternal(code) != (at == Publisher) {
		return Route{To: Refuse}
	}
	if !own {
		route = r["default"]
	}
	if _, relayed := route.Relay(); relayed {
		if route.Items == "" {
			route.Items = rules[at].Items
		}
		if route.Returned == "" {
			route.Returned = rules[at].Returned
		}
	}
	return route
}

// isInternal reports whether a code is of an internal message.
func isInternal(code string) bool {
	s := egon.ServiceByCode(code)
	return s != nil && s.Internal()
}

func (r Routes) check(m *mistakes, at Place, upstreams map[string]Upstream) {
	if len(r) == 0 {
		m.wrong(
			"routes",
			"name at least a default, as: routes: {default: relay iszr, E198: workflow, "+
				"E227: local}",
		)
	}
	for _, code := range slices.Sorted(maps.Keys(r)) {
		if at != Publisher && isInternal(code) {
			m.wrong("routes."+code, "is an internal message, by which the bus calls a "+
				"publisher: set place: publisher, or remove it")
		}
		r[code].check(m, "routes."+code, upstreams)
	}
}

func (r Route) check(m *mistakes, key string, upstreams map[string]Upstream) {
	name, relayed := r.Relay()
	switch {
	case relayed:
		if _, ok := upstreams[name]; !ok {
			m.wrong(key, "relay %s: no upstream has this name", name)
		}
	case !slices.Contains([]string{Workflow, Local, Refuse}, r.To):
		m.wrong(key, "%q is not a route: write relay NAME, workflow, local or refuse", r.To)
	case r.Items != "" || r.Returned != "":
		m.wrong(key, "items and returned are for a relay; remove them from %s", r.To)
	}
	m.filled(key+".items", "strict, as-iszr or pass")
	m.filled(key+".returned", "observe, refuse or filter")
	if r.Items != "" {
		m.oneOf(key+".items", string(r.Items), string(Strict), string(AsIszr), string(Pass))
	}
	if r.Returned != "" {
		m.oneOf(key+".returned", string(r.Returned),
			string(Observe), string(Withhold), string(Filter))
	}
}
