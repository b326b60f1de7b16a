package egon

import "brana/egon/xmltext"

// AppendPlaces appends a request of RUIAN (A28, CtiProRob v1). With read it asks for the
// places, else only whether they exist.
func AppendPlaces(dst []byte, st *Step, read bool, places []Place) []byte {
	nacistData := "false"
	if read {
		nacistData = "true"
	}
	dst = openStep(dst, ActionRuian, NSRuian)
	dst = append(dst, '>')
	dst = st.appendInfo(dst)
	dst = append(dst, "<e:Dotaz>"...)
	dst = appendPlaces(dst, "e:SeznamIdAdres", nacistData, places)
	dst = append(dst, "</e:Dotaz>"...)
	return closeStep(dst, ActionRuian)
}

// PlacesReply is RUIAN's answer to A28, in version 1 or 2. When the system
// status is CHYBA, all but Info is empty.
type PlacesReply struct {
	Info   OdpovedInfo
	Places []Place // the references with their Stav
	Block  []byte  // SeznamAdres and SeznamLokalit
}

// ParsePlacesReply reads the answer to a request that [AppendPlaces] wrote.
func ParsePlacesReply(doc []byte) (*PlacesReply, error) {
	n, err := openAnswer(doc, "CtiProRobResponse", NSRuian, NSRuian2)
	if err != nil {
		return nil, err
	}
	r := &PlacesReply{}
	if r.Info, err = readInfo(n); err != nil || r.Info.Status.Kod == Chyba {
		return r, err
	}
	odpoved, err := need(n, n.Space, "Odpoved")
	if err != nil {
		return nil, err
	}
	ids, err := need(odpoved, n.Space, "SeznamIdAdres")
	if err != nil {
		return nil, err
	}
	if r.Places, err = readPlaces(ids); err != nil {
		return nil, err
	}
	for _, local := range []string{"SeznamAdres", "SeznamLokalit"} {
		list, err := need(odpoved, n.Space, local)
		if err != nil {
			return nil, err
		}
		r.Block = list.Splice(r.Block)
	}
	return r, nil
}

// readPlaces reads a SeznamIdAdres.
func readPlaces(n *xmltext.Node) (places []Place, err error) {
	for _, c := range n.Children {
		var p Place
		switch {
		case c.Space == NSReg && c.Local == "AdresniMisto":
			p.Kind = AdresniMisto
		case c.Space == NSReg && c.Local == "AdresniLokalita":
			p.Kind = LokalitaOB
			if typ, _ := c.AttrValue("typPrvku"); typ == "MP" {
				p.Kind = LokalitaMP
			}
		default:
			continue
		}
		if p.Kod, err = number(c); err != nil {
			return nil, err
		}
		p.Stav, _ = c.AttrValue("stavOvereniPrvku")
		switch p.Stav {
		case "", "existuje", "nenalezen", "zrusen":
		default:
			return nil, Breach("expect existuje, nenalezen or zrusen in stavOvereniPrvku of " +
				c.Local)
		}
		places = append(places, p)
	}
	return places, nil
}
