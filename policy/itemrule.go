package policy

// An ItemRule says what becomes of a relayed call by its items. E198 has a rule of its own.
type ItemRule uint8

// The rules, in the words of the configuration. Which items are permitted is the same for
// all of them.
const (
	// Strict refuses a call unless all of its items are permitted. A call without items, of a
	// service that reads persons, asks for nothing and is refused.
	Strict ItemRule = iota
	// AsIszr does what the bus does: it removes the items that are not permitted, and fills in
	// all that are where a call lists none. A call of which nothing is left is refused.
	AsIszr
	// Pass lets every call go on unchanged. What would have been removed is recorded.
	Pass
)

var itemRules = [...]string{Strict: "strict", AsIszr: "as-iszr", Pass: "pass"}

// String returns the rule as the configuration has it.
func (r ItemRule) String() string { return itemRules[r] }
