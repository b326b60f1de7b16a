package load

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
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

// A Book makes scenarios for a caller.
type Book struct {
	Caller  Caller
	Persons []Person // of E198, asked for in turn
	// Mirrored means that replies to relayed calls are as long as their requests,
	// so that shorter ones are wrong.
	Mirrored bool

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
	want       Want
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

// book lists the scenarios.
var book = []entry{
	{name: "relay", help: "a small message (1 KiB) and its answer", service: "E20", inner: ico,
		want: okay},
	{name: "relay-64k", help: "64 KiB there and, where the registries mirror, back", service: "E20",
		padding: 63 << 10, inner: ico, want: okay},
	{name: "relay-1m", help: "1 MiB", service: "E20", padding: 1 << 20, inner: ico, want: okay},
	{name: "relay-64m", help: "64 MiB", service: "E20", padding: 64 << 20, inner: ico, want: okay},
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

// Padded reports whether the messages of a scenario are padded.
func (s *Scenario) Padded() bool { return s.padding > 0 }

// Services are the services that the grant of a caller must have for the right
// answers.
func Services() []string {
	return []string{"E198", "E227", "E20"}
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
	persons := b.Persons
	if e.service != "E198" {
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
	if e.padding > 0 && b.Mirrored {
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

func ico(*Book, Person) ([]byte, error) {
	return []byte(
		`<Zadost xmlns="urn:cz:isvs:ros:schemas:RosCtiIco:v1"><Ico>00007064</Ico></Zadost>`,
	), nil
}

func rights(*Book, Person) ([]byte, error) {
	return egon.AppendRightsQuestion(nil, &egon.RightsQuery{
		Agenda:       []byte("X999"),
		AgendovaRole: []byte("XR1"),
		Ovm:          []byte("12345678"),
	}), nil
}

// errNotFound means that a person has no value of the search key of a scenario.
var errNotFound = errors.New("the person has nothing to be found by")

func media(b *Book, p Person) ([]byte, error) {
	return b.media(p, egon.MediaQuery{
		AgendaZdroj:   []byte("Eop"),
		Kind:          egon.Dotaz2JmPrijDatNar,
		DatumNarozeni: []byte(p.Narozen),
	})
}

func mediaByNumber(b *Book, p Person) ([]byte, error) {
	if p.RodneCislo == "" {
		return nil, errNotFound
	}
	return b.media(p, egon.MediaQuery{
		AgendaZdroj: []byte("Eop"),
		Kind:        egon.Dotaz1JmPrijRC,
		RodneCislo:  []byte(p.RodneCislo),
	})
}

func mediaByCard(b *Book, p Person) ([]byte, error) {
	if p.CisloOp == "" {
		return nil, errNotFound
	}
	return b.media(p, egon.MediaQuery{
		AgendaZdroj: []byte("Eop"),
		Kind:        egon.Dotaz5JmPrijDokladOp,
		OpCislo:     []byte(p.CisloOp),
	})
}

func mediaByDocument(b *Book, p Person) ([]byte, error) {
	if p.CisloPasu == "" {
		return nil, errNotFound
	}
	return b.media(p, egon.MediaQuery{
		AgendaZdroj: []byte("Ecd"),
		Kind:        egon.Dotaz5JmPrijDokladCd,
		CdCislo:     []byte(p.CisloPasu),
	})
}

// media is a question for a person, with the key of the book.
func (b *Book) media(p Person, q egon.MediaQuery) ([]byte, error) {
	if p.Jmeno == "" {
		return nil, errors.New("a person without a name")
	}
	if b.key == nil {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			return nil, err
		}
		b.key = []byte(base64.StdEncoding.EncodeToString(spki))
	}
	q.Queries, q.Klic, q.Jmeno, q.Prijmeni = 1, b.key, []byte(p.Jmeno), []byte(p.Prijmeni)
	return egon.AppendMediaQuestion(nil, &q), nil
}
