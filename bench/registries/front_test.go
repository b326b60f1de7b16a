package registries

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"brana/egon"
	"brana/egon/xmltext"
)

// frontRequest is a request of a service as an information system sends it.
func frontRequest(code, items, more, zadost string) string {
	v := egon.ServiceByCode(code)
	info := strings.NewReplacer("<e:ZadostInfo>", "<abs:ZadostInfo>", "</e:ZadostInfo>", "</abs:ZadostInfo>").Replace(testInfo)
	if items != "" {
		info += "<abs:AutorizaceInfo><abs:SeznamUdaju>" + items + "</abs:SeznamUdaju></abs:AutorizaceInfo>"
	}
	return fmt.Sprintf(`<e:%[1]s xmlns:e="%[2]s" xmlns:abs="%[3]s"%[4]s>%[5]s%[6]s<e:Zadost>%[7]s</e:Zadost></e:%[1]s>`,
		v.Request, v.Namespace, egon.NSAbstract, robPrefixes, info, more, zadost)
}

// front sends a request to the bus and returns the payload of the answer.
func (s *testServer) front(code, payload string) *xmltext.Node {
	s.t.Helper()
	a := s.do("POST", "/publikace/"+code, egon.ServiceByCode(code).Action, strings.NewReader(enveloped(payload)))
	if a.err != nil || a.status != 200 {
		s.t.Fatalf("answer = %d %s %v", a.status, a.body, a.err)
	}
	m, err := readMessage(a.body)
	if err != nil {
		s.t.Fatal(err)
	}
	return m.body
}

// aiseo2 returns a schema of a tree in which the one type is declared that the
// official one lacks: without it what imports AiseoCtiPodleUdaju2 does not
// compile.
func (o *schemas) aiseo2(schema string) string {
	o.t.Helper()
	tree := o.t.TempDir()
	entries, err := os.ReadDir(o.dir)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == "aiseo" {
			continue
		}
		if err := os.Symlink(filepath.Join(o.dir, e.Name()), filepath.Join(tree, e.Name())); err != nil {
			o.t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(tree, "aiseo"), os.DirFS(filepath.Join(o.dir, "aiseo"))); err != nil {
		o.t.Fatal(err)
	}
	file := filepath.Join(tree, "aiseo/xsd/AiseoCtiPodleUdaju2.xsd")
	text, err := os.ReadFile(file)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := os.Remove(file); err != nil { // the copy is as read-only as the original
		o.t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte("aiseo:MistoNarozeniType"), []byte("xs:string"))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		o.t.Fatal(err)
	}
	return filepath.Join(tree, schema)
}

func TestFrontSearch(t *testing.T) {
	s := newTestServer(t)
	o := officialSchemas(t)
	p := s.server.cfg.Population
	byName := func(jmeno, prijmeni, narozen string) string {
		return "<rod:DatumNarozeni>" + narozen + "</rod:DatumNarozeni><rod:Jmeno>" + jmeno + "</rod:Jmeno><rod:Prijmeni>" + prijmeni +
			"</rod:Prijmeni>"
	}
	noAddress, noPlace := specialPerson(t, p, "address not found in RUIAN"), specialPerson(t, p, "address removed from RUIAN")
	tests := []struct {
		name, items, given string
		kod, robKod        string
		persons            int
		org, ruian         bool
	}{
		{"found", "Jmeno Prijmeni AdresaPobytu", byName("Zoran", "Vosáhlo", "1977-05-03"), egon.OK, egon.OK, 1, false, false},
		{"birth date with a zone", "Jmeno Prijmeni", byName("Zoran", "Vosáhlo", "1977-05-03Z"), egon.OK, egon.OK, 1, false, false},
		{"birth date with an offset", "Jmeno Prijmeni", byName("Zoran", "Vosáhlo", " 1977-05-03+01:00 "), egon.OK, egon.OK, 1, false, false},
		{"all items", "", byName("Zoran", "Vosáhlo", "1977-05-03"), egon.OK, egon.OK, 1, false, false},
		{"with addresses", "AdresaPobytu MistoNarozeni RUIANCti", byName("Marek", "Rolnička", "1968-01-11"), egon.OK, egon.OK, 1, false, true},
		{"verified addresses", "AdresaPobytu RUIANOver", byName("Marek", "Rolnička", "1968-01-11"), egon.OK, egon.OK, 1, false, false},
		{"address not found", "AdresaPobytu RUIANOver", byName(noAddress.Jmeno, noAddress.Prijmeni, noAddress.Narozen.Format("2006-01-02")),
			egon.Varovani, egon.OK, 1, false, false},
		{"address removed", "AdresaPobytu RUIANCti", byName(noPlace.Jmeno, noPlace.Prijmeni, noPlace.Narozen.Format("2006-01-02")), egon.Varovani,
			egon.OK, 1, false, true},
		{"two", "Jmeno", byName("Jan", "Dvojník", "1980-01-01"), egon.OK, egon.OK, 2, false, false},
		{"nobody", "Jmeno", byName("Jan", "Dvojník", "1980-01-02"), egon.Varovani, egon.Varovani, 0, false, false},
		{"merged", "Jmeno", queryByName(specialPerson(t, p, "merged in ORG")), egon.Varovani, egon.OK, 1, true, false},
		{"by document", "Jmeno", "<rod:Doklad><rob:Cislo>" + p.All()[0].OP[0].Cislo + "</rob:Cislo><rob:Druh>ID</rob:Druh></rod:Doklad>", egon.OK,
			egon.OK, 1, false, false},
		{"by data box", "Jmeno", "<rod:DatovaSchrankaId>" + p.All()[0].DatovaSchranka + "</rod:DatovaSchrankaId>", egon.OK, egon.OK, 1, false,
			false},
		{"by address and name", "Jmeno", "<rod:AdresaPobytu>14492253</rod:AdresaPobytu><rod:Prijmeni>Rolnička</rod:Prijmeni>", egon.OK, egon.OK,
			1, false, false},
		{"name alone", "Jmeno", "<rod:Prijmeni>Rolnička</rod:Prijmeni>", egon.Chyba, egon.Chyba, 0, false, false},
		{"nothing", "Jmeno", "", egon.Chyba, egon.Chyba, 0, false, false},
	}
	for _, code := range []string{"E05", "E278"} {
		v := egon.ServiceByCode(code)
		for _, test := range tests {
			t.Run(code+" "+test.name, func(t *testing.T) {
				n := s.front(code, frontRequest(code, test.items, "", "<e:"+v.Request+"Data>"+test.given+"</e:"+v.Request+"Data>"))
				o.check("egon/xsd/"+v.Action+".xsd", n)
				s.mustStatus(n, egon.NSAbstract, test.kod)
				data := n.Child(v.Namespace, "RobOdpoved").Child(v.Namespace, v.Request+"DataResponse")
				if got := data.Child(egon.NSRobData, "RobAplikacniStatus").Child(egon.NSRobTypes, "VysledekRobKodType").Value(); got != test.robKod {
					t.Errorf("VysledekRobKodType = %q, want %q", got, test.robKod)
				}
				if got := len(data.All(egon.NSRobData, "Osoba")); got != test.persons {
					t.Errorf("%d persons, want %d", got, test.persons)
				}
				if got := n.Child(egon.NSAbstract, "OrgOdpoved") != nil; got != test.org {
					t.Errorf("OrgOdpoved = %v, want %v", got, test.org)
				}
				if got := n.Child(v.Namespace, "RuianOdpoved") != nil; got != test.ruian {
					t.Errorf("RuianOdpoved = %v, want %v", got, test.ruian)
				}
			})
		}
	}
}

func queryByName(p *Person) string {
	return "<rod:DatumNarozeni>" + p.Narozen.Format("2006-01-02") + "</rod:DatumNarozeni><rod:Jmeno>" + p.Jmeno +
		"</rod:Jmeno><rod:Prijmeni>" + p.RobPrijmeni + "</rod:Prijmeni>"
}

// Everybody comes out valid, in both versions.
func TestFrontEverybody(t *testing.T) {
	s := newTestServer(t)
	o := officialSchemas(t)
	for _, code := range []string{"E05", "E278"} {
		v := egon.ServiceByCode(code)
		var answers []*xmltext.Node
		for _, p := range s.server.cfg.Population.All() {
			answers = append(answers, s.front(code, frontRequest(code, "", "", "<e:"+v.Request+"Data>"+queryByName(p)+"</e:"+v.Request+"Data>")))
		}
		o.check("egon/xsd/"+v.Action+".xsd", answers...)
	}
}

// The same person has the same identifier for the same caller.
func TestFrontIdentifier(t *testing.T) {
	s := newTestServer(t)
	n := s.front("E05", frontRequest("E05", "Jmeno", "",
		"<e:RobCtiPodleUdajuData>"+queryByName(s.server.cfg.Population.All()[2])+"</e:RobCtiPodleUdajuData>"))
	want := []prevod{{local: "1", aifo: AIFO("X999", 2)}}
	if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(readMapa(n.Child(egon.NSAbstract, "MapaAifo")))); diff != "" {
		t.Errorf("MapaAifo differs (-want +got):\n%s", diff)
	}
}

func TestFrontLimit(t *testing.T) {
	s := newTestServer(t)
	o := officialSchemas(t)
	payload := frontRequest("E05", "Jmeno", "",
		"<e:RobCtiPodleUdajuData>"+queryByName(specialPerson(t, s.server.cfg.Population, "two alike: same name and birth date"))+
			"</e:RobCtiPodleUdajuData>")
	n := s.front("E05", strings.Replace(payload, "<abs:SeznamUdaju>",
		"<abs:MaximalniPocetZaznamu>1</abs:MaximalniPocetZaznamu><abs:SeznamUdaju>", 1))
	o.check("egon/xsd/IszrRobCtiPodleUdaju.xsd", n)
	s.mustStatus(n, egon.NSAbstract, egon.Varovani)
}

func TestFrontVerify(t *testing.T) {
	s := newTestServer(t)
	o := officialSchemas(t)
	p := s.server.cfg.Population
	v := DefaultSystems()
	for _, x := range p.All() {
		s.post(ORG, orgRequest("OrgZalozAifo", AIFO(v.ROB.Agenda, x.ID), v.ROB, System{"X999", 999001}))
	}
	tests := []struct {
		name  string
		aifo  string
		given string
		kod   string
		org   bool
	}{
		{"agrees", AIFO("X999", 2), "<rod:Jmeno>Marek</rod:Jmeno>", egon.OK, false},
		{"does not agree", AIFO("X999", 2), "<rod:Jmeno>Jan</rod:Jmeno>", egon.Varovani, false},
		{"of another agenda", AIFO("X998", 2), "<rod:Jmeno>Marek</rod:Jmeno>", egon.Varovani, true},
		{"merged", AIFO("X999", specialPerson(t, p, "merged in ORG").ID), "<rod:Jmeno>Petr</rod:Jmeno>", egon.Varovani, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n := s.front("E183", frontRequest("E183", "",
				`<abs:MapaAifo><reg:PrevodAifo><reg:LokalniAifo>1</reg:LokalniAifo><reg:GlobalniAifo>`+test.aifo+
					`</reg:GlobalniAifo></reg:PrevodAifo></abs:MapaAifo>`,
				`<e:RobOverHromadneAifoData><rod:Osoba><rod:Aifo>1</rod:Aifo>`+test.given+`</rod:Osoba></e:RobOverHromadneAifoData>`))
			o.check("egon/xsd/IszrRobOverHromadneAifo.xsd", n)
			s.mustStatus(n, egon.NSAbstract, test.kod)
			if got := n.Child(egon.NSAbstract, "OrgOdpoved") != nil; got != test.org {
				t.Errorf("OrgOdpoved = %v, want %v", got, test.org)
			}
			if got := readMapa(n.Child(egon.NSAbstract, "MapaAifo")); len(got) != 1 || got[0].aifo != test.aifo {
				t.Errorf("MapaAifo = %v, want the caller's identifier", got)
			}
		})
	}
}

func TestFrontRights(t *testing.T) {
	s := newTestServer(t)
	o := officialSchemas(t)
	ask := func(agenda, role, ovm string) *xmltext.Node {
		return s.front("E227", frontRequest("E227", "", "",
			fmt.Sprintf(`<e:IszrVypisOpravneniPolozkyData xmlns:d="%s"><d:Agenda>%s</d:Agenda><d:AgendovaRole>%s</d:AgendovaRole><d:Ovm>%s</d:Ovm></e:IszrVypisOpravneniPolozkyData>`,
				egon.NSRightsData, agenda, role, ovm)))
	}
	count := func(n *xmltext.Node) int {
		return len(n.Child(egon.NSRights, "IszrOdpoved").Child(egon.NSRights, "IszrVypisOpravneniPolozkyDataResponse").All(egon.NSRightsData,
			"Polozka"))
	}
	n := ask("A1185", "CR8359", "00372498")
	o.check("egon/xsd/IszrVypisOpravneniPolozky.xsd", n)
	s.mustStatus(n, egon.NSAbstract, egon.OK)
	if got := count(n); got != 11 {
		t.Errorf("%d items, want the 11 of the sample", got)
	}
	// The next generation of the matrix, and the form of the sample.
	if err := s.server.SetRights(map[string][]Right{"A1185/CR8359/00372498": {{KodIszr: "Aifo"}}, "X999/XR2/12345678": nil}); err != nil {
		t.Fatal(err)
	}
	n = ask("A1185", "CR8359", "00372498")
	o.check("egon/xsd/IszrVypisOpravneniPolozky.xsd", n)
	if got := count(n); got != 1 {
		t.Errorf("%d items, want the one that was set", got)
	}
	s.mustStatus(ask("X999", "XR2", "12345678"), egon.NSAbstract, egon.Varovani)
	s.set(Front, Settings{BareItems: true})
	n = ask("X999", "XR1", "12345678")
	if got := count(n); got != 0 {
		t.Errorf("%d items in Polozka, want none", got)
	}
	if got := len(n.Child(egon.NSRights, "IszrOdpoved").Child(egon.NSRights, "IszrVypisOpravneniPolozkyDataResponse").All(egon.NSRightsData,
		"KodIszr")); got != 20 {
		t.Errorf("%d bare items, want 20", got)
	}
	// This answer is documented and does not validate: its code is in no list.
	n = ask("A115", "CT239", "00007064")
	s.mustStatus(n, egon.NSAbstract, egon.Varovani)
	if got := count(n); got != 0 {
		t.Errorf("%d items, want none", got)
	}
}

// Any service that the catalogue has is answered, with or without an Envelope.
func TestFrontAnyService(t *testing.T) {
	s := newTestServer(t)
	o := officialSchemas(t)
	payload := frontRequest("E20", "", "", "")
	n := s.front("E20", payload)
	o.check("egon/xsd/IszrRosCtiIco.xsd", n)
	s.mustStatus(n, egon.NSAbstract, egon.OK)

	a := s.do("POST", "/publikace/E20", "", strings.NewReader(payload))
	bare, err := xmltext.Parse(a.body, xmltext.DefaultBounds())
	if err != nil || bare.Local != "RosCtiIcoResponse" {
		t.Errorf("answer to a bare payload = %s %v", a.body, err)
	}

	for name, a := range map[string]answered{
		"another code":   s.do("POST", "/publikace/E21", "", strings.NewReader(enveloped(payload))),
		"another action": s.do("POST", "/publikace/E20", "IszrRosCtiAifo", strings.NewReader(enveloped(payload))),
	} {
		if !strings.Contains(string(a.body), "NEVALIDNI ZADOST") {
			t.Errorf("%s: answer = %d %s", name, a.status, a.body)
		}
	}
	s.set(Front, Settings{Failure: FailChyba})
	s.mustStatus(s.front("E20", payload), egon.NSAbstract, egon.Chyba)
}

func TestFrontEcho(t *testing.T) {
	s := newTestServer(t)
	s.set(Front, Settings{Echo: true})
	want := bytes.Repeat([]byte("\x00<\xff any bytes\r\n"), 200_000)
	a := s.do("POST", "/publikace/E05", "", bytes.NewReader(want))
	sum := sha256.Sum256(want)
	if a.err != nil || !bytes.Equal(a.body, want) || a.header.Get("X-Request-Sha256") != hex.EncodeToString(sum[:]) {
		t.Errorf("answer = %d, %d bytes, %q, %v", a.status, len(a.body), a.header.Get("X-Request-Sha256"), a.err)
	}
}

func TestFrontReplySize(t *testing.T) {
	s := newTestServer(t)
	payload := enveloped(frontRequest("E20", "", "", ""))
	least := len(s.do("POST", "/publikace/E20", "", strings.NewReader(payload)).body)
	for _, size := range []int{1, least, least + fillerLeast, least + fillerSize - 1, least + fillerSize, least + fillerSize + 1,
		least + fillerSize + 6, least + 2*fillerSize + 3, 1 << 20, 1<<20 + 5} {
		s.set(Front, Settings{ReplyBytes: int64(size)})
		a := s.do("POST", "/publikace/E20", "", strings.NewReader(payload))
		if _, err := readMessage(a.body); err != nil || len(a.body) != max(size, least) {
			t.Errorf("asked for %d bytes: %d, %v", size, len(a.body), err)
		}
	}
	s.set(Front, Settings{ReplyBytes: int64(least) + 1})
	if a := s.do("POST", "/publikace/E20", "", strings.NewReader(payload)); len(a.body) != least+fillerLeast {
		t.Errorf("asked for one byte more: %d, want %d more", len(a.body), fillerLeast)
	}
}

func TestFrontMirrors(t *testing.T) {
	s := newTestServer(t)
	s.set(Front, Settings{Mirror: true})
	for _, size := range []int{0, 10 << 10, frontHeld + 5} {
		payload := enveloped(frontRequest("E20", "", "", strings.Repeat("x", size)))
		a := s.do("POST", "/publikace/E20", "", strings.NewReader(payload))
		if got := len(a.body); got < len(payload) || size > 0 && got > len(payload)+fillerLeast {
			t.Errorf("a request of %d bytes has a reply of %d", len(payload), got)
		}
	}
}
