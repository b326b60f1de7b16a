package egon

import "strconv"

const (
	overData = "RobOverHromadneAifoData"
	ctiData  = "RobCtiHromadneAifoData"
)

// SearchItems returns the words of the ROB items that a combination of search
// inputs is compared with, so that the caller needs a right to them (seed E198
// §8.2.2). RodneCislo is no item of ROB.
func (k QueryKind) SearchItems() []string {
	switch k {
	case Dotaz1JmPrijRC:
		return []string{"Jmeno", "Prijmeni"}
	case Dotaz2JmPrijDatNar:
		return []string{"Jmeno", "Prijmeni", "DatumNarozeni"}
	case Dotaz3JmPrijDatNarMN:
		return []string{"Jmeno", "Prijmeni", "DatumNarozeni", "MistoNarozeni"}
	case Dotaz4JmPrijDatNarTP:
		return []string{"Jmeno", "Prijmeni", "DatumNarozeni", "AdresaPobytu"}
	case Dotaz5JmPrijDokladOp, Dotaz5JmPrijDokladCd:
		return []string{"Jmeno", "Prijmeni", "Doklad"}
	}
	return nil
}

// AppendVerify appends the request of ROB that compares the caller's search
// inputs with what ROB holds of the person in the entry (O25). The entry is of
// ROB's own agenda.
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

// appendSearched appends the search inputs as the items of ROB that they are,
// in the order of the schema.
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
		dst = appendDocument(dst, m.CdCislo, "P")
	}
	return dst
}

// appendDocument appends a rob:DokladType; druh is ROB's own code of the kind
// of document, the evidences' series and kinds are other code lists.
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
	dst = append(dst, ` xmlns:rod="`+NSRobData+`" xmlns:rob="`+NSRobTypes+`" verzeZadosti="1.0.0">`...)
	dst = leaf(dst, "e:KodSluzby", service)
	dst = st.appendInfo(dst)
	dst = append(dst, "<e:AutorizaceInfo><reg:SeznamUdaju><reg:RobSeznamUdaju>"...)
	dst = appendWords(dst, items)
	return append(dst, "</reg:RobSeznamUdaju></reg:SeznamUdaju></e:AutorizaceInfo>"...)
}
