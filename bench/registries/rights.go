package registries

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A Right is an item that a triple may read: its code on the bus and, when it
// has one, in RPP.
type Right struct {
	KodIszr string `json:"kod_iszr"`
	KodRpp  string `json:"kod_rpp,omitempty"`
}

// sampleRights are the first triples with rights, and their items: those of the
// sample of E227 (seed E227 §12.1), all of ROB for one triple, and few for another.
func sampleRights() map[string][]Right {
	sample := []Right{
		{"Prijmeni", "101-1-1"}, {"Obcanstvi", "101-1-10"}, {"Doklad", "101-1-11"},
		{"DatovaSchrankaROB", "101-1-12"},
		{"Jmeno", "101-1-2"}, {"AdresaPobytu", "101-1-3"}, {"DorucovaciAdresa", "101-1-4"},
		{"DatumNarozeni", "101-1-5"},
		{"MistoNarozeni", "101-1-6"}, {"Ico", "102-1-1"}, {"AdresaSidla", "102-1-14"},
	}
	rob := slices.DeleteFunc(slices.Clone(sample), func(r Right) bool {
		return strings.HasPrefix(r.KodRpp, "102-") // of ROS
	})
	for _, item := range strings.Fields(`Aifo DatumUmrti DatumPravniMociUmrti MistoUmrti
		RodnePrijmeni OmezeniSvepravnosti RodinnyStavPartnerstvi Pohlavi Telefon Email Certifikat`) {
		rob = append(rob, Right{KodIszr: item})
	}
	few := []Right{{"Prijmeni", "101-1-1"}, {"Jmeno", "101-1-2"}, {"DatumNarozeni", "101-1-5"}}
	return map[string][]Right{
		"A1185/CR8359/00372498": sample,
		"X999/XR1/12345678":     rob,
		"X999/XRB/12345678":     rob, // the caller of brana bench
		"A999/CTENAR/12345678":  sample,
		"X999/XR2/12345678":     few,
	}
}

// rightsTable has the rights of one server by triple, written agenda/role/ovm. It may
// be used by several goroutines.
type rightsTable struct {
	mu       sync.Mutex
	byTriple map[string][]Right
}

// set changes what triples may read. It removes a triple without rights. The other
// triples keep theirs.
func (t *rightsTable) set(rights map[string][]Right) error {
	for triple, items := range rights {
		if strings.Count(triple, "/") != 2 {
			return fmt.Errorf("%.80q is not agenda/role/ovm", triple)
		}
		if slices.ContainsFunc(items, func(r Right) bool { return r.KodIszr == "" }) {
			return fmt.Errorf("a right of %.80q has no kod_iszr", triple)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for triple, items := range rights {
		if len(items) == 0 {
			delete(t.byTriple, triple)
		} else {
			t.byTriple[triple] = slices.Clone(items)
		}
	}
	return nil
}

// of returns what one triple may read. The list must not be changed.
func (t *rightsTable) of(triple string) []Right {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byTriple[triple]
}

// all returns what triples may read.
func (t *rightsTable) all() map[string][]Right {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.byTriple)
}

// reset gives all triples the sample rights again.
func (t *rightsTable) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byTriple = sampleRights()
}
