package egon

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestItemRegister(t *testing.T) {
	tests := []struct {
		word     string
		register Register
		internal string
	}{
		{"Jmeno", ROB, "Jmeno"},
		{"DatovaSchrankaROB", ROB, "DatovaSchranka"},
		{"DatovaSchrankaROS", ROS, "DatovaSchranka"},
		{"AdresaSidla", ROS, "AdresaSidla"},
		{"RodnePrijmeni", ROBv2, "RodnePrijmeni"},
		{"EopFoto", EOP, "Foto"},
		{"EcdPodpis", ECD, "Podpis"},
		{"jmeno", NoRegister, ""},
		{"DatovaSchranka", NoRegister, ""}, // an internal name is not a word of a request
		{"Foto", NoRegister, ""},
		{"ROBCti", NoRegister, ""},
		{"", NoRegister, ""},
	}
	for _, tt := range tests {
		b := []byte(tt.word)
		if got := ItemRegister(tt.word); got != tt.register || ItemRegister(b) != got {
			t.Errorf("ItemRegister(%q) = %v, want %v", tt.word, got, tt.register)
		}
		if got := InternalName(tt.word); got != tt.internal || InternalName(b) != got {
			t.Errorf("InternalName(%q) = %q, want %q", tt.word, got, tt.internal)
		}
	}
}

func TestItemWordsAreUnique(t *testing.T) {
	if len(itemByWord) != len(items) {
		t.Errorf("%d items have %d different words", len(items), len(itemByWord))
	}
}

func TestParseControl(t *testing.T) {
	for _, tt := range []struct {
		word string
		want Control
		ok   bool
	}{
		{"ROBCti", Control{ROB, Cti}, true},
		{"ROBNecti", Control{ROB, Necti}, true},
		{"ROBOver", Control{ROB, Over}, true},
		{"ROSCti", Control{ROS, Cti}, true},
		{"RUIANNecti", Control{RUIAN, Necti}, true},
		{"RUIANOver", Control{RUIAN, Over}, true},
		{"RobCti", Control{}, false},
		{"RPPCti", Control{}, false},
		{"Jmeno", Control{}, false},
	} {
		got, ok := ParseControl(tt.word)
		if got != tt.want || ok != tt.ok {
			t.Errorf("ParseControl(%q) = %v, %v, want %v, %v", tt.word, got, ok, tt.want, tt.ok)
		}
	}
}

func TestNearMiss(t *testing.T) {
	for _, tt := range []struct {
		word  string
		among []string
		want  string
	}{
		{"jmeno", nil, "Jmeno"},
		{"RobCti", nil, "ROBCti"},
		{"EOPFoto", nil, "EopFoto"},
		{"Jmeno", nil, ""}, // right as it is
		{"Jmena", nil, ""},
		{"EOP", []string{"Eop", "Ecd"}, "Eop"},
		{"jmeno", []string{"Eop", "Ecd"}, ""},
	} {
		if got := NearMiss(tt.word, tt.among...); got != tt.want {
			t.Errorf("NearMiss(%q, %q) = %q, want %q", tt.word, tt.among, got, tt.want)
		}
	}
}

func TestFlow(t *testing.T) {
	for _, tt := range []struct {
		words string
		want  Flow
	}{
		{"", Flow{}},
		{"EopFoto", Flow{Evidence: []string{"EopFoto"}}},
		{"EopFoto Jmeno Prijmeni ROBCti RUIANCti",
			Flow{RobRead: true, Ruian: Cti, Rob: []string{"Jmeno", "Prijmeni"},
				Evidence: []string{"EopFoto"}}},
		{"ROBOver Jmeno", Flow{Rob: []string{"Jmeno"}}}, // verifying is always done
		{"RUIANOver RUIANCti", Flow{Ruian: Cti}},
		{"RUIANCti RUIANOver", Flow{Ruian: Cti}},
		{"RUIANNecti RUIANOver", Flow{Ruian: Over}},
		{"ROSCti", Flow{}},
		{"Prijmeni EopPodpis Jmeno Prijmeni EopPodpis EopFoto",
			Flow{Rob: []string{"Prijmeni", "Jmeno"}, Evidence: []string{"EopPodpis", "EopFoto"}}},
	} {
		var h Head
		for _, w := range bytes.Fields([]byte(tt.words)) {
			h.Items = append(h.Items, Word{Text: w})
		}
		if diff := cmp.Diff(tt.want, h.Flow()); diff != "" {
			t.Errorf("Flow of %q (-want +got):\n%s", tt.words, diff)
		}
	}
}

func TestUnknownItem(t *testing.T) {
	for _, tt := range []struct {
		service, word string
		want          bool
	}{
		{"E05", "Jmneo", true},
		{"E05", "jmeno", true},
		{"E20", "Jmneo", true},
		{"E198", "Foto", true},
		{"E05", "Jmeno", false},
		{"E05", "Ico", false}, // a service of ROB may ask for it
		{"E05", "ROBCti", false},
		{"E05", "EopFoto", false},
		{"E05", "TypOsoby", false},           // of ROB's own enumeration
		{"E20", "VerejnaProspesnost", false}, // of that of ROS
		{"E160", "RodinnyStav", false},       // an element of AISEO's person
		{"E160", "Jmeno", false},             // that ROB has too
		{"E160", "ROBCti", false},
		{"E160", "Jmneo", true},
		{"E160", "Ico", true}, // of ROS alone
		{"E160", "EopFoto", true},
		{"E160", "TypOsoby", true},
		{"E229", "Cinnosti", false}, // of RPP
		{"E160", "Rodinny\u00a0Stav", true},
		{"E160", "RodinnyStav,Jmeno", true},
		{"E160", "RodinnýStav", true},
		{"E160", "Rodinny_Stav", true},
		{"E229", "Rodinny_Stav", false},
		{"E05", "\u0408meno", true},
	} {
		if got := UnknownItem(ServiceByCode(tt.service), tt.word); got != tt.want {
			t.Errorf("UnknownItem(%s, %q) = %v", tt.service, tt.word, got)
		}
	}
}

// A word is listed when the vocabulary, an enumeration or a reply has it.
func TestListedItem(t *testing.T) {
	for word, want := range map[string]bool{
		"Jmeno": true, "ROBCti": true, "EopFoto": true, "TypOsoby": true,
		"RodneCisloMinule": true, // AISEO
		"jmeno":            false, "Cinnosti": false, "Vosahlo": false, "?Nove": false, "": false,
	} {
		if got := ListedItem(word); got != want {
			t.Errorf("ListedItem(%q) = %v", word, got)
		}
	}
}

// No word of the enumerations of ROB and ROS is unknown.
func TestItemsOfTheSchemasAreKnown(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(sharedFolder(t), "schemas", "RegTypy.xsd"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"RobUdajType", "RosUdajType"} {
		_, list, _ := bytes.Cut(data, []byte(`simpleType name="`+name+`"`))
		list, _, _ = bytes.Cut(list, []byte("</xs:simpleType>"))
		words := regexp.MustCompile(`enumeration value="(\w+)"`).FindAllSubmatch(list, -1)
		if len(words) < 20 {
			t.Fatalf("%d words in %s", len(words), name)
		}
		for _, word := range words {
			if UnknownItem(ServiceByCode("E05"), string(word[1])) {
				t.Errorf("%s of %s is called unknown", word[1], name)
			}
		}
	}
}

func TestLegibleWord(t *testing.T) {
	for word, want := range map[string]string{
		"Jmeno": "Jmeno", "Jméno": "Jméno", "a\u00a0b": "a[U+00A0]b", "a\u200bb": "a[U+200B]b",
		"\u202eonemJ": "[U+202E]onemJ", "e\u0301": "e[U+0301]",
	} {
		if got := LegibleWord(word); got != want {
			t.Errorf("LegibleWord(%q) = %q, want %q", word, got, want)
		}
	}
}

// No two words differ in case alone, so a word of the vocabulary has no near miss.
func TestWordsDifferInMoreThanCase(t *testing.T) {
	for i := range items {
		for j := range items[:i] {
			if strings.EqualFold(items[i].word, items[j].word) {
				t.Errorf("%s and %s differ in case alone", items[j].word, items[i].word)
			}
		}
	}
}
