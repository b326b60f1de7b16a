package registries

import (
	"fmt"
	"testing"

	"brana/egon"
)

// specialPerson finds a special person by the rule that it shows.
func specialPerson(t *testing.T, p *Population, special string) *Person {
	t.Helper()
	for _, x := range p.All() {
		if x.Special == special {
			return x
		}
	}
	t.Fatalf("nobody is special for %q", special)
	return nil
}

// orgRequest asks ORG for one identifier.
func orgRequest(service, aifo string, source, target System) string {
	return fmt.Sprintf(`<e:%[1]sRequest xmlns:e="%[2]s" xmlns:reg="%[3]s" xmlns:ot="%[4]s">%[5]s`+
		`<e:MapaAifo lokalniAifoOd="8"><reg:PrevodAifo agenda="%[6]s" ais="%[7]d"><reg:LokalniAifo>7</reg:LokalniAifo>`+
		`<reg:GlobalniAifo>%[8]s</reg:GlobalniAifo></reg:PrevodAifo></e:MapaAifo>`+
		`<e:OrgAgendaAis><ot:Agenda>%[9]s</ot:Agenda><ot:AIS>%[10]d</ot:AIS></e:OrgAgendaAis></e:%[1]sRequest>`,
		service, egon.NSOrg, egon.NSReg, egon.NSOrgTypes, testInfo, source.Agenda, source.AIS, aifo, target.Agenda, target.AIS)
}

func TestOrgTranslates(t *testing.T) {
	s := newTestServer(t)
	o := officialSchemas(t)
	p, v := s.server.cfg.Population, DefaultSystems()
	caller := System{"X999", 999001}
	ordinary := specialPerson(t, p, "official test person")
	tests := []struct {
		name    string
		person  *Person
		service string
		target  System
		kod     string
		prevod  string // prevodAifoStatus; empty: translated
		detail  string // OrgAifoStatusDetail or OrgStatusDetail
	}{
		{"to ROB", ordinary, "OrgCtiAifo", v.ROB, egon.OK, "", ""},
		{"created for the caller", ordinary, "OrgZalozAifo", caller, egon.OK, "", ""},
		{"not found", specialPerson(t, p, "ORG does not find the AIFO"), "OrgCtiAifo", v.ROB, egon.Varovani, "AifoZdrojNenalezeno",
			"AIFO NENALEZENO"},
		{"merged", specialPerson(t, p, "merged in ORG"), "OrgCtiAifo", v.ROB, egon.Varovani, "AifoZdrojNeplatne", "OSOBA SPOJENA"},
		{"split", specialPerson(t, p, "split in ORG"), "OrgCtiAifo", v.ROB, egon.Varovani, "AifoZdrojNeplatne", "OSOBA ROZDELENA"},
		{"invalid", specialPerson(t, p, "AIFO invalid in ORG"), "OrgCtiAifo", v.ROB, egon.Varovani, "AifoZdrojNeplatne", "AIFO ZNEPLATNENO"},
		{"compromised", specialPerson(t, p, "AIFO compromised in ORG"), "OrgCtiAifo", v.ROB, egon.Varovani, "AifoZdrojNeplatne",
			"AIFO KOMPROMITOVANO"},
		{"to ROB only, ROB", specialPerson(t, p, "ORG translates to ROB only"), "OrgCtiAifo", v.ROB, egon.OK, "", ""},
		{"to ROB only, caller", specialPerson(t, p, "ORG translates to ROB only"), "OrgCtiAifo", caller, egon.Varovani, "AifoCilNeplatne",
			"AIFO ZNEPLATNENO"},
		{"to ROB only, created", specialPerson(t, p, "ORG translates to ROB only"), "OrgZalozAifo", caller, egon.Varovani, "AifoCilNeplatne",
			"AIFO ZNEPLATNENO"},
		{"unknown target agenda", ordinary, "OrgCtiAifo", System{"X000", 5}, egon.Chyba, "", "NENALEZENA CIL AGENDA/AIS"},
		{"target of another AIS", ordinary, "OrgCtiAifo", System{v.ROB.Agenda, v.ROB.AIS + 1}, egon.Chyba, "", "NENALEZENA CIL AGENDA/AIS"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n, a := s.post(ORG, orgRequest(test.service, AIFO(v.EOP.Agenda, test.person.ID), v.EOP, test.target))
			if n == nil {
				t.Fatalf("answer = %d %s %v", a.status, a.body, a.err)
			}
			o.check("org/xsd/OrgRozhrani.xsd", n)
			s.mustStatus(n, egon.NSOrg, test.kod)
			want := prevod{system: test.target, local: "7", status: test.prevod}
			if test.kod == egon.OK {
				want.aifo = AIFO(test.target.Agenda, test.person.ID)
			}
			got := readMapa(n.Child(egon.NSOrg, "MapaAifo"))
			if len(got) != 1 || got[0] != want {
				t.Errorf("MapaAifo = %+v, want %+v", got, want)
			}
			status := n.Child(egon.NSOrg, "OrgStatus")
			detail := status.Child(egon.NSOrgTypes, "OrgAifoStatus").Child(egon.NSOrgTypes, "OrgAifoStatusDetail").Value() +
				status.Child(egon.NSOrgTypes, "OrgStatusDetail").Value()
			if detail != test.detail {
				t.Errorf("OrgStatus = %q, want %q", detail, test.detail)
			}
		})
	}
}

func TestOrgSource(t *testing.T) {
	s := newTestServer(t)
	v := DefaultSystems()
	kazimira := s.server.cfg.Population.All()[1] // has no identity card
	tests := []struct {
		name         string
		aifo         string
		source       System
		kod, subject string
	}{
		{"of another agenda", AIFO(v.ECD.Agenda, 0), v.EOP, egon.Varovani, "AifoZdrojNenalezeno"},
		{"no AIFO", "iaG1BBvjvYcCn7WRcXS+4MQ=", v.EOP, egon.Varovani, "AifoZdrojNenalezeno"},
		{"not in the evidence", AIFO(v.EOP.Agenda, kazimira.ID), v.EOP, egon.Varovani, "AifoZdrojNenalezeno"},
		{"unknown agenda", AIFO("X000", 0), System{"X000", 1}, egon.Chyba, ""},
		{"AIS of another", AIFO(v.EOP.Agenda, 0), System{v.EOP.Agenda, 77}, egon.Chyba, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n, a := s.post(ORG, orgRequest("OrgCtiAifo", test.aifo, test.source, v.ROB))
			if n == nil {
				t.Fatalf("answer = %d %s %v", a.status, a.body, a.err)
			}
			s.mustStatus(n, egon.NSOrg, test.kod)
			entry := n.Child(egon.NSOrg, "MapaAifo").Child(egon.NSReg, "PrevodAifo")
			if got, _ := entry.Child(egon.NSReg, "LokalniAifo").AttrValue("prevodAifoStatus"); got != test.subject {
				t.Errorf("prevodAifoStatus = %q, want %q", got, test.subject)
			}
		})
	}
}

// Of a caller's agenda about half of the persons have an identifier; the
// others get it by G02, and from then on G27 finds it.
func TestOrgCreates(t *testing.T) {
	s := newTestServer(t)
	v, caller := DefaultSystems(), System{"X999", 999001}
	ask := func(service string, person int) string {
		n, a := s.post(ORG, orgRequest(service, AIFO(v.ROB.Agenda, person), v.ROB, caller))
		if n == nil {
			t.Fatalf("answer = %d %s %v", a.status, a.body, a.err)
		}
		return readMapa(n.Child(egon.NSOrg, "MapaAifo"))[0].status
	}
	var without []int
	ordinary := 0
	for _, p := range s.server.cfg.Population.All() {
		if p.Org != OrgOK {
			continue
		}
		ordinary++
		if status := ask("OrgCtiAifo", p.ID); status == "AifoCilNeexistuje" {
			without = append(without, p.ID)
		} else if status != "" {
			t.Errorf("person %d: prevodAifoStatus = %q", p.ID, status)
		}
	}
	if len(without) < ordinary/4 || len(without) > ordinary*3/4 {
		t.Fatalf("%d of %d persons have no identifier, want about half", len(without), ordinary)
	}
	for _, id := range without {
		if status := ask("OrgZalozAifo", id); status != "" {
			t.Errorf("person %d: G02 says %q", id, status)
		}
		if status := ask("OrgCtiAifo", id); status != "" {
			t.Errorf("person %d: G27 after G02 says %q", id, status)
		}
	}
}
