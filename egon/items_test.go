package egon

import (
	"bytes"
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
		{"EopFoto", Evidence, "Foto"},
		{"EcdPodpis", Evidence, "Podpis"},
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
			Flow{RobRead: true, Ruian: Cti, Rob: []string{"Jmeno", "Prijmeni"}, Evidence: []string{"EopFoto"}}},
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
