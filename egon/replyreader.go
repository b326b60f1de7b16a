package egon

import (
	"math"

	"brana/egon/xmltext"
)

// A ReplyReader reads a reply while it is relayed, in windows of any size. It proves
// that the reply is one complete document, with or without a SOAP Envelope, and reads
// its status and which items it holds. By an [Expectation] it refuses a reply with items
// that may not leave, or edits them out. It holds nothing else of the reply, which may be
// of any length. After [ReplyReader.Reset] it can be used again and allocates nothing. It
// is not safe for concurrent use.
type ReplyReader struct {
	soap
	bounds  Bounds
	service *Service
	depth   int          // open elements from the operation inwards
	header  *replyHeader // that is followed here: own, inner or nil
	own     replyHeader
	inner   replyHeader // of the reply that E100 delivers
	inside  bool        // there is one
	fault   bool
	items   collector
	expects bool   // the status may have to be edited
	sealed  bool   // it may leave
	details []byte // that were written into the status
}

// NewReplyReader returns a ReplyReader. [ReplyReader.Reset] makes it ready for a reply.
// Of the bounds only XML and TotalBytes matter.
func NewReplyReader(b Bounds) *ReplyReader {
	r := &ReplyReader{
		soap:   soap{scan: xmltext.NewScanner(b.XML)},
		bounds: b,
		own:    newReplyHeader(),
		inner:  newReplyHeader(),
		items:  newCollector(),
	}
	r.leafTaken = r.takeLeaf
	return r
}

// Reset makes the ReplyReader ready for a reply of the service s. It expects nothing of
// the items.
func (r *ReplyReader) Reset(s *Service) {
	r.soap.reset()
	r.limit, r.tooLarge = math.MaxInt64, messageTooLarge
	if r.bounds.TotalBytes > 0 {
		r.limit = r.bounds.TotalBytes
	}
	r.service, r.depth, r.fault, r.inside = s, 0, false, false
	r.expects, r.sealed = false, false
	r.own.begin(s, 1)
	r.header = &r.own
	r.items.reset()
}

// Feed reads the next window of the reply, after which last says that nothing follows.
// It keeps nothing of the window. The error is an [*Offence], and every later call
// returns it again. Its kind is Mismatch when the reply is neither the service's nor a
// SOAP Fault.
func (r *ReplyReader) Feed(window []byte, last bool) error {
	var tok xmltext.Token
	for r.offence == nil {
		if r.header == nil && r.place == inOperation && !r.items.wantsBlanks() {
			r.leaves(&window)
		}
		if !r.next(&tok, &window, last, r.text()) {
			break
		}
		if o := r.take(&tok); o != nil {
			r.offence = o
			break
		}
		r.released = tok.End
	}
	r.items.edits.reach(r.released)
	if r.offence != nil {
		return r.offence
	}
	if r.done {
		r.Seal()
	}
	return nil
}

// text returns the meaning of character data here. Inside the operation it has the
// meaning of a value, or none.
func (r *ReplyReader) text() meaning {
	switch {
	case r.header != nil && r.header.wantsText() || r.items.wantsText():
		return someText
	case r.place == inOperation && r.items.mixed():
		return noBlanks
	case r.place == inOperation:
		return noMeaning
	}
	return noBlanks
}

// Done reports whether the reply is complete and proven.
func (r *ReplyReader) Done() bool { return r.done }

// Releasable returns the offset up to which bytes of the reply may leave: whole tokens
// without offence. The end tag of the operation and all after it leave only when the
// reply is Done, an element that may have to be removed when that is known, and the
// status when it is sealed.
func (r *ReplyReader) Releasable() int64 {
	n := r.items.edits.releasable(r.releasable())
	if !r.expects || r.sealed {
		return n
	}
	if r.inside {
		n = min(n, r.inner.held)
	}
	return min(n, r.own.held, r.items.codes.begin)
}

// Kod returns the VysledekKod of the reply as it leaves, OK, VAROVANI or CHYBA, or "" when
// none of these was read.
func (r *ReplyReader) Kod() string { return r.own.result() }

// Bars reports whether the system status of the reply as it arrived refuses an item by any
// VysledekSubKod, as [Status.Bars] does.
func (r *ReplyReader) Bars() bool { return r.own.barred && r.Kod() != OK }

// SubKody returns the VysledekSubKod of the details of the reply's system status, each
// once: the first eight. One that is no code, which is of capital letters, digits and
// blanks, is "?". It allocates.
func (r *ReplyReader) SubKody() (codes []string) { return r.own.subKody() }

// IszrZadostId returns the bus's number of the reply, or "". It allocates.
func (r *ReplyReader) IszrZadostId() string { return string(r.own.id) }

// Returned returns the items that the reply has held so far and that leave, by the table
// of its service: none of a service without one, and none of a SOAP Fault. It is valid
// until Reset.
func (r *ReplyReader) Returned() *Returned { return &r.items.got }

// Inside returns the service whose reply it is: of E100 the one whose reply is delivered,
// once that was read.
func (r *ReplyReader) Inside() *Service {
	if r.inside {
		return r.inner.service
	}
	return r.service
}

// Fault reports whether the reply is a SOAP Fault.
func (r *ReplyReader) Fault() bool { return r.fault }

func (r *ReplyReader) take(tok *xmltext.Token) *Offence {
	if tok.Kind == xmltext.ProcInst {
		return r.offend(instruction, tok.Start)
	}
	if r.place != inOperation {
		operation, o := r.outside(tok)
		if operation {
			o = r.operation(tok)
		}
		return o
	}
	switch tok.Kind {
	case xmltext.StartElement:
		return r.startElement(tok)
	case xmltext.Comment:
		if !blank(tok.Data) && !r.items.marked() {
			return r.refuse()
		}
	case xmltext.EndElement:
		return r.endElement(tok)
	case xmltext.Text, xmltext.CData:
		switch {
		case r.items.wantsText() && !r.items.chars(tok):
			return r.refuse()
		case r.items.mixed() && !blank(tok.Data):
			return r.offend(textBetween, tok.Start)
		}
		if r.header != nil {
			r.header.chars(tok.Data)
		}
	}
	return nil
}

func (r *ReplyReader) startElement(tok *xmltext.Token) *Offence {
	r.depth++
	if r.items.collects() {
		s, ok := r.items.open(tok)
		switch {
		case !ok:
			return r.refuse()
		case s != nil:
			r.inner.begin(s, r.depth)
			r.header, r.inside = &r.inner, true
			return nil
		}
	}
	if h := r.header; h != nil {
		h.descend(tok, r.depth)
		if h.at == inSum && r.depth == h.base+2 && r.expects && r.sealed && r.dropsSums() {
			r.items.edits.withhold(tok.Start)
			r.items.edits.remove(nil)
		}
	}
	return nil
}

func (r *ReplyReader) endElement(tok *xmltext.Token) *Offence {
	if r.depth--; r.depth == 0 {
		r.leave(tok)
		return nil
	}
	if r.items.collects() && !r.items.close(tok) {
		return r.refuse()
	}
	if h := r.header; h != nil {
		r.ascend(h, tok)
	}
	return nil
}

// refuse returns the offence of the element that is withheld.
func (r *ReplyReader) refuse() *Offence {
	return r.offend(unpermitted, r.items.edits.begin, r.items.refused())
}

// ascend follows an end tag in a header, and its end.
func (r *ReplyReader) ascend(h *replyHeader, tok *xmltext.Token) {
	was := h.at
	h.ascend(tok, r.depth)
	switch {
	case was == inKod && h.at == inStatus && r.expects:
		if r.sealed {
			r.warn()
		} else if !r.items.mayRemove() {
			r.Seal()
		}
	case was == inSum && h.at == inInfo && r.sealed:
		r.items.edits.close(tok.End)
	case h.at == afterInfo || r.depth < h.base:
		r.header = nil
		if h == &r.inner && r.own.at != afterInfo {
			r.header = &r.own
		}
	}
}

// takeLeaf takes an element with nothing but text in it: after the status, any.
func (r *ReplyReader) takeLeaf(l *xmltext.Leaf) bool {
	return !r.items.collects() || r.items.leaf(l)
}

// operation takes the start tag of the operation.
func (r *ReplyReader) operation(tok *xmltext.Token) *Offence {
	r.depth = 1
	r.fault = tok.Name.Is(NSEnvelope, "Fault")
	switch {
	case r.fault:
		r.expects = false // a Fault has no status
		return nil
	case tok.Name.Is(r.service.Namespace, r.service.Response):
		r.items.begin(r.service)
		return nil
	}
	return r.offend(otherReply, tok.Start, r.service.Code, r.service.Response, sent(tok.Name.Local))
}
