//go:build !race

package policy

import (
	"strings"
	"testing"
	"time"

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

// Neither does a decision that rests on a row that was fetched, fresh or stale,
// or that has to wait for one.
func TestDecideByAFetchedRowDoesNotAllocate(t *testing.T) {
	for _, fresh := range []time.Duration{time.Hour, time.Nanosecond} {
		s := newSite(t, newBus(map[string]string{own: "Jmeno"}), func(c *RowsConfig) { c.Ages.Fresh = fresh }, own)
		h := head("E05", own+"/1", "Jmeno Vlastni")
		if n := testing.AllocsPerRun(1000, func() { s.store.Current().Decide(h, noon) }); n != 0 {
			t.Errorf("Decide without a row allocates %v times, want 0", n)
		}
		if _, err := s.await(own, time.Minute); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		if got := s.store.Current().Decide(h, now); got.Verdict != Granted || got.Row == Stale != (fresh < time.Second) {
			t.Fatalf("Decide = %s, row %d", say(got), got.Row)
		}
		if n := testing.AllocsPerRun(1000, func() { s.store.Current().Decide(h, now) }); n != 0 {
			t.Errorf("Decide allocates %v times, want 0", n)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
