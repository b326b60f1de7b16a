package egon

import (
	"bytes"

	"brana/egon/xmltext"
)

// A collector finds the items that a reply holds while a [ReplyReader] reads it, and takes
// out those that may not leave. It sees the markup inside the operation, and text where it
// wants some.
type collector struct {
	got    Returned
	gone   Returned // what was taken out, or was refused
	judge  judge
	edits  replyEdits
	places [maxPlaces]*replyPlace // open elements in which items are looked for
	guess  [maxPlaces]int         // of each: the row of its next child, most likely
	top    int                    // of places; -1: nothing is collected
	skip   int                    // open elements inside places[top]
	row    *replyRow              // of the outermost of these, as long as it has no value
	barred bool                   // that element may not leave with a value
	text   []byte                 // of a list; the name of an unknown element
}

// maxPlaces is the depth of the table. A test says so.
const maxPlaces = 10

// maxListed bounds the text of a list, in bytes. All words of ROB together are shorter.
const maxListed = 1024

// unknownRow is the row of an element of a person that has none.
var unknownRow = &replyRow{is: isUnknown}

func newCollector() collector { return collector{text: make([]byte, 0, maxListed)} }

func (c *collector) reset() {
	c.got, c.gone, c.top, c.row, c.barred = Returned{}, Returned{}, -1, nil, false
	c.judge = judge{}
	c.edits.reset()
}

// begin begins at the element of the operation of a service.
func (c *collector) begin(s *Service) {
	if root := replies().roots[s.Code]; root != nil {
		c.top, c.skip, c.places[0], c.guess[0] = 0, 0, root, 0
		c.judge.enter(s)
	}
}

// mayRemove reports whether an element of the reply may be removed.
func (c *collector) mayRemove() bool { return c.judge.Rule == FilterReturned && c.collects() }

// collects reports whether the collector wants to see the markup.
func (c *collector) collects() bool { return c.top >= 0 }

// wantsText reports whether the collector wants to see the text here.
func (c *collector) wantsText() bool { return c.row != nil }

// wantsBlanks reports whether the white space of that text means something.
func (c *collector) wantsBlanks() bool { return c.row != nil && c.row.is == isList }

// open takes a start tag. It returns the service whose reply begins there, or nil.
func (c *collector) open(tok *xmltext.Token) *Service {
	if c.skip > 0 {
		c.skip++
		return nil
	}
	row := c.rowOf(&tok.Name)
	if row != nil && row.is == isPlace {
		c.top++
		c.places[c.top], c.guess[c.top] = row.inside, 0
		if row.service != nil {
			c.judge.enter(row.service)
		}
		return row.service
	}
	c.skip, c.row = 1, row
	if row != nil && row.is != isList && !c.judge.permits(row) {
		c.barred = true
		c.edits.withhold(tok.Start)
	}
	return nil
}

// rowOf returns the row of a child of the open place whose value matters, or of a place.
func (c *collector) rowOf(n *xmltext.Name) *replyRow {
	place := c.places[c.top]
	row := place.row(n, c.guess[c.top])
	if row != nil {
		c.guess[c.top] = row.next
	}
	switch {
	case row == nil && !place.record, row != nil && row.is == isNoItem:
		return nil
	case row == nil:
		row = unknownRow
		c.text = append(c.text[:0], n.Local[:min(len(n.Local), cap(c.text))]...)
	case row.is == isList:
		c.text = c.text[:0]
	}
	return row
}

// close takes an end tag other than that of the operation.
func (c *collector) close(tok *xmltext.Token) {
	if c.skip == 0 {
		c.top--
		return
	}
	if c.skip--; c.skip > 0 {
		return
	}
	if c.row != nil && c.row.is == isList {
		c.listed(c.row.local)
	}
	if c.barred {
		c.edits.close(tok.End)
	}
	c.row, c.barred = nil, false
}

// chars takes text that the collector wants. It returns false when the reply is refused for
// the element around it.
func (c *collector) chars(text []byte) bool {
	switch c.row.is {
	case isList:
		c.text = append(c.text, text[:min(len(text), cap(c.text)-len(c.text))]...)
		return true
	case isItem, isUnknown:
		if blank(text) {
			return true
		}
	}
	row := c.row
	c.row = nil
	return c.value(row)
}

// value takes the element of a row, which has a value. It returns false when the reply is
// refused for it.
func (c *collector) value(row *replyRow) bool {
	set := &c.got
	if c.barred {
		set = &c.gone
	}
	switch row.is {
	case isItem:
		set.add(row.word)
	case isUnknown:
		set.addUnknown(c.text)
	}
	switch {
	case !c.barred:
		return true
	case c.judge.Rule == RefuseReturned:
		return false
	}
	c.edits.remove(row.empty)
	return true
}

// leaf takes an element with nothing but text in it. It returns false for one that may have
// to be removed.
func (c *collector) leaf(l *xmltext.Leaf) bool {
	if c.skip > 0 {
		switch {
		case c.row == nil:
			return true
		case c.barred && c.judge.Rule == RefuseReturned:
			return false
		}
		return c.chars(l.Text)
	}
	row := c.rowOf(&l.Name)
	switch {
	case row == nil || row.is == isPlace:
	case row.is == isList:
		c.text = append(c.text, l.Text[:min(len(l.Text), cap(c.text))]...)
		c.listed(row.local)
	case blank(l.Text):
	case !c.judge.permits(row):
		return false
	default:
		c.value(row)
	}
	return true
}

// refused returns the item for which the reply is refused, for an [Offence].
func (c *collector) refused() any {
	for word := range c.gone.Words() {
		if !IsUnknownName(word) {
			return word
		}
	}
	return sent(c.text)
}

// listed adds the items of a list. Its text may be anything, so a word that is no item of
// ROB counts as the name of the list.
func (c *collector) listed(local string) {
	complete := len(c.text) < cap(c.text)
	for word := range bytes.FieldsSeq(c.text) {
		if i, ok := replies().robWords[string(word)]; ok {
			c.got.add(i)
		} else {
			complete = false
		}
	}
	if !complete {
		c.got.addUnknown([]byte(local))
	}
}
