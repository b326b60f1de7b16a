package egon

import "brana/egon/xmltext"

// This file takes out of a reply what belongs to references into RUIAN that were removed:
// the codes in SeznamIdAdres, before the data, and the addresses in RuianOdpoved, behind it.
// Nothing in a reply says which person an address is of, so all of them go.

// openRuian takes the start tag of the element of such a row. Its codes wait until the reply
// is sealed. The schema has one list of them, so a second one does not leave.
func (c *collector) openRuian(row *replyRow, tok *xmltext.Token) {
	switch {
	case c.judge.Rule != FilterReturned:
	case row.is == isAddresses:
		if c.lostReference() {
			c.barred = true
			c.edits.withhold(tok.Start)
			c.edits.remove(nil)
		}
	case c.codes.begin != nowhere || c.sealed && c.mayLoseReference(c.places[c.top]):
		c.coding = true
		c.edits.withhold(tok.End)
		c.edits.remove(nil)
	case !c.sealed:
		c.coding = true
		c.codes, c.coded = span{tok.End, nowhere}, c.places[c.top]
	}
}

// closeCodes takes the end tag of SeznamIdAdres at an offset.
func (c *collector) closeCodes(at int64) {
	c.coding = false
	if c.codes.end == nowhere && !c.edits.gone {
		c.codes.end = at
		return
	}
	c.edits.close(at)
}

// sealCodes empties SeznamIdAdres unless the references of its codes leave. The element may
// be open still. The reply is done, or nobody knows what will be removed.
func (c *collector) sealCodes(done bool) {
	c.sealed = true
	codes := &c.codes
	switch {
	case codes.begin == nowhere, done && !c.lostReference(), !done && !c.mayLoseReference(c.coded):
	case codes.end == nowhere:
		c.edits.withhold(codes.begin)
		c.edits.remove(nil)
	case codes.begin < codes.end:
		c.edits.insert(Edit{At: codes.begin, End: codes.end})
	}
}

// lostReference reports whether an item that may hold a reference was removed. An element
// that has no row may be one.
func (c *collector) lostReference() bool {
	for i, words := range c.gone.words {
		if words&replies().refers[i] != 0 {
			return true
		}
	}
	return c.gone.names > 0 || c.gone.cut
}

// mayLoseReference reports whether such an item was removed from a reply, or may be yet: the
// caller may not have all of those that it can hold.
func (c *collector) mayLoseReference(reply *replyPlace) bool {
	return c.lostReference() || !c.judge.permitsEach(&reply.refers, false)
}
