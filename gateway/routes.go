package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"brana/egon"
	"brana/policy"
)

// Routes say how each service is answered. A service not named takes Default, an internal
// message Internal: what is called depends on where the gateway stands.
type Routes struct {
	Default  Route
	Internal Route
	Services map[string]Route // by code, of services and of internal messages
}

// A Route is how one service is answered.
type Route struct {
	Kind RouteKind
	Name string // of the relay's upstream in the configuration, for the log
	// Party is named in Puvodce when the relay's upstream fails; default ISZR. An internal
	// message to a base registry always names that registry, and one to an information
	// system nobody by default: only the configuration knows its number.
	Party egon.Party
	Relay Relay // for RelayRoute
	// Items says what becomes of a relayed call by its items, and Returned of a relayed
	// reply by its.
	Items    policy.ItemRule
	Returned egon.ReturnedRule
	// Timeout is the time that upstreams have from admission to the beginning of the
	// answer. The waits for the rest of the answer count too, and its bytes earn more
	// time at MinRate. 0 is DefaultTimeout.
	Timeout time.Duration

	words string // as the configuration has it, for the record of use
}

// DefaultTimeout is the time of a call whose route has none.
const DefaultTimeout = 60 * time.Second

// RouteKind is the sort of a [Route].
type RouteKind uint8

// The sorts of routes.
const (
	RefuseRoute   RouteKind = iota // the service is not offered
	RelayRoute                     // bytes unchanged there and back
	WorkflowRoute                  // composed by the gateway (E198)
	LocalRoute                     // answered from the policy (E227) or the queue (E99, E100, E101)
)

// String returns the sort as the configuration has it.
func (k RouteKind) String() string {
	switch k {
	case RelayRoute:
		return "relay"
	case WorkflowRoute:
		return "workflow"
	case LocalRoute:
		return "local"
	}
	return "refuse"
}

func (r Route) validate(code string, parts Parts) error {
	switch {
	case r.Kind == RelayRoute && r.Relay == nil:
		return fmt.Errorf("routes.%s: relay names no upstream", code)
	case r.Kind == WorkflowRoute && code != "E198":
		return fmt.Errorf("routes.%s: only E198 is a workflow; relay it, or refuse", code)
	case r.Kind == WorkflowRoute && parts.Media == nil:
		return fmt.Errorf("routes.%s: a workflow needs the upstreams rob, org, ruian, eop and ecd",
			code)
	case r.Kind == LocalRoute && !slices.Contains(localCodes, code):
		return fmt.Errorf("routes.%s: only E227, E99, E100 and E101 are answered locally; "+
			"relay it, or refuse", code)
	}
	return nil
}

// routes are those of all services, with their defaults.
type routes map[*egon.Service]Route

// of returns the route of a service. A variant of a message has that of its code.
func (r routes) of(s *egon.Service) Route {
	route, ok := r[s]
	if !ok {
		route = r[egon.ServiceByCode(s.Code)]
	}
	return route
}

// byService returns the route of every service and internal message.
func (r Routes) byService() routes {
	all := routes{}
	for _, s := range egon.Services() {
		all[s] = r.of(s, r.Default)
	}
	for _, s := range egon.Messages() {
		all[s] = r.of(s, r.Internal)
	}
	return all
}

// of returns the route of one service, with its defaults.
func (r Routes) of(s *egon.Service, unnamed Route) Route {
	route, ok := r.Services[s.Code]
	if !ok {
		route = unnamed
	}
	setDefault(&route.Timeout, DefaultTimeout)
	if route.Kind == RelayRoute {
		route.Party = partyOf(s, route.Party)
	}
	route.words = strings.TrimSpace(route.Kind.String() + " " + route.Name)
	return route
}

// partyOf is who fails when the upstream of a service does.
func partyOf(s *egon.Service, configured egon.Party) egon.Party {
	switch s.Publisher {
	case "":
		setDefault(&configured, egon.Party{Kind: egon.Registr, Code: "ISZR"})
	case "rob", "org", "ruian":
		configured = egon.Party{Kind: egon.Registr, Code: strings.ToUpper(s.Publisher)}
	}
	return configured
}

// localCodes are the services that can be answered here.
var localCodes = append([]string{"E227"}, queueServices...)

// queueServices are the services by which an AIS reaches its queue.
var queueServices = []string{"E99", "E100", "E101"}

// queued reports whether the queue services are answered here.
func (r Routes) queued() bool {
	for _, code := range queueServices {
		if r.Services[code].Kind != LocalRoute {
			return false
		}
	}
	return true
}

// validateQueue checks that all services of the queue are answered here, or none.
func (r Routes) validateQueue(parts Parts) error {
	local := 0
	for _, code := range queueServices {
		if r.Services[code].Kind == LocalRoute {
			local++
		}
	}
	switch {
	case local == len(queueServices) && parts.Queue == nil:
		return errors.New("routes.E99: the queue services need a queue")
	case local > 0 && local < len(queueServices):
		return fmt.Errorf("routes.E99: %s belong to one queue; make all of them local, or none",
			strings.Join(queueServices, ", "))
	}
	return nil
}
