package egon

import (
	"bytes"

	"brana/egon/xmltext"
)

// A collector finds the items that a reply holds while a [ReplyReader] reads it. It sees
// the markup inside the operation, and text where it wants some.
type collector struct {
	got    Returned
	places [maxPlaces]*replyPlace // open elements in which items are looked for
	guess  [maxPlaces]int         // of each: the row of its next child, most likely
	top    int                    // of places; -1: nothing is collected
	skip   int                    // open elements inside places[top]
	row    *replyRow              // of the outermost of these, as long as it has no value
	text   []byte                 // of a list; the name of an unknown element
}

// maxPlaces is the depth of the table. A test says so.
const maxPlaces = 10

// maxListed bounds the text of a list, in bytes. All words of ROB together are shorter.
const maxListed = 1024

// unknownRow is the row of an element of a person that has none.
var unknownRow = &replyRow{is: isUnknown}

func newCollector() collector { return collector{text: make([]byte, 0, maxListed)} }

func (c *collector) reset() { c.got, c.top, c.row = Returned{}, -1, nil }

// begin begins at the element of the operation, whose place is root; nil: none.
func (c *collector) begin(root *replyPlace) {
	if root != nil {
		c.top, c.skip, c.places[0], c.guess[0] = 0, 0, root, 0
	}
}

// collects reports whether the collector wants to see the markup.
func (c *collector) collects() bool { return c.top >= 0 }

// wantsText reports whether the collector wants to see the text here.
func (c *collector) wantsText() bool { return c.row != nil }

// wantsBlanks reports whether the white space of that text means something.
func (c *collector) wantsBlanks() bool { return c.row != nil && c.row.is == isList }

// open takes a start tag.
func (c *collector) open(n *xmltext.Name) {
	if c.skip > 0 {
		c.skip++
		return
	}
	row := c.rowOf(n)
	if row != nil && row.is == isPlace {
		c.top++
		c.places[c.top], c.guess[c.top] = row.inside, 0
		return
	}
	c.skip, c.row = 1, row
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
func (c *collector) close() {
	if c.skip == 0 {
		c.top--
		return
	}
	if c.skip--; c.skip == 0 && c.row != nil {
		if c.row.is == isList {
			c.listed(c.row.local)
		}
		c.row = nil
	}
}

// chars takes text that the collector wants.
func (c *collector) chars(text []byte) {
	switch c.row.is {
	case isList:
		c.text = append(c.text, text[:min(len(text), cap(c.text)-len(c.text))]...)
		return
	case isItem, isUnknown:
		if blank(text) {
			return
		}
	}
	c.value(c.row)
	c.row = nil
}

// value adds the element of a row, which has a value.
func (c *collector) value(row *replyRow) {
	switch row.is {
	case isItem:
		c.got.add(row.word)
	case isUnknown:
		c.got.addUnknown(c.text)
	}
}

// leaf takes an element with nothing but text in it.
func (c *collector) leaf(l *xmltext.Leaf) {
	if c.skip > 0 {
		if c.row != nil {
			c.chars(l.Text)
		}
		return
	}
	row := c.rowOf(&l.Name)
	switch {
	case row == nil || row.is == isPlace:
	case row.is == isList:
		c.text = append(c.text, l.Text[:min(len(l.Text), cap(c.text))]...)
		c.listed(row.local)
	case !blank(l.Text):
		c.value(row)
	}
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
