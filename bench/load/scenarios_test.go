package load

import (
	"slices"
	"testing"
)

// The right answer to a list with an item that is not permitted follows from the rules of
// the gateway.
func TestAnswersByRules(t *testing.T) {
	for _, tt := range []struct {
		rules       Rules
		list, empty string // VysledekKod and VysledekSubKod
		lacks       bool   // the item is not in the answer to the list
	}{
		{Rules{}, "VAROVANI NENI OPRAVNENI", "OK ", true},
		{Rules{"as-iszr", "filter"}, "VAROVANI NENI OPRAVNENI", "OK ", true},
		{Rules{"as-iszr", "observe"}, "VAROVANI NENI OPRAVNENI", "OK ", true},
		{Rules{"pass", "observe"}, "OK ", "OK ", false},
		{Rules{"pass", "filter"}, "VAROVANI NENI OPRAVNENI", "VAROVANI NENI OPRAVNENI", true},
		{Rules{"pass", "refuse"}, "CHYBA CHYBA VOLANI REGISTRU", "CHYBA CHYBA VOLANI REGISTRU", false},
		{Rules{"strict", "filter"}, "CHYBA NENI OPRAVNENI", "CHYBA NENI OPRAVNENI", false},
	} {
		book := testBook
		book.Rules = tt.rules
		want := func(name string) Want {
			s, err := book.Scenario(name)
			if err != nil {
				t.Fatal(err)
			}
			return s.Want
		}
		list, empty := want("e05-list"), want("e05-empty")
		if got := list.Kod + " " + list.SubKod; got != tt.list || (list.Lacks != "") != tt.lacks {
			t.Errorf("%+v: the list is answered %s, lacks %q", tt.rules, got, list.Lacks)
		}
		if got := empty.Kod + " " + empty.SubKod; got != tt.empty {
			t.Errorf("%+v: no list is answered %s", tt.rules, got)
		}
		if all := slices.Contains(list.Elements, otherItem); all != (tt.list == "OK ") {
			t.Errorf("%+v: the answer must have %v", tt.rules, list.Elements)
		}
	}
}

// An answer that has what it must not have is wrong.
func TestAnswerWithWhatItMustLack(t *testing.T) {
	w := Want{Status: 200, Kod: "OK", Lacks: "Obcanstvi"}
	const answer = "<VysledekKod>OK</VysledekKod>"
	for text, want := range map[string]string{
		answer: "",
		answer + "<rod:Obcanstvi>CZE</rod:Obcanstvi>":   "answer with Obcanstvi",
		answer + "<rod:ObcanstviX>CZE</rod:ObcanstviX>": "",
	} {
		if got := w.check(200, []byte(text), int64(len(text)), ""); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// The registries are set to what the scenarios of a mix need, each setting once.
func TestSettingsOfAMix(t *testing.T) {
	for mix, want := range map[string][]string{
		"relay=9,e05":                   nil,
		"relay-64k=2, relay-1m,e05-64m": {"front.mirror=true", "front.reply_bytes=67108864"},
	} {
		if got := Settings(mix); !slices.Equal(got, want) {
			t.Errorf("Settings(%q) = %q, want %q", mix, got, want)
		}
	}
}
