package egon

import "strconv"

// A PrevodAifo is one entry of a MapaAifo (RegTypy): a person's local number within the
// message, and the person's identifier in one agenda.
type PrevodAifo struct {
	Agenda  string // the agenda of Global; empty: absent
	Ais     string // its information system; empty: absent
	Local   int
	Global  string // base64 of 17 bytes; empty: none
	Overeno Tri    // stavOvereniAifo: ROB knows the person
	Status  string // prevodAifoStatus, the reason of a missing translation; empty: none
}

// A Tri is a boolean that may be absent.
type Tri uint8

// The values of a Tri.
const (
	Unsaid Tri = iota
	Yes
	No
)

// A Place is one entry of a SeznamIdAdres (RegTypy): a reference to RUIAN.
type Place struct {
	Kod  int
	Kind PlaceKind
	Stav string // stavOvereniPrvku: existuje, nenalezen or zrusen; empty: absent
}

// A PlaceKind is the kind of a [Place].
type PlaceKind uint8

// The kinds: an address place, or a locality that is a municipality (typPrvku
// OB) or a district of Prague (MP).
const (
	AdresniMisto PlaceKind = iota
	LokalitaOB
	LokalitaMP
)

// appendMapa appends a MapaAifo as element name. lokalniAifoOd is the number after the
// highest used one, so that a registry that adds persons takes no number of the
// message.
func appendMapa(dst []byte, name, nacistData string, entries []PrevodAifo) []byte {
	next := 1
	for i := range entries {
		next = max(next, entries[i].Local+1)
	}
	dst = append(dst, '<')
	dst = append(dst, name...)
	dst = attr(dst, "lokalniAifoOd", strconv.Itoa(next))
	dst = optionalAttr(dst, "nacistData", nacistData)
	dst = append(dst, '>')
	for i := range entries {
		dst = appendPrevod(dst, &entries[i])
	}
	return shut(dst, name)
}

func appendPrevod(dst []byte, p *PrevodAifo) []byte {
	dst = append(dst, "<reg:PrevodAifo"...)
	dst = optionalAttr(dst, "agenda", p.Agenda)
	dst = optionalAttr(dst, "ais", p.Ais)
	dst = append(dst, "><reg:LokalniAifo"...)
	dst = optionalAttr(dst, "prevodAifoStatus", p.Status)
	switch p.Overeno {
	case Yes:
		dst = attr(dst, "stavOvereniAifo", "true")
	case No:
		dst = attr(dst, "stavOvereniAifo", "false")
	}
	dst = append(dst, '>')
	dst = strconv.AppendInt(dst, int64(p.Local), 10)
	dst = append(dst, "</reg:LokalniAifo>"...)
	if p.Global != "" {
		dst = leaf(dst, "reg:GlobalniAifo", p.Global)
	}
	return append(dst, "</reg:PrevodAifo>"...)
}

// appendPlaces appends a SeznamIdAdres as element name. The schema has all address
// places before the localities.
func appendPlaces(dst []byte, name, nacistData string, places []Place) []byte {
	dst = append(dst, '<')
	dst = append(dst, name...)
	dst = optionalAttr(dst, "nacistData", nacistData)
	dst = append(dst, '>')
	for i := range places {
		if p := &places[i]; p.Kind == AdresniMisto {
			dst = appendPlace(dst, "reg:AdresniMisto", "", p)
		}
	}
	for i := range places {
		switch p := &places[i]; p.Kind {
		case LokalitaOB:
			dst = appendPlace(dst, "reg:AdresniLokalita", "OB", p)
		case LokalitaMP:
			dst = appendPlace(dst, "reg:AdresniLokalita", "MP", p)
		}
	}
	return shut(dst, name)
}

func appendPlace(dst []byte, name, typPrvku string, p *Place) []byte {
	dst = append(dst, '<')
	dst = append(dst, name...)
	dst = optionalAttr(dst, "stavOvereniPrvku", p.Stav)
	dst = optionalAttr(dst, "typPrvku", typPrvku)
	dst = append(dst, '>')
	dst = strconv.AppendInt(dst, int64(p.Kod), 10)
	return shut(dst, name)
}
