package egon

import (
	"fmt"
	"strconv"
	"strings"

	"brana/egon/xmltext"
)

// The Parse functions read whole answers of registries in SOAP envelopes. These are
// small; the caller bounds their length. The functions check the parts that the
// workflow needs, not the schema. An answer without one of them is an error that names
// the part. In the results CasOdpovedi is zero. A byte block is one or more elements
// that declare every namespace they use and share no memory with the document.

// A Breach is how an answer breaks its contract, in words of the contract: the part
// that is expected, never the one that stands there instead.
type Breach string

func (b Breach) Error() string { return string(b) }

// expected is the error of an answer without a part that the workflow needs.
func expected(space, local, in string) error {
	return Breach("expect {" + space + "}" + local + " in " + in)
}

// openAnswer returns the payload of an answer: the one child of Body. It must be local
// in one of the spaces.
func openAnswer(doc []byte, local string, spaces ...string) (*xmltext.Node, error) {
	root, err := xmltext.Parse(doc, xmltext.DefaultBounds())
	if err != nil {
		return nil, fmt.Errorf("parse answer: %w", err)
	}
	if root.Space != NSEnvelope || root.Local != "Envelope" {
		return nil, expected(NSEnvelope, "Envelope", "the answer")
	}
	body, err := need(root, NSEnvelope, "Body")
	if err != nil {
		return nil, err
	}
	if fault := body.Child(NSEnvelope, "Fault"); fault != nil {
		return nil, faultOf(fault)
	}
	if len(body.Children) == 1 {
		for _, space := range spaces {
			if p := body.Child(space, local); p != nil {
				return p, nil
			}
		}
	}
	return nil, expected(spaces[0], local, "Body, alone")
}

func faultOf(n *xmltext.Node) *FaultError {
	code := n.Child("", "faultcode").Value()
	return &FaultError{
		Code: code[strings.IndexByte(code, ':')+1:],
		Text: n.Child("", "faultstring").Value(),
	}
}

// only returns the child of n of that name, nil if there is none. Two of them are an
// error: no decision is picked from contradictions. n may be nil.
func only(n *xmltext.Node, space, local string) (first *xmltext.Node, err error) {
	if n == nil {
		return nil, nil
	}
	for _, c := range n.Children {
		switch {
		case c.Local != local || c.Space != space:
		case first != nil:
			return nil, Breach("expect one {" + space + "}" + local + " in " + n.Local)
		default:
			first = c
		}
	}
	return first, nil
}

// need is only, with an error when there is no child.
func need(n *xmltext.Node, space, local string) (*xmltext.Node, error) {
	c, err := only(n, space, local)
	if err == nil && c == nil {
		err = expected(space, local, n.Local)
	}
	return c, err
}

// readInfo reads the OdpovedInfo of a payload. It has the payload's own namespace.
func readInfo(n *xmltext.Node) (info OdpovedInfo, err error) {
	head, err := need(n, n.Space, "OdpovedInfo")
	if err != nil {
		return info, err
	}
	return infoOf(head)
}

func infoOf(head *xmltext.Node) (info OdpovedInfo, err error) {
	status, err := need(head, NSReg, "Status")
	if err != nil {
		return info, err
	}
	info.AgendaZadostId = head.Child(NSReg, "AgendaZadostId").Value()
	info.IszrZadostId = head.Child(NSReg, "IszrZadostId").Value()
	info.Status, err = readStatus(status, NSReg, "VysledekKod")
	return info, err
}

// readStatus reads a status whose elements are of one namespace. kod is the name of the
// element of its code. n may be nil: a status without a code is an error.
func readStatus(n *xmltext.Node, space, kod string) (s Status, err error) {
	s.Kod, err = readKod(n, space, kod)
	for _, d := range n.All(space, "VysledekDetail") {
		s.Details = append(s.Details, Detail{
			SubKod:  d.Child(space, "VysledekSubKod").Value(),
			Popis:   d.Child(space, "VysledekPopis").Value(),
			Puvodce: readParty(d.Child(space, "Puvodce")),
		})
	}
	return s, err
}

func readKod(n *xmltext.Node, space, local string) (string, error) {
	kod, err := only(n, space, local)
	if err != nil {
		return "", err
	}
	switch v := kod.Value(); v {
	case OK, Varovani, Chyba:
		return v, nil
	}
	return "", Breach("expect OK, VAROVANI or CHYBA in {" + space + "}" + local)
}

func readParty(n *xmltext.Node) Party {
	if n == nil || len(n.Children) != 1 || n.Children[0].Space != NSReg {
		return Party{}
	}
	c := n.Children[0]
	switch c.Local {
	case "Registr":
		return Party{Registr, c.Value()}
	case "Ais":
		return Party{Ais, c.Value()}
	case "Agenda":
		return Party{Agenda, c.Value()}
	}
	return Party{}
}

// readMapa reads the MapaAifo of a payload, which may be missing.
func readMapa(n *xmltext.Node) (entries []PrevodAifo, err error) {
	mapa, err := only(n, n.Space, "MapaAifo")
	if err != nil {
		return nil, err
	}
	for _, p := range mapa.All(NSReg, "PrevodAifo") {
		lokalni, err := need(p, NSReg, "LokalniAifo")
		if err != nil {
			return nil, err
		}
		globalni, err := only(p, NSReg, "GlobalniAifo")
		if err != nil {
			return nil, err
		}
		entry := PrevodAifo{Global: globalni.Value()}
		if entry.Local, err = number(lokalni); err != nil {
			return nil, err
		}
		entry.Agenda, _ = p.AttrValue("agenda")
		entry.Ais, _ = p.AttrValue("ais")
		entry.Status, _ = lokalni.AttrValue("prevodAifoStatus")
		if v, ok := lokalni.AttrValue("stavOvereniAifo"); ok {
			entry.Overeno = triOf(v)
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// entryOf returns the entry of a MapaAifo with an identifier for a local number.
func entryOf(mapa []PrevodAifo, local int) (PrevodAifo, bool) {
	for _, p := range mapa {
		if p.Local == local && p.Global != "" && p.Status == "" {
			return p, true
		}
	}
	return PrevodAifo{}, false
}

func triOf(v string) Tri {
	if v = strings.Trim(v, whiteSpace); v == "true" || v == "1" {
		return Yes
	}
	return No
}

// number reads an xs:int.
func number(n *xmltext.Node) (int, error) {
	v, err := strconv.ParseInt(n.Value(), 10, 32)
	if err != nil || len(n.Children) > 0 {
		return 0, Breach("expect a number in " + n.Local)
	}
	return int(v), nil
}

// words returns the words of a list value, which only XML white space separates. n may
// be nil.
func words(n *xmltext.Node) []string {
	return strings.FieldsFunc(n.Value(),
		func(r rune) bool { return strings.ContainsRune(whiteSpace, r) })
}
