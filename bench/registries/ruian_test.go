package registries

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"brana/egon"
	"brana/egon/xmltext"
)

func TestRuian(t *testing.T) {
	s := newTestServer(t)
	o := officialSchemas(t)
	list := `<reg:AdresniMisto>14492253</reg:AdresniMisto><reg:AdresniMisto>21999999</reg:AdresniMisto><reg:AdresniMisto>21999901</reg:AdresniMisto>` +
		`<reg:AdresniLokalita>582786</reg:AdresniLokalita><reg:AdresniLokalita typPrvku="MP">35</reg:AdresniLokalita><reg:AdresniLokalita>123456</reg:AdresniLokalita>`
	states := []string{"existuje", "nenalezen", "zrusen", "existuje", "existuje", "nenalezen"}
	tests := []struct {
		name, space, schema, attr, list string
		kod                             string
		states                          []string
		adres, lokalit                  int
	}{
		{"read", egon.NSRuian, "ruian/xsd/cti_pro_rob/CtiProRob.xsd", ` nacistData="true"`, list, egon.Varovani, states, 1, 2},
		{"verify", egon.NSRuian, "ruian/xsd/cti_pro_rob/CtiProRob.xsd", ` nacistData="false"`, list, egon.Varovani, states, 0, 0},
		{"verify by default", egon.NSRuian, "ruian/xsd/cti_pro_rob/CtiProRob.xsd", "", list, egon.Varovani, states, 0, 0},
		{"nothing", egon.NSRuian, "ruian/xsd/cti_pro_rob/CtiProRob.xsd", ` nacistData="true"`, "", egon.OK, nil, 0, 0},
		{"version 2", egon.NSRuian2, "ruian/xsd/ext/v2/cti_pro_rob/CtiProRob.xsd", ` nacistData="1"`, list, egon.Varovani, states, 1, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n, a := s.post(RUIAN, fmt.Sprintf(`<e:CtiProRobRequest xmlns:e="%s" xmlns:reg="%s">%s<e:Dotaz><e:SeznamIdAdres%s>%s</e:SeznamIdAdres></e:Dotaz></e:CtiProRobRequest>`,
				test.space, egon.NSReg, testInfo, test.attr, test.list))
			if n == nil {
				t.Fatalf("answer = %d %s %v", a.status, a.body, a.err)
			}
			o.check(test.schema, n)
			s.mustStatus(n, test.space, test.kod)
			odpoved := n.Child(test.space, "Odpoved")
			if diff := cmp.Diff(test.states, statesOf(odpoved.Child(test.space, "SeznamIdAdres"))); diff != "" {
				t.Errorf("states differ (-want +got):\n%s", diff)
			}
			if got := len(odpoved.Child(test.space, "SeznamAdres").Children); got != test.adres {
				t.Errorf("%d addresses, want %d", got, test.adres)
			}
			if got := len(odpoved.Child(test.space, "SeznamLokalit").Children); got != test.lokalit {
				t.Errorf("%d places, want %d", got, test.lokalit)
			}
		})
	}
}

func statesOf(list *xmltext.Node) (states []string) {
	for _, n := range list.Children {
		state, _ := n.AttrValue("stavOvereniPrvku")
		states = append(states, state)
	}
	return states
}

// Every address of the population is one that the schemas allow.
func TestRuianAddresses(t *testing.T) {
	o := officialSchemas(t)
	p := NewPopulation(300, 1)
	r := &ruian{p}
	var refs []ref
	for _, x := range p.All() {
		refs = osoba{Person: x, items: knownItems}.references(refs)
	}
	for version, space := range map[bool]string{false: egon.NSRuian, true: egon.NSRuian2} {
		var d doc
		m := &message{info: zadostInfo{}, body: &xmltext.Node{}}
		d.open("CtiProRobResponse", "xmlns", space, "xmlns:reg", egon.NSReg)
		d.odpovedInfo("OdpovedInfo", m, egon.OK)
		d.open("Odpoved")
		d.open("SeznamAdres")
		r.adresy(&d, r.check(refs), "", version)
		d.shut("SeznamAdres")
		d.seznamIdAdres("SeznamIdAdres", refs)
		d.open("SeznamLokalit")
		r.lokality(&d, refs, "")
		d.shut("SeznamLokalit")
		d.shut("Odpoved")
		d.shut("CtiProRobResponse")
		n, err := xmltext.Parse(d, xmltext.DefaultBounds())
		if err != nil {
			t.Fatal(err)
		}
		o.check(map[bool]string{false: "ruian/xsd/cti_pro_rob/CtiProRob.xsd", true: "ruian/xsd/ext/v2/cti_pro_rob/CtiProRob.xsd"}[version], n)
	}
}
