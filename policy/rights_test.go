package policy

import (
	"testing"

	"pgregory.net/rapid"

	"brana/egon"
)

// An item that came back is judged like one that was asked for.
func TestRightsAreThoseOfTheDecision(t *testing.T) {
	s := mustLoad(t, testGrants, testMatrix)
	words := append([]string{"ROBCti", "ZvlastniUdaj", "Nezname", "?Nezname"}, egon.ReturnedWords()...)
	rapid.Check(t, func(t *rapid.T) {
		service := rapid.SampledFrom([]string{"E05", "E160", "E198"}).Draw(t, "service")
		quadruple := rapid.SampledFrom([]string{first, second}).Draw(t, "caller")
		word := rapid.SampledFrom(words).Draw(t, "word")
		granted := s.Decide(head(service, quadruple, ""), noon)
		if granted.Verdict != Granted {
			return // the service is not granted
		}
		asked := head(service, quadruple, word)
		d := s.Decide(asked, noon)
		if got := s.Rights(&d, asked, noon).Permit(word); got != (d.Verdict == Granted) {
			t.Errorf("%s of %s for %s: permit %v, asked for: %s", word, service, quadruple, got,
				summary(d))
		}
	})
}

// Without a grant nothing is permitted.
func TestNoRightsWithoutAGrant(t *testing.T) {
	s := mustLoad(t, testGrants, testMatrix)
	h := head("E05", "X999/XR1/00345678/1", "Jmeno")
	d := s.Decide(h, noon)
	if d.Grant != nil || s.Rights(&d, h, noon).Permit("Jmeno") || (Rights{}).Permit("Jmeno") {
		t.Errorf("Jmeno is permitted, grant %v", d.Grant)
	}
}
