//go:build !race

package policy

import (
	"strings"
	"testing"

	"brana/egon"
)

// A granted request costs no allocation, however long its words are.
func TestDecideDoesNotAllocate(t *testing.T) {
	long := strings.Repeat("Udaj", 15)
	s := mustLoad(t, strings.Replace(testGrants, "EcdFoto,", "EcdFoto, "+long+",", 1), testMatrix)
	h := media(first, "EopFoto Jmeno Prijmeni ROBCti RUIANCti ZvlastniUdaj "+long, egon.Dotaz2JmPrijDatNar)
	h.Media.Photos.Used = true
	if got := say(s.Decide(h, noon)); got != "granted" {
		t.Fatalf("Decide = %s, want granted", got)
	}
	if n := testing.AllocsPerRun(1000, func() { s.Decide(h, noon) }); n != 0 {
		t.Errorf("Decide allocates %v times, want 0", n)
	}
	if n := testing.AllocsPerRun(1000, func() { s.Row(h.Info.Agenda, h.Info.AgendovaRole, h.Info.Ovm, noon) }); n != 0 {
		t.Errorf("Row allocates %v times, want 0", n)
	}
}
