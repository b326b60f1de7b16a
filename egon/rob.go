package egon

import (
	"bytes"
	"slices"
	"strconv"

	"brana/egon/xmltext"
)

const (
	overData = "RobOverHromadneAifoData"
	ctiData  = "RobCtiHromadneAifoData"
)

// SearchItems returns the words of the ROB items with which a combination of search
// inputs is compared. The caller needs a right to them (seed E198 §8.2.2). RodneCislo is
// no item of ROB. The slice is shared and must not be changed.
func (k QueryKind) SearchItems() []string { return searchItems[k] }

var searchItems = [...][]string{
	NoQuery:                 nil,
	Dotaz1JmPrijRC:          {"Jmeno", "Prijmeni"},
	Dotaz2JmPrijDatNar:      {"Jmeno", "Prijmeni", "DatumNarozeni"},
	Dotaz3JmPrijDatNarMN:    {"Jmeno", "Prijmeni", "DatumNarozeni", "MistoNarozeni"},
	Dotaz4JmPrijDatNarTP:    {"Jmeno", "Prijmeni", "DatumNarozeni", "AdresaPobytu"},
	Dotaz5JmPrijDokladOp:    {"Jmeno", "Prijmeni", "Doklad"},
	Dotaz5JmPrijDokladCd:    {"Jmeno", "Prijmeni", "Doklad"},
	Dotaz5JmPrijDokladEmpty: {"Jmeno", "Prijmeni", "Doklad"},
}

// VerifiedItems returns the items that [AppendVerify] sends to be compared, in ROB's
// words: the search items, and the AIFO itself.
func (k QueryKind) VerifiedItems() []string { return append([]string{"Aifo"}, searchItems[k]...) }

// AppendVerify appends the request that has ROB compare the caller's search inputs with
// its own data of the person in the entry (O25). The entry is of ROB's own agenda.
func AppendVerify(dst []byte, st *Step, person PrevodAifo) []byte {
	m := st.Head.Media
	dst = openRob(dst, st, "RobOverHromadneAifo", m.Kind.SearchItems())
	dst = appendMapa(dst, "e:MapaAifo", "", []PrevodAifo{person})
	dst = append(dst, `<e:SeznamIdAdres/><e:Dotaz verzeSluzby="1.0.0"><rod:`+overData...)
	dst = optionalAttr(dst, "typPorovnani", m.TypPorovnani)
	dst = optionalAttr(dst, "znepristupniLog", m.ZnepristupniLog)
	dst = append(dst, "><rod:Osoba>"...)
	dst = leaf(dst, "rod:Aifo", strconv.Itoa(person.Local))
	dst = appendSearched(dst, m)
	dst = append(dst, "</rod:Osoba></rod:"+overData+"></e:Dotaz>"...)
	return closeStep(dst, ActionRob)
}

// appendSearched appends the search inputs as items of ROB, in the order of the schema.
func appendSearched(dst []byte, m *MediaQuery) []byte {
	if m.Kind == Dotaz4JmPrijDatNarTP {
		dst = optional(dst, "rod:AdresaPobytu", m.TrvalyPobyt)
	}
	switch m.Kind {
	case Dotaz2JmPrijDatNar, Dotaz3JmPrijDatNarMN, Dotaz4JmPrijDatNarTP:
		dst = optional(dst, "rod:DatumNarozeni", m.DatumNarozeni)
	}
	dst = optional(dst, "rod:Jmeno", m.Jmeno)
	if m.Kind == Dotaz3JmPrijDatNarMN {
		dst = appendBirthplace(dst, "rod:MistoNarozeni", m)
	}
	dst = optional(dst, "rod:Prijmeni", m.Prijmeni)
	switch m.Kind {
	case Dotaz5JmPrijDokladOp:
		dst = appendDocument(dst, m.OpCislo, "ID")
	case Dotaz5JmPrijDokladCd:
		// The number of the evidence is text at ROB.
		dst = appendDocument(dst, bytes.TrimPrefix(m.CdCislo, []byte("+")), "P")
	}
	return dst
}

// appendDocument appends a rob:DokladType. druh is ROB's own code of the kind of
// document. The series and kinds of the evidences are other code lists.
func appendDocument(dst, cislo []byte, druh string) []byte {
	dst = append(dst, "<rod:Doklady>"...)
	dst = leaf(dst, "rob:Cislo", cislo)
	dst = leaf(dst, "rob:Druh", druh)
	return append(dst, "</rod:Doklady>"...)
}

// AppendRead appends the request of ROB for items, in ROB's internal names, of
// the person in the entry (O08). The entry is of ROB's own agenda.
func AppendRead(dst []byte, st *Step, person PrevodAifo, items []string) []byte {
	dst = openRob(dst, st, "RobCtiHromadneAifo", items)
	dst = appendMapa(dst, "e:MapaAifo", "true", []PrevodAifo{person})
	dst = append(dst, `<e:SeznamIdAdres/><e:Dotaz verzeSluzby="1.0.0"><rod:`+ctiData...)
	dst = optionalAttr(dst, "znepristupniLog", st.Head.Media.ZnepristupniLog)
	dst = append(dst, "/></e:Dotaz>"...)
	return closeStep(dst, ActionRob)
}

// openRob appends a request in ROB's envelope up to its AutorizaceInfo.
func openRob(dst []byte, st *Step, service string, items []string) []byte {
	dst = openStep(dst, ActionRob, NSRobEnvelope)
	dst = append(dst,
		` xmlns:rod="`+NSRobData+`" xmlns:rob="`+NSRobTypes+`" verzeZadosti="1.0.0">`...)
	dst = leaf(dst, "e:KodSluzby", service)
	dst = st.appendInfo(dst)
	dst = append(dst, "<e:AutorizaceInfo><reg:SeznamUdaju><reg:RobSeznamUdaju>"...)
	dst = appendWords(dst, items)
	return append(dst, "</reg:RobSeznamUdaju></reg:SeznamUdaju></e:AutorizaceInfo>"...)
}

// VerifyReply is ROB's answer to O25. When the system status is CHYBA, all but
// Info is empty.
type VerifyReply struct {
	Info    OdpovedInfo
	Map     []PrevodAifo
	Rob     Status // RobAplikacniStatus
	Persons []VerifiedPerson
	Block   []byte // RobAplikacniStatus and the persons
}

// A VerifiedPerson has the items of a person that agree with ROB and those that do not,
// in ROB's internal names.
type VerifiedPerson struct {
	Local           int
	Overene         []string
	CastecneOverene []string
	Neoverene       []string
}

// Knows reports whether the answer has an entry of a person.
func (r *VerifyReply) Knows(local int) bool { return r.person(local) != nil }

// Unverified returns those of the items sent that ROB does not list as agreeing with its
// own data of a person. An item in two lists does not agree. An item that was not sent
// is returned too if ROB lists it as not agreeing.
func (r *VerifyReply) Unverified(local int, sent []string) (items []string) {
	p := r.person(local)
	if p == nil {
		return slices.Clone(sent)
	}
	for _, item := range sent {
		if !slices.Contains(p.Overene, item) {
			items = append(items, item)
		}
	}
	for _, item := range slices.Concat(p.CastecneOverene, p.Neoverene) {
		if !slices.Contains(items, item) {
			items = append(items, item)
		}
	}
	return items
}

func (r *VerifyReply) person(local int) *VerifiedPerson {
	for i := range r.Persons {
		if r.Persons[i].Local == local {
			return &r.Persons[i]
		}
	}
	return nil
}

// ReadReply is ROB's answer to O08. When the system status is CHYBA, all but
// Info is empty.
type ReadReply struct {
	Info    OdpovedInfo
	Map     []PrevodAifo
	Rob     Status   // RobAplikacniStatus
	Persons []int    // their local AIFO numbers
	Places  []Place  // the references to RUIAN in their data, each once
	Block   []byte   // RobAplikacniStatus and the persons, with the requested items only
	Items   Returned // of the persons in Block
}

// ParseVerifyReply reads the answer to a request that [AppendVerify] wrote.
func ParseVerifyReply(doc []byte) (*VerifyReply, error) {
	a, err := openRobAnswer(doc, overData+"Response")
	if err != nil {
		return nil, err
	}
	r := &VerifyReply{Info: a.info, Map: a.mapa, Rob: a.status, Block: a.block}
	for _, osoba := range a.persons {
		r.Block = osoba.SpliceOf(r.Block, saysWhatAgrees)
		local, err := localOf(osoba)
		if err != nil {
			return nil, err
		}
		r.Persons = append(r.Persons, VerifiedPerson{
			Local:           local,
			Overene:         listed(osoba, "OvereneUdaje"),
			CastecneOverene: listed(osoba, "CastecneOvereneUdaje"),
			Neoverene:       listed(osoba, "NeovereneUdaje"),
		})
	}
	return r, nil
}

// saysWhatAgrees reports whether an element of a person in ROB's answer to O25 is one of
// its schema. Others may contain data of ROB and do not go out.
func saysWhatAgrees(n *xmltext.Node) bool {
	if n.Space != NSRobData || len(n.Children) > 0 {
		return false
	}
	switch n.Local {
	case "Aifo", "OvereneUdaje", "CastecneOvereneUdaje", "NeovereneUdaje":
		return true
	}
	return false
}

// listed returns the items of a list of ROB, of all its parts if it comes in several.
func listed(osoba *xmltext.Node, list string) (items []string) {
	for _, n := range osoba.All(NSRobData, list) {
		items = append(items, words(n)...)
	}
	return items
}

// ParseReadReply reads the answer to a request that [AppendRead] wrote with the same
// items. The result has no value of another item, and no item of version 2 of ROB, even
// without a value.
func ParseReadReply(doc []byte, items []string) (*ReadReply, error) {
	a, err := openRobAnswer(doc, ctiData+"Response")
	if err != nil {
		return nil, err
	}
	r := &ReadReply{Info: a.info, Map: a.mapa, Rob: a.status, Block: a.block}
	asked := func(item *xmltext.Node) bool { return mayBeGiven(item, items) }
	for _, osoba := range a.persons {
		r.Block = osoba.SpliceOf(r.Block, asked)
		local, err := localOf(osoba)
		if err != nil {
			return nil, err
		}
		r.Persons = append(r.Persons, local)
		r.Items.addPerson(osoba, asked)
		if r.Places, err = addPlacesOf(r.Places, osoba, asked); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// A robAnswer is the common part of the answers of ROB.
type robAnswer struct {
	info    OdpovedInfo
	mapa    []PrevodAifo
	status  Status
	persons []*xmltext.Node
	block   []byte // RobAplikacniStatus
}

// openRobAnswer reads ROB's envelope, the application status and the persons of the data
// element local. With the system status CHYBA there are no persons, and the application
// status may be absent.
func openRobAnswer(doc []byte, local string) (*robAnswer, error) {
	n, err := openAnswer(doc, ActionRob+"Response", NSRobEnvelope)
	if err != nil {
		return nil, err
	}
	a := &robAnswer{}
	if a.info, err = readInfo(n); err != nil {
		return nil, err
	}
	if a.info.Status.Kod == Chyba {
		said := n.Child(NSRobEnvelope, "Odpoved").Child(NSRobData, local).Child(NSRobData,
			"RobAplikacniStatus")
		a.status, _ = readStatus(said, NSRobTypes, "VysledekRobKodType") // an error: there is none
		return a, nil
	}
	if a.mapa, err = readMapa(n); err != nil {
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
	if a.status, err = readStatus(status, NSRobTypes, "VysledekRobKodType"); err != nil {
		return nil, err
	}
	a.block = status.Splice(nil)
	a.persons = data.All(NSRobData, "Osoba")
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

// mayBeGiven reports whether an element of a person's data may go to a caller that
// requested items: one of these items, one without a value, or the person's identifier.
func mayBeGiven(n *xmltext.Node, items []string) bool {
	if n.Space != NSRobData {
		return false
	}
	item := n.Local
	switch item {
	case "Aifo", "AifoKontrolaType":
		return true
	case "Doklady":
		item = "Doklad"
	}
	return slices.Contains(robItems, item) && (isNil(n) || slices.Contains(items, item))
}

// robItems are the items of version 1 of ROB, in its own names.
var robItems = internalNames(ROB)

// isNil reports whether an element is marked as nil and has no value.
func isNil(n *xmltext.Node) bool {
	return n.Value() == "" && len(n.Children) == 0 &&
		slices.ContainsFunc(n.Attrs, func(a xmltext.NodeAttr) bool {
			return a.Space == NSXSI && a.Local == "nil" && triOf(a.Value) == Yes
		})
}

// addPlacesOf adds to places the new references to RUIAN in a person's data. An item
// that was not given out is empty.
func addPlacesOf(
	places []Place, osoba *xmltext.Node, asked func(*xmltext.Node) bool,
) ([]Place, error) {
	item := func(local string) *xmltext.Node {
		if n := osoba.Child(NSRobData, local); n != nil && asked(n) {
			return n
		}
		return nil
	}
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
