package main

import (
	"regexp"
	"strings"
	"testing"

	"brana/egon"
)

// brana dev holds AISEO: its six services are granted, relayed and answered with
// data of the test persons, and brana call asks for them and prints what comes.
func TestAiseo(t *testing.T) {
	w := startWorld(t)
	call := func(args ...string) (string, int) {
		t.Helper()
		return brana(append([]string{"call", "--url", w.gateway}, args...)...)
	}
	found, code := call("E160", "--name", "Marek Rolnička", "--born", "1968-01-11")
	match := regexp.MustCompile(`person 1  AIFO (\S+)\n`).FindStringSubmatch(found)
	if code != 0 || match == nil {
		t.Fatalf("E160 tells no AIFO, exit code %d:\n%s", code, found)
	}
	aifo := match[1]
	zoran := special(t, "official test person")
	name, born, rc := zoran.Jmeno+"/"+zoran.Prijmeni, zoran.DatumNarozeni, zoran.RodneCislo
	for _, tt := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"identified in ROB", []string{"E158", "--name", name, "--born", born, "--rc", rc}, 0,
			[]string{"OK  (HTTP 200", "person 1  AIFO ", "RobCtiHromadneAifoDataResponse: OK", "  Prijmeni               VOSÁHLO"}},
		{"identified by birth number",
			append([]string{"E158", "--rc", special(t, "two alike: same name and birth date").RodneCislo},
				byBirth(special(t, "two alike: same name and birth date"))...), 0,
			[]string{"OK", "person 1  AIFO ", "AiseoZtotozneniDataResponse: OK"}},
		{"ROB has another surname", append([]string{"E158", "--rc", special(t, "another surname at ROB").RodneCislo},
			byBirth(special(t, "another surname at ROB"))...), 0,
			[]string{"VAROVANI", "neshodují s ROB", "[ROB]"}},
		{"read", []string{"E159", "--aifo", aifo}, 0,
			[]string{"OK", "person 1  AIFO " + aifo, "AiseoCtiAifoDataResponse: OK", "  DatumNarozeni          1968-01-11",
				"  StavOsoby              živá"}},
		{"read, by items", []string{"E159", "--aifo", aifo, "--items", "RodneCislo StavOsoby"}, 0,
			[]string{"OK", "  StavOsoby              živá"}},
		{"found", []string{"E160", "--name", name, "--born", born + "Z"}, 0,
			[]string{"OK", "person 1  AIFO ", "AiseoCtiPodleUdajuDataResponse: OK"}},
		{"found by birth number", []string{"E160", "--rc", rc}, 0, []string{"OK", "person 1  AIFO "}},
		{"found, unknown to ROB", append([]string{"E160"}, byBirth(special(t, "in the evidences, unknown to ROB"))...), 0,
			[]string{"VAROVANI", "Osoba nemá záznam v ROB. [ROB]", "not verified in ROB"}},
		{"unknown birth number", []string{"E160", "--rc", "255424487"}, 0,
			[]string{"VAROVANI", "AiseoCtiPodleUdajuDataResponse: VAROVANI RODNE CISLO NENALEZENO: "}},
		{"read, version 2", []string{"E171", "--aifo", aifo, "--items", "Jmeno AdresaPobId RUIANOver"}, 0,
			[]string{"OK", "AiseoCtiAifo2DataResponse: OK", "  Jmeno                  MAREK", "RUIAN AdresniMisto 14492253 existuje"}},
		{"found with data", []string{"E172", "--name", name, "--born", born, "--rc", rc}, 0,
			[]string{"OK", "person 1  AIFO ", "AiseoCtiPodleUdaju2DataResponse: OK", "AiseoCtiAifo2DataResponse: OK",
				"  RodneCislo             " + rc}},
		{"found by name and birth date", []string{"E172", "--name", name, "--born", born}, 0, []string{"OK", "  RodneCislo             " + rc}},
		{"found by name and birth number", []string{"E172", "--name", name, "--rc", rc, "--compare", "striktni"}, 0,
			[]string{"OK", "  RodneCislo             " + rc}},
		{"read, version 3", []string{"E270", "--aifo", aifo, "--items", "Prijmeni AdresaTP RUIANCti"}, 0,
			[]string{"OK", "AiseoCtiAifo3DataResponse: OK", "  Prijmeni               ROLNIČKA", "  AdresaTP               14492253"}},
		{"an item without a right", []string{"E270", "--aifo", aifo, "--items", "Rodice"}, exitRefused,
			[]string{"CHYBA", "NENI OPRAVNENI: BR_111", "Rodice"}},
		{"a caller without a grant", []string{"E159", "--aifo", aifo, "--role", "XR2", "--ais", "999002"}, exitRefused,
			[]string{"CHYBA", "NENI OPRAVNENI EGON"}},
		{"E158 without a flag", []string{"E158", "--name", name, "--born", born}, exitUsage, []string{"E158 needs --name, --born and --rc"}},
		{"E160 without a flag", []string{"E160", "--name", name}, exitUsage, []string{"E160 needs --rc, or --name and --born"}},
		{"E172 without a flag", []string{"E172", "--name", name}, exitUsage, []string{"E172 needs --name, and --born or --rc"}},
		{"E171 without a flag", []string{"E171"}, exitUsage, []string{"E171 needs --aifo"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			said, code := call(tt.args...)
			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			for _, want := range tt.want {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q:\n%s", want, said)
				}
			}
		})
	}
	t.Run("schemas", func(t *testing.T) { aiseoKeepsToSchemas(t, w, aifo) })
}

// aiseoKeepsToSchemas validates a question and its answer of each service.
func aiseoKeepsToSchemas(t *testing.T, w *world, aifo string) {
	o := newOracle(t)
	marek := []string{"--name", "Marek Rolnička", "--born", "1968-01-11"}
	all := population().List(0)
	rc := all[2].RodneCislo
	for code, flags := range map[string][]string{
		"E158": append(marek, "--rc", rc, "--hide-log"), "E159": {"--aifo", aifo}, "E160": append(marek, "--compare", "ascii"),
		"E171": {"--aifo", aifo, "--hide-log"}, "E172": append(marek, "--rc", rc), "E270": {"--aifo", aifo, "--items", "AdresaTP RUIANCti"},
	} {
		question := message(t, code, flags...)
		r := w.post(code, question)
		if r.outline() == "" || text(find(r.root, "Status"), "VysledekKod") != egon.OK {
			t.Errorf("%s: %s", code, r.body)
		}
		o.validateAll(t, o.schemaFile(t, code),
			map[string][]byte{code + " question": (&reply{body: question}).payload(), code + " answer": r.payload()})
	}
}
