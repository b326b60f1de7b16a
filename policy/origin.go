package policy

// An Origin is what gives a caller the right to a word of SeznamUdaju.
type Origin uint8

// The origins.
const (
	Nothing  Origin = iota // the caller may not have the item
	RowRight               // the row of the caller's triple gives it
	GrantRight
	ControlRight // none is needed: a control word is no item
)

var origins = [...]string{
	Nothing:      "nothing",
	RowRight:     "row",
	GrantRight:   "grant",
	ControlRight: "control",
}

// String returns the origin as one word.
func (o Origin) String() string { return origins[o] }

// Origin returns what gives the right to an item, by its word. The grant is named where the
// row gives it too.
func (r Rights) Origin(word string) Origin {
	if sourceOf(word) == controlWord {
		return ControlRight
	}
	if !r.Permit(word) {
		return Nothing
	}
	r.row = nil
	if r.Permit(word) {
		return GrantRight
	}
	return RowRight
}
