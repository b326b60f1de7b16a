package config

import (
	"maps"
	"slices"
	"strings"
)

// Route says how a service is answered: one of the constants, or "relay NAME".
type Route string

// The routes that are no relay.
const (
	Workflow Route = "workflow" // E198
	Local    Route = "local"    // E227, and the services of the queue
	Refuse   Route = "refuse"
)

// Relay is the name of the upstream of a relay; false for any other route.
func (r Route) Relay() (upstream string, ok bool) {
	return strings.CutPrefix(string(r), "relay ")
}

// Routes is the key routes: the route of each service, by its code. A service that
// is not named has the route of "default".
type Routes map[string]Route

// Of is the route of a service.
func (r Routes) Of(code string) Route {
	if route, own := r[code]; own {
		return route
	}
	return r["default"]
}

func (r Routes) check(m *mistakes, upstreams map[string]Upstream) {
	if len(r) == 0 {
		m.wrong(
			"routes",
			"name at least a default, as: routes: {default: relay iszr, E198: workflow, "+
				"E227: local}",
		)
	}
	for _, code := range slices.Sorted(maps.Keys(r)) {
		route, key := r[code], "routes."+code
		if name, relayed := route.Relay(); relayed {
			if _, ok := upstreams[name]; !ok {
				m.wrong(key, "relay %s: no upstream has this name", name)
			}
		} else if !slices.Contains([]Route{Workflow, Local, Refuse}, route) {
			m.wrong(
				key,
				"%q is not a route: write relay NAME, workflow, local or refuse", string(route),
			)
		}
	}
}
