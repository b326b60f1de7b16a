package egon

import (
	"bytes"
	"math"

	"brana/egon/xmltext"
)

// A ReplyReader reads a reply while it is relayed, in windows of any size. It proves
// that the reply is one complete document, with or without a SOAP Envelope, and reads
// its status and which items it holds. It holds nothing else of it, so a reply may be of
// any length. After [ReplyReader.Reset] it can be used again and allocates nothing. It is
// not safe for concurrent use.
type ReplyReader struct {
	soap
	bounds  Bounds
	service *Service
	depth   int // open elements from the operation inwards
	at      statusPlace
	kod     []byte
	sub     []byte // the VysledekSubKod that is open
	barred  bool
	subs    []byte // the codes of details, each once and with a byte of its length before
	id      []byte
	fault   bool
	items   collector
}

// A statusPlace is the innermost open element of OdpovedInfo/Status/VysledekKod, of
// OdpovedInfo/Status/VysledekDetail/VysledekSubKod or of OdpovedInfo/IszrZadostId.
type statusPlace uint8

const (
	beforeInfo statusPlace = iota
	inInfo
	inStatus
	inKod
	inDetail
	inSubKod
	inIszrZadostId
	afterInfo // no status of the bus follows
)

// The longest status codes and ids, in bytes, and the most sub-codes that are kept.
const (
	maxKod     = 16
	maxSubKod  = 64
	maxSubKody = 8
	uuidBytes  = 36
)

// NewReplyReader returns a ReplyReader. [ReplyReader.Reset] makes it ready for a reply.
// Of the bounds only XML and TotalBytes matter.
func NewReplyReader(b Bounds) *ReplyReader {
	r := &ReplyReader{
		soap:   soap{scan: xmltext.NewScanner(b.XML)},
		bounds: b, kod: make([]byte, 0, maxKod), sub: make([]byte, 0, maxSubKod),
		subs:  make([]byte, 0, maxSubKody*(1+maxSubKod)),
		id:    make([]byte, 0, uuidBytes),
		items: newCollector(),
	}
	r.leafTaken = r.takeLeaf
	return r
}

// Reset makes the ReplyReader ready for a reply of the service s.
func (r *ReplyReader) Reset(s *Service) {
	r.soap.reset()
	r.limit, r.tooLarge = math.MaxInt64, messageTooLarge
	if r.bounds.TotalBytes > 0 {
		r.limit = r.bounds.TotalBytes
	}
	r.service, r.depth, r.at, r.fault, r.barred = s, 0, beforeInfo, false, false
	r.kod, r.sub, r.subs, r.id = r.kod[:0], r.sub[:0], r.subs[:0], r.id[:0]
	r.items.reset()
}

// Feed reads the next window of the reply, after which last says that nothing follows.
// It keeps nothing of the window. The error is an [*Offence], and every later call
// returns it again. Its kind is Mismatch when the reply is neither the service's nor a
// SOAP Fault.
func (r *ReplyReader) Feed(window []byte, last bool) error {
	var tok xmltext.Token
	for r.offence == nil {
		if r.at == afterInfo && r.place == inOperation && !r.items.wantsBlanks() {
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
	if r.offence != nil {
		return r.offence
	}
	return nil
}

// text returns the meaning of character data here. Inside the operation it has the
// meaning of a value, or none.
func (r *ReplyReader) text() meaning {
	switch {
	case r.at == inKod || r.at == inSubKod || r.at == inIszrZadostId || r.items.wantsText():
		return someText
	case r.place == inOperation:
		return noMeaning
	}
	return noBlanks
}

// Done reports whether the reply is complete and proven.
func (r *ReplyReader) Done() bool { return r.done }

// Releasable returns the offset up to which bytes of the reply may leave: whole tokens
// without offence. The end tag of the operation and all after it leave only when the
// reply is Done.
func (r *ReplyReader) Releasable() int64 { return r.releasable() }

// Kod returns the VysledekKod of the reply, OK, VAROVANI or CHYBA, or "" when none of
// these was read.
func (r *ReplyReader) Kod() string {
	switch string(r.kod) {
	case OK:
		return OK
	case Varovani:
		return Varovani
	case Chyba:
		return Chyba
	}
	return ""
}

// Bars reports whether the reply's system status refuses an item by any VysledekSubKod,
// as [Status.Bars] does.
func (r *ReplyReader) Bars() bool { return r.barred && r.Kod() != OK }

// SubKody returns the VysledekSubKod of the details of the reply's system status, each
// once: the first eight. One that is no code, which is of capital letters, digits and
// blanks, is "?". It allocates.
func (r *ReplyReader) SubKody() (codes []string) {
	for rest := r.subs; len(rest) > 0; rest = rest[1+rest[0]:] {
		codes = append(codes, string(rest[1:1+rest[0]]))
	}
	return codes
}

// addSubKod keeps a code of a detail.
func (r *ReplyReader) addSubKod(code []byte) {
	if len(code) == 0 {
		return
	}
	for _, c := range code {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != ' ' && c != '_' {
			code = []byte("?") // it may be anything
			break
		}
	}
	kept := 0
	for rest := r.subs; len(rest) > 0; rest = rest[1+rest[0]:] {
		if string(rest[1:1+rest[0]]) == string(code) {
			return
		}
		kept++
	}
	if kept < maxSubKody {
		r.subs = append(append(r.subs, byte(len(code))), code...)
	}
}

// IszrZadostId returns the bus's number of the reply, or "". It allocates.
func (r *ReplyReader) IszrZadostId() string { return string(r.id) }

// Returned returns the items that the reply has held so far, by the table of its service:
// none of a service without one, and none of a SOAP Fault. It is valid until Reset.
func (r *ReplyReader) Returned() *Returned { return &r.items.got }

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
		if r.items.collects() {
			r.items.open(&tok.Name)
		}
		r.depth++
		if r.depth <= 5 && r.at != afterInfo {
			r.descend(tok.Name)
		}
	case xmltext.EndElement:
		if r.depth--; r.depth == 0 {
			r.leave(tok)
			break
		}
		if r.items.collects() {
			r.items.close()
		}
		if r.depth < 5 && r.at != afterInfo {
			r.ascend()
		}
	case xmltext.Text, xmltext.CData:
		if r.items.wantsText() {
			r.items.chars(tok.Data)
		}
		switch r.at {
		case inKod:
			r.kod = appendBounded(r.kod, tok.Data)
		case inSubKod:
			r.sub = appendBounded(r.sub, tok.Data)
		case inIszrZadostId:
			r.id = appendBounded(r.id, tok.Data)
		}
	}
	return nil
}

// takeLeaf takes an element with nothing but text in it: after the status, any.
func (r *ReplyReader) takeLeaf(l *xmltext.Leaf) bool {
	if r.items.collects() {
		r.items.leaf(l)
	}
	return true
}

// operation takes the start tag of the operation.
func (r *ReplyReader) operation(tok *xmltext.Token) *Offence {
	r.depth = 1
	r.fault = tok.Name.Is(NSEnvelope, "Fault")
	switch {
	case r.fault:
		return nil
	case tok.Name.Is(r.service.Namespace, r.service.Response):
		r.items.begin(replies().roots[r.service.Code])
		return nil
	}
	return r.offend(otherReply, tok.Start, r.service.Code, r.service.Response, sent(tok.Name.Local))
}

// descend follows a start tag that opened at r.depth towards the status.
func (r *ReplyReader) descend(n xmltext.Name) {
	switch {
	case r.depth == 2 && (n.Is(NSAbstract, "OdpovedInfo") ||
		n.Is(r.service.Namespace, "OdpovedInfo")):
		r.at = inInfo
	case r.depth == 3 && r.at == inInfo && n.Is(NSReg, "Status"):
		r.at = inStatus
	case r.depth == 3 && r.at == inInfo && n.Is(NSReg, "IszrZadostId") && len(r.id) == 0:
		r.at = inIszrZadostId
	case r.depth == 4 && r.at == inStatus && n.Is(NSReg, "VysledekKod") && len(r.kod) == 0:
		r.at = inKod
	case r.depth == 4 && r.at == inStatus && n.Is(NSReg, "VysledekDetail"):
		r.at = inDetail
	case r.depth == 5 && r.at == inDetail && n.Is(NSReg, "VysledekSubKod"):
		r.at, r.sub = inSubKod, r.sub[:0]
	}
}

// ascend follows an end tag, after which r.depth elements are open.
func (r *ReplyReader) ascend() {
	switch {
	case r.depth == 1 && r.at == inInfo:
		r.at = afterInfo
	case r.depth == 2 && (r.at == inStatus || r.at == inIszrZadostId):
		r.at = inInfo
	case r.depth == 3 && (r.at == inKod || r.at == inDetail):
		r.at = inStatus
	case r.depth == 4 && r.at == inSubKod:
		r.at = inDetail
		code := bytes.Trim(r.sub, whiteSpace)
		r.barred = r.barred || string(code) == NeniOpravneni
		r.addSubKod(code)
	}
}

// appendBounded appends text to dst up to the capacity of dst. No code is longer.
func appendBounded(dst, text []byte) []byte {
	return append(dst, text[:min(len(text), cap(dst)-len(dst))]...)
}
