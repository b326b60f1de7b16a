package egon

import "math/bits"

// A ReturnedRule says what becomes of a reply that holds an item which may not leave.
type ReturnedRule uint8

// The rules, in the words of the configuration.
const (
	ObserveReturned ReturnedRule = iota // the reply leaves unchanged; the items are recorded
	RefuseReturned                      // the reply does not leave, or no further
	FilterReturned                      // the items are removed
)

var returnedRules = [...]string{
	ObserveReturned: "observe",
	RefuseReturned:  "refuse",
	FilterReturned:  "filter",
}

// String returns the rule as the configuration has it.
func (r ReturnedRule) String() string { return returnedRules[r] }

// An Expectation says which items a reply may hold, and what becomes of the others. By
// RefuseReturned the reply is an [Offence] of kind Unpermitted, and nothing of it leaves from
// the element on. The zero value observes, and adds nothing to the reply.
type Expectation struct {
	Rule   ReturnedRule
	Rights Rights // not nil unless the rule observes and there are no Details
	// Details are those of the items that were removed from the request. The status of the
	// reply gets them.
	Details []Detail
}

// Rights are the rights by which a reply is judged.
type Rights interface {
	// Permits reports whether an item may leave in a reply of a service. The item was asked
	// for, or always is true: each record of that reply has it, or the inputs of the call
	// name it. It is asked at most once for each item of a reply, and never for
	// AlwaysReturned. An element of a person that is no known item is asked for by the word
	// that [Returned.Words] has of it, each time: it may be an item of the operator's own.
	Permits(s *Service, word string, always bool) bool
	// Detail returns the detail of an item that was removed. The word is one of
	// [Returned.Words]. It returns false when the Details have one for that word already.
	Detail(word string) (Detail, bool)
}

// A judge decides whether items may leave. It remembers each answer as long as the reply
// is of one service.
type judge struct {
	Expectation
	service        *Service
	asked, granted [2]wordSet // by whether the item comes always
	unknown        string     // the word of the last element that is no known item
}

// A wordSet is a set of words by their index in the table.
type wordSet [maxItemWords / 64]uint64

func (s *wordSet) has(index int) bool { return s[index/64]&(1<<(index%64)) != 0 }

func (s *wordSet) add(index int) { s[index/64] |= 1 << (index % 64) }

// The rows of elements that have none: in a record of a person, and beside the records.
var (
	unknownRow = &replyRow{is: isUnknown}
	strayRow   = &replyRow{is: isUnknown}
)

// enter says whose reply is judged from here on.
func (j *judge) enter(s *Service) {
	if j.service != s {
		j.service, j.asked, j.granted = s, [2]wordSet{}, [2]wordSet{}
	}
}

// permits reports whether the element of a row may leave when it has a value. name is that of
// an element without a row. A list may leave when its words may.
func (j *judge) permits(row *replyRow, name []byte) bool {
	switch {
	case j.Rule == ObserveReturned:
		return true
	case row == strayRow, row.is == isList:
		return false
	case row.is == isUnknown:
		return j.permitsUnknown(name)
	}
	return j.permitsWord(row.word, row.always || row.unasked)
}

// permitsUnknown keeps the word, since such an element comes once for each person.
func (j *judge) permitsUnknown(name []byte) bool {
	if j.unknown == "" || j.unknown[len(unknownMark):] != string(name) {
		j.unknown = unknownMark + string(name)
	}
	return j.Rights.Permits(j.service, j.unknown, false)
}

func (j *judge) permitsWord(index int, always bool) bool {
	kind := 0
	if always {
		kind = 1
	}
	if !j.asked[kind].has(index) {
		j.asked[kind].add(index)
		word := replies().words[index]
		if word == AlwaysReturned || j.Rights.Permits(j.service, word, always) {
			j.granted[kind].add(index)
		}
	}
	return j.granted[kind].has(index)
}

// permitsEach reports whether all of the items may leave. Always is true of items that the
// schema demands.
func (j *judge) permitsEach(words *wordSet, always bool) bool {
	for i, w := range words {
		for ; w != 0; w &= w - 1 {
			if !j.permitsWord(i*64+bits.TrailingZeros64(w), always) {
				return false
			}
		}
	}
	return true
}
