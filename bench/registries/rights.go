package registries

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Right is an item that a triple may read: its code on the bus and, when it
// has one, in RPP.
type Right struct {
	KodIszr string `json:"kod_iszr"`
	KodRpp  string `json:"kod_rpp,omitempty"`
}

// sampleRights are the first triples with rights, and their items: those of the
// sample of E227 (seed E227 §12.1), and fewer for one triple.
func sampleRights() map[string][]Right {
	all := []Right{
		{"Prijmeni", "101-1-1"}, {"Obcanstvi", "101-1-10"}, {"Doklad", "101-1-11"},
		{"DatovaSchrankaROB", "101-1-12"},
		{"Jmeno", "101-1-2"}, {"AdresaPobytu", "101-1-3"}, {"DorucovaciAdresa", "101-1-4"},
		{"DatumNarozeni", "101-1-5"},
		{"MistoNarozeni", "101-1-6"}, {"Ico", "102-1-1"}, {"AdresaSidla", "102-1-14"},
	}
	few := []Right{{"Prijmeni", "101-1-1"}, {"Jmeno", "101-1-2"}, {"DatumNarozeni", "101-1-5"}}
	return map[string][]Right{
		"A1185/CR8359/00372498": all,
		"X999/XR1/12345678":     all,
		"A999/CTENAR/12345678":  all,
		"X999/XR2/12345678":     few,
	}
}

// SetRights changes what triples, written agenda/role/ovm, may read, as the next
// generation of the matrix would. It removes a triple without rights. The other
// triples keep theirs.
func (s *Server) SetRights(rights map[string][]Right) error {
	for triple, items := range rights {
		if strings.Count(triple, "/") != 2 {
			return fmt.Errorf("%.80q is not agenda/role/ovm", triple)
		}
		if slices.ContainsFunc(items, func(r Right) bool { return r.KodIszr == "" }) {
			return fmt.Errorf("a right of %.80q has no kod_iszr", triple)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for triple, items := range rights {
		if len(items) == 0 {
			delete(s.rights, triple)
		} else {
			s.rights[triple] = slices.Clone(items)
		}
	}
	return nil
}

// Rights returns what triples may read.
func (s *Server) Rights() map[string][]Right {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.rights)
}

// controlRights serves /control/rights: PUT changes the triples that it names,
// DELETE sets all back.
func (s *Server) controlRights(method string, body []byte) (status int, answer any) {
	switch method {
	case "GET":
	case "PUT":
		var rights map[string][]Right
		if err := errors.Join(unmarshalStrict(body, &rights), s.SetRights(rights)); err != nil {
			return 400, problem{err.Error()}
		}
	case "DELETE":
		s.mu.Lock()
		s.rights = sampleRights()
		s.mu.Unlock()
	default:
		return 405, problem{"use GET, PUT or DELETE"}
	}
	return 200, s.Rights()
}
