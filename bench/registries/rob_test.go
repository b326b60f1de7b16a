package registries

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"brana/egon"
	"brana/egon/xmltext"
)

// robRequest is a message in ROB's envelope about one person.
func robRequest(service, items, aifo, data string) string {
	return fmt.Sprintf(`<e:RobSyncDotaz xmlns:e="%s"%s verzeZadosti="1.0.0"><e:KodSluzby>%s</e:KodSluzby>%s`+
		`<e:AutorizaceInfo><reg:SeznamUdaju><reg:RobSeznamUdaju>%s</reg:RobSeznamUdaju></reg:SeznamUdaju></e:AutorizaceInfo>`+
		`<e:MapaAifo lokalniAifoOd="2" nacistData="true"><reg:PrevodAifo agenda="A101" ais="1"><reg:LokalniAifo>1</reg:LokalniAifo>`+
		`<reg:GlobalniAifo>%s</reg:GlobalniAifo></reg:PrevodAifo></e:MapaAifo><e:SeznamIdAdres/>`+
		`<e:Dotaz verzeSluzby="1.0.0">%s</e:Dotaz></e:RobSyncDotaz>`,
		egon.NSRobEnvelope, robPrefixes, service, testInfo, items, aifo, data)
}

func overRequest(items, aifo, how, given string) string {
	return robRequest("RobOverHromadneAifo", items, aifo,
		`<rod:RobOverHromadneAifoData typPorovnani="`+how+`" znepristupniLog="true"><rod:Osoba><rod:Aifo>1</rod:Aifo>`+given+
			`</rod:Osoba></rod:RobOverHromadneAifoData>`)
}

// robOdpoved returns the data of a good answer of ROB.
func (s *testServer) robOdpoved(o *schemas, payload, service, kod string) *xmltext.Node {
	s.t.Helper()
	data := s.robData(payload, service, kod)
	o.check("rob/xsd/RobDotazyData.xsd", data)
	return data
}

// robData does the same without holding the data against the schema.
func (s *testServer) robData(payload, service, kod string) *xmltext.Node {
	s.t.Helper()
	n, a := s.post(ROB, payload)
	if n == nil {
		s.t.Fatalf("answer = %d %s %v", a.status, a.body, a.err)
	}
	s.mustStatus(n, egon.NSRobEnvelope, kod)
	data := n.Child(egon.NSRobEnvelope, "Odpoved").Child(egon.NSRobData, service+"DataResponse")
	if data == nil {
		s.t.Fatalf("no data in %s", a.body)
	}
	return data
}

func TestRobOver(t *testing.T) {
	s := newTestServer(t)
	o := officialSchemas(t)
	p := s.server.cfg.Population
	marek, differing := p.All()[2], specialPerson(t, p, "another surname at ROB")
	abroad, district := specialPerson(t, p, "born abroad, two citizenships"), specialPerson(t, p, "born in a district of Prague")
	names := "<rod:Jmeno>%s</rod:Jmeno><rod:Prijmeni>%s</rod:Prijmeni>"
	tests := []struct {
		name       string
		person     *Person
		how        string
		given      string
		kod        string
		subKod     string
		ok, no     string
		some       string
		unverified bool
	}{
		{name: "all agrees", person: marek, how: "diakritika", kod: egon.OK,
			given: "<rod:AdresaPobytu>14492253</rod:AdresaPobytu><rod:DatumNarozeni>1968-01-11</rod:DatumNarozeni>" + fmt.Sprintf(names, "Marek",
				"Rolnička"),
			ok: "Aifo AdresaPobytu DatumNarozeni Jmeno Prijmeni"},
		{name: "birth date with a zone", person: marek, how: "diakritika", kod: egon.OK,
			given: "<rod:DatumNarozeni>1968-01-11Z</rod:DatumNarozeni>", ok: "Aifo DatumNarozeni"},
		{name: "birth date with an offset", person: marek, how: "diakritika", kod: egon.OK,
			given: "<rod:DatumNarozeni>1968-01-11+01:00</rod:DatumNarozeni>", ok: "Aifo DatumNarozeni"},
		{name: "another birth date with an offset", person: marek, how: "diakritika", kod: egon.Varovani, subKod: "PARCIALNI ZAZNAM NEOVEREN",
			given: "<rod:DatumNarozeni>1968-01-10-12:00</rod:DatumNarozeni>", ok: "Aifo", no: "DatumNarozeni"},
		{name: "case differs, strictly", person: marek, how: "striktni", kod: egon.Varovani, subKod: "PARCIALNI ZAZNAM NEOVEREN",
			given: fmt.Sprintf(names, "Marek", "ROLNIČKA"), ok: "Aifo Prijmeni", no: "Jmeno"},
		{name: "accents differ", person: marek, how: "diakritika", kod: egon.Varovani, subKod: "PARCIALNI ZAZNAM NEOVEREN",
			given: fmt.Sprintf(names, "Marek", "Rolnicka"), ok: "Aifo Jmeno", no: "Prijmeni"},
		{name: "accents do not matter", person: marek, how: "ascii", kod: egon.OK,
			given: fmt.Sprintf(names, "Marek", "Rolnicka"), ok: "Aifo Jmeno Prijmeni"},
		{name: "surname differs at ROB", person: differing, how: "ascii", kod: egon.Varovani, subKod: "PARCIALNI ZAZNAM NEOVEREN",
			given: fmt.Sprintf(names, differing.Jmeno, differing.Prijmeni), ok: "Aifo Jmeno", no: "Prijmeni"},
		{name: "documents", person: marek, how: "ascii", kod: egon.Varovani, subKod: "PARCIALNI ZAZNAM NEOVEREN",
			given: document(marek.OP[0].Cislo, "ID") + document("1", "P"), ok: "Aifo", some: "Doklad"},
		{name: "document of another kind", person: marek, how: "ascii", kod: egon.Varovani, subKod: "PARCIALNI ZAZNAM NEOVEREN",
			given: document(marek.OP[0].Cislo, "P"), ok: "Aifo", no: "Doklad"},
		{name: "born abroad", person: abroad, how: "ascii", kod: egon.OK,
			given: `<rod:MistoNarozeni><rob:NarozeniSvet><rob:MistoSvet>Dresden</rob:MistoSvet><rob:Stat>276</rob:Stat></rob:NarozeniSvet></rod:MistoNarozeni>` +
				`<rod:Obcanstvi>203</rod:Obcanstvi><rod:Obcanstvi>276</rod:Obcanstvi>`, ok: "Aifo MistoNarozeni Obcanstvi"},
		{name: "born in a district", person: district, how: "ascii", kod: egon.OK,
			given: fmt.Sprintf(`<rod:MistoNarozeni><rob:NarozeniCr obec="false">%d</rob:NarozeniCr></rod:MistoNarozeni>`, district.Narozeni.Kod),
			ok:    "Aifo MistoNarozeni"},
		{name: "a municipality of the district's code", person: district, how: "ascii", kod: egon.Varovani, subKod: "PARCIALNI ZAZNAM NEOVEREN",
			given: fmt.Sprintf(`<rod:MistoNarozeni><rob:NarozeniCr>%d</rob:NarozeniCr></rod:MistoNarozeni>`, district.Narozeni.Kod), ok: "Aifo",
			no: "MistoNarozeni"},
		{name: "unknown to ROB", person: specialPerson(t, p, "in the evidences, unknown to ROB"), how: "ascii", kod: egon.Varovani,
			subKod: "PARCIALNI ZAZNAM NENALEZEN", given: fmt.Sprintf(names, "Eva", "Nerobová"), unverified: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s.server.ClearLog()
			items := "AdresaPobytu DatumNarozeni Doklad Jmeno MistoNarozeni Obcanstvi Prijmeni"
			data := s.robOdpoved(o, overRequest(items, AIFO("A101", test.person.ID), test.how, test.given), "RobOverHromadneAifo", test.kod)
			status := data.Child(egon.NSRobData, "RobAplikacniStatus")
			if got := status.Child(egon.NSRobTypes, "VysledekDetail").Child(egon.NSRobTypes, "VysledekSubKod").Value(); got != test.subKod {
				t.Errorf("VysledekSubKod = %q, want %q", got, test.subKod)
			}
			osoba := data.Child(egon.NSRobData, "Osoba")
			got := []string{osoba.Child(egon.NSRobData, "OvereneUdaje").Value(), osoba.Child(egon.NSRobData, "CastecneOvereneUdaje").Value(),
				osoba.Child(egon.NSRobData, "NeovereneUdaje").Value()}
			if diff := cmp.Diff([]string{test.ok, test.some, test.no}, got); diff != "" {
				t.Errorf("lists differ (-want +got):\n%s", diff)
			}
			e := s.server.Log()[0]
			if want := map[bool]int{true: 0, false: 1}[test.unverified]; e.Step != "O25" || e.Uses != want || e.Hidden != (want > 0) {
				t.Errorf("entry = %+v, want O25 with %d hidden uses", e, want)
			}
		})
	}
}

func document(cislo, druh string) string {
	return "<rod:Doklady><rob:Cislo>" + cislo + "</rob:Cislo><rob:Druh>" + druh + "</rob:Druh></rod:Doklady>"
}

func TestRobOverMapa(t *testing.T) {
	s := newTestServer(t)
	unknown := specialPerson(t, s.server.cfg.Population, "in the evidences, unknown to ROB")
	for id, want := range map[int]string{2: "true", unknown.ID: "false"} {
		n, _ := s.post(ROB, overRequest("Jmeno", AIFO("A101", id), "ascii", "<rod:Jmeno>X</rod:Jmeno>"))
		entry := n.Child(egon.NSRobEnvelope, "MapaAifo").Child(egon.NSReg, "PrevodAifo")
		if got, _ := entry.Child(egon.NSReg, "LokalniAifo").AttrValue("stavOvereniAifo"); got != want {
			t.Errorf("person %d: stavOvereniAifo = %q, want %q", id, got, want)
		}
	}
}

func TestRobRefuses(t *testing.T) {
	s := newTestServer(t)
	aifo := AIFO("A101", 2)
	for name, payload := range map[string]string{
		"item that is not permitted": overRequest("Prijmeni", aifo, "ascii", "<rod:Jmeno>Marek</rod:Jmeno>"),
		"external name of an item":   overRequest("DatovaSchrankaROB", aifo, "ascii", ""),
		"data of another service":    robRequest("RobCtiHromadneAifo", "", aifo, "<rod:RobOverHromadneAifoData/>"),
		"service that is not there":  robRequest("RobCtiAifo", "", aifo, "<rod:RobCtiAifoData/>"),
		"number not in the map":      strings.Replace(overRequest("", aifo, "ascii", ""), "<rod:Aifo>1<", "<rod:Aifo>2<", 1),
		"no data":                    robRequest("RobCtiHromadneAifo", "", aifo, ""),
	} {
		t.Run(name, func(t *testing.T) {
			n, a := s.post(ROB, payload)
			if n == nil {
				t.Fatalf("answer = %d %s %v", a.status, a.body, a.err)
			}
			s.mustStatus(n, egon.NSRobEnvelope, egon.Chyba)
			if len(n.Children) != 1 {
				t.Errorf("an answer with CHYBA has more than OdpovedInfo: %s", a.body)
			}
		})
	}
}

func TestRobCtiHromadne(t *testing.T) {
	s := newTestServer(t)
	o := officialSchemas(t)
	p := s.server.cfg.Population
	var answers []*xmltext.Node
	ask := func(person *Person, items string) *xmltext.Node {
		data := s.robData(robRequest("RobCtiHromadneAifo", items, AIFO("A101", person.ID), "<rod:RobCtiHromadneAifoData/>"), "RobCtiHromadneAifo",
			egon.OK)
		answers = append(answers, data)
		return data.Child(egon.NSRobData, "Osoba")
	}
	everything := "AdresaPobytu DatovaSchranka DatumNarozeni DatumUmrti DatumPravniMociUmrti Doklad DorucovaciAdresa Jmeno MistoNarozeni " +
		"MistoUmrti Obcanstvi Prijmeni"
	for _, x := range p.All() {
		if !x.InROB {
			continue
		}
		osoba := ask(x, everything)
		if got := osoba.Child(egon.NSRobData, "Prijmeni").Value(); got != x.RobPrijmeni {
			t.Errorf("Prijmeni = %q, want %q", got, x.RobPrijmeni)
		}
		if got := len(osoba.All(egon.NSRobData, "Obcanstvi")); got != len(x.Obcanstvi) {
			t.Errorf("person %d: %d Obcanstvi, want %d", x.ID, got, len(x.Obcanstvi))
		}
	}
	var filled []string
	for _, n := range ask(p.All()[0], "Jmeno Prijmeni").Children {
		if !isNil(n) {
			filled = append(filled, n.Local)
		}
	}
	if diff := cmp.Diff([]string{"Aifo", "AifoKontrolaType", "Jmeno", "Prijmeni"}, filled); diff != "" {
		t.Errorf("filled items differ (-want +got):\n%s", diff)
	}
	o.check("rob/xsd/RobDotazyData.xsd", answers...)
}

// The references of an answer stand in its SeznamIdAdres too.
func TestRobReferences(t *testing.T) {
	s := newTestServer(t)
	for special, items := range map[string]string{
		"delivery address":             "AdresaPobytu DorucovaciAdresa",
		"born in a district of Prague": "MistoNarozeni",
		"dead":                         "MistoUmrti MistoNarozeni",
	} {
		p := specialPerson(t, s.server.cfg.Population, special)
		n, _ := s.post(ROB, robRequest("RobCtiHromadneAifo", items, AIFO("A101", p.ID), "<rod:RobCtiHromadneAifoData/>"))
		want := osoba{Person: p, items: strings.Fields(items)}.references(nil)
		got := readRefs(n.Child(egon.NSRobEnvelope, "SeznamIdAdres"))
		if len(want) == 0 || len(want) != len(got) {
			t.Errorf("%s: references %v, want %v", special, got, want)
		}
	}
}

func TestRobCtiUnknown(t *testing.T) {
	s := newTestServer(t)
	o := officialSchemas(t)
	p := specialPerson(t, s.server.cfg.Population, "in the evidences, unknown to ROB")
	data := s.robOdpoved(o, robRequest("RobCtiHromadneAifo", "Jmeno", AIFO("A101", p.ID), "<rod:RobCtiHromadneAifoData/>"),
		"RobCtiHromadneAifo", egon.Varovani)
	if data.Child(egon.NSRobData, "Osoba") != nil {
		t.Error("a person that ROB does not know has an Osoba")
	}
}
