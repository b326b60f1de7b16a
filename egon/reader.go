package egon

import (
	"bytes"
	"math"

	"brana/egon/xmltext"
)

// Bounds limits how much of a request a [Reader] holds. All but TotalBytes are required:
// zero does not mean "unlimited".
type Bounds struct {
	XML        xmltext.Bounds
	HeadBytes  int   // bytes of the message up to the end of its head
	Items      int   // words of SeznamUdaju
	TotalBytes int64 // bytes of the message; 0: no bound
}

// DefaultBounds returns bounds far above every honest request.
func DefaultBounds() Bounds {
	return Bounds{XML: xmltext.DefaultBounds(), HeadBytes: 64 << 10, Items: 256}
}

// A Reader reads a request while it arrives, in windows of any size: first its head, by
// which the gateway decides, then its tail. In the tail only the form matters. After
// [Reader.Reset] it can be used again and allocates nothing. It is not safe for
// concurrent use.
//
// Its results do not depend on how the message is cut into windows.
type Reader struct {
	soap
	bounds  Bounds
	grammar *operation

	addressed *Service         // that of Reset
	frames    [maxFrames]frame // open elements of the head, from the operation inwards
	top       int              // index of the innermost; -1 outside the operation
	beyond    int              // open elements without a grammar, inside the innermost of frames

	arena  []byte // the values of the head; never written to twice
	from   int    // index in arena at which the value being read begins
	inWord bool   // of SeznamUdaju; its first byte is at from

	items   []Word
	lists   uint8 // lists of words that were opened
	media   MediaQuery
	rights  RightsQuery
	head    Head
	known   bool
	begun   beginnings
	pending *Offence // returned after ZadostInfo, whose AgendaZadostId the refusal echoes
}

// maxFrames is the depth of the deepest grammar: a birthplace in E198.
const maxFrames = 9

// A frame is an open element of the head and the progress of its content.
type frame struct {
	el   *element
	next int  // index in el.kids of the expected child
	rank int8 // of the last child
}

// NewReader returns a Reader; [Reader.Reset] makes it ready for a request.
func NewReader(b Bounds) *Reader {
	r := &Reader{
		soap:   soap{scan: xmltext.NewScanner(b.XML)},
		bounds: b,
		arena:  make([]byte, 0, 4<<10),
		items:  make([]Word, 0, 32),
	}
	r.leafTaken = r.takeLeaf
	return r
}

// Reset makes the Reader ready for a request of the service s. Its earlier results are
// no longer valid.
func (r *Reader) Reset(s *Service) {
	r.soap.reset()
	r.limit, r.tooLarge = int64(r.bounds.HeadBytes), headTooLarge
	if r.bounds.TotalBytes > 0 && r.bounds.TotalBytes <= r.limit {
		r.limit, r.tooLarge = r.bounds.TotalBytes, messageTooLarge
	}
	r.addressed, r.grammar = s, operationOf(s)
	r.top, r.beyond = -1, 0
	r.arena, r.items, r.lists, r.inWord = r.arena[:0], r.items[:0], 0, false
	r.head, r.media, r.rights = Head{Service: s}, MediaQuery{}, RightsQuery{}
	switch r.grammar {
	case &mediaOperation:
		r.head.Media = &r.media
	case &rightsOperation:
		r.head.Rights = &r.rights
	}
	r.known, r.pending = false, nil
}

// Feed reads the next window of the message, after which last says that nothing
// follows. It keeps nothing of the window. The error is an [*Offence], and every later
// call returns it again.
func (r *Reader) Feed(window []byte, last bool) error {
	var first []byte
	if r.scan.Offset() == 0 && r.offence == nil {
		if n := r.resume(window); n > 0 {
			window = window[n:]
		} else {
			first = window
		}
	}
	var tok xmltext.Token
	for r.offence == nil {
		text := r.text()
		if text != someText && r.place == inOperation {
			r.leaves(&window)
		}
		if !r.next(&tok, &window, last, text) {
			break
		}
		if o := r.take(&tok); o != nil {
			r.offence = o
			break
		}
		if r.pending == nil {
			r.released = tok.End
		}
		if first != nil && r.atInfo(&tok) {
			r.save(first[:tok.End])
			first = nil
		}
	}
	if r.offence != nil {
		return r.offence
	}
	return nil
}

// text returns the meaning of character data here, as long as it may be released.
func (r *Reader) text() meaning {
	switch {
	case r.pending != nil:
		return someText
	case r.place == inOperation && r.beyond > 0:
		return noMeaning
	case r.place != inOperation || r.frames[r.top].el.text == noText:
		return noBlanks
	}
	return someText
}

// Head returns the head of the request, or nil as long as it is not known. It is known
// once no later byte can change it. It is valid until Reset.
func (r *Reader) Head() *Head {
	if !r.known {
		return nil
	}
	return &r.head
}

// RequestID returns the AgendaZadostId that was read, for the refusal of a request whose
// head is not known. It may be nil, empty or not valid.
func (r *Reader) RequestID() []byte { return r.head.Info.AgendaZadostId }

// MessageID returns the number that the bus gave the internal message that was read, for the
// refusal of one whose head is not known. It is nil when none was read, or no valid one.
func (r *Reader) MessageID() []byte {
	if id := r.head.Info.IszrZadostId; r.head.Service.Internal() && isUUID(id) {
		return id
	}
	return nil
}

// Service returns the service as far as it is known: that of Reset, then the variant or
// the member of a family that came.
func (r *Reader) Service() *Service { return r.head.Service }

// Enveloped reports whether a SOAP Envelope was read.
func (r *Reader) Enveloped() bool { return r.enveloped }

// Done reports whether the message is complete and proven.
func (r *Reader) Done() bool { return r.done }

// Releasable returns the offset up to which bytes of the message may leave: whole tokens
// without offence. The end tag of the operation and all after it leave only when the
// message is Done, so no receiver takes a part for a complete request.
func (r *Reader) Releasable() int64 { return r.releasable() }

// take reads one token.
func (r *Reader) take(tok *xmltext.Token) *Offence {
	if tok.Kind == xmltext.ProcInst {
		return r.offend(instruction, tok.Start)
	}
	if tok.Kind == xmltext.Comment && endsForSome(tok) {
		return r.offend(shortComment, tok.Start)
	}
	if r.place == inOperation {
		switch tok.Kind {
		case xmltext.StartElement:
			return r.open(tok)
		case xmltext.EndElement:
			return r.close(tok)
		case xmltext.Comment:
			return r.comment(tok)
		}
		return r.chars(tok)
	}
	if tok.Kind == xmltext.StartElement && r.place == inHeader {
		if o := r.intruder(tok); o != nil {
			return o
		}
		if r.skip == 0 && r.head.Demanded == "" && demands(tok) {
			r.head.Demanded = string(tok.Name.Local)
		}
	}
	operation, o := r.outside(tok)
	if operation {
		r.operation(tok)
	}
	return o
}

// endsForSome reports whether a comment begins with "<!-->" or "<!--->". HTML parsers
// see its end there, XML parsers do not. So the rest would be content to the one and a
// comment to the other.
func endsForSome(tok *xmltext.Token) bool {
	first := tok.End-tok.Start >= int64(len("<!--")+len(tok.Data)) // spans the opening, too
	return first && (bytes.HasPrefix(tok.Data, []byte(">")) ||
		bytes.HasPrefix(tok.Data, []byte("->")))
}

// operation takes the start tag of the operation.
func (r *Reader) operation(tok *xmltext.Token) {
	r.head.Enveloped = r.enveloped
	if r.addressed.message != nil {
		r.vary(&tok.Name)
	}
	s := r.head.Service
	if !tok.Name.Is(s.Namespace, s.Request) {
		r.grammar = mismatchedBy(tok.Name)
		local, space := string(tok.Name.Local), cut(string(tok.Name.Space), 128)
		r.pending = r.offend(otherService, tok.Start, s.Code, s.Request, s.Namespace, sent(local),
			sent(whose(tok.Name)), sent(space))
	}
	r.top = 0
	r.frames[0] = frame{el: &r.grammar.element}
	if !r.grammar.open {
		_ = r.attributes(&r.grammar.element, tok) // it waits for the end of ZadostInfo
	}
}

// whose returns in Czech the service of the operation n.
func whose(n xmltext.Name) string {
	if s := ServiceByRequest(string(n.Space), string(n.Local)); s != nil && s.Code != "" {
		return " služby " + s.Code
	}
	if len(n.Space) == 0 {
		return " bez prostoru jmen"
	}
	return " z prostoru jmen „" + cut(string(n.Space), 128) + "“"
}

// intruder refuses an element that would give the message a second head or Envelope for
// a reader that looks for names anywhere and in any namespace. It also refuses one that
// stands for content in an attachment: messages have none.
func (r *Reader) intruder(tok *xmltext.Token) *Offence {
	switch {
	case r.asksOther(&tok.Name):
		return r.offend(otherQuestion, tok.Start, sent(tok.Name.Local), r.head.kodSluzby)
	case !intrudes(&tok.Name):
		return nil
	case string(tok.Name.Local) == "Include":
		return r.offend(attached, tok.Start)
	}
	return r.offend(strayElement, tok.Start, sent(tok.Name.Local))
}

func intrudes(n *xmltext.Name) bool {
	switch string(n.Local) {
	case "ZadostInfo", "AutorizaceInfo":
		return true
	case "Include":
		return string(n.Space) == NSXop
	case "SeznamUdaju":
		return string(n.Space) == NSAbstract || string(n.Space) == NSReg
	case "RobSeznamUdaju", "RosSeznamUdaju", "AisSeznamUdaju", "AisEopSeznamUdaju",
		"AisEcdSeznamUdaju":
		return true
	case "KodSluzby":
		return string(n.Space) == NSRobEnvelope
	case "Envelope", "Header", "Body":
		return string(n.Space) == NSEnvelope
	}
	return false
}

// know ends the head.
func (r *Reader) know(offset int64) {
	m := &r.media
	m.Photos.Used = m.Photos.DatumOd != nil || m.Photos.DatumDo != nil || m.Photos.Pocet != nil
	m.Signatures.Used = m.Signatures.DatumOd != nil || m.Signatures.DatumDo != nil ||
		m.Signatures.Pocet != nil
	r.head.Items, r.head.Offset, r.known = r.items, offset, true
	r.limit, r.tooLarge = math.MaxInt64, messageTooLarge
	if r.bounds.TotalBytes > 0 {
		r.limit = r.bounds.TotalBytes
	}
}
