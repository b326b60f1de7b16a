package policy

import (
	"testing"

	"brana/egon"
)

// Each right comes from the source that has the word, and from nothing where none has it.
func TestOriginOfARight(t *testing.T) {
	s := mustLoad(t, testGrants, testMatrix)
	origin := func(word string) string {
		h := head("E198", first, word)
		d := s.Decide(h, noon)
		return s.Rights(&d, h, noon).Origin(word).String()
	}
	for word, want := range map[string]string{
		"Jmeno":     "row",
		"EopFoto":   "grant",
		"ROBCti":    "control",
		"Telefon":   "nothing",
		"EcdPodpis": "nothing",
		"Nezname":   "nothing",
	} {
		if got := origin(word); got != want {
			t.Errorf("%s is given by %s, want %s", word, got, want)
		}
	}
}

// An item has an origin exactly where the caller has the right to it.
func TestOriginAgreesWithPermit(t *testing.T) {
	s := mustLoad(t, testGrants, testMatrix)
	for _, service := range []string{"E05", "E160", "E198"} {
		for _, quadruple := range []string{first, second} {
			h := head(service, quadruple, "")
			d := s.Decide(h, noon)
			rights := s.Rights(&d, h, noon)
			for _, word := range egon.ReturnedWords() {
				if got := rights.Origin(word); (got != Nothing) != rights.Permit(word) {
					t.Errorf("%s of %s for %s: origin %s, permit %v",
						word, service, quadruple, got, rights.Permit(word))
				}
			}
		}
	}
}
