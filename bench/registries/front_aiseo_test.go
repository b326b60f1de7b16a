package registries

import (
	"fmt"
	"strings"
	"testing"

	"brana/egon"
	"brana/egon/xmltext"
)

// aiseoSchemas are the official schemas of the six services; that of E172 lacks
// a type and is mended.
func aiseoSchemas(o *schemas) func(code string, answers ...*xmltext.Node) {
	mended := o.aiseo2("egon/xsd/IszrAiseoCtiPodleUdaju2.xsd")
	return func(code string, answers ...*xmltext.Node) {
		o.t.Helper()
		if code == "E172" {
			for _, n := range answers {
				o.checkFile(mended, n)
			}
			return
		}
		o.check("egon/xsd/"+egon.ServiceByCode(code).Action+".xsd", answers...)
	}
}

// The questions of the six services about a person, as X999 asks them.
func aiseoQuestion(code, items string, p *Person) string {
	leaves := func(space string, pairs ...string) string {
		var b strings.Builder
		for i := 0; i < len(pairs); i += 2 {
			fmt.Fprintf(&b, `<x:%s xmlns:x="%s">%s</x:%[1]s>`, pairs[i], space, pairs[i+1])
		}
		return b.String()
	}
	v, born := egon.ServiceByCode(code), p.Narozen.Format("2006-01-02")
	data := func(content string) string {
		return "<e:" + v.Request + "Data>" + content + "</e:" + v.Request + "Data>"
	}
	mapa := "<abs:MapaAifo><reg:PrevodAifo><reg:LokalniAifo>1</reg:LokalniAifo><reg:GlobalniAifo>" + AIFO("X999", p.ID) +
		"</reg:GlobalniAifo></reg:PrevodAifo></abs:MapaAifo>"
	switch code {
	case "E158":
		return frontRequest(code, items, "",
			data(leaves(nsAiseoIdentify, "Jmeno", p.Jmeno, "Prijmeni", p.Prijmeni, "DatumNarozeni", born, "RC", p.RodneCislo)))
	case "E160":
		return frontRequest(code, items, "",
			data(leaves(nsAiseo, "Jmeno", p.Jmeno, "Prijmeni", p.Prijmeni, "DatumNarozeni", born, "RodneCislo", p.RodneCislo)))
	case "E172":
		return frontRequest(code, items, "", data(`<x:Parametr1RCJmPrij xmlns:x="`+nsAiseo2+`">`+
			leaves(nsAiseo2, "RodneCislo", p.RodneCislo, "Jmeno", p.Jmeno, "Prijmeni", p.Prijmeni)+"</x:Parametr1RCJmPrij>"))
	case "E159":
		return strings.Replace(frontRequest(code, items, mapa, ""), "<e:Zadost></e:Zadost>", "", 1)
	}
	return frontRequest(code, items, mapa, data(""))
}

// aiseoServices are the six services of AISEO.
var aiseoServices = []string{"E158", "E159", "E160", "E171", "E172", "E270"}

// serverWithAIFOs starts a server whose ORG has an identifier of everybody for the
// caller.
func serverWithAIFOs(t *testing.T) *testServer {
	s := newTestServer(t)
	rob := DefaultSystems().ROB
	for _, x := range s.server.cfg.Population.All() {
		s.post(ORG, orgRequest("OrgZalozAifo", AIFO(rob.Agenda, x.ID), rob, System{"X999", 999001}))
	}
	return s
}

// The six services answer for each kind of test person: with data for those whom
// AISEO and ROB have, with the reason for the others.
func TestFrontAiseo(t *testing.T) {
	s := serverWithAIFOs(t)
	check := aiseoSchemas(officialSchemas(t))
	const sought, read = "E160 E172", "E159 E171 E270"
	for _, test := range []struct {
		special  string // of the person; empty: an ordinary one
		services string
		kod      string
		subKod   string // of the first detail of the system status
		aifo     bool   // there is a global one
		verified string // stavOvereniAifo
		org      bool   // OrgOdpoved
		data     bool   // of the person
	}{
		{"", "E158 E172 " + read, egon.OK, "", true, "true", false, true},
		{"", "E160", egon.OK, "", true, "true", false, false},
		{"two alike: same name and birth date", "E158 E172", egon.OK, "", true, "true", false, true}, // by birth number
		{"another surname at ROB", "E158", egon.Varovani, "SPECIFIKACE V POPISU", false, "", false, false},
		{"another surname at ROB", sought, egon.OK, "", true, "true", false, true},
		{"in the evidences, unknown to ROB", "E158", egon.Varovani, "AIFO NEEXISTUJE", false, "", false, false},
		{"in the evidences, unknown to ROB", sought + " " + read, egon.Varovani, "AIFO NEEXISTUJE", true, "false", false, false},
		{"merged in ORG", "E158", egon.Varovani, "ZIFO ZRUSENO", false, "true", true, true}, // ROB's own search needs no ORG
		{"merged in ORG", sought, egon.Varovani, "ZIFO ZRUSENO", false, "false", true, false},
		{"merged in ORG", read, egon.Varovani, "AIFO NEEXISTUJE", true, "", true, false}, // the caller's, as it came
		{"dead", "E172 " + read, egon.OK, "", true, "true", false, true},
		{"born abroad, two citizenships", "E172 " + read, egon.OK, "", true, "true", false, true},
	} {
		p := s.server.cfg.Population.All()[0]
		if test.special != "" {
			p = specialPerson(t, s.server.cfg.Population, test.special)
		}
		for code := range strings.FieldsSeq(test.services) {
			t.Run(test.special+" "+code, func(t *testing.T) {
				n := s.front(code, aiseoQuestion(code, "", p))
				check(code, n)
				s.mustStatus(n, egon.NSAbstract, test.kod)
				status := n.Child(egon.NSAbstract, "OdpovedInfo").Child(egon.NSReg, "Status")
				if got := status.Child(egon.NSReg, "VysledekDetail").Child(egon.NSReg, "VysledekSubKod").Value(); got != test.subKod {
					t.Errorf("VysledekSubKod = %q, want %q", got, test.subKod)
				}
				entry := prevod{}
				if mapa := readMapa(n.Child(egon.NSAbstract, "MapaAifo")); len(mapa) == 1 {
					entry = mapa[0]
				}
				if want := map[bool]string{true: AIFO("X999", p.ID)}[test.aifo]; entry.aifo != want || entry.overeno != test.verified {
					t.Errorf("AIFO %q verified %q, want %q %q", entry.aifo, entry.overeno, want, test.verified)
				}
				if got := n.Child(egon.NSAbstract, "OrgOdpoved") != nil; got != test.org {
					t.Errorf("OrgOdpoved = %v, want %v", got, test.org)
				}
				text := string(n.Splice(nil))
				if got := strings.Contains(text, ">"+p.Jmeno+"<"); got != (test.data && code != "E160") {
					t.Errorf("data = %v, want %v: %s", got, test.data, text)
				}
			})
		}
	}
}

// A person whom AISEO does not have, and a question that is none, find nobody.
func TestFrontAiseoFindsNobody(t *testing.T) {
	s := serverWithAIFOs(t)
	check := aiseoSchemas(officialSchemas(t))
	nobody := &Person{ID: 1 << 20, Jmeno: "NIKDO", Prijmeni: "NEZNÁMÝ", RodneCislo: "255424487"}
	nobody.Narozen = day(1925, 4, 24)
	for _, code := range aiseoServices {
		n := s.front(code, aiseoQuestion(code, "", nobody))
		check(code, n)
		s.mustStatus(n, egon.NSAbstract, egon.Varovani)
	}
	zoran := s.server.cfg.Population.All()[0]
	for code, edit := range map[string][2]string{
		"E158": {">" + zoran.RodneCislo + "<", "><"},
		"E159": {"<reg:PrevodAifo>", "<reg:PrevodAifo><reg:LokalniAifo>2</reg:LokalniAifo></reg:PrevodAifo><reg:PrevodAifo>"},
		"E171": {"<reg:PrevodAifo>", "<reg:PrevodAifo><reg:LokalniAifo>2</reg:LokalniAifo></reg:PrevodAifo><reg:PrevodAifo>"},
	} {
		n := s.front(code, strings.Replace(aiseoQuestion(code, "", zoran), edit[0], edit[1], 1))
		check(code, n)
		s.mustStatus(n, egon.NSAbstract, egon.Chyba)
	}
}

// Only the items that were asked for are returned, under the names of the version.
func TestFrontAiseoItems(t *testing.T) {
	s := serverWithAIFOs(t)
	check := aiseoSchemas(officialSchemas(t))
	p := specialPerson(t, s.server.cfg.Population, "delivery address")
	for _, test := range []struct{ code, items, has, lacks string }{
		{"E158", "Jmeno", ">ALENA<", "DORUČOVACÍ"},
		{"E159", "RodneCislo StavOsoby", ">živá<", "ALENA"},
		{"E171", "AdresaPobId", "<reg:AdresniMisto>" + itoa(p.Pobyt) + "<", itoa(p.Dorucovaci)},
		{"E171", "DAdresa RUIANOver", `stavOvereniPrvku="existuje">` + itoa(p.Dorucovaci) + "<", itoa(p.Pobyt)},
		{"E172", "RodneCislo", ">" + p.RodneCislo + "<", "ALENA"},
		{"E270", "AdresaTP DorucovaciAdresa RUIANCti", "RuianCtiProRobV2DataResponse", "ALENA"},
		{"E270", "Jmeno", ">ALENA<", "RuianOdpoved"},
	} {
		n := s.front(test.code, aiseoQuestion(test.code, test.items, p))
		check(test.code, n)
		s.mustStatus(n, egon.NSAbstract, egon.OK)
		if text := string(n.Splice(nil)); !strings.Contains(text, test.has) || strings.Contains(text, test.lacks) {
			t.Errorf("%s %s: has no %s, or %s: %s", test.code, test.items, test.has, test.lacks, text)
		}
	}
}

// Everybody comes out valid.
func TestFrontAiseoEverybody(t *testing.T) {
	s := serverWithAIFOs(t)
	check := aiseoSchemas(officialSchemas(t))
	for _, code := range []string{"E158", "E159", "E160", "E171", "E270"} {
		var answers []*xmltext.Node
		for _, p := range s.server.cfg.Population.All() {
			answers = append(answers, s.front(code, aiseoQuestion(code, "", p)))
		}
		check(code, answers...)
	}
}
