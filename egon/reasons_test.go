package egon

import (
	"strings"
	"testing"
)

// A refusal names what is wrong and what to do.
func TestRefusalsSayWhatToDo(t *testing.T) {
	want := map[string]string{
		"e198/wrong case":                 "Slovo „jmeno“ v SeznamUdaju není známá položka. Mysleli jste Jmeno? Opravte je, nebo je vynechte.",
		"e198/unknown word":               "Slovo „Bota“ v SeznamUdaju není známá položka. Opravte je, nebo je vynechte.",
		"e198/control word in wrong case": "Slovo „RobCti“ v SeznamUdaju není známá položka. Mysleli jste ROBCti? Opravte je, nebo je vynechte.",
		"e198/item of the other evidence": "Položka „EopFoto“ nepatří k evidenci Ecd, která je v elementu AgendaZdroj. Uveďte EcdFoto nebo EcdPodpis.",
		"zadostinfo/empty Ovm":            "Element ZadostInfo/Ovm je prázdný. Uveďte hodnotu.",
		"zadostinfo/Ais with a letter":    "Hodnota ZadostInfo/Ais není platná: musí to být číslo od 1 do 9999999.",
		"mismatch/the body of another service": "Volána je služba E198, jejíž žádostí je element AgendaMediaDataCtiPodleUdaju z prostoru jmen „" + NSMedia +
			"“, v těle je ale RobCtiPodleUdaju služby E05. Opravte adresu nebo tělo.",
		"malformed/second ZadostInfo beside the first": "Element ZadostInfo je jinde, než kde smí být, nebo je ve zprávě vícekrát. " +
			"Ponechte jediný, na jeho místě a v jeho jmenném prostoru.",
	}
	r := NewReader(DefaultBounds())
	for _, c := range requestCases(t) {
		got := feedRequest(t, r, c.Service, c.Doc, []int{len(c.Doc)})
		if popis, ok := want[c.Name]; ok {
			if got.Popis != popis {
				t.Errorf("%s: %s\nwant %s", c.Name, got.Popis, popis)
			}
			delete(want, c.Name)
		}
		for _, personal := range []string{"Zoran", "Vos", "Kazi", "Karás", "1977-0", "255424486", "1925-04"} {
			if strings.Contains(got.Popis+got.Err+got.Path, personal) {
				t.Errorf("%s: the refusal quotes %s", c.Name, personal)
			}
		}
	}
	for name := range want {
		t.Errorf("there is no case %s", name)
	}
}
