package egon

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"brana/egon/xmltext"
)

// The functions of this file follow the grammar of the operation: the children that
// may open, their text, and the places of their values.

// open takes a start tag inside the operation.
func (r *Reader) open(tok *xmltext.Token) *Offence {
	if r.beyond > 0 {
		r.beyond++
		return r.intruder(tok)
	}
	f := &r.frames[r.top]
	if f.el.text != noText {
		return r.childOfValue(f, tok)
	}
	i := f.find(&tok.Name)
	if i < 0 {
		return r.unexpected(f, tok, false)
	}
	el := f.el.kids[i]
	if el.rank < f.rank || el.rank == f.rank && !el.many {
		return r.unexpected(f, tok, true)
	}
	if el.rank > f.rank+1 && r.pending == nil {
		if missing := f.missing(el.rank); missing != "" {
			return r.misplaced(tok, missingBefore, missing, el.name)
		}
	}
	f.rank, f.next = el.rank, i+1
	return r.enter(el, tok)
}

// takeLeaf takes an element with nothing but text in it. It refuses one that the
// grammar does not expect here or that is more than its value: open decides on that.
func (r *Reader) takeLeaf(l *xmltext.Leaf) bool {
	if r.beyond > 0 {
		return !intrudes(&l.Name) && !r.asksOther(&l.Name)
	}
	f := &r.frames[r.top]
	i := f.find(&l.Name)
	if i < 0 {
		return false
	}
	el := f.el.kids[i]
	switch {
	case el.text == noText, el.text == plainList, el.chooses, el.rank <= f.rank,
		el.rank > f.rank+1 && f.missing(el.rank) != "":
		return false
	}
	f.rank, f.next = el.rank, i+1
	if el.value != nil {
		r.from = len(r.arena)
		r.arena = append(r.arena, l.Text...)
		r.endValue(el)
	}
	return true
}

// find returns the index of the child of that name, or -1. It begins at the expected
// one.
func (f *frame) find(n *xmltext.Name) int {
	kids := f.el.kids
	for i := f.next; i < len(kids); i++ {
		if n.Is(kids[i].space, kids[i].name) {
			return i
		}
	}
	for i := range f.next {
		if n.Is(kids[i].space, kids[i].name) {
			return i
		}
	}
	return -1
}

// missing returns the name of a required child that is absent before one of that rank,
// or "".
func (f *frame) missing(rank int8) string {
	for _, el := range f.el.kids {
		if el.required && el.rank > f.rank && el.rank < rank {
			return el.name
		}
	}
	return ""
}

// enter opens an element that the grammar knows.
func (r *Reader) enter(el *element, tok *xmltext.Token) *Offence {
	r.top++
	r.frames[r.top] = frame{el: el}
	if el.extent != nil {
		r.begin(el.extent(&r.head), tok)
	}
	r.from = len(r.arena)
	switch {
	case el.text == plainList:
		r.head.HasItems = true
		r.lists++
	case el.many:
		if r.media.Queries++; r.media.Queries == 1 {
			r.media.Kind = el.kind
		}
	case el.kind != NoQuery && r.media.Queries == 1:
		r.media.Kind = el.kind
	}
	return r.attributes(el, tok)
}

// begin keeps the name of an element as it is written.
func (r *Reader) begin(x *extent, tok *xmltext.Token) {
	from := len(r.arena)
	if prefix := tok.Name.Prefix; len(prefix) > 0 {
		r.arena = append(append(r.arena, prefix...), ':')
	}
	r.arena = append(r.arena, tok.Name.Local...)
	x.name, x.begin, x.empty = r.arena[from:len(r.arena):len(r.arena)], tok.End, tok.Empty
}

// endValue keeps the value of an element whose text has been read.
func (r *Reader) endValue(el *element) {
	if len(r.arena) == r.from {
		r.arena = append(r.arena, el.fallback...)
	}
	r.keep(el.value(&r.head), el.text != rawText)
}

// keep sets a value of the head to the text since from, unless it is set: the value of
// the first of two search combinations stays.
func (r *Reader) keep(value *[]byte, shrink bool) {
	text := r.arena[r.from:len(r.arena):len(r.arena)]
	if shrink {
		text = collapse(text)
	}
	if *value == nil {
		*value = text
	}
}

// close takes an end tag inside the operation.
func (r *Reader) close(tok *xmltext.Token) *Offence {
	if r.beyond > 0 {
		r.beyond--
		return nil
	}
	f := &r.frames[r.top]
	if r.top == 0 {
		return r.closeOperation(f, tok)
	}
	el := f.el
	switch {
	case el.value != nil:
		if r.endValue(el); el.chooses {
			r.choose(tok)
		}
	case el.text == plainList:
		r.endWord()
	case el.text == noText:
		if missing := f.missing(maxRank); missing != "" {
			return r.invalid(missingIn, tok.Start, missing, el.name)
		}
	}
	if el.extent != nil {
		x := el.extent(&r.head)
		x.end, x.after = tok.Start, tok.End
	}
	r.top--
	if el.header {
		r.head.afterInfo = tok.End
		if r.pending != nil {
			return r.pending
		}
	}
	if el == r.grammar.last {
		r.know(tok.End)
	}
	return nil
}

const maxRank = 127

func (r *Reader) closeOperation(f *frame, tok *xmltext.Token) *Offence {
	if r.pending != nil {
		return r.pending
	}
	if missing := f.missing(maxRank); missing != "" {
		return r.offend(missingIn, tok.Start, missing, r.head.Service.Request)
	}
	if !r.known {
		r.know(tok.End)
	}
	r.top = -1
	r.leave(tok)
	return nil
}

// unexpected takes a start tag that the grammar does not allow here.
func (r *Reader) unexpected(f *frame, tok *xmltext.Token, known bool) *Offence {
	if r.top == 0 && r.pending != nil {
		return r.pending
	}
	if o := r.intruder(tok); o != nil {
		return o
	}
	parent := r.head.Service.Request
	if r.top > 0 {
		parent = f.el.name
	}
	switch missing := f.missing(maxRank); {
	case known:
		return r.misplaced(tok, outOfOrder, sent(tok.Name.Local), parent)
	case r.top > 0 || !r.grammar.open:
		return r.misplaced(tok, unknownElement, sent(tok.Name.Local), parent)
	case missing != "":
		return r.misplaced(tok, missingBefore, missing, sent(tok.Name.Local))
	}
	if !r.known {
		r.know(tok.End)
	}
	f.rank, r.beyond = maxRank, 1
	return nil
}

func (r *Reader) childOfValue(f *frame, tok *xmltext.Token) *Offence {
	if o := r.intruder(tok); o != nil {
		return o
	}
	if f.el.text.decides() {
		return r.misplaced(tok, notPlain, f.el.name)
	}
	return r.misplaced(tok, unknownElement, sent(tok.Name.Local), f.el.name)
}

// invalid makes an offence against the contract. Inside ZadostInfo the offence waits
// for its end, so that the refusal can echo the AgendaZadostId.
func (r *Reader) invalid(why reason, at int64, args ...any) *Offence {
	if r.pending == nil {
		r.pending = r.offend(why, at, args...)
	}
	if r.top == 0 || !r.frames[1].el.header {
		return r.pending
	}
	return nil
}

// misplaced is invalid of the element that tok opens, and passes over that element.
func (r *Reader) misplaced(tok *xmltext.Token, why reason, args ...any) *Offence {
	o := r.invalid(why, tok.Start, args...)
	if o == nil {
		r.beyond = 1
	}
	return o
}

// vary takes the variant of the addressed message that has the request element n.
func (r *Reader) vary(n *xmltext.Name) {
	for _, v := range r.addressed.message.members {
		if v.message.family == nil && n.Is(v.Namespace, v.Request) {
			r.head.Service, r.grammar = v, operationOf(v)
			return
		}
	}
}

// choose takes KodSluzby: that of the addressed message, or of a member of the addressed
// family. Any other is an offence, which waits for the end of ZadostInfo.
func (r *Reader) choose(tok *xmltext.Token) {
	if r.pending != nil {
		return
	}
	if r.addressed.message.isOf(r.head.kodSluzby) {
		return
	}
	codes := r.addressed.message.kody
	for _, m := range r.addressed.message.members {
		if m.message.isOf(r.head.kodSluzby) {
			r.head.Service = m
			return
		}
		codes = append(codes, m.message.kody...)
	}
	const most = 128 // characters
	kod := r.head.kodSluzby
	kod = kod[:min(len(kod), (most+1)*utf8.UTFMax)] // the rest is not copied
	r.pending = r.offend(otherKod, tok.Start, strings.Join(codes, ", "), sent(cut(string(kod), most)))
}

// asksOther reports whether an element is a question of ROB that is not of the message that
// KodSluzby names. ROB might answer the one or the other.
func (r *Reader) asksOther(n *xmltext.Name) bool {
	m := r.head.Service.message
	if m == nil || m.kody == nil || string(n.Space) != NSRobData {
		return false
	}
	service, isQuestion := bytes.CutSuffix(n.Local, []byte("Data"))
	return isQuestion && bytes.HasPrefix(service, []byte("Rob")) && !m.isOf(service)
}

// comment takes a comment inside the operation.
func (r *Reader) comment(tok *xmltext.Token) *Offence {
	f := &r.frames[r.top]
	if r.beyond == 0 && f.el.text.decides() {
		return r.invalid(notPlain, tok.Start, f.el.name)
	}
	return nil
}

// chars takes character data inside the operation.
func (r *Reader) chars(tok *xmltext.Token) *Offence {
	f := &r.frames[r.top]
	if r.beyond > 0 {
		return nil
	}
	switch f.el.text {
	case noText:
		if i := notWhite(tok); i >= 0 {
			return r.invalid(strayText, tok.Start+int64(i))
		}
		return nil
	case plain, plainList:
		if tok.Kind == xmltext.CData {
			if o := r.invalid(notPlain, tok.Start, f.el.name); o != nil {
				return o
			}
		}
		if f.el.text == plainList {
			return r.words(tok)
		}
	}
	r.arena = append(r.arena, tok.Data...)
	return nil
}

// words splits a piece of SeznamUdaju at its white space.
func (r *Reader) words(tok *xmltext.Token) *Offence {
	data := tok.Data
	for i := 0; i < len(data); {
		if white(data[i]) {
			r.endWord()
			i++
			continue
		}
		from := i
		for i < len(data) && !white(data[i]) {
			i++
		}
		if !r.inWord {
			if len(r.items) == r.bounds.Items {
				return r.offend(tooManyItems, tok.Start+int64(from), r.bounds.Items)
			}
			r.inWord, r.from = true, len(r.arena)
			r.items = append(r.items, Word{Offset: tok.Start + int64(from), list: r.lists})
		}
		r.arena = append(r.arena, data[from:i]...)
		end := tok.Start + int64(i) // but of white space, bytes of text have the place of their data
		if tok.Ref {
			end = tok.End
		}
		r.items[len(r.items)-1].End = end
	}
	return nil
}

func (r *Reader) endWord() {
	if r.inWord {
		text := r.arena[r.from:len(r.arena):len(r.arena)]
		if of := r.frames[r.top].el.register; of != NoRegister {
			text = wordOfRegister(of, text)
		}
		r.items[len(r.items)-1].Text = text
		r.inWord = false
	}
}
