package main

import (
	"strings"
	"testing"

	"brana/bench/registries"
	"brana/egon"
)

// brana call sends the messages by which the bus asks AISEO, too, so that the operator of
// a publisher can try a gateway without the bus; they keep to the schemas.
func TestCallsOfMessages(t *testing.T) {
	w := startWorldWith(t, devCmd{Publisher: true})
	o := newOracle(t)
	aifo := registries.AIFO(registries.DefaultSystems().AISEO.Agenda, 2) // Marek Rolnička
	marek := []string{"--name", "Marek Rolnička", "--born", "1968-01-11"}
	for _, tt := range []struct {
		code  string
		flags []string
		exit  int
		says  []string
	}{
		{"X10", append(marek, "--rc", population().List(0)[2].RodneCislo), 0,
			[]string{"OK  (HTTP 200", "person 1  AIFO " + aifo, "AiseoOdpoved: OK"}},
		{"X11", []string{"--aifo", aifo, "--items", "StavOsoby"}, 0,
			[]string{"OK  (HTTP 200", "AiseoCtiAifoDataResponseV01: OK", "  StavOsoby              živá"}},
		{"X12", append(marek, "--items", "StavOsoby", "--compare", "ascii"), 0,
			[]string{"OK  (HTTP 200", "person 1  AIFO " + aifo, "Odpoved: OK"}},
		{"X13", append(marek, "--items", "StavOsoby", "--hide-log"), 0, []string{"OK  (HTTP 200", "person 1  AIFO " + aifo, "Odpoved: OK"}},
		{"X15", []string{"--aifo", aifo, "--items", "Jmeno", "--hide-log"}, 0,
			[]string{"OK  (HTTP 200", "AiseoCtiAifo2DataResponseV01: OK", "  Jmeno                  MAREK"}},
		{"X31", []string{"--aifo", aifo, "--items", "Prijmeni"}, 0,
			[]string{"OK  (HTTP 200", "EoOdpoved: OK\n", "  Prijmeni               ROLNIČKA"}},
		{"X11", []string{"--aifo", aifo, "--items", "Obcanstvi"}, exitRefused, []string{"CHYBA  (HTTP 200", "NENI OPRAVNENI: BR_111"}},
		{"X11", nil, exitUsage, []string{"X11 needs --aifo, the AIFO of a person in the agenda of AISEO"}},
		{"X10", marek, exitUsage, []string{"X10 needs --name, --born and --rc"}},
		{"O08", nil, exitUsage, []string{"O08 needs its question: --inner FILE"}},
	} {
		t.Run(tt.code+" "+strings.Join(tt.flags, " "), func(t *testing.T) {
			said, code := brana(append([]string{"call", tt.code, "--url", w.gateway}, tt.flags...)...)
			if code != tt.exit {
				t.Errorf("exit code %d, want %d", code, tt.exit)
			}
			for _, want := range tt.says {
				if strings.Count(said, want) != 1 {
					t.Errorf("it does not say %q once:\n%s", want, said)
				}
			}
			if tt.exit == 0 {
				question := message(t, tt.code, tt.flags...)
				o.validateAll(t, o.schemaFile(t, tt.code), map[string][]byte{egon.ServiceByCode(tt.code).Request: (&reply{body: question}).payload()})
			}
		})
	}
}
