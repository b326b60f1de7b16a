package egon

import (
	"bytes"

	"brana/egon/xmltext"
)

// A replyList is the text of an element that lists items, in ROB's own names. It may be
// anything: a word that is no item of ROB is unpermitted, and counts by the name of the list.
type replyList struct {
	text    []byte
	at      []int64 // of an edited one that is plain: where each byte of text is in the reply
	content int64   // where the content begins
	plain   bool    // there is nothing but text in it
	edited  bool
}

// maxListed bounds the text of a list, in bytes. All words of ROB together are shorter.
const maxListed = 1024

func newReplyList() replyList { return replyList{text: make([]byte, 0, maxListed)} }

// begin begins with the content. Words may be cut out of an edited one.
func (l *replyList) begin(content int64, edited bool) {
	l.text, l.at, l.content, l.plain, l.edited = l.text[:0], l.at[:0], content, true, edited
}

// add takes a piece of the text. It returns false when the list is too long.
func (l *replyList) add(tok *xmltext.Token) bool {
	piece := tok.Data[:min(len(tok.Data), cap(l.text)-len(l.text))]
	l.text = append(l.text, piece...)
	l.plain = l.plain && tok.Kind == xmltext.Text && !tok.Ref
	if !l.edited {
		return len(l.text) < cap(l.text)
	}
	for i := range piece {
		l.at = append(l.at, tok.Start+int64(i)) // right for all but white space
	}
	return len(l.text) < cap(l.text)
}

// addListed adds the items of a list by its element's name and its text.
func (r *Returned) addListed(local string, text []byte) {
	for word := range bytes.FieldsSeq(text) {
		if i, ok := replies().robWords[string(word)]; ok {
			r.add(i)
		} else {
			r.addUnknown([]byte(local))
		}
	}
}

// tooLong takes the beginning of a list whose rest is not looked at. It is removed whole.
func (c *collector) tooLong() bool {
	row := c.row
	c.row = nil
	if !c.barred && c.whole.place < 0 {
		c.got.addListed(row.local, c.list.text)
		c.got.addUnknown([]byte(row.local))
		return true
	}
	c.gone.addListed(row.local, c.list.text)
	c.gone.addUnknown([]byte(row.local))
	if c.judge.Rule == RefuseReturned {
		return false
	}
	c.edits.remove(row.empty)
	return true
}

// listed ends a list, whose content ends at an offset. It returns false when the reply is
// refused for it.
func (c *collector) listed(end int64) bool {
	if !c.barred {
		set, leaves := c.fate(c.row)
		set.addListed(c.row.local, c.list.text)
		if !leaves {
			c.edits.remove(nil)
		}
		return true
	}
	var kept []byte
	cut := false
	for i, j := c.list.word(0); i < j; i, j = c.list.word(j) {
		switch word := c.list.text[i:j]; {
		case c.listedLeaves(word):
			if !c.list.plain {
				kept = append(append(kept, word...), ' ')
			}
		case c.judge.Rule == RefuseReturned:
			return false
		default:
			cut = true
			if c.list.plain {
				c.edits.add(c.list.cut(i, j))
			}
		}
	}
	if cut && !c.list.plain {
		c.edits.add(Edit{At: c.list.content, End: end, Text: kept})
	}
	return true
}

// listedLeaves counts a word of a list and reports whether it may leave.
func (c *collector) listedLeaves(word []byte) bool {
	i, known := replies().robWords[string(word)]
	switch {
	case !known:
		c.gone.addUnknown([]byte(c.row.local))
		return false
	case !c.judge.permitsWord(i, true): // the inputs of the call name it
		c.gone.add(i)
		return false
	}
	c.got.add(i)
	return true
}

// word returns where the next word begins and ends in the text, from an index on.
func (l *replyList) word(from int) (i, j int) {
	for i = from; i < len(l.text) && white(l.text[i]); i++ {
	}
	for j = i; j < len(l.text) && !white(l.text[j]); j++ {
	}
	return i, j
}

// cut returns the edit that removes a word of plain text with the blank behind it.
func (l *replyList) cut(i, j int) Edit {
	e := Edit{At: l.at[i], End: l.at[j-1] + 1}
	if j < len(l.text) && l.text[j] == ' ' && l.at[j] == e.End {
		e.End++
	}
	return e
}
