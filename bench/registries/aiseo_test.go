package registries

import (
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
		`<e:AutorizaceInfo><reg:SeznamUdaju/></e:AutorizaceInfo><e:Dotaz typPorovnani="ascii">` + combination + `</e:Dotaz></e:AiseoSyncCtiPodleUdaju2>`
}

func TestAiseo(t *testing.T) {
	s := newSite(t)
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
		{"another name", aiseoRequest("<e:Jmeno>Jana</e:Jmeno><e:RodneCislo>255424486</e:RodneCislo>"), "X12", egon.Varovani, "SPECIFIKACE V POPISU", -1},
		{"name and date", aiseoRequest("<e:Jmeno>Zoran</e:Jmeno><e:Prijmeni>Vosáhlo</e:Prijmeni><e:DatumNarozeni>1977-05-03</e:DatumNarozeni>"), "X12", egon.OK, "", 0},
		{"name and date with a zone", aiseoRequest("<e:Jmeno>Zoran</e:Jmeno><e:Prijmeni>Vosáhlo</e:Prijmeni><e:DatumNarozeni>1977-05-03Z</e:DatumNarozeni>"), "X12", egon.OK, "", 0},
		{"birth number and date with an offset", aiseoRequest("<e:DatumNarozeni>1925-04-24+01:00</e:DatumNarozeni><e:RodneCislo>255424486</e:RodneCislo>"), "X12", egon.OK, "", 1},
		{"two alike", aiseoRequest(twin), "X12", egon.Varovani, "SPECIFIKACE V POPISU", -1},
		{"unknown birth number", aiseoRequest("<e:RodneCislo>255424487</e:RodneCislo>"), "X12", egon.Varovani, "RODNE CISLO NENALEZENO", -1},
		{"bad birth number", aiseoRequest("<e:RodneCislo>25542448</e:RodneCislo>"), "X12", egon.Varovani, "SPATNA SYNTAXE RODNEHO CISLA", -1},
		{"name alone", aiseoRequest("<e:Prijmeni>Vosáhlo</e:Prijmeni>"), "X12", egon.Varovani, "SPECIFIKACE V POPISU", -1},
		{"nothing", aiseoRequest(""), "X12", egon.Varovani, "SPECIFIKACE V POPISU", -1},
		{"combination 1", aiseoRequest2("<e:Parametr1RCJmPrij><e:RodneCislo>255424486</e:RodneCislo><e:Jmeno>Kazimira</e:Jmeno><e:Prijmeni>Karaskova</e:Prijmeni></e:Parametr1RCJmPrij>"), "X13", egon.OK, "", 1},
		{"combination 9", aiseoRequest2("<e:Parametr9JmPrijDatNar>" + twin + "</e:Parametr9JmPrijDatNar>"), "X13", egon.Varovani, "SPECIFIKACE V POPISU", -1},
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
