package policy

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"brana/egon"
)

// A record names the verdict, why there is no grant, the grant that decided, and what lacks
// each word that was refused.
func TestWordsOfADecision(t *testing.T) {
	s := mustLoad(t, testGrants, testMatrix)
	for _, tt := range []struct {
		name string
		head *egon.Head
		want string
	}{
		{"granted", head("E05", first, "Jmeno"), "granted  by GRANT"},
		{"no AIS", head("E05", "X999/XR1/12345678/", ""), "not-granted ais-missing"},
		{"no agenda", head("E05", "X1/XR1/12345678/1", ""), "not-granted unknown-agenda"},
		{"no role", head("E05", "X999/XR9/12345678/1", ""), "not-granted unknown-role"},
		{"no OVM", head("E05", "X999/XR1/1/1", ""), "not-granted unknown-ovm"},
		{"no service", head("E03", first, ""), "not-granted service-not-granted by GRANT"},
		{"an item of ROB", head("E05", first, "AdresaPobytu"), "item-not-permitted  by GRANT AdresaPobytu=row"},
		{"an item of an evidence", head("E05", first, "EopPodpis"), "item-not-permitted  by GRANT EopPodpis=grant"},
		{"an item of AISEO", head("E160", first, "RodneCislo"), "item-not-permitted  by GRANT RodneCislo=grant"},
		{"an item of AISEO, in ROB's word", head("E160", first, "Doklad"), "item-not-permitted  by GRANT Doklad=grant"},
		{"no item of AISEO", head("E160", first, "Nezname"), "item-unknown  by GRANT Nezname=unknown"},
		{"a free word that a service of ROB could have by the row", head("E05", first, "RodinnyStav"),
			"item-not-permitted  by GRANT RodinnyStav=row"},
		{"an item of an unknown register", head("E35a", first, "Nezname"), "item-not-permitted  by GRANT Nezname=both"},
		{"no item", head("E05", first, "Vosáhlo"), "item-unknown  by GRANT Vosáhlo=unknown"},
	} {
		d := s.Decide(tt.head, noon)
		got := d.Verdict.String() + " " + d.Reason.String()
		if d.Grant != nil {
			if d.Grant.Rule != fmt.Sprintf("%s:%d", d.Grant.Place.File, d.Grant.Place.Line) {
				t.Errorf("the grant at %s is named %s", d.Grant.Place, d.Grant.Rule)
			}
			got += " by GRANT"
		}
		for i := range d.Refused {
			got += " " + d.Refused[i].Word + "=" + d.Refused[i].Why()
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// A row of a file is named by the file and its content, whatever else is in the policy.
func TestARowOfAFileNamesIt(t *testing.T) {
	s := mustLoad(t, testGrants, testMatrix)
	sum := sha256.Sum256([]byte(header + "\n" + testMatrix))
	want := fmt.Sprintf("m.csv %x", sum[:6])
	i := &head("E05", first, "").Info
	if got := s.RowOrigin(i.Agenda, i.AgendovaRole, i.Ovm); got != (RowOrigin{Source: want}) {
		t.Errorf("%+v, want %s", got, want)
	}
}

// A fetched row is named by the moment at which E227 gave it; a row that is not there has no
// origin.
func TestAFetchedRowNamesItsTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newFakeBus(map[string]string{own: "Jmeno"})
		s := newFixture(t, b, nil, own)
		i := &head("E05", own+"/1", "").Info
		if got := s.store.Current().RowOrigin(i.Agenda, i.AgendovaRole, i.Ovm); got != (RowOrigin{}) {
			t.Errorf("before it was fetched: %+v", got)
		}
		time.Sleep(time.Hour)
		fetched := time.Now()
		s.run()
		time.Sleep(time.Minute)
		synctest.Wait()
		got := s.store.Current().RowOrigin(i.Agenda, i.AgendovaRole, i.Ovm)
		if got.Source != "E227" || got.Fetched.Sub(fetched).Abs() > time.Second {
			t.Errorf("%+v, want E227 at %s", got, fetched)
		}
	})
}
