package egon

import (
	"bytes"

	"brana/egon/xmltext"
)

// A replyHeader follows OdpovedInfo of a reply: its status, its number and its sums.
type replyHeader struct {
	service *Service
	base    int // depth of the element of the operation
	at      statusPlace
	kod     []byte
	sub     []byte // the VysledekSubKod that is open
	subs    []byte // the codes of details, each once and with a byte of its length before
	id      []byte
	barred  bool

	kodBegin, kodEnd int64 // the content of VysledekKod
	kodAfter         int64 // behind its end tag; nowhere before that was read
	sums             [maxSums]span
	summed           int   // of sums
	held             int64 // from which a sealed header is withheld; nowhere for none
}

// A statusPlace is the innermost open element of OdpovedInfo/Status/VysledekKod, of
// OdpovedInfo/Status/VysledekDetail/VysledekSubKod, of OdpovedInfo/IszrZadostId or of a sum.
type statusPlace uint8

const (
	beforeInfo statusPlace = iota
	inInfo
	inStatus
	inKod
	inDetail
	inSubKod
	inIszrZadostId
	inSum
	afterInfo // no status of the bus follows
)

// The longest status codes and ids, in bytes, and the most sub-codes that are kept.
const (
	maxKod     = 16
	maxSubKod  = 64
	maxSubKody = 8
	uuidBytes  = 36
)

// maxSums is the number of sums of a header: AisKontrola and IszrKontrola.
const maxSums = 2

// A span is the bytes [begin, end) of a message; end is nowhere while it is read.
type span struct{ begin, end int64 }

func newReplyHeader() replyHeader {
	return replyHeader{
		kod:  make([]byte, 0, maxKod),
		sub:  make([]byte, 0, maxSubKod),
		subs: make([]byte, 0, maxSubKody*(1+maxSubKod)),
		id:   make([]byte, 0, uuidBytes),
	}
}

// begin begins at the element of the operation of a service, which opened at a depth.
func (h *replyHeader) begin(s *Service, depth int) {
	h.service, h.base, h.at, h.barred = s, depth, beforeInfo, false
	h.kod, h.sub, h.subs, h.id = h.kod[:0], h.sub[:0], h.subs[:0], h.id[:0]
	h.kodAfter, h.summed, h.held = nowhere, 0, nowhere
}

// wantsText reports whether the text here is part of the header.
func (h *replyHeader) wantsText() bool {
	return h.at == inKod || h.at == inSubKod || h.at == inIszrZadostId
}

// descend follows a start tag that opened at a depth towards the status.
func (h *replyHeader) descend(tok *xmltext.Token, depth int) {
	n := &tok.Name
	switch depth - h.base {
	case 1:
		if n.Is(NSAbstract, "OdpovedInfo") || n.Is(h.service.Namespace, "OdpovedInfo") {
			h.at = inInfo
		}
	case 2:
		if h.at == inInfo && string(n.Space) == NSReg {
			h.open(tok)
		}
	case 3:
		switch {
		case h.at != inStatus:
		case n.Is(NSReg, "VysledekKod") && len(h.kod) == 0:
			h.at, h.kodBegin = inKod, tok.End
			h.held = min(h.held, tok.Start)
		case n.Is(NSReg, "VysledekDetail"):
			h.at = inDetail
		}
	case 4:
		if h.at == inDetail && n.Is(NSReg, "VysledekSubKod") {
			h.at, h.sub = inSubKod, h.sub[:0]
		}
	}
}

// open takes the start tag of a child of OdpovedInfo.
func (h *replyHeader) open(tok *xmltext.Token) {
	switch string(tok.Name.Local) {
	case "Status":
		h.at = inStatus
	case "IszrZadostId":
		if len(h.id) == 0 {
			h.at = inIszrZadostId
		}
	case "AisKontrola", "IszrKontrola":
		if h.summed < maxSums {
			h.at = inSum
			h.sums[h.summed] = span{tok.Start, nowhere}
			h.summed++
			h.held = min(h.held, tok.Start)
		}
	}
}

// ascend follows an end tag, after which a number of elements are open.
func (h *replyHeader) ascend(tok *xmltext.Token, depth int) {
	switch rel := depth - h.base; {
	case rel == 0 && h.at == inInfo:
		h.at = afterInfo
	case rel == 1 && (h.at == inStatus || h.at == inIszrZadostId):
		h.at = inInfo
	case rel == 1 && h.at == inSum:
		h.at = inInfo
		h.sums[h.summed-1].end = tok.End
	case rel == 2 && h.at == inKod:
		h.at = inStatus
		h.kodEnd, h.kodAfter = tok.Start, tok.End
	case rel == 2 && h.at == inDetail:
		h.at = inStatus
	case rel == 3 && h.at == inSubKod:
		h.at = inDetail
		code := bytes.Trim(h.sub, whiteSpace)
		h.barred = h.barred || string(code) == NeniOpravneni
		h.addSubKod(code)
	}
}

// chars takes text of the header.
func (h *replyHeader) chars(text []byte) {
	switch h.at {
	case inKod:
		h.kod = appendBounded(h.kod, text)
	case inSubKod:
		h.sub = appendBounded(h.sub, text)
	case inIszrZadostId:
		h.id = appendBounded(h.id, text)
	}
}

// appendBounded appends text to dst up to the capacity of dst. No code is longer.
func appendBounded(dst, text []byte) []byte {
	return append(dst, text[:min(len(text), cap(dst)-len(dst))]...)
}

// result returns the VysledekKod, or "" when it is none of the three.
func (h *replyHeader) result() string {
	switch string(h.kod) {
	case OK:
		return OK
	case Varovani:
		return Varovani
	case Chyba:
		return Chyba
	}
	return ""
}

// subKody returns the codes of the details.
func (h *replyHeader) subKody() (codes []string) {
	if len(h.subs) == 0 {
		return nil
	}
	codes = make([]string, 0, maxSubKody)
	for rest := h.subs; len(rest) > 0; rest = rest[1+rest[0]:] {
		codes = append(codes, string(rest[1:1+rest[0]]))
	}
	return codes
}

// addSubKod keeps a code of a detail.
func (h *replyHeader) addSubKod(code []byte) {
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
	for rest := h.subs; len(rest) > 0; rest = rest[1+rest[0]:] {
		if string(rest[1:1+rest[0]]) == string(code) {
			return
		}
		kept++
	}
	if kept < maxSubKody {
		h.subs = append(append(h.subs, byte(len(code))), code...)
	}
}

// warn makes the status a warning with details, unless it is an error or none: OK becomes
// VAROVANI, and what the details say comes before the details that there are.
func (h *replyHeader) warn(edits *replyEdits, details []byte) {
	kod := h.result()
	if h.kodAfter == nowhere || kod != OK && kod != Varovani {
		return
	}
	if kod == OK {
		edits.insert(Edit{At: h.kodBegin, End: h.kodEnd, Text: varovani})
		h.kod, h.barred = append(h.kod[:0], Varovani...), false
	}
	edits.insert(Edit{At: h.kodAfter, End: h.kodAfter, Text: details})
}

var varovani = []byte(Varovani)

// dropSums removes the sums that were read whole. The last one may be open still.
func (h *replyHeader) dropSums(edits *replyEdits) {
	for _, sum := range h.sums[:h.summed] {
		if sum.end != nowhere {
			edits.insert(Edit{At: sum.begin, End: sum.end})
			continue
		}
		edits.withhold(sum.begin)
		edits.remove(nil)
	}
}
