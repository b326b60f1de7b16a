package registries

import (
	"strings"
	"testing"

	"brana/egon"
)

// aiseoRequest is X12 with the given values.
func aiseoRequest(given string) string {
	return `<e:AiseoSyncCtiPodleUdaju xmlns:e="` + nsAiseo + `" xmlns:reg="` + egon.NSReg + `">` + testInfo +
		`<e:AutorizaceInfo><reg:SeznamUdaju/></e:AutorizaceInfo><e:Dotaz>` + given + `</e:Dotaz></e:AiseoSyncCtiPodleUdaju>`
}

// aiseoRequest2 is X13 with one combination of values.
func aiseoRequest2(combination string) string {
	return `<e:AiseoSyncCtiPodleUdaju2 xmlns:e="` + nsAiseo2 + `" xmlns:reg="` + egon.NSReg + `">` + testInfo +
		`<e:AutorizaceInfo><reg:SeznamUdaju/></e:AutorizaceInfo><e:Dotaz typPorovnani="ascii">` + combination +
		`</e:Dotaz></e:AiseoSyncCtiPodleUdaju2>`
}

func TestAiseo(t *testing.T) {
	s := newTestServer(t)
	o := officialSchemas(t)
	schema2 := o.aiseo2("aiseo/xsd/AiseoCtiPodleUdaju2.xsd")
	twin := "<e:Jmeno>Jan</e:Jmeno><e:Prijmeni>Dvojník</e:Prijmeni><e:DatumNarozeni>1980-01-01</e:DatumNarozeni>"
	tests := []struct {
		name, payload string
		step          string
		kod, subKod   string
		found         int // ID of the person; -1 for none
	}{
		{"birth number", aiseoRequest("<e:RodneCislo>255424486</e:RodneCislo>"), "X12", egon.OK, "", 1},
		{"birth number and name", aiseoRequest("<e:Jmeno>Kazimíra</e:Jmeno><e:Prijmeni>Karásková</e:Prijmeni><e:RodneCislo>255424486</e:RodneCislo>"), "X12", egon.OK, "", 1},
		{"another name", aiseoRequest("<e:Jmeno>Jana</e:Jmeno><e:RodneCislo>255424486</e:RodneCislo>"), "X12", egon.Varovani,
			"SPECIFIKACE V POPISU", -1},
		{"name and date", aiseoRequest("<e:Jmeno>Zoran</e:Jmeno><e:Prijmeni>Vosáhlo</e:Prijmeni><e:DatumNarozeni>1977-05-03</e:DatumNarozeni>"),
			"X12", egon.OK, "", 0},
		{"name and date with a zone",
			aiseoRequest("<e:Jmeno>Zoran</e:Jmeno><e:Prijmeni>Vosáhlo</e:Prijmeni><e:DatumNarozeni>1977-05-03Z</e:DatumNarozeni>"), "X12", egon.OK,
			"", 0},
		{"birth number and date with an offset",
			aiseoRequest("<e:DatumNarozeni>1925-04-24+01:00</e:DatumNarozeni><e:RodneCislo>255424486</e:RodneCislo>"), "X12", egon.OK, "", 1},
		{"two alike", aiseoRequest(twin), "X12", egon.Varovani, "SPECIFIKACE V POPISU", -1},
		{"unknown birth number", aiseoRequest("<e:RodneCislo>255424487</e:RodneCislo>"), "X12", egon.Varovani, "RODNE CISLO NENALEZENO", -1},
		{"bad birth number", aiseoRequest("<e:RodneCislo>25542448</e:RodneCislo>"), "X12", egon.Varovani, "SPATNA SYNTAXE RODNEHO CISLA", -1},
		{"name alone", aiseoRequest("<e:Prijmeni>Vosáhlo</e:Prijmeni>"), "X12", egon.Varovani, "SPECIFIKACE V POPISU", -1},
		{"nothing", aiseoRequest(""), "X12", egon.Varovani, "SPECIFIKACE V POPISU", -1},
		{"combination 1", aiseoRequest2("<e:Parametr1RCJmPrij><e:RodneCislo>255424486</e:RodneCislo><e:Jmeno>Kazimira</e:Jmeno><e:Prijmeni>Karaskova</e:Prijmeni></e:Parametr1RCJmPrij>"), "X13", egon.OK, "", 1},
		{"combination 9", aiseoRequest2("<e:Parametr9JmPrijDatNar>" + twin + "</e:Parametr9JmPrijDatNar>"), "X13", egon.Varovani,
			"SPECIFIKACE V POPISU", -1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s.server.ClearLog()
			n, a := s.post(AISEO, test.payload)
			if n == nil {
				t.Fatalf("answer = %d %s %v", a.status, a.body, a.err)
			}
			if n.Space == nsAiseo {
				o.check("aiseo/xsd/AiseoCtiPodleUdaju.xsd", n)
			} else {
				o.checkFile(schema2, n)
			}
			s.mustStatus(n, n.Space, test.kod)
			detail := n.Child(n.Space, "Odpoved").Child(n.Space, "AiseoAplikacniStatus").Child(nsAiseoTypes, "VysledekDetail")
			if got := detail.Child(nsAiseoTypes, "VysledekSubKod").Value(); got != test.subKod {
				t.Errorf("VysledekSubKod = %q, want %q", got, test.subKod)
			}
			found := -1
			if mapa := readMapa(n.Child(n.Space, "MapaAifo")); len(mapa) == 1 {
				p, _ := s.server.cfg.Population.PersonByAIFO(mapa[0].system.Agenda, mapa[0].aifo)
				found = p.ID
			}
			if found != test.found {
				t.Errorf("found %d, want %d", found, test.found)
			}
			if e := s.one(); e.Step != test.step {
				t.Errorf("step = %q, want %q", e.Step, test.step)
			}
		})
	}
}

// X10, X11, X15 and X31 in the form of their schemas: about a person, about
// nobody, and when AISEO breaks down.
func TestAiseoReads(t *testing.T) {
	s := newTestServer(t)
	o := officialSchemas(t)
	own := DefaultSystems().AISEO
	read := func(local, space, aifo string) string {
		return `<e:` + local + ` xmlns:e="` + space + `" xmlns:reg="` + egon.NSReg + `">` + testInfo +
			`<e:AutorizaceInfo><reg:SeznamUdaju/></e:AutorizaceInfo>` +
			`<e:MapaAifo lokalniAifoOd="2"><reg:PrevodAifo><reg:LokalniAifo>1</reg:LokalniAifo><reg:GlobalniAifo>` + aifo +
			`</reg:GlobalniAifo></reg:PrevodAifo></e:MapaAifo></e:` + local + `>`
	}
	identify := func(local, space, name string) string {
		return `<e:` + local + ` xmlns:e="` + space + `" xmlns:reg="` + egon.NSReg + `">` + testInfo +
			`<e:Dotaz><e:Jmeno>` + name +
			`</e:Jmeno><e:Prijmeni>Karásková</e:Prijmeni><e:DatumNarozeni>1925-04-24Z</e:DatumNarozeni><e:RC>255424486</e:RC></e:Dotaz></e:` +
			local + `>`
	}
	for space, test := range map[string]struct{ step, schema, known, nobody, has string }{
		nsAiseoIdentify: {"X10", "AiseoZtotozneni", identify("AiseoSyncZtotozneni", nsAiseoIdentify, "Kazimíra"),
			identify("AiseoSyncZtotozneni", nsAiseoIdentify, "Jana"), AIFO(own.Agenda, 1)},
		nsAiseoRead: {"X11", "AiseoCtiAifo", read("AiseoSyncCtiAifo", nsAiseoRead, AIFO(own.Agenda, 1)),
			read("AiseoSyncCtiAifo", nsAiseoRead, AIFO("X999", 1)), "KAZIMÍRA"},
		nsAiseoRead2: {"X15", "AiseoCtiAifo2", read("AiseoSyncCtiAifo2", nsAiseoRead2, AIFO(own.Agenda, 1)),
			read("AiseoSyncCtiAifo2", nsAiseoRead2, AIFO("X999", 1)), "KAZIMÍRA"},
		nsAiseoRead3: {"X31", "AiseoCtiAifo3", read("AiseoSyncCtiAifo3", nsAiseoRead3, AIFO(own.Agenda, 1)),
			read("AiseoSyncCtiAifo3", nsAiseoRead3, AIFO("X999", 1)), "KAZIMÍRA"},
	} {
		t.Run(test.step, func(t *testing.T) {
			ask := func(payload, kod string, has bool) {
				t.Helper()
				s.server.ClearLog()
				n, a := s.post(AISEO, payload)
				if n == nil {
					t.Fatalf("answer = %d %s %v", a.status, a.body, a.err)
				}
				o.check("aiseo/xsd/"+test.schema+".xsd", n)
				s.mustStatus(n, space, kod)
				if got := strings.Contains(string(a.body), test.has); got != has {
					t.Errorf("has %s: %v, want %v: %s", test.has, got, has, a.body)
				}
				if e := s.one(); kod != egon.Chyba && e.Step != test.step {
					t.Errorf("step = %q", e.Step)
				}
			}
			ask(test.known, egon.OK, true)
			ask(test.nobody, egon.Varovani, false)
			s.set(AISEO, Settings{Failure: FailChyba})
			defer s.set(AISEO, Settings{})
			ask(test.known, egon.Chyba, false)
		})
	}
}
