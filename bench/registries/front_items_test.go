package registries

import (
	"strings"
	"testing"

	"brana/egon"
	"brana/egon/xmltext"
)

// As of a caller of the same agenda with another role.
func asRole(role, payload string) string { return strings.Replace(payload, ">XR1<", ">"+role+"<", 1) }

// warned are the words of the items without a right that a reply names, in the status.
func warned(n *xmltext.Node) string {
	var words []string
	status := n.Child(egon.NSAbstract, "OdpovedInfo").Child(egon.NSReg, "Status")
	for _, d := range status.All(egon.NSReg, "VysledekDetail") {
		if d.Child(egon.NSReg, "VysledekSubKod").Value() != "NENI OPRAVNENI" ||
			d.Child(egon.NSReg, "Puvodce").Child(egon.NSReg, "Registr").Value() != "ISZR" {
			words = append(words, "?")
		}
		word, _ := strings.CutPrefix(d.Child(egon.NSReg, "VysledekPopis").Value(), "K položce ")
		word, _, _ = strings.Cut(word, " není")
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// returnedItems are the elements with a value of the first person of ROB in a reply.
func returnedItems(n *xmltext.Node) string {
	data := strings.TrimSuffix(n.Local, "Response") + "DataResponse"
	osoba := n.Child(n.Space, "RobOdpoved").Child(n.Space, data).Child(egon.NSRobData, "Osoba")
	if osoba == nil {
		return ""
	}
	var names []string
	for _, item := range osoba.Children {
		if !isNil(item) && !strings.HasPrefix(item.Local, "Aifo") {
			names = append(names, item.Local)
		}
	}
	return strings.Join(names, " ")
}

// The bus removes items without a right and warns of each, fills in those with a right
// when there are none, and refuses a call of which nothing is left.
func TestFrontObeysTheRuleOfItems(t *testing.T) {
	s := newTestServer(t)
	o := officialSchemas(t)
	zoran := s.server.cfg.Population.All()[0]
	for _, code := range []string{"E05", "E278"} {
		v := egon.ServiceByCode(code)
		var answers []*xmltext.Node
		for _, test := range []struct{ name, role, items, kod, warned, returned string }{
			{"all permitted", "XR2", "Jmeno Prijmeni", egon.OK, "", "Jmeno Prijmeni"},
			{"some", "XR2", "Doklad Jmeno AdresaPobytu Doklad", egon.Varovani, "Doklad AdresaPobytu", "Jmeno"},
			{"none", "XR2", "DatovaSchrankaROB Doklad", egon.Chyba, "DatovaSchrankaROB Doklad", ""},
			{"empty", "XR2", " ", egon.OK, "", "DatumNarozeni Jmeno Prijmeni"},
			{"absent", "XR2", "", egon.OK, "", "DatumNarozeni Jmeno Prijmeni"},
			{"control words alone", "XR2", "RUIANOver ROBCti", egon.OK, "", "DatumNarozeni Jmeno Prijmeni"},
			{"no item of ROB", "XR1", "Ico Jmeno", egon.Varovani, "Ico", "Jmeno"},
			{"a name of its own", "XR1", "DatovaSchrankaROB", egon.OK, "", "DatovaSchranka"},
			{"absent, nothing is permitted", "XR9", "", egon.Chyba, "Není oprávnění k žádné položce.", ""},
			{"nothing is permitted", "XR9", "Jmeno", egon.Chyba, "Jmeno", ""},
		} {
			t.Run(code+" "+test.name, func(t *testing.T) {
				question := frontRequest(code, test.items, "", "<e:"+v.Request+"Data>"+queryByName(zoran)+"</e:"+v.Request+"Data>")
				n := s.front(code, asRole(test.role, question))
				answers = append(answers, n)
				s.mustStatus(n, egon.NSAbstract, test.kod)
				if got := warned(n); got != test.warned {
					t.Errorf("warns of %q, want %q", got, test.warned)
				}
				if got := returnedItems(n); got != test.returned {
					t.Errorf("returns %q, want %q", got, test.returned)
				}
			})
		}
		o.check("egon/xsd/"+v.Action+".xsd", answers...)
	}
}

// E183 compares with the items that are left.
func TestFrontVerifiesPermittedItems(t *testing.T) {
	s := serverWithAIFOs(t)
	o := officialSchemas(t)
	var answers []*xmltext.Node
	for _, test := range []struct{ name, items, compares, kod, warned string }{
		{"permitted", "Jmeno", "<rod:Jmeno>Zoran</rod:Jmeno>", egon.OK, ""},
		{"some", "Jmeno Doklad", "<rod:Jmeno>Zoran</rod:Jmeno>", egon.Varovani, "Doklad"},
		{"absent", "", "<rod:Jmeno>Zoran</rod:Jmeno>", egon.OK, ""},
		{"none", "Doklad", "<rod:Jmeno>Zoran</rod:Jmeno>", egon.Chyba, "Doklad"},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := s.front("E183", asRole("XR2", frontRequest("E183", test.items,
				`<abs:MapaAifo><reg:PrevodAifo><reg:LokalniAifo>1</reg:LokalniAifo><reg:GlobalniAifo>`+AIFO("X999", 0)+
					`</reg:GlobalniAifo></reg:PrevodAifo></abs:MapaAifo>`,
				`<e:RobOverHromadneAifoData><rod:Osoba><rod:Aifo>1</rod:Aifo>`+test.compares+`</rod:Osoba></e:RobOverHromadneAifoData>`)))
			answers = append(answers, n)
			s.mustStatus(n, egon.NSAbstract, test.kod)
			if got := warned(n); got != test.warned {
				t.Errorf("warns of %q, want %q", got, test.warned)
			}
		})
	}
	o.check("egon/xsd/IszrRobOverHromadneAifo.xsd", answers...)
}

// A registry that returns more than was asked for still keeps to the schemas.
func TestReturnsMore(t *testing.T) {
	s := serverWithAIFOs(t)
	o := officialSchemas(t)
	check := aiseoSchemas(o)
	zoran := s.server.cfg.Population.All()[0]
	search := frontRequest("E05", "Jmeno", "", "<e:RobCtiPodleUdajuData>"+queryByName(zoran)+"</e:RobCtiPodleUdajuData>")
	text := func(n *xmltext.Node) string { return string(n.Splice(nil)) }
	for _, more := range []bool{false, true} {
		s.set(Front, Settings{More: more})
		n := s.front("E05", asRole("XR2", search))
		o.check("egon/xsd/IszrRobCtiPodleUdaju.xsd", n)
		s.mustStatus(n, egon.NSAbstract, egon.OK)
		if got := strings.Contains(returnedItems(n), "Doklady"); got != more {
			t.Errorf("E05 returns Doklady: %v, want %v", got, more)
		}
		for _, code := range []string{"E159", "E171", "E172", "E270"} {
			n := s.front(code, aiseoQuestion(code, "Jmeno", zoran))
			check(code, n)
			if got := strings.Contains(text(n), zoran.RodneCislo); got != more {
				t.Errorf("%s returns RodneCislo: %v, want %v", code, got, more)
			}
		}
		if n := s.front("E158", aiseoQuestion("E158", "Jmeno", zoran)); strings.Contains(text(n), ">"+zoran.RobPrijmeni+"<") != more {
			t.Errorf("E158 returns Prijmeni: %v, want %v", !more, more)
		}
	}
}

// AISEO over HTTP returns more by its own setting.
func TestAiseoReturnsMore(t *testing.T) {
	s := serverWithAIFOs(t)
	zoran := s.server.cfg.Population.All()[0]
	before(t, s)
	s.set(AISEO, Settings{More: true})
	n := s.front("E159", aiseoQuestion("E159", "Jmeno", zoran))
	if !strings.Contains(string(n.Splice(nil)), zoran.RodneCislo) {
		t.Errorf("E159 = %s", n.Splice(nil))
	}
}

// The evidences return photo and signature, and ROB all items.
func TestRegistriesReturnMore(t *testing.T) {
	s := newTestServer(t)
	p := s.server.cfg.Population
	zoran := p.All()[0]
	for _, more := range []bool{false, true} {
		g := ask(t, p, mediaRequest{items: "Podpis", as: staging{more: more}, query: person(t, p, "VOSÁHLO").byBirthDate()})
		if (len(g.photos) == 1) != more || len(g.signatures) != 1 {
			t.Errorf("more %v: %d photos, %d signatures", more, len(g.photos), len(g.signatures))
		}
		s.set(ROB, Settings{More: more})
		n, _ := s.post(ROB, robRequest("RobCtiHromadneAifo", "Jmeno", AIFO("A101", 0), "<rod:RobCtiHromadneAifoData/>"))
		if got := strings.Contains(string(n.Splice(nil)), ">"+zoran.RobPrijmeni+"<"); got != more {
			t.Errorf("ROB returns Prijmeni: %v, want %v", got, more)
		}
	}
}
