package egon

import "brana/egon/xmltext"

// ParseVerifyReply reads the answer to a request that [AppendVerify] wrote.
func ParseVerifyReply(doc []byte) (*VerifyReply, error) {
	a, err := openRobAnswer(doc, overData+"Response")
	if err != nil {
		return nil, err
	}
	r := &VerifyReply{Info: a.info, Map: a.mapa, Rob: a.status, Block: a.block}
	for _, osoba := range a.persons {
		local, err := localOf(osoba)
		if err != nil {
			return nil, err
		}
		r.Persons = append(r.Persons, VerifiedPerson{
			Local:           local,
			Overene:         words(osoba.Child(NSRobData, "OvereneUdaje")),
			CastecneOverene: words(osoba.Child(NSRobData, "CastecneOvereneUdaje")),
			Neoverene:       words(osoba.Child(NSRobData, "NeovereneUdaje")),
		})
	}
	return r, nil
}

// ParseReadReply reads the answer to a request that [AppendRead] wrote.
func ParseReadReply(doc []byte) (*ReadReply, error) {
	a, err := openRobAnswer(doc, ctiData+"Response")
	if err != nil {
		return nil, err
	}
	r := &ReadReply{Info: a.info, Map: a.mapa, Rob: a.status, Block: a.block}
	for _, osoba := range a.persons {
		local, err := localOf(osoba)
		if err != nil {
			return nil, err
		}
		r.Persons = append(r.Persons, local)
		if r.Places, err = addPlacesOf(r.Places, osoba); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// A robAnswer is what the answers of ROB have in common.
type robAnswer struct {
	info    OdpovedInfo
	mapa    []PrevodAifo
	status  RobStatus
	persons []*xmltext.Node
	block   []byte
}

// openRobAnswer reads ROB's envelope and, unless the system status is CHYBA,
// the application status and the persons of the data element local.
func openRobAnswer(doc []byte, local string) (*robAnswer, error) {
	n, err := openAnswer(doc, ActionRob+"Response", NSRobEnvelope)
	if err != nil {
		return nil, err
	}
	a := &robAnswer{}
	if a.info, err = readInfo(n); err != nil || a.info.Status.Kod == Chyba {
		return a, err
	}
	if a.mapa, err = readMapa(n.Child(NSRobEnvelope, "MapaAifo")); err != nil {
		return nil, err
	}
	odpoved, err := need(n, NSRobEnvelope, "Odpoved")
	if err != nil {
		return nil, err
	}
	data, err := need(odpoved, NSRobData, local)
	if err != nil {
		return nil, err
	}
	status, err := need(data, NSRobData, "RobAplikacniStatus")
	if err != nil {
		return nil, err
	}
	if a.status.Kod, err = readKod(status, NSRobTypes, "VysledekRobKodType"); err != nil {
		return nil, err
	}
	for _, d := range status.All(NSRobTypes, "VysledekDetail") {
		a.status.SubKods = append(a.status.SubKods, d.Child(NSRobTypes, "VysledekSubKod").Value())
	}
	a.block = status.Splice(nil)
	a.persons = data.All(NSRobData, "Osoba")
	for _, osoba := range a.persons {
		a.block = osoba.Splice(a.block)
	}
	return a, nil
}

// localOf reads the local AIFO number of a person.
func localOf(osoba *xmltext.Node) (int, error) {
	aifo, err := need(osoba, NSRobData, "Aifo")
	if err != nil {
		return 0, err
	}
	return number(aifo)
}

// addPlacesOf adds the references to RUIAN in a person's data that are not yet
// among places. An item that was not given out is empty.
func addPlacesOf(places []Place, osoba *xmltext.Node) ([]Place, error) {
	item := func(local string) *xmltext.Node { return osoba.Child(NSRobData, local) }
	refs := []struct {
		node *xmltext.Node
		kind PlaceKind
	}{
		{item("AdresaPobytu"), AdresniMisto},
		{item("DorucovaciAdresa").Child(NSRobTypes, "AdresaCr"), AdresniMisto},
		{item("MistoNarozeni").Child(NSRobTypes, "NarozeniCr"), LokalitaOB},
		{item("MistoUmrti").Child(NSRobTypes, "UmrtiCr"), LokalitaOB},
	}
	for _, ref := range refs {
		if ref.node.Value() == "" {
			continue
		}
		kod, err := number(ref.node)
		if err != nil {
			return nil, err
		}
		if obec, ok := ref.node.AttrValue("obec"); ok && triOf(obec) == No {
			ref.kind = LokalitaMP
		}
		places = addPlace(places, Place{Kod: kod, Kind: ref.kind})
	}
	return places, nil
}

func addPlace(places []Place, p Place) []Place {
	for _, known := range places {
		if known == p {
			return places
		}
	}
	return append(places, p)
}
