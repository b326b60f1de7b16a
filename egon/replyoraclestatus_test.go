package egon

import (
	"bytes"
	"encoding/xml"
)

// status makes the innermost status a warning, and takes the sums out of all headers.
func (o *filterOracle) status(order []string) {
	warned := false
	for _, h := range []*plainElement{o.inner, o.own} {
		if h == nil {
			continue
		}
		sums := 0
		for _, c := range h.children {
			if (c.is(NSReg, "AisKontrola") || c.is(NSReg, "IszrKontrola")) && sums < maxSums {
				o.cuts = append(o.cuts, Edit{At: c.start, End: c.end})
				sums++
			}
		}
		if !warned {
			warned = o.warn(h, order)
		}
	}
}

// warn makes the status of a header a warning, and reports whether it has one.
func (o *filterOracle) warn(h *plainElement, order []string) bool {
	var kod *plainElement
	for _, s := range h.children {
		for _, k := range s.children {
			if s.is(NSReg, "Status") && k.is(NSReg, "VysledekKod") && (kod == nil || kod.text == "") {
				kod = k
			}
		}
	}
	switch {
	case kod == nil:
		return false
	case kod.text == OK:
		o.cuts = append(o.cuts, Edit{At: kod.content, End: kod.close, Text: []byte(Varovani)})
	case kod.text != Varovani:
		return true
	}
	o.cuts = append(o.cuts, Edit{At: kod.end, End: kod.end, Text: []byte(detailsOf(order...))})
	return true
}

func mark(open []*plainElement) {
	for _, e := range open {
		e.marked = true
	}
}

// plainTree reads a document, with the place of each element in it.
func plainTree(doc []byte) (*plainElement, error) {
	root := &plainElement{}
	open := []*plainElement{root}
	d := xml.NewDecoder(bytes.NewReader(doc))
	for len(root.children) == 0 || len(open) > 1 {
		at := d.InputOffset()
		tok, err := d.Token()
		if err != nil {
			return nil, err
		}
		last := open[len(open)-1]
		switch tok := tok.(type) {
		case xml.StartElement:
			e := &plainElement{space: tok.Name.Space, local: tok.Name.Local, start: at,
				content: d.InputOffset()}
			last.children = append(last.children, e)
			open = append(open, e)
			for _, a := range tok.Attr {
				if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" && a.Name.Space != NSXSI &&
					!blank([]byte(a.Value)) {
					mark(open)
				}
			}
		case xml.Comment:
			if !blank(tok) {
				mark(open)
			}
		case xml.EndElement:
			last.close, last.end = at, d.InputOffset()
			open = open[:len(open)-1]
		case xml.CharData:
			for _, e := range open {
				e.text += string(tok)
			}
		}
	}
	return root.children[0], nil
}
