package egon

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The lists of the evidences are those of their schema, but for the media.
func TestEvidenceItemsAreThoseOfTheSchema(t *testing.T) {
	file := filepath.Join(sharedFolder(t), "schemas", "aisse", "xsd", "AisSeTypy.xsd")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for of, name := range map[Register]string{EOP: "AisEopUdajType", ECD: "AisEcdUdajType"} {
		_, list, _ := bytes.Cut(data, []byte(`simpleType name="`+name+`"`))
		list, _, _ = bytes.Cut(list, []byte("</xs:simpleType>"))
		var want []string
		for _, word := range regexp.MustCompile(`enumeration value="(\w+)"`).FindAllSubmatch(list, -1) {
			if word := string(word[1]); word != "Foto" && word != "Podpis" {
				want = append(want, word)
			}
		}
		if !slices.Equal(evidenceItems[of], want) {
			t.Errorf("%s has %v,\nthe lists have %v", name, want, evidenceItems[of])
		}
	}
}

// A service answers with what its reply can hold: items of AISEO differ by its versions, and
// media are in no reply with data of a document.
func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		service string
		of      Register
		named   bool
		yes, no string
	}{
		{"E05", ROB, true, "Aifo Jmeno Doklad DatovaSchrankaROB", ""},
		{"E03", ROB, true, "Jmeno Doklad", "Aifo"},
		{"E278", ROB, true, "Jmeno", ""},
		{"E278", ROBv2, true, "Telefon Pohlavi Certifikat", ""},
		{"E183", ROB, true, "Aifo Jmeno Doklad MistoNarozeni", ""},
		{"E279", ROBv2, true, "Telefon", ""},
		{"E280", ROBv2, true, "Telefon", ""}, // no table
		{"E20", ROS, true, "Ico StatutarniOrgany FyzickaOsoba DorucovaciAdresaProvozovny", ""},
		{"E21", ROS, true, "Ico FyzickaOsoba", "StatutarniOrgany"},
		{"E22", ROS, true, "Ico StatutarniOrgany", ""},
		{"E20", ROB, true, "Jmeno Aifo", ""},
		{"E256", ROS, true, "Ico Likvidator", ""},                                    // the table lacks the part of ROS
		{"E158", AISEO, true, "Jmeno Doklad Vlastni RodneCislo AdresaTP ZakPob", ""}, // a search
		{"E160", AISEO, true, "Jmeno Telefon RodneCislo AdresaTP", ""},               // a search
		{"E159", AISEO, true, "RodneCislo ZakPob Jmeno Vlastni", "AdresaTP Doklad RodneCisloMinule"},
		{"E159", AISEO, false, "RodneCislo", "AdresaTP Vlastni OPCislo"},
		{"E171", AISEO, true, "RodneCislo ZakPob Doklad", "AdresaTP"},
		{"E172", AISEO, true, "RodneCislo ZakPob Doklad", "AdresaTP"},
		{"E270", AISEO, true, "RodneCislo AdresaTP Doklad", "ZakPob"},
		{"X11", AISEO, true, "RodneCislo ZakPob", "AdresaTP Doklad"},
		{"X15", AISEO, true, "RodneCislo ZakPob", "AdresaTP Doklad"},
		{"X31", AISEO, true, "RodneCislo AdresaTP", "ZakPob Doklad"},
		{"X12", AISEO, true, "RodneCislo Doklad Vlastni", ""}, // no items in its reply
		{"X12", AISEO, false, "RodneCislo Doklad", "Vlastni OPCislo"},
		{"E188", EOP, true, "RodneCislo OPCislo AdresaPobytu Vlastni", "EopFoto EopPodpis"},
		{"E188", EOP, false, "RodneCislo OPCislo", "EopFoto CDCislo Vlastni ZakPob"},
		{"E188", EOP, true, "OPDatumVydani", "StavOsoby Adresa UradVydal"}, // nobody can ask for them
		{"z1", EOP, true, "RodneCislo OPCislo AdresaPobytu", "EopFoto"},
		{"E189", ECD, false, "RodneCislo CDCislo", "EcdFoto OPCislo Vlastni"},
		{"E195", ECD, true, "CDCislo", "EcdFoto"},
		{"E197", EOP, false, "EopFoto EopPodpis", "RodneCislo OPCislo"},
		{"E197", EOP, true, "EopFoto", "OPCislo"},
		{"E197", ECD, true, "EcdFoto", "CDCislo"},
		{"E197", ROB, true, "Jmeno", "Aifo"},
		{"X21", EOP, true, "EopFoto EopPodpis", "OPCislo"},
		{"z10b", ECD, true, "EcdFoto", "CDCislo"},
		{"E268", EOP, false, "EopFoto OPCislo", "CDCislo"}, // no table
		{"EopCtiIdFoto", EOP, true, "EopFoto", ""},
		{"O05", ROBv2, true, "Telefon", ""},
	} {
		s := ServiceByCode(tt.service)
		for list, want := range map[string]bool{tt.yes: true, tt.no: false} {
			for word := range strings.FieldsSeq(list) {
				if got := s.Answers(tt.of, word, tt.named); got != want {
					t.Errorf("%s with %s of register %d, named %v: %v, want %v",
						tt.service, word, tt.of, tt.named, got, want)
				}
			}
		}
	}
}

// Each service answers with each item that the table has in its reply. The two searches whose
// replies hold items of ROB alone may have any item of AISEO in their lists.
func TestAnswersWithWhatTheTableHas(t *testing.T) {
	records := map[string]*returnedSection{}
	for _, s := range returnedSections() {
		records[s.name] = s
	}
	var holds func(record, word string) bool
	holds = func(record, word string) bool {
		for _, row := range records[record].rows {
			switch {
			case row[1] == word, row[1] == "=" && row[0] == word:
				return true
			case row[1] == ">" && holds(row[2], word), row[1] == "*" && robOnly(word):
				return true
			}
		}
		return false
	}
	pairs := 0
	for _, s := range returnedSections() {
		if s.is != "reply" || s.name == "E100" {
			continue
		}
		for _, word := range ReturnedWords() {
			want := slices.ContainsFunc(s.rows, func(row []string) bool { return holds(row[1], word) })
			if s.name == "E158" || s.name == "E160" {
				want = want || IsAiseoItem(word)
			}
			got := replyOf(s.name).Answers(AISEO, word, false)
			if got != want {
				t.Errorf("%s with %s: %v, the table has it: %v", s.name, word, got, want)
			}
			if got {
				pairs++
			}
		}
	}
	if pairs < 1000 {
		t.Errorf("only %d items of replies", pairs)
	}
}

func robOnly(word string) bool {
	r := ItemRegister(word)
	return r == ROB || r == ROBv2
}

// What the schema demands in a record comes unasked, and what was verified.
func TestItemsThatComeUnasked(t *testing.T) {
	for _, c := range []struct {
		code, word string
		want       bool
	}{
		{"E05", "Jmeno", false},
		{"E20", "Ico", true},
		{"E20", "StatutarniOrgany", false},
		{"E20", "Jmeno", false},
		{"E183", "Jmeno", true},
		{"E100", "Jmeno", false},
		{"E227", "Jmeno", false},
		{"E05", "?Nove", false},
	} {
		if got := ComesUnasked(ServiceByCode(c.code), c.word); got != c.want {
			t.Errorf("%s of %s: %v, want %v", c.word, c.code, got, c.want)
		}
	}
}
