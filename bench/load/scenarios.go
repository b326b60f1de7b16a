package load

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"brana/egon"
)

// A Caller is the identity that calls come with: the quadruple of a grant.
type Caller struct{ Agenda, Role, Ovm, Ais string }

// A Person can be asked for by the fields that are not empty.
type Person struct{ Jmeno, Prijmeni, Narozen, RodneCislo, CisloOp, CisloPasu string }

// Rules are those by which a gateway judges the items of relayed calls, in the words of its
// configuration. The zero value is a gateway in the place of the bus.
type Rules struct{ Items, Returned string }

// A Book makes scenarios for a caller.
type Book struct {
	Caller  Caller
	Persons []Person // of E198 and E05, asked for in turn
	Rules   Rules    // of the gateway that answers
	// Set means that the registries have the [Settings] that the scenarios need, so that
	// shorter replies are wrong.
	Set bool

	key []byte // SubjectPublicKeyInfo in base64, made when it is needed
}

// entry is a scenario of the book.
type entry struct {
	name, help string
	service    string
	padding    int64
	items      string
	inner      func(b *Book, p Person) ([]byte, error)
	spoil      func(text string) string // nil: nothing
	set        string                   // a setting of the registries that it needs; may be empty
	want       Want
	ruled      func(r Rules) Want // the answer where it follows from rules; nil: want
}

var okay = Want{Status: 200, Kod: egon.OK, Echo: true}

func refused(subKod string) Want {
	return Want{Status: 200, Kod: egon.Chyba, SubKod: subKod, Echo: true}
}

// found is the answer of E198 with a medium of at least 4 KiB and elements of the
// registries behind it.
func found(elements ...string) Want {
	return Want{Status: 200, Kod: egon.OK, Echo: true, Least: 4 << 10, Elements: elements}
}

// Items of the caller's row, and of no right of the caller.
const (
	ownItems   = "Ico ObchodniNazev"
	ownPerson  = "Jmeno Prijmeni"
	otherItem  = "Obcanstvi"
	mirrorBack = "front.mirror=true"
)

// book lists the scenarios.
var book = []entry{
	{name: "relay", help: "a small message (1 KiB) and its answer", service: "E20", items: ownItems,
		inner: ico, want: okay},
	{name: "relay-64k", help: "64 KiB there and, where the registries mirror, back", service: "E20",
		items: ownItems, padding: 63 << 10, inner: ico, set: mirrorBack, want: okay},
	{name: "relay-1m", help: "1 MiB", service: "E20", items: ownItems, padding: 1 << 20, inner: ico,
		set: mirrorBack, want: okay},
	{name: "relay-64m", help: "64 MiB", service: "E20", items: ownItems, padding: 64 << 20, inner: ico,
		set: mirrorBack, want: okay},
	{name: "e05", help: "a person of ROB, relayed; all items are permitted", service: "E05",
		items: ownPerson, inner: search, want: person},
	{name: "e05-list", help: "the same with an item that is not permitted", service: "E05",
		items: ownPerson + " " + otherItem, inner: search, ruled: overreach},
	{name: "e05-empty", help: "the same without a list of items", service: "E05", inner: search,
		ruled: unlisted},
	{name: "e05-64m", help: "e05-list with a reply of 64 MiB", service: "E05",
		items: ownPerson + " " + otherItem, inner: search, set: "front.reply_bytes=67108864",
		ruled: overreachLong},
	{name: "e227", help: "what may X999/XR1/12345678", service: "E227", inner: rights,
		want: Want{Status: 200, Kod: egon.OK, Echo: true, Has: "101-1-2"}},
	{name: "e198", help: "one photo, name and address of ROB, the address of RUIAN: all registries",
		service: "E198", items: "EopFoto Jmeno Prijmeni AdresaPobytu ROBCti RUIANCti", inner: media,
		want: found("EopOdpoved", "Fotka", "RobCtiPodleUdajuDataResponse", "RuianOdpoved")},
	{name: "e198-photo", help: "one photo, the person verified by ROB", service: "E198",
		items: "EopFoto", inner: media,
		want: found("EopOdpoved", "Fotka", "RobOverHromadneAifoDataResponse")},
	{name: "e198-both", help: "photo and signature", service: "E198",
		items: "EopFoto EopPodpis Jmeno Prijmeni ROBCti", inner: media,
		want: found("EopOdpoved", "Fotka", "Podpis", "RobCtiPodleUdajuDataResponse")},
	{name: "e198-number", help: "one photo, found by the birth number", service: "E198",
		items: "EopFoto Jmeno Prijmeni", inner: mediaByNumber,
		want: found("EopOdpoved", "Fotka", "RobOverHromadneAifoDataResponse")},
	{name: "e198-card", help: "one photo, found by the number of an identity card", service: "E198",
		items: "EopFoto Jmeno Prijmeni", inner: mediaByCard,
		want: found("EopOdpoved", "Fotka", "RobOverHromadneAifoDataResponse")},
	{name: "e198-ecd", help: "a photo of ECD, found by the number of a travel document",
		service: "E198", items: "EcdFoto Jmeno Prijmeni", inner: mediaByDocument,
		want: found("EcdOdpoved", "Fotka", "RobOverHromadneAifoDataResponse")},
	{name: "refused-service", help: "a service that is not in the grant", service: "E21", inner: ico,
		want: refused("NENI OPRAVNENI EGON")},
	{name: "refused-item", help: "an item that the matrix does not give", service: "E198",
		items: "EopFoto Obcanstvi", inner: media, want: refused("NENI OPRAVNENI")},
	{name: "malformed", help: "an element that is not closed", service: "E20", inner: ico,
		spoil: func(text string) string { return strings.Replace(text, "</Ico>", "</Ica>", 1) },
		want:  Want{Status: 500, Kod: string(egon.FaultClient), SubKod: "malformed"}},
	{name: "doctype", help: "a document type, as attacks by entities have", service: "E20", inner: ico,
		spoil: func(text string) string { return `<!DOCTYPE a [<!ENTITY b "b">]>` + text },
		want:  Want{Status: 500, Kod: string(egon.FaultClient), SubKod: "malformed"}},
}

// person is the answer of E05 with the items that the caller may have.
var person = Want{Status: 200, Kod: egon.OK, Echo: true, Elements: strings.Fields(ownPerson)}

// overreach is the answer of E05 to a list with an item that is not permitted. Where the
// registries are asked for it they return it.
func overreach(r Rules) Want {
	removed := person
	removed.Kod, removed.SubKod, removed.Lacks = egon.Varovani, "NENI OPRAVNENI", otherItem
	switch {
	case r.Items == "strict":
		return refused("NENI OPRAVNENI")
	case r.Items != "pass", r.Returned == "filter":
		return removed
	case r.Returned == "refuse":
		return refused("CHYBA VOLANI REGISTRU")
	}
	whole := person
	whole.Elements = append(slices.Clone(person.Elements), otherItem)
	return whole
}

// overreachLong is overreach with a long reply.
func overreachLong(r Rules) Want {
	w := overreach(r)
	if w.Kod != egon.Chyba {
		w.Least = 60 << 20
	}
	return w
}

// unlisted is the answer of E05 to a call without a list of items. The registries fill in all
// that they have.
func unlisted(r Rules) Want {
	switch r.Items {
	case "strict":
		return refused("NENI OPRAVNENI")
	case "pass":
		return overreach(r)
	}
	return person
}

// Names lists the scenarios, each with what it sends.
func Names() [][2]string {
	var list [][2]string
	for _, e := range book {
		list = append(list, [2]string{e.name, e.help})
	}
	return list
}

// Relayed reports whether a proxy in front of the registries answers a scenario
// as the gateway does.
func (s *Scenario) Relayed() bool { return strings.HasPrefix(s.Name, "relay") }

// long reports whether the messages of a scenario or their replies are long.
func (s *Scenario) long() bool { return s.padding > 0 || s.Want.Least > 1<<20 }

// Services are the services that the grant of a caller must have for the right
// answers.
func Services() []string {
	return []string{"E198", "E227", "E20", "E05"}
}

// Settings are those of the registries that the scenarios of a mix need.
func Settings(mix string) (set []string) {
	for word := range strings.SplitSeq(mix, ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(word), "=")
		for _, e := range book {
			if e.name == name && e.set != "" && !slices.Contains(set, e.set) {
				set = append(set, e.set)
			}
		}
	}
	return set
}

// Scenario makes the scenario with a name.
func (b *Book) Scenario(name string) (*Scenario, error) {
	at := slices.IndexFunc(book, func(e entry) bool { return e.name == name })
	if at < 0 {
		var names []string
		for _, e := range book {
			names = append(names, e.name)
		}
		return nil, fmt.Errorf(
			"there is no scenario %q; choose of %s", name, strings.Join(names, ", "),
		)
	}
	e := book[at]
	s := &Scenario{
		Name:    e.name,
		Service: egon.ServiceByCode(e.service),
		Want:    e.want,
		padding: e.padding,
	}
	if e.ruled != nil {
		s.Want = e.ruled(b.Rules)
	}
	persons := b.Persons
	if e.service != "E198" && e.service != "E05" {
		persons = []Person{{}} // one message is enough
	}
	for _, p := range persons {
		text, err := b.text(&e, s.Service, p)
		if errors.Is(err, errNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("make %s: %w", name, err)
		}
		m, err := newMessage(text)
		if err != nil {
			return nil, fmt.Errorf("make %s: %w", name, err)
		}
		s.messages = append(s.messages, m)
	}
	if len(s.messages) == 0 {
		return nil, fmt.Errorf("make %s: there is nobody to ask for", name)
	}
	switch {
	case !b.Set:
		s.Want.Least = e.want.Least
	case e.padding > 0:
		s.Want.Least = s.size(s.messages[0])
	}
	return s, nil
}

// text is a whole message, with places for the id and the time.
func (b *Book) text(e *entry, service *egon.Service, p Person) ([]byte, error) {
	inner, err := e.inner(b, p)
	if err != nil {
		return nil, err
	}
	if e.padding > 0 {
		inner = []byte(strings.Replace(string(inner), "</Zadost>",
			"<Priloha>"+padPlace+"</Priloha></Zadost>", 1))
	}
	info := &egon.ZadostInfo{
		CasZadosti:     []byte(timePlace),
		AgendaZadostId: []byte(idPlace),
		Agenda:         []byte(b.Caller.Agenda),
		AgendovaRole:   []byte(b.Caller.Role),
		Ovm:            []byte(b.Caller.Ovm),
		Ais:            []byte(b.Caller.Ais),
		Subjekt:        []byte("brana bench"),
		Uzivatel:       []byte("brana bench"),
		DuvodUcel:      []byte("bench"),
	}
	var items []string
	if e.items != "" {
		items = strings.Fields(e.items)
	}
	text := egon.AppendRequest(nil, &egon.Request{
		Service:   service,
		Enveloped: true,
		Info:      info,
		Items:     items,
		Inner:     inner,
	})
	if e.spoil != nil {
		text = []byte(e.spoil(string(text)))
	}
	return text, nil
}
