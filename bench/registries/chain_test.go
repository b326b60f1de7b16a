package registries

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"brana/egon"
	"brana/egon/xmltext"
)

// The requests that the language package writes are understood, and it
// understands the answers: the steps of E198 for one person, over the wire.
func TestChainOfE198(t *testing.T) {
	s := newTestServer(t)
	v, caller := DefaultSystems(), egon.AgendaAis{Agenda: "X999", Ais: "999001"}
	rob := egon.AgendaAis{Agenda: v.ROB.Agenda, Ais: itoa(v.ROB.AIS)}
	eop := egon.AgendaAis{Agenda: v.EOP.Agenda, Ais: itoa(v.EOP.AIS)}
	marek := s.server.cfg.Population.All()[2]
	st := &egon.Step{IszrZadostId: testIszrID, Head: &egon.Head{
		Info: egon.ZadostInfo{CasZadosti: []byte("2026-01-01T08:00:00+01:00"), Agenda: []byte("X999"), AgendovaRole: []byte("XR1"),
			Ovm: []byte("12345678"), Ais: []byte("999001"), AgendaZadostId: []byte(testAgendaID)},
		HasItems: true,
		Items:    []egon.Word{{Text: []byte("EopFoto")}, {Text: []byte("ROBCti")}, {Text: []byte("AdresaPobytu")}},
		Media: &egon.MediaQuery{AgendaZdroj: []byte("Eop"), Queries: 1, Kind: egon.Dotaz2JmPrijDatNar,
			Jmeno: []byte("Marek"), Prijmeni: []byte("Rolnička"), DatumNarozeni: []byte("1968-01-11"),
			Klic: []byte(base64.StdEncoding.EncodeToString(spki(t, &testKey().PublicKey)))},
	}}
	send := func(registry, action string, message []byte) []byte {
		t.Helper()
		a := s.do("POST", "/"+registry, action, bytes.NewReader(message))
		if a.err != nil || a.status != 200 {
			t.Fatalf("%s: answer = %d %.500s %v", registry, a.status, a.body, a.err)
		}
		return a.body
	}

	source, _ := egon.SourceOf([]byte("Eop"))
	evidence, err := readMessage(send(EOP, source.Request, egon.AppendMediaRequest(nil, st, source)))
	if err != nil {
		t.Fatal(err)
	}
	found := readMapa(evidence.body.Child(egon.NSEop, "MapaAifo"))
	if len(found) != 1 || found[0].aifo != AIFO(v.EOP.Agenda, marek.ID) {
		t.Fatalf("X21 names %v, want person %d", found, marek.ID)
	}

	translate := func(op egon.OrgService, from, to egon.AgendaAis, aifo string) egon.PrevodAifo {
		t.Helper()
		r, err := egon.ParseTranslateReply(send(ORG, string(op), egon.AppendTranslate(nil, st, op,
			&egon.Translation{Source: from, Target: to, Map: []egon.PrevodAifo{{Local: 1, Global: aifo}}})), op)
		if err != nil {
			t.Fatal(err)
		}
		p, ok := r.Translated(1)
		if !ok {
			t.Fatalf("%s to %s: %+v", op, to.Agenda, r)
		}
		return p
	}
	atRob := translate(egon.OrgCtiAifo, eop, rob, found[0].aifo)
	if own := translate(egon.OrgZalozAifo, eop, caller, found[0].aifo); own.Global != AIFO("X999", marek.ID) {
		t.Errorf("G02 gives %v", own)
	}

	verified, err := egon.ParseVerifyReply(send(ROB, egon.ActionRob, egon.AppendVerify(nil, st, atRob)))
	if err != nil {
		t.Fatal(err)
	}
	want := []egon.VerifiedPerson{{Local: 1, Overene: strings.Fields("Aifo DatumNarozeni Jmeno Prijmeni")}}
	if diff := cmp.Diff(want, verified.Persons, cmpopts.EquateEmpty()); diff != "" || verified.Info.Status.Kod != egon.OK {
		t.Errorf("O25: %+v, differs (-want +got):\n%s", verified.Info.Status, diff)
	}

	items := []string{"AdresaPobytu", "MistoNarozeni"}
	read, err := egon.ParseReadReply(send(ROB, egon.ActionRob, egon.AppendRead(nil, st, atRob, items)), items)
	if err != nil {
		t.Fatal(err)
	}
	places := []egon.Place{{Kod: marek.Pobyt}, {Kod: marek.Narozeni.Kod, Kind: egon.LokalitaOB}}
	if diff := cmp.Diff(places, read.Places); diff != "" {
		t.Errorf("O08: places differ (-want +got):\n%s", diff)
	}

	checked, err := egon.ParsePlacesReply(send(RUIAN, egon.ActionRuian, egon.AppendPlaces(nil, st, true, read.Places)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range places {
		places[i].Stav = Existuje
	}
	if diff := cmp.Diff(places, checked.Places); diff != "" || !bytes.Contains(checked.Block, []byte("PolozkovaAdresa")) {
		t.Errorf("A28: places differ (-want +got):\n%s", diff)
	}

	var steps []string
	for _, e := range s.entries(6) {
		steps = append(steps, e.Step)
	}
	if diff := cmp.Diff(strings.Fields("X21 G27 G02 O25 O08 A28"), steps); diff != "" {
		t.Errorf("log differs (-want +got):\n%s", diff)
	}
}

// Whatever is sent, a registry answers and stays up; an answer that is not a
// Fault is well-formed and has an OdpovedInfo.
func FuzzRegistries(f *testing.F) {
	server, err := NewServer(Config{Population: NewPopulation(0, 1)})
	if err != nil {
		f.Fatal(err)
	}
	v := DefaultSystems()
	for _, seed := range []string{
		probe,
		orgRequest("OrgCtiAifo", AIFO(v.EOP.Agenda, 0), v.EOP, v.ROB),
		orgRequest("OrgZalozAifo", AIFO(v.EOP.Agenda, 0), v.EOP, System{"X999", 1}),
		overRequest("Jmeno", AIFO("A101", 2), "ascii", "<rod:Jmeno>X</rod:Jmeno>"),
		robRequest("RobCtiHromadneAifo", "Jmeno Doklad", AIFO("A101", 2), "<rod:RobCtiHromadneAifoData/>"),
		aiseoRequest("<e:RodneCislo>255424486</e:RodneCislo>"),
		aiseoRequest2("<e:Parametr9JmPrijDatNar/>"),
		frontRequest("E05", "RUIANCti", "", "<e:RobCtiPodleUdajuData><rod:DatovaSchrankaId>x</rod:DatovaSchrankaId></e:RobCtiPodleUdajuData>"),
		frontRequest("E183", "", "<abs:MapaAifo/>", "<e:RobOverHromadneAifoData><rod:Osoba/></e:RobOverHromadneAifoData>"),
		frontRequest("E172", "", "", "<e:AiseoCtiPodleUdaju2Data><e:x/></e:AiseoCtiPodleUdaju2Data>"),
		frontRequest("E227", "", "", ""),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		body, err := xmltext.Parse([]byte(payload), xmltext.DefaultBounds())
		if err != nil {
			return
		}
		m := messageOf(body)
		var all []func(*message) reply
		for _, r := range server.registries {
			all = append(all, r.serve)
		}
		if body.Space != "" { // the front looks for the service first, and each has a namespace
			for _, answer := range server.front {
				all = append(all, answer)
			}
		}
		for _, serve := range all {
			m.entry = &Entry{}
			r := serve(m)
			if r.head == nil {
				continue
			}
			whole := bytes.NewBuffer(bytes.Clone(r.head))
			if r.stream != nil {
				if err := r.stream(whole); err != nil {
					t.Fatal(err)
				}
			}
			root, err := xmltext.Parse(whole.Bytes(), xmltext.DefaultBounds())
			if err != nil {
				t.Fatalf("%v in %s", err, whole)
			}
			if root.Child(root.Space, "OdpovedInfo") == nil && root.Child(egon.NSAbstract, "OdpovedInfo") == nil {
				t.Errorf("no OdpovedInfo in %s", whole)
			}
		}
	})
}

// The cost of a simulated answer, without the network. It must not outweigh the
// gateway that is measured.
func BenchmarkAnswer(b *testing.B) {
	server, err := NewServer(Config{Population: NewPopulation(1000, 1)})
	if err != nil {
		b.Fatal(err)
	}
	v := DefaultSystems()
	for _, c := range []struct{ name, registry, payload string }{
		{"G27", ORG, orgRequest("OrgCtiAifo", AIFO(v.EOP.Agenda, 100), v.EOP, v.ROB)},
		{"O25", ROB, overRequest("Jmeno", AIFO("A101", 100), "ascii", "<rod:Jmeno>X</rod:Jmeno>")},
		{"O08", ROB, robRequest("RobCtiHromadneAifo", "Jmeno Prijmeni AdresaPobytu", AIFO("A101", 100), "<rod:RobCtiHromadneAifoData/>")},
		{"A28", RUIAN, fmt.Sprintf(`<e:CtiProRobRequest xmlns:e="%s" xmlns:reg="%s">%s<e:Dotaz><e:SeznamIdAdres nacistData="true"><reg:AdresniMisto>14492253</reg:AdresniMisto></e:SeznamIdAdres></e:Dotaz></e:CtiProRobRequest>`,
			egon.NSRuian, egon.NSReg, testInfo)},
	} {
		b.Run(c.name, func(b *testing.B) {
			data := []byte(enveloped(c.payload))
			b.ReportAllocs()
			for b.Loop() {
				m, err := readMessage(data)
				if err != nil {
					b.Fatal(err)
				}
				m.entry = &Entry{}
				if r := server.registries[c.registry].serve(m); r.head == nil {
					b.Fatal("no answer")
				}
			}
		})
	}
}
