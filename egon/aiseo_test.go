package egon

import (
	"slices"
	"testing"
)

// The items of AISEO are the elements of its two types of a person, and the items of ROB that
// ROB's part of the same replies holds.
func TestAiseoItemsAreThoseOfTheSchemas(t *testing.T) {
	x := newSchemas(t)
	own := map[string]bool{}
	for _, typ := range []string{
		"aiseo/xsd/AiseoTypy.xsd#OsobaEOType",
		"aisse/xsd/AisSeTypyV3.xsd#KompletniUdajeEOType",
	} {
		for _, e := range x.childrenOf(t, x.typ(t, typ)) {
			own[e.local] = true
			// Aifo is the number of the person in the message.
			if e.local != "Aifo" && !IsAiseoItem(e.local) {
				t.Errorf("%s of %s is no item of AISEO", e.local, typ)
			}
		}
	}
	if len(own) < 100 {
		t.Fatalf("%d elements in the schemas", len(own))
	}
	for _, word := range AiseoItems() {
		ofRob := ItemRegister(word) == ROB || ItemRegister(word) == ROBv2
		if !own[word] && !ofRob && word != "PoskytnutiJineOsobe" {
			t.Errorf("%s is in no schema of AISEO, and no item of ROB", word)
		}
	}
	if !slices.IsSorted(AiseoItems()) {
		t.Error("the items are not sorted")
	}
}

func TestIsAiseoItem(t *testing.T) {
	for word, want := range map[string]bool{
		"RodneCislo": true, "RodinnyStavMinule": true, "Jmeno": true, "DatovaSchrankaROB": true,
		"DatovaSchranka": false, "EopFoto": false, "Ico": false, "rodnecislo": false,
		"ROBCti": false, "": false,
	} {
		if IsAiseoItem(word) != want {
			t.Errorf("IsAiseoItem(%q) = %v", word, !want)
		}
	}
}
