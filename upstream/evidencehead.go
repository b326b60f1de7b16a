package upstream

import (
	"brana/egon"
	"brana/egon/xmltext"
)

// headBytes is the beginning of a document, and the elements that are open at its end.
type headBytes struct {
	most int // bytes of doc
	doc  []byte
	open []string // names as written in the tags
}

func (h *headBytes) add(t xmltext.Token, raw []byte) error {
	switch t.Kind {
	case xmltext.ProcInst:
		return errInstruction
	case xmltext.StartElement:
		name := string(t.Name.Local)
		if len(t.Name.Prefix) > 0 {
			name = string(t.Name.Prefix) + ":" + name
		}
		h.open = append(h.open, name)
	case xmltext.EndElement:
		h.open = h.open[:len(h.open)-1]
	}
	if h.doc = append(h.doc, raw...); len(h.doc) > h.most {
		return fixedErrorf("the answer has no end of its head within %d bytes", h.most)
	}
	return nil
}

// read closes the open elements and reads the resulting document. A block whose end is
// still to come is returned without its end.
func (h *headBytes) read(src *egon.Source) (*egon.EvidenceHead, error) {
	doc := h.doc
	for i := len(h.open) - 1; i >= 0; i-- {
		doc = append(append(append(doc, "</"...), h.open[i]...), '>')
	}
	head, err := egon.ParseEvidenceHead(doc, src)
	if err == nil && len(head.Block) > 0 && len(h.open) == blockDepth {
		head.Block = head.Block[:len(head.Block)-len("</>")-len(h.open[blockDepth-1])]
	}
	return head, err
}

// Depths in an answer: Envelope, Body, the response, its outer element, the block, and its
// children.
const (
	blockDepth  = 5
	childDepth  = blockDepth + 1
	mediumDepth = childDepth + 1
)
