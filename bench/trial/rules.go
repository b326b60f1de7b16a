package trial

import (
	"fmt"

	"brana/bench/load"
)

// A Ruled is a gateway whose relays have rules of items, measured in turn with others. Name
// is its column in the report.
type Ruled struct {
	Name  string
	Rules load.Rules
}

// Rulings are the gateways with rules that can be measured. Each but hub has one rule that
// does something, so that its cost is apart.
func Rulings() []Ruled {
	return []Ruled{
		{"pass", load.Rules{Items: "pass", Returned: "observe"}},
		{"strict", load.Rules{Items: "strict", Returned: "observe"}},
		{"as-iszr", load.Rules{Items: "as-iszr", Returned: "observe"}},
		{"filter", load.Rules{Items: "pass", Returned: "filter"}},
		{"refuse", load.Rules{Items: "pass", Returned: "refuse"}},
		{"hub", load.Rules{Items: "as-iszr", Returned: "filter"}},
	}
}

// relay is the route of relays in the configuration. Of nil it leaves the rules to the
// place.
func (r *Ruled) relay() string {
	if r == nil {
		return "relay iszr"
	}
	return fmt.Sprintf("{to: relay iszr, items: %s, returned: %s}", r.Rules.Items, r.Rules.Returned)
}

// of are the rules by which a target answers.
func (r *Ruled) of() load.Rules {
	if r == nil {
		return load.Rules{}
	}
	return r.Rules
}
