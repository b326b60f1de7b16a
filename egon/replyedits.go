package egon

import (
	"math"
	"slices"
)

// replyEdits are the edits of a reply while it is read. One element at a time is withheld:
// from its start tag on nothing leaves until it is released, or removed as it comes.
//
// Invariant: list is in the order of the message, and its edits do not overlap.
type replyEdits struct {
	list  []Edit
	left  int   // of list
	begin int64 // of the element that is withheld, nowhere for none
	end   int64 // up to which it is removed
	gone  bool  // it is being removed
}

// nowhere is no offset of a message.
const nowhere = math.MaxInt64

// keptEdits is the number of edits for which a reader keeps room.
const keptEdits = 1 << 10

func (e *replyEdits) reset() {
	clear(e.list)
	e.list, e.left = e.list[:0], 0
	if cap(e.list) > keptEdits {
		e.list = nil
	}
	e.begin, e.gone = nowhere, false
}

// withhold begins to withhold the element that begins at an offset.
func (e *replyEdits) withhold(begin int64) { e.begin, e.gone = begin, false }

// remove begins to remove the element that is withheld, in whose place text stands.
func (e *replyEdits) remove(text []byte) {
	if e.gone {
		return
	}
	e.gone, e.end = true, e.begin
	if len(text) > 0 {
		e.list = append(e.list, Edit{At: e.begin, End: e.begin, Text: text})
	}
}

// add adds an edit inside the element that is withheld.
func (e *replyEdits) add(edit Edit) { e.list = append(e.list, edit) }

// reach says that the message was read up to an offset.
func (e *replyEdits) reach(offset int64) {
	if !e.gone || offset <= e.end {
		return
	}
	if n := len(e.list); n > e.left && e.list[n-1].End == e.end {
		e.list[n-1].End = offset
	} else {
		e.list = append(e.list, Edit{At: e.end, End: offset})
	}
	e.end = offset
}

// close ends the element that is withheld at an offset.
func (e *replyEdits) close(offset int64) {
	e.reach(offset)
	e.begin, e.gone = nowhere, false
}

// insert adds an edit before those that come after it in the message.
func (e *replyEdits) insert(edit Edit) {
	i := len(e.list)
	for i > e.left && e.list[i-1].At > edit.At {
		i--
	}
	e.list = slices.Insert(e.list, i, edit)
}

// waiting returns the edits that have not left.
func (e *replyEdits) waiting() []Edit { return e.list[e.left:] }

// leave forgets the first n edits that have not left. What is forgotten is moved over when
// it is the larger part of the list, so that each edit is moved about once.
func (e *replyEdits) leave(n int) {
	if e.left += n; e.left > len(e.list)/2 {
		e.list = slices.Delete(e.list, 0, e.left)
		e.left = 0
	}
}

// releasable returns the offset up to which bytes may leave, of a message that was read up
// to another.
func (e *replyEdits) releasable(read int64) int64 {
	if e.gone {
		return min(read, e.end)
	}
	return min(read, e.begin)
}
