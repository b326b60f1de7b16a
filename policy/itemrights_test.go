package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"brana/egon"
)

// kindsOfServices are services by what they read. E35a stands for those of which no source
// says it.
const kindsOfServices = "E05 E278 E20 E159 E188 E189 E198 E35a"

// Where a right may be written, and which services it then holds for. "mistake" means that
// the file is refused. A word has no right in any other way.
var itemRights = []struct{ kind, word, place, want string }{
	{"of ROB", "DatumUmrti", "row", "E05 E278 E20 E198 E35a"},
	{"of ROB", "DatumUmrti", "flat", "mistake"},
	{"of ROB", "DatumUmrti", "aiseo", "E159"},
	{"of ROB", "DatumUmrti", "eop", "E188"},
	{"of ROB", "DatumUmrti", "ecd", "E189"},
	{"of ROB version 2", "Pohlavi", "row", "E05 E278 E20 E198 E35a"},
	{"of ROB version 2", "Pohlavi", "flat", "mistake"},
	{"of ROB version 2", "Pohlavi", "aiseo", "E159"},
	{"of ROB version 2", "Pohlavi", "eop", "E188"},
	{"of ROB version 2", "Pohlavi", "ecd", "E189"},
	{"of ROS", "Ico", "row", "E05 E278 E20 E198 E35a"},
	{"of ROS", "Ico", "flat", "mistake"},
	{"of ROS", "Ico", "aiseo", "mistake"},
	{"of ROS", "Ico", "eop", "E188"},
	{"of ROS", "Ico", "ecd", "E189"},
	{"of AISEO alone", "RodneCislo", "row", "E05 E278 E20 E198 E35a"},
	{"of AISEO alone", "RodneCislo", "flat", "E159 E188 E189 E198 E35a"},
	{"of AISEO alone", "RodneCislo", "aiseo", "E159"},
	{"of AISEO alone", "RodneCislo", "eop", "E188 E198"},
	{"of AISEO alone", "RodneCislo", "ecd", "E189 E198"},
	{"of EOP by its name", "EopFoto", "row", "mistake"},
	{"of EOP by its name", "EopFoto", "flat", "E188 E198 E35a"},
	{"of EOP by its name", "EopFoto", "aiseo", "mistake"},
	{"of EOP by its name", "EopFoto", "eop", "E188 E198 E35a"},
	{"of EOP by its name", "EopFoto", "ecd", "mistake"},
	{"of ECD by its name", "EcdPodpis", "row", "mistake"},
	{"of ECD by its name", "EcdPodpis", "flat", "E189 E198 E35a"},
	{"of ECD by its name", "EcdPodpis", "aiseo", "mistake"},
	{"of ECD by its name", "EcdPodpis", "eop", "mistake"},
	{"of ECD by its name", "EcdPodpis", "ecd", "E189 E198 E35a"},
	{"in no list", "OPCislo", "row", "E05 E278 E20 E198 E35a"},
	{"in no list", "OPCislo", "flat", "E159 E188 E189 E198 E35a"},
	{"in no list", "OPCislo", "aiseo", "mistake"},
	{"in no list", "OPCislo", "eop", "E188 E198"},
	{"in no list", "OPCislo", "ecd", "E189 E198"},
	{"of the vocabulary", "Vlastni", "row", "E05 E278 E20 E198 E35a"},
	{"of the vocabulary", "Vlastni", "flat", "E159 E188 E189 E198 E35a"},
	{"of the vocabulary", "Vlastni", "aiseo", "E159"},
	{"of the vocabulary", "Vlastni", "eop", "E188 E198"},
	{"of the vocabulary", "Vlastni", "ecd", "E189 E198"},
	{"control word", "ROBCti", "row", "mistake"},
	{"control word", "ROBCti", "flat", "mistake"},
	{"control word", "ROBCti", "aiseo", "mistake"},
	{"control word", "ROBCti", "eop", "mistake"},
	{"control word", "ROBCti", "ecd", "mistake"},
}

func TestItemRights(t *testing.T) {
	for _, tt := range itemRights {
		t.Run(tt.word+" in "+tt.place, func(t *testing.T) {
			s, err := rightAt(tt.word, tt.place)
			if (err != nil) != (tt.want == "mistake") {
				t.Fatalf("%s: %v, want %s", tt.kind, err, tt.want)
			}
			if err != nil {
				return
			}
			var got []string
			for service := range strings.FieldsSeq(kindsOfServices) {
				d := s.Decide(head(service, own+"/1", tt.word), noon)
				if d.Verdict == Granted {
					got = append(got, service)
				}
				// What comes back is judged alike.
				if s.Rights(&d, head(service, own+"/1", ""), noon).Permit(tt.word) !=
					(d.Verdict == Granted) {
					t.Errorf("%s: a returned item is judged another way", service)
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("%s: granted for %v, want %s", tt.kind, got, tt.want)
			}
		})
	}
}

// rightAt loads a policy with the right to one word at one place.
func rightAt(word, place string) (*Snapshot, error) {
	items, matrix := "[]", ""
	switch place {
	case "row":
		matrix = strings.ReplaceAll(own, "/", ",") + "," + word + ",\n"
	case "flat":
		items = "[" + word + "]"
	default:
		items = "{" + place + ": [" + word + "]}"
	}
	grants := fmt.Sprintf(`vocabulary: {aiseo: [Vlastni]}
grants:
  - {agenda: X999, role: XR1, ovm: "00345678", ais: 1, environment: test,
     valid: {from: 2026-01-01, to: 2026-12-31},
     services: [E05, E278, E20, E158, E159, E160, E171, E172, E270, E188, E189, E198, E35a],
     items: %s, limits: {working_hours: 1/h, off_hours: 1/h, concurrent: 1}}
`, items)
	return LoadFS(mapFS("p/a.yaml", grants, "m.csv", header+"\n"+matrix),
		Config{Dir: "p", MatrixFile: "m.csv", Environment: Test})
}

// Every item of AISEO in every service of AISEO: the grant gives it under its register, and a
// row of the matrix never does.
func TestAiseoByTheGrantAlone(t *testing.T) {
	var lines strings.Builder
	for _, word := range egon.AiseoItems() {
		fmt.Fprintf(&lines, "%s,%s,\n", strings.ReplaceAll(own, "/", ","), word)
	}
	for place, items := range map[string][]string{
		"matrix": nil,
		"grant":  egon.AiseoItems(),
	} {
		grants := strings.Replace(grantsFor(own), "[EopFoto, Vlastni]",
			"{aiseo: ["+strings.Join(items, ", ")+"]}", 1)
		grants = strings.Replace(grants, "[E05, E158, E198, E227]",
			"[E158, E159, E160, E171, E172, E270]", 1)
		matrix := lines.String()
		if place == "grant" {
			matrix = ""
		}
		s := mustLoad(t, grants, matrix)
		for _, service := range []string{"E158", "E159", "E160", "E171", "E172", "E270"} {
			for _, word := range egon.AiseoItems() {
				want := "granted"
				if place == "matrix" {
					want = "item " + word
				}
				if got := summary(s.Decide(head(service, own+"/1", word), noon)); got != want {
					t.Errorf("%s of %s by the %s: %s, want %s", word, service, place, got, want)
				}
			}
		}
	}
}

// Every word that SeznamUdaju has in any list, in every service that reads AISEO: an item of
// AISEO, a control word, or unknown.
func TestTheVocabularyOfAiseoIsClosed(t *testing.T) {
	s := mustLoad(t, strings.Replace(grantsFor(own), "E158", "E159", 1)+
		"vocabulary: {aiseo: [Zvlastni]}\n", "")
	words := map[string]string{
		"Zvlastni": "item", "zvlastni": "unknown", "Nikde": "unknown", "Vlastni": "granted",
		"ROBCti": "granted", "Ico": "unknown", "EopPodpis": "unknown", "TypOsoby": "unknown",
	}
	for _, word := range egon.ReturnedWords() {
		words[word] = "unknown"
		if egon.IsAiseoItem(word) {
			words[word] = "item"
		}
	}
	for _, word := range slices.Sorted(maps.Keys(words)) {
		d := s.Decide(head("E159", own+"/1", word), noon)
		if got, _, _ := strings.Cut(summary(d), " "); got != words[word] {
			t.Errorf("%s: %s, want %s", word, summary(d), words[word])
		}
	}
	// A word under another register is none of AISEO, and one of AISEO is none of ROB.
	s, err := rightAt("OPCislo", "eop")
	if err != nil {
		t.Fatal(err)
	}
	d := s.Decide(head("E159", own+"/1", "OPCislo"), noon)
	if got := summary(d); got != "unknown OPCislo(unknown)" {
		t.Errorf("a word under eop, asked of AISEO: %s", got)
	}
	if s, err = rightAt("Vlastni", "aiseo"); err != nil {
		t.Fatal(err)
	}
	d = s.Decide(head("E05", own+"/1", "Vlastni"), noon)
	if got := summary(d); got != "unknown Vlastni(unknown)" {
		t.Errorf("a word of AISEO, asked of ROB: %s", got)
	}
	// A word in another caller's list is an item, to which this one has no right.
	listed := strings.Replace(grantsFor(own, other), "[EopFoto, Vlastni]", "[]", 1)
	d = mustLoad(t, listed, "").Decide(head("E158", own+"/1", "Vlastni"), noon)
	if got := summary(d); got != "item Vlastni" {
		t.Errorf("a word of another caller, asked of AISEO: %s", got)
	}
}

// The refusal of a word that no list of AISEO has names the one that was probably meant.
func TestNearMissesOfAiseo(t *testing.T) {
	s := mustLoad(t, grantsFor(own)+"vocabulary: {aiseo: [Zvlastni]}\n", "")
	d := s.Decide(head("E158", own+"/1", "zvlastni rodnecislo"), noon)
	const want = "unknown zvlastni→Zvlastni(unknown) rodnecislo→RodneCislo(unknown)"
	if got := summary(d); got != want {
		t.Errorf("near misses: %s", got)
	}
	if !s.Names("Zvlastni") || !s.Names("Vlastni") || s.Names("Nikde") {
		t.Error("Names does not know the words of the policy")
	}
}
