package upstream

import (
	"errors"
	"fmt"
	"strconv"

	"brana/egon"
	"brana/egon/xmltext"
)

// An evidenceHead is what an evidence says before its media.
type evidenceHead struct {
	system      egon.Status // OdpovedInfo/Status
	application egon.Status // AisAplikacniStatus; its Kod is empty without a block
	person      egon.PrevodAifo
	found       bool   // person is the one whose media follow
	block       []byte // the block from its start tag on, as it goes to the caller
}

// maxHead bounds the head of an evidence's answer, in bytes.
const maxHead = 64 << 10

// headBytes is the beginning of a document, and the elements that are open at
// its end.
type headBytes struct {
	doc  []byte
	open []string // as they are written in their tags
}

func (h *headBytes) add(t xmltext.Token, raw []byte) error {
	switch t.Kind {
	case xmltext.ProcInst:
		return errors.New("find a processing instruction in the answer")
	case xmltext.StartElement:
		name := string(t.Name.Local)
		if len(t.Name.Prefix) > 0 {
			name = string(t.Name.Prefix) + ":" + name
		}
		h.open = append(h.open, name)
	case xmltext.EndElement:
		h.open = h.open[:len(h.open)-1]
	}
	if h.doc = append(h.doc, raw...); len(h.doc) > maxHead {
		return fmt.Errorf("the answer has no end of its head within %d bytes", maxHead)
	}
	return nil
}

// read closes what is open and reads the document that results.
func (h *headBytes) read(src *egon.Source) (evidenceHead, error) {
	doc := h.doc
	for i := len(h.open) - 1; i >= 0; i-- {
		doc = append(append(append(doc, "</"...), h.open[i]...), '>')
	}
	root, err := xmltext.Parse(doc, xmltext.DefaultBounds())
	if err != nil {
		return evidenceHead{}, err
	}
	if root.Space != egon.NSEnvelope || root.Local != "Envelope" {
		return evidenceHead{}, errors.New("expect a SOAP envelope")
	}
	body := root.Child(egon.NSEnvelope, "Body")
	if body.Child(egon.NSEnvelope, "Fault") != nil {
		return evidenceHead{}, errors.New("receive a SOAP fault")
	}
	response := body.Child(src.Namespace, src.Response)
	head, err := readEvidence(response, src)
	if err != nil || head.block == nil {
		return head, err
	}
	if len(h.open) == blockDepth { // its end is still to come
		head.block = head.block[:len(head.block)-len("</>")-len(h.open[blockDepth-1])]
	}
	return head, nil
}

// readEvidence reads the facts. An answer that has an AIFO must say in its own
// map whose it is; without that the person cannot be asked for elsewhere.
func readEvidence(response *xmltext.Node, src *egon.Source) (head evidenceHead, err error) {
	if response == nil {
		return head, fmt.Errorf("expect %s in Body", src.Response)
	}
	status := response.Child(src.Namespace, "OdpovedInfo").Child(egon.NSReg, "Status")
	if head.system, err = readStatus(status, egon.NSReg, "VysledekKod"); err != nil {
		return head, err
	}
	block := response.Child(src.Namespace, src.Outer).Child(src.Namespace, src.Block)
	if block == nil && head.system.Kod == egon.OK {
		return head, fmt.Errorf("expect %s in an answer with status OK", src.Block)
	}
	if block == nil {
		return head, nil
	}
	head.application, err = readStatus(block.Child(egon.NSEvidence, "AisAplikacniStatus"), egon.NSEvidence, "VysledekAisKod")
	if err != nil || head.system.Kod == egon.Chyba {
		return head, err
	}
	head.block = block.Splice(nil)
	aifo := block.Child(egon.NSEvidence, "Aifo")
	if aifo == nil {
		return head, nil
	}
	if head.person, err = personOf(response.Child(src.Namespace, "MapaAifo"), aifo.Value()); err != nil {
		return head, err
	}
	head.found = true
	return head, nil
}

func readStatus(n *xmltext.Node, space, local string) (egon.Status, error) {
	s := egon.Status{Kod: n.Child(space, local).Value()}
	switch s.Kod {
	case egon.OK, egon.Varovani, egon.Chyba:
	default:
		return s, fmt.Errorf("expect OK, VAROVANI or CHYBA in %s", local)
	}
	for _, d := range n.All(space, "VysledekDetail") {
		s.Details = append(s.Details, egon.Detail{
			SubKod: d.Child(space, "VysledekSubKod").Value(),
			Popis:  d.Child(space, "VysledekPopis").Value(),
		})
	}
	return s, nil
}

// personOf returns the entry of a MapaAifo with that local number.
func personOf(mapa *xmltext.Node, local string) (egon.PrevodAifo, error) {
	number, err := strconv.Atoi(local)
	if err != nil {
		return egon.PrevodAifo{}, errors.New("expect a number in Aifo")
	}
	for _, p := range mapa.All(egon.NSReg, "PrevodAifo") {
		n, err := strconv.Atoi(p.Child(egon.NSReg, "LokalniAifo").Value())
		global := p.Child(egon.NSReg, "GlobalniAifo").Value()
		if err == nil && n == number && global != "" {
			return egon.PrevodAifo{Local: number, Global: global}, nil
		}
	}
	return egon.PrevodAifo{}, errors.New("expect the AIFO of the answer in its MapaAifo")
}
