package upstream

import (
	"slices"
	"strings"
	"testing"

	"brana/egon"
)

// Only a full yes of ROB opens its data and the caller's AIFO: to every item
// that was sent, in every combination of search inputs. Silence is no yes, and
// a reply that contradicts itself is none.
func TestIsVerified(t *testing.T) {
	agreed := egon.VerifiedPerson{Local: 1, Overene: []string{"Prijmeni", "Aifo", "Jmeno"}}
	partly, not, nothing, other, unsent := agreed, agreed, agreed, agreed, agreed
	partly.CastecneOverene = []string{"Prijmeni"}
	not.Neoverene = []string{"Jmeno"}
	unsent.Neoverene = []string{"DatumNarozeni"}
	nothing.Overene = nil
	other.Local = 2
	more := agreed
	more.Overene = []string{"Aifo", "Jmeno", "Prijmeni", "DatumNarozeni"}
	entry := func(overeno egon.Tri) []egon.PrevodAifo {
		return []egon.PrevodAifo{{Local: 1,
			Overeno: overeno}}
	}
	one := []egon.VerifiedPerson{agreed}
	for _, tt := range []struct {
		name        string
		system, rob string
		mapa        []egon.PrevodAifo
		persons     []egon.VerifiedPerson
		want        bool
	}{
		{"all agrees", egon.OK, egon.OK, nil, one, true},
		{"all agrees, and the AIFO is verified", egon.OK, egon.OK, entry(egon.Yes), one, true},
		{"all agrees, and of the AIFO nothing is said", egon.OK, egon.OK, entry(egon.Unsaid), one,
			true},
		{"all agrees, but the AIFO is not verified", egon.OK, egon.OK, entry(egon.No), one, false},
		{"all agrees, but the AIFO is and is not verified", egon.OK, egon.OK,
			append(entry(egon.Yes), entry(egon.No)...), one, false},
		{"more agrees than was sent", egon.OK, egon.OK, nil, []egon.VerifiedPerson{more}, true},
		{"all agrees, among others", egon.OK, egon.OK, nil, []egon.VerifiedPerson{other, agreed},
			true},
		{"warned", egon.OK, egon.Varovani, nil, one, false},
		{"refused", egon.OK, egon.Chyba, nil, one, false},
		{"its system warns", egon.Varovani, egon.OK, nil, one, false},
		{"OK, but an item does not agree", egon.OK, egon.OK, nil, []egon.VerifiedPerson{not},
			false},
		{"OK, but an item that was not sent does not agree", egon.OK, egon.OK, nil,
			[]egon.VerifiedPerson{unsent}, false},
		{"OK, but an item agrees in part", egon.OK, egon.OK, nil, []egon.VerifiedPerson{partly},
			false},
		{"OK, but nothing was verified", egon.OK, egon.OK, nil, []egon.VerifiedPerson{nothing},
			false},
		{"OK, but for somebody else", egon.OK, egon.OK, nil, []egon.VerifiedPerson{other}, false},
		{"OK, but for nobody", egon.OK, egon.OK, nil, nil, false},
	} {
		f := found{
			sent:     egon.Dotaz1JmPrijRC.VerifiedItems(),
			evidence: &egon.EvidenceHead{Person: egon.PrevodAifo{Local: 1}},
			verified: &egon.VerifyReply{Map: tt.mapa, Rob: statusOf(tt.rob), Persons: tt.persons},
		}
		f.verified.Info.Status = statusOf(tt.system)
		if got := f.isVerified(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if (&found{evidence: &egon.EvidenceHead{}}).isVerified() {
		t.Error("no reply is a yes")
	}
}

// Whichever item ROB leaves out, in whichever combination, it is named and the
// person is not verified.
func TestEveryItemSentMustBeVerified(t *testing.T) {
	for kind, items := range map[egon.QueryKind]string{
		egon.Dotaz1JmPrijRC:       "Aifo Jmeno Prijmeni",
		egon.Dotaz2JmPrijDatNar:   "Aifo Jmeno Prijmeni DatumNarozeni",
		egon.Dotaz3JmPrijDatNarMN: "Aifo Jmeno Prijmeni DatumNarozeni MistoNarozeni",
		egon.Dotaz4JmPrijDatNarTP: "Aifo Jmeno Prijmeni DatumNarozeni AdresaPobytu",
		egon.Dotaz5JmPrijDokladOp: "Aifo Jmeno Prijmeni Doklad",
		egon.Dotaz5JmPrijDokladCd: "Aifo Jmeno Prijmeni Doklad",
	} {
		all := strings.Fields(items)
		f := found{sent: kind.VerifiedItems(),
			evidence: &egon.EvidenceHead{Person: egon.PrevodAifo{Local: 1}}}
		verify := func(overene []string) {
			f.verified = &egon.VerifyReply{Rob: statusOf(egon.OK),
				Persons: []egon.VerifiedPerson{{Local: 1, Overene: overene}}}
			f.verified.Info.Status = statusOf(egon.OK)
		}
		if verify(all); !f.isVerified() {
			t.Errorf("combination %d: %s is no yes", kind, items)
		}
		for i, item := range all {
			verify(slices.Delete(slices.Clone(all), i, i+1))
			if f.isVerified() {
				t.Errorf("combination %d: a yes without %s", kind, item)
			}
			// a remark of ROB's does not stand for the reason
			f.verified.Rob = statusOf(egon.OK, "SPECIFIKACE V POPISU")
			if why := f.whyUnverified(); len(why) != 1 ||
				!strings.Contains(why[0].Popis, ": "+item+".") || why[0].Puvodce != robParty {
				t.Errorf("combination %d without %s: %v", kind, item, why)
			}
		}
	}
}

func statusOf(kod string, subs ...string) egon.Status {
	s := egon.Status{Kod: kod}
	for _, sub := range subs {
		s.Details = append(s.Details, egon.Detail{SubKod: sub})
	}
	return s
}

// A person who was found and verified gives the status OK, unless the evidence warns or
// keeps data back. The status has words for that where the evidence's block has none.
func TestStatusOfWhatTheEvidenceSays(t *testing.T) {
	const warns = "SPECIFIKACE V POPISU: AIS 2 odpověděl s upozorněním."
	for _, tt := range []struct {
		name                string
		system, application egon.Status
		want                string
	}{
		{"all is there", statusOf("OK"), statusOf("OK"), "OK"},
		{"it warns", statusOf("OK"), statusOf("VAROVANI", "SPECIFIKACE V POPISU"), "VAROVANI"},
		{"it warns without a word", statusOf("OK"), statusOf("VAROVANI"), "VAROVANI " + warns},
		{"its system warns", statusOf("VAROVANI"), statusOf("OK"), "VAROVANI " + warns},
		{"its system warns, in words", statusOf("VAROVANI", "NENI K DISPOZICI"), statusOf("OK"),
			"VAROVANI NENI K DISPOZICI: "},
		{"both warn", statusOf("VAROVANI", "NENI K DISPOZICI"),
			statusOf("VAROVANI", "SPECIFIKACE V POPISU"), "VAROVANI"},
		{"both warn, and the system has the words", statusOf("VAROVANI", "NENI K DISPOZICI"),
			statusOf("VAROVANI"), "VAROVANI NENI K DISPOZICI: "},
		{"it warns and keeps back", statusOf("VAROVANI"), statusOf("VAROVANI", "UDAJ NEVYDAN"),
			"VAROVANI"},
		{"OK, and it keeps back", statusOf("OK"), statusOf("OK", "UDAJ NEVYDAN"), "VAROVANI"},
		{"OK, and it keeps back beside another remark", statusOf("OK"),
			statusOf("OK", "SPECIFIKACE V POPISU", "UDAJ NEVYDAN"), "VAROVANI"},
		{"OK, and its system keeps back", statusOf("OK", "UDAJ NEVYDAN"), statusOf("OK"),
			"VAROVANI SPECIFIKACE V POPISU: UDAJ NEVYDAN"},
		{"OK, and another remark", statusOf("OK"), statusOf("OK", "SPECIFIKACE V POPISU"), "OK"},
	} {
		f := wellKnown()
		f.evidence.Info.Status, f.evidence.Application = tt.system, tt.application
		if got := inWords(f.status(egon.Party{Kind: egon.Ais, Code: "2"})); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// A warning of ROB beside its data is reported in the same way.
func TestStatusOfWhatRobSays(t *testing.T) {
	const warns = "VAROVANI SPECIFIKACE V POPISU: ROB odpověděl s upozorněním."
	for _, tt := range []struct {
		name                string
		system, application egon.Status
		want                string
	}{
		{"all is there", statusOf("OK"), statusOf("OK"), "OK"},
		{"it warns", statusOf("OK"), statusOf("VAROVANI", "PARCIALNI ZAZNAM NENALEZEN"),
			"VAROVANI"},
		{"it warns without a word", statusOf("OK"), statusOf("VAROVANI"), warns},
		{"its system warns", statusOf("VAROVANI"), statusOf("OK"), warns},
		{"its system warns beside a remark", statusOf("VAROVANI"),
			statusOf("OK", "SPECIFIKACE V POPISU"), warns},
		{"both warn", statusOf("VAROVANI"), statusOf("VAROVANI", "PARCIALNI ZAZNAM NENALEZEN"),
			"VAROVANI"},
	} {
		f := wellKnown()
		f.evidence.Info.Status, f.evidence.Application = statusOf(egon.OK), statusOf(egon.OK)
		f.read = &egon.ReadReply{Rob: tt.application, Persons: []int{1}}
		f.read.Info.Status = tt.system
		if got := inWords(f.status(egon.Party{})); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// wellKnown is a person whom all registries know.
func wellKnown() *found {
	const local = 1
	known := &egon.TranslateReply{Map: []egon.PrevodAifo{{Local: local, Global: "x"}}}
	known.Info.Status = statusOf(egon.OK)
	f := &found{toRob: known, toCaller: known,
		evidence: &egon.EvidenceHead{Found: true, Person: egon.PrevodAifo{Local: local}}}
	f.verified = &egon.VerifyReply{Rob: statusOf(egon.OK),
		Persons: []egon.VerifiedPerson{{Local: local, Overene: []string{"Aifo"}}}}
	f.verified.Info.Status = statusOf(egon.OK)
	return f
}

func inWords(s egon.Status) string {
	said := s.Kod
	for _, d := range s.Details {
		said += " " + d.SubKod + ": " + d.Popis
	}
	return said
}

// ROB may refuse an item in an answer that goes out all the same. That is reported to the
// gateway, whichever of ROB's statuses has it.
func TestBarred(t *testing.T) {
	ok, other, bars := statusOf("OK"), statusOf("VAROVANI",
		"PARCIALNI ZAZNAM NENALEZEN"), statusOf("VAROVANI", "PARCIALNI ZAZNAM NEOVEREN", "NENI OPRAVNENI")
	for _, tt := range []struct {
		name                                     string
		verifySystem, verify, readSystem, readIt egon.Status
		want                                     bool
	}{
		{"all is well", ok, ok, ok, ok, false},
		{"other warnings", other, other, other, other, false},
		{"beside OK", ok, statusOf("OK", "NENI OPRAVNENI"), ok, ok, false},
		{"O25, its system", bars, ok, ok, ok, true},
		{"O25", ok, bars, ok, ok, true},
		{"O08, its system", ok, ok, bars, ok, true},
		{"O08", ok, ok, ok, bars, true},
	} {
		f := found{verified: &egon.VerifyReply{Rob: tt.verify},
			read: &egon.ReadReply{Rob: tt.readIt}}
		f.verified.Info.Status, f.read.Info.Status = tt.verifySystem, tt.readSystem
		if got := f.barred(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if (&found{}).barred() {
		t.Error("ROB that was not asked bars")
	}
}
