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
