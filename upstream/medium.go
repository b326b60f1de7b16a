package upstream

import (
	"bytes"
	"strings"
	"time"

	"brana/egon"
	"brana/egon/xmltext"
)

// maxHeld bounds the bytes of a medium that are held until its day is known. Of a longer
// one at least the last heldBack bytes are held.
const (
	maxHeld  = 128 << 10
	heldBack = maxHeld / 2
)

// A mediaKind says which media of one kind may go out (seed E198 §8.3.1), however many the
// evidence sends: those issued in the period, the first ones up to a number. They come
// newest first.
type mediaKind struct {
	item     string    // EopFoto
	element  string    // Fotky
	picture  string    // Fotka
	from, to time.Time // the period, inclusive; zero: no bound
	left     int       // number that may still go out
}

// kindsAsked returns the kinds that the items of a question ask for.
func kindsAsked(h *egon.Head, src *egon.Source) (kinds []mediaKind) {
	for _, item := range h.Flow().Evidence {
		k, c := mediaKind{element: "Fotky", picture: "Fotka"}, &h.Media.Photos
		switch item {
		case src.Photo:
		case src.Signature:
			k, c = mediaKind{element: "Podpisy", picture: "Podpis"}, &h.Media.Signatures
		default:
			continue
		}
		k.item = item
		k.left = c.Most()
		k.from, k.to = c.Period()
		kinds = append(kinds, k)
	}
	return kinds
}

// dated reports whether the day of a medium decides about it.
func (k *mediaKind) dated() bool { return !k.from.IsZero() || !k.to.IsZero() }

// covers reports whether a DatumVydani lies in the period. A text that is no date does
// not.
func (k *mediaKind) covers(text []byte) bool {
	day, ok := egon.ParseDate(bytes.Trim(text, white))
	return ok && !day.Before(k.from) && (k.to.IsZero() || !day.After(k.to))
}

// A medium is the one being read. Its schema has the day after the picture, so a medium of
// a kind with a period waits for its day: it is held, up to maxHeld bytes. A longer one
// goes out as it comes, without its end. When its day then lies outside the period, the
// answer is broken off before that end.
type medium struct {
	kind         *mediaKind // nil: no medium, or one that is left out
	unknownDepth int        // depth of an open element that no medium has; 0: none
	picture      bool       // it has begun
	filled       bool       // it has a value
	day          bool       // DatumVydani has begun
	inDay        bool       // DatumVydani is open
	text         []byte     // of DatumVydani
	stray        bool       // it has text beside its elements, which is left out
	waits        bool       // it is held, since its day is not known
	gone         bool       // its beginning went out before its day was known
	held         []byte
	given        int // bytes of held that went out
}

// begin takes the start tag of a child of the block after the head.
func (e *evidence) begin(n xmltext.Name, raw []byte) {
	kind := e.kindOf(n)
	if kind == nil || kind.left == 0 {
		e.leftOut(string(n.Local))
		return
	}
	e.medium = medium{
		kind:  kind,
		waits: kind.dated(),
		text:  e.medium.text[:0],
		held:  e.medium.held[:0],
	}
	switch {
	case !e.medium.waits:
		kind.left--
	case e.medium.held == nil:
		e.medium.held = make([]byte, 0, maxHeld+tokenWindow) // one token may exceed the bound
	}
	e.pass(raw)
}

func (e *evidence) kindOf(n xmltext.Name) *mediaKind {
	for i := range e.kinds {
		if n.Is(egon.NSEvidence, e.kinds[i].element) {
			return &e.kinds[i]
		}
	}
	return nil
}

// within takes a token inside a medium that may go out, or the token that ends it.
func (e *evidence) within(t xmltext.Token, raw []byte, depth int) error {
	m := &e.medium
	switch {
	case m.unknownDepth > 0:
		if t.Kind == xmltext.EndElement && m.unknownDepth == depth+1 {
			m.unknownDepth = 0
		}
		return nil
	case t.Kind == xmltext.StartElement && (depth > mediumDepth || !m.has(t.Name)):
		m.unknownDepth = depth
		e.leftOut(string(t.Name.Local))
		return nil
	case t.Kind == xmltext.Text || t.Kind == xmltext.CData:
		if depth == childDepth {
			raw = e.withoutText(t, raw)
		}
		if m.inDay && m.kind.dated() {
			m.addDay(t.Data)
		}
		if depth == mediumDepth && !m.inDay && !m.filled && len(bytes.Trim(t.Data, white)) > 0 {
			m.filled = true
			e.counts()
		}
	case t.Kind == xmltext.EndElement && depth == blockDepth:
		return e.end(raw)
	}
	e.pass(raw)
	if t.Kind == xmltext.EndElement && depth == childDepth && m.inDay {
		return e.dayEnds()
	}
	return nil
}

// withoutText returns the part of a text beside the picture and the day that may go out:
// its white space. The text may arrive in pieces.
func (e *evidence) withoutText(t xmltext.Token, raw []byte) []byte {
	if len(bytes.Trim(t.Data, white)) == 0 && t.Kind == xmltext.Text {
		return raw
	}
	if !e.medium.stray {
		e.leftOut("#text")
	}
	e.medium.stray = true
	if t.Kind != xmltext.Text || t.Ref {
		return nil
	}
	return bytes.Map(func(r rune) rune {
		if strings.ContainsRune(white, r) {
			return r
		}
		return -1
	}, raw)
}

// white is the white space of XML.
const white = " \t\r\n"

// maxDay bounds a DatumVydani, in bytes. None is as long.
const maxDay = 64

// addDay adds a piece to the text of DatumVydani. A text that is too long is no day.
func (m *medium) addDay(piece []byte) {
	if len(m.text)+len(piece) > maxDay {
		m.text, piece = m.text[:0], []byte("too long")
	}
	m.text = append(m.text, piece...)
}

// has reports whether the medium may have this child: the picture and the day on which its
// document was issued (seed E198 §5), each once.
func (m *medium) has(n xmltext.Name) (first bool) {
	switch {
	case n.Is(egon.NSEvidence, m.kind.picture):
		first, m.picture = !m.picture, true
	case n.Is(egon.NSEvidence, "DatumVydani"):
		first, m.day = !m.day, true
		m.inDay = first
	}
	return first
}

// pass puts a part of the medium out, or holds it.
func (e *evidence) pass(raw []byte) {
	m := &e.medium
	if !m.waits {
		e.give(raw)
		return
	}
	if m.given > 0 {
		m.held, m.given = m.held[:copy(m.held, m.held[m.given:])], 0
	}
	m.held = append(m.held, raw...)
	if len(m.held) > maxHeld {
		m.gone, m.given = true, len(m.held)-heldBack
		e.counts()
		e.give(m.held[:m.given:m.given]) // not overwritten before all of it went out
	}
}

// release puts out the held bytes.
func (e *evidence) release() {
	m := &e.medium
	m.waits = false
	m.kind.left--
	e.counts()
	e.give(m.held[m.given:]) // likewise
}

// counts tells the trace of a picture with a value, unless it is held: then it may yet be
// left out.
func (e *evidence) counts() {
	if m := &e.medium; m.filled && (!m.waits || m.gone) {
		e.call.trace.ReturnsItem(m.kind.item)
	}
}

// dayEnds decides about a medium whose DatumVydani has been read.
func (e *evidence) dayEnds() error {
	m := &e.medium
	m.inDay = false
	switch {
	case !m.kind.dated():
		return nil
	case !m.kind.covers(m.text):
		return e.leaveOut()
	}
	e.release()
	return nil
}

// end takes the end tag of a medium. A medium that needs a day and has none is left out.
func (e *evidence) end(raw []byte) error {
	if e.medium.waits {
		return e.leaveOut()
	}
	e.pass(raw)
	e.medium.kind = nil
	return nil
}

const errAnotherDay = fixedError("expect media of the period asked for; " +
	"one too long to be held is of another day")

// leaveOut leaves the rest of a medium out and forgets its held bytes.
func (e *evidence) leaveOut() error {
	if e.medium.gone {
		return errAnotherDay
	}
	e.leftOut(e.medium.kind.element)
	e.medium.kind = nil
	return nil
}
