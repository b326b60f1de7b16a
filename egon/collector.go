package egon

import "brana/egon/xmltext"

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
	text   []byte                 // the name of an unknown element
	list   replyList              // of row
	whole  wholeRecord
	codes  span        // the content of SeznamIdAdres; it begins nowhere while there is none
	coded  *replyPlace // the operation around it
	coding bool        // that element is open
	sealed bool        // the beginning of the reply leaves as it is known to be right by now
}

// A wholeRecord is a place that goes whole when an item in it may not leave.
type wholeRecord struct {
	place   int      // in collector.places; -1: none
	certain bool     // the schema demands an item that may not leave
	pending Returned // what was found in it, as long as it may still leave
}

// maxPlaces is the depth of the table. A test says so.
const maxPlaces = 11

func newCollector() collector {
	return collector{text: make([]byte, 0, maxListed), list: newReplyList()}
}

func (c *collector) reset() {
	c.got, c.gone, c.top, c.row, c.barred = Returned{}, Returned{}, -1, nil, false
	c.whole.place = -1
	c.codes, c.coding, c.sealed = span{nowhere, nowhere}, false, false
	c.judge.Expectation, c.judge.service = Expectation{}, nil
	c.edits.reset()
}

// begin begins at the element of the operation of a service.
func (c *collector) begin(s *Service) {
	if root := rootOf(s); root != nil {
		c.top, c.skip, c.places[0], c.guess[0] = 0, 0, root, 0
		c.judge.enter(s)
	}
}

// rootOf returns the place of the operation in a service's replies, or nil when they have no
// items.
func rootOf(s *Service) *replyPlace { return replies().roots[s.replyName()] }

// mayRemove reports whether an element of the reply may be removed.
func (c *collector) mayRemove() bool { return c.judge.Rule == FilterReturned && c.collects() }

// collects reports whether the collector wants to see the markup.
func (c *collector) collects() bool { return c.top >= 0 }

// wantsText reports whether the collector wants to see the text here.
func (c *collector) wantsText() bool { return c.row != nil }

// wantsBlanks reports whether the white space of that text means something.
func (c *collector) wantsBlanks() bool { return c.row != nil && c.row.is == isList }

// open takes a start tag. It returns the service whose reply begins there, or nil, and false
// when the reply is refused for the element.
func (c *collector) open(tok *xmltext.Token) (s *Service, ok bool) {
	if c.skip > 0 {
		c.skip++
		c.list.plain = false
		return nil, !hasData(tok) || c.marked()
	}
	row := c.rowOf(&tok.Name)
	switch {
	case row == nil:
	case row.is == isPlace:
		c.enter(row, tok.Start)
		return row.service, true
	case row.ofRuian():
		c.skip = 1
		c.openRuian(row, tok)
		return nil, true
	}
	c.skip, c.row = 1, row
	if row != nil && c.whole.place < 0 && !c.judge.permits(row, c.text) {
		c.barred = true
		c.edits.withhold(tok.Start)
	}
	if c.wantsBlanks() {
		c.list.begin(tok.End, c.barred)
	}
	return nil, !hasData(tok) || c.marked()
}

// hasData reports whether a start tag has attributes with values, other than those of XML
// Schema.
func hasData(tok *xmltext.Token) bool {
	for _, a := range tok.Attrs() {
		if string(a.Name.Space) != NSXSI && !blank(a.Value) {
			return true
		}
	}
	return false
}

// marked takes what is in an element beside its text: an attribute or a comment. That is no
// value, but an element that may not leave with one does not leave with that either. It
// returns false when the reply is refused for the element.
func (c *collector) marked() bool {
	row := c.row
	if row == nil || row.is == isList || c.judge.permits(row, c.text) {
		return true
	}
	c.row = nil
	return c.value(row)
}

// mixed reports whether text here stands between the elements of a place, where none may be.
// A reply that is judged may not have it: it could be anything.
func (c *collector) mixed() bool {
	return c.judge.Rule != ObserveReturned && c.collects() && c.skip == 0 &&
		c.places[c.top] != replies().ofReplies
}

// enter enters the place of a row at its start tag.
func (c *collector) enter(row *replyRow, at int64) {
	c.top++
	p := row.inside
	c.places[c.top], c.guess[c.top] = p, 0
	if row.service != nil {
		c.judge.enter(row.service)
	}
	if c.judge.Rule != FilterReturned || c.whole.place >= 0 {
		return
	}
	certain := !c.judge.permitsEach(&p.always, true)
	if certain || !c.judge.permitsEach(&p.choice, true) {
		c.whole.place, c.whole.certain, c.whole.pending = c.top, certain, Returned{}
		c.edits.withhold(at)
	}
}

// rowOf returns the row of a child of the open place whose value matters, or of a place.
func (c *collector) rowOf(n *xmltext.Name) *replyRow {
	place := c.places[c.top]
	row := place.row(n, c.guess[c.top])
	if row != nil {
		c.guess[c.top] = row.next
	}
	switch {
	case row == nil && place.expects(n), row != nil && row.is == isNoItem:
		return nil
	case row == nil:
		if row = strayRow; place.record {
			row = unknownRow
		}
		c.text = append(c.text[:0], n.Local[:min(len(n.Local), cap(c.text))]...)
	}
	return row
}

// close takes an end tag other than that of the operation. It returns false when the reply
// is refused for the element.
func (c *collector) close(tok *xmltext.Token) bool {
	if c.skip == 0 {
		if c.whole.place == c.top {
			c.leaveWhole(tok.End)
		}
		c.top--
		return true
	}
	if c.skip--; c.skip > 0 {
		return true
	}
	if c.row != nil && c.row.is == isList && !c.listed(tok.Start) {
		return false
	}
	switch {
	case c.coding:
		c.closeCodes(tok.Start)
	case c.barred:
		c.edits.close(tok.End)
	}
	c.row, c.barred = nil, false
	return true
}

// leaveWhole ends a record that goes whole or not at all.
func (c *collector) leaveWhole(end int64) {
	if !c.edits.gone {
		c.got.Merge(&c.whole.pending)
	}
	c.edits.close(end)
	c.whole.place = -1
}

// chars takes text that the collector wants. It returns false when the reply is refused for
// the element around it.
func (c *collector) chars(tok *xmltext.Token) bool {
	switch {
	case c.row.is != isList:
		return c.valueOf(tok.Data)
	case c.list.add(tok):
		return true
	}
	return c.tooLong()
}

// valueOf takes text of an item.
func (c *collector) valueOf(text []byte) bool {
	if blank(text) {
		return true
	}
	row := c.row
	c.row = nil
	return c.value(row)
}

// value takes the element of a row, which has a value. It returns false when the reply is
// refused for it.
func (c *collector) value(row *replyRow) bool {
	set, leaves := c.fate(row)
	switch row.is {
	case isItem:
		set.add(row.word)
	case isUnknown:
		set.addUnknown(c.text)
	}
	switch {
	case leaves:
	case c.judge.Rule == RefuseReturned:
		return false
	case c.whole.place >= 0:
		c.edits.remove(nil)
	default:
		c.edits.remove(row.empty)
	}
	return true
}

// fate returns the set in which an element with a value counts, and whether it leaves.
func (c *collector) fate(row *replyRow) (set *Returned, leaves bool) {
	switch {
	case c.whole.place < 0 && !c.barred:
		return &c.got, true
	case c.whole.place < 0:
		return &c.gone, false
	case !c.edits.gone && !c.whole.certain && c.judge.permits(row, c.text):
		return &c.whole.pending, true
	case !c.edits.gone:
		c.gone.Merge(&c.whole.pending)
	}
	return &c.gone, false
}

// leaf takes an element with nothing but text in it. It returns false for one whose tokens
// are needed.
func (c *collector) leaf(l *xmltext.Leaf) bool {
	if c.skip > 0 {
		switch {
		case c.row == nil:
			return true
		case c.row.is == isList || c.barred && c.judge.Rule == RefuseReturned:
			return false
		}
		return c.valueOf(l.Text)
	}
	row := c.rowOf(&l.Name)
	switch {
	case row == nil:
	case row.is == isPlace:
		return blank(l.Text) || c.judge.Rule == ObserveReturned
	case row.ofRuian():
		return false
	case row.is == isList:
		if c.judge.Rule != ObserveReturned || len(l.Text) >= maxListed {
			return false
		}
		c.got.addListed(row.local, l.Text)
	case blank(l.Text):
	case c.whole.place < 0 && !c.judge.permits(row, c.text):
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
		return sent(word[len(unknownMark):])
	}
	return ""
}
