package upstream

import (
	"testing"

	"brana/egon"
)

// Only a full yes of ROB opens its data and the caller's AIFO; a reply that
// contradicts itself is no yes.
func TestIsVerified(t *testing.T) {
	agreed := egon.VerifiedPerson{Local: 1, Overene: []string{"Aifo", "Jmeno", "Prijmeni"}}
	partly, not, nothing, other := agreed, agreed, agreed, agreed
	partly.CastecneOverene = []string{"Prijmeni"}
	not.Neoverene = []string{"DatumNarozeni"}
	nothing.Overene = nil
	other.Local = 2
	for _, tt := range []struct {
		name    string
		kod     string
		persons []egon.VerifiedPerson
		want    bool
	}{
		{"all agrees", egon.OK, []egon.VerifiedPerson{agreed}, true},
		{"all agrees, among others", egon.OK, []egon.VerifiedPerson{other, agreed}, true},
		{"warned", egon.Varovani, []egon.VerifiedPerson{agreed}, false},
		{"refused", egon.Chyba, []egon.VerifiedPerson{agreed}, false},
		{"OK, but an item does not agree", egon.OK, []egon.VerifiedPerson{not}, false},
		{"OK, but an item agrees in part", egon.OK, []egon.VerifiedPerson{partly}, false},
		{"OK, but nothing was verified", egon.OK, []egon.VerifiedPerson{nothing}, false},
		{"OK, but for somebody else", egon.OK, []egon.VerifiedPerson{other}, false},
		{"OK, but for nobody", egon.OK, nil, false},
	} {
		r := &egon.VerifyReply{Rob: egon.Status{Kod: tt.kod}, Persons: tt.persons}
		if got := isVerified(r, 1); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if isVerified(nil, 1) {
		t.Error("no reply is a yes")
	}
}

func says(kod string, subs ...string) egon.Status {
	s := egon.Status{Kod: kod}
	for _, sub := range subs {
		s.Details = append(s.Details, egon.Detail{SubKod: sub})
	}
	return s
}

// Who was found and verified has the status OK, unless the evidence warns or
// says that it keeps something back.
func TestStatusOfWhatTheEvidenceSays(t *testing.T) {
	for _, tt := range []struct {
		name                string
		system, application egon.Status
		want                string
	}{
		{"all is there", says("OK"), says("OK"), "OK"},
		{"it warns", says("OK"), says("VAROVANI"), "VAROVANI"},
		{"its system warns", says("VAROVANI"), says("OK"), "VAROVANI"},
		{"it warns and keeps back", says("VAROVANI"), says("VAROVANI", "UDAJ NEVYDAN"), "VAROVANI"},
		{"OK, and it keeps back", says("OK"), says("OK", "UDAJ NEVYDAN"), "VAROVANI"},
		{"OK, and it keeps back beside another remark", says("OK"), says("OK", "SPECIFIKACE V POPISU", "UDAJ NEVYDAN"), "VAROVANI"},
		{"OK, and its system keeps back", says("OK", "UDAJ NEVYDAN"), says("OK"), "VAROVANI"},
		{"OK, and another remark", says("OK"), says("OK", "SPECIFIKACE V POPISU"), "OK"},
	} {
		known := &egon.TranslateReply{Map: []egon.PrevodAifo{{Local: 1, Global: "x"}}}
		f := found{toRob: known, toCaller: known, evidence: &egon.EvidenceHead{Found: true, Person: egon.PrevodAifo{Local: 1}, Application: tt.application}}
		f.evidence.Info.Status = tt.system
		f.verified = &egon.VerifyReply{Rob: egon.Status{Kod: egon.OK}, Persons: []egon.VerifiedPerson{{Local: 1, Overene: []string{"Aifo"}}}}
		if got := f.status(egon.Party{}); got.Kod != tt.want || got.Details != nil {
			t.Errorf("%s: %v, want a bare %s", tt.name, got, tt.want)
		}
	}
}

// An item that ROB refuses in an answer which goes out all the same is told to
// the gateway, whichever of its statuses says so.
func TestBarred(t *testing.T) {
	ok, other, bars := says("OK"), says("VAROVANI", "PARCIALNI ZAZNAM NENALEZEN"), says("VAROVANI", "PARCIALNI ZAZNAM NEOVEREN", "NENI OPRAVNENI")
	for _, tt := range []struct {
		name                                     string
		verifySystem, verify, readSystem, readIt egon.Status
		want                                     bool
	}{
		{"all is well", ok, ok, ok, ok, false},
		{"other warnings", other, other, other, other, false},
		{"beside OK", ok, says("OK", "NENI OPRAVNENI"), ok, ok, false},
		{"O25, its system", bars, ok, ok, ok, true},
		{"O25", ok, bars, ok, ok, true},
		{"O08, its system", ok, ok, bars, ok, true},
		{"O08", ok, ok, ok, bars, true},
	} {
		f := found{verified: &egon.VerifyReply{Rob: tt.verify}, read: &egon.ReadReply{Rob: tt.readIt}}
		f.verified.Info.Status, f.read.Info.Status = tt.verifySystem, tt.readSystem
		if got := f.barred(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if (&found{}).barred() {
		t.Error("ROB that was not asked bars")
	}
}
