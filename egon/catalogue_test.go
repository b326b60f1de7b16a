package egon

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestServiceByCode(t *testing.T) {
	tests := []struct {
		code string
		want Service
	}{
		{"E198", Service{Code: "E198", Action: "IszrAgendaMediaDataCtiPodleUdaju",
			Request: "AgendaMediaDataCtiPodleUdaju", Response: "AgendaMediaDataCtiPodleUdajuResponse",
			Namespace: NSMedia, Mode: SyncOnly, Reads: 1<<ROB | 1<<EOP | 1<<ECD}},
		{"E227", Service{Code: "E227", Action: "IszrVypisOpravneniPolozky",
			Request: "IszrVypisOpravneniPolozky", Response: "IszrVypisOpravneniPolozkyResponse",
			Namespace: NSRights, Mode: SyncAndAsync}},
		{"E100", Service{Code: "E100", Action: "IszrAsyncOdpovedZFronty",
			Request: "IszrAsyncOdpovedZFronty", Response: "IszrAsyncOdpovedZFrontyResponse",
			Namespace: NSAsyncAnswer}},
		{"E35t", Service{Code: "E35t", Action: "IszrRuianCtiPrvekVolebniOkrsek",
			Request: "RuianCtiPrvekVolebniOkrsek", Response: "RuianCtiPrvekVolebniOkrsekResponse",
			Namespace: "urn:cz:isvs:iszr:schemas:IszrRuianCtiPrvekVolebniOkrsek:v1",
			Mode:      SyncAndAsync}},
		{"E101", Service{Code: "E101", Action: "IszrAsyncSmazatFrontu",
			Request: "IszrAsyncSmazatFrontu", Response: "IszrAsyncSmazatFrontuResponse",
			Namespace: "urn:cz:isvs:iszr:schemas:IszrAsyncSmazatFrontu:v1"}},
	}
	for _, tt := range tests {
		got := ServiceByCode(tt.code)
		if !reflect.DeepEqual(got, &tt.want) {
			t.Errorf("ServiceByCode(%q) = %+v, want %+v", tt.code, got, tt.want)
		}
		if ServiceByCode([]byte(tt.code)) != got {
			t.Errorf("ServiceByCode([]byte(%q)) differs from the string's", tt.code)
		}
	}
	if got := ServiceByRequest(NSMedia,
		"AgendaMediaDataCtiPodleUdaju"); got != ServiceByCode("E198") {
		t.Errorf("ServiceByRequest of E198's element = %+v", got)
	}
	if got := ServiceByRequest(NSMedia, "AgendaMediaDataCtiPodleUdajuResponse"); got != nil {
		t.Errorf("ServiceByRequest of E198's response = %+v, want nil", got)
	}
	for code, same := range map[string]string{"E67A": "E67a", "E252A": "E252a", "E34T": "E34t"} {
		if got := ServiceByCode(code); got == nil || got.Code != same ||
			got != ServiceByCode(same) {
			t.Errorf("ServiceByCode(%q) = %+v, want %s", code, got, same)
		}
	}
	for _, code := range []string{"", "e198", "e67a", "e67A", "E67", "E67B", "E1980", " E198", "E9",
		"E34", "#"} {
		if got := ServiceByCode(code); got != nil {
			t.Errorf("ServiceByCode(%q) = %+v, want nil", code, got)
		}
	}
}

func TestServicesAreUniqueAndInOrder(t *testing.T) {
	const known = 358 // the 360 of the contract without the two that have no code
	if got := len(Services()); got != known {
		t.Errorf("%d services, want %d", got, known)
	}
	codes, actions, names := map[string]bool{}, map[string]bool{}, map[string]bool{}
	last := ""
	for _, s := range Services() {
		if codes[s.Code] || actions[s.Action] || names[s.Namespace+s.Request] {
			t.Errorf("%s: its code, its action or its request element is another's too", s.Code)
		}
		codes[s.Code], actions[s.Action], names[s.Namespace+s.Request] = true, true, true
		// With digits padded to three places, natural order is byte order.
		digits := strings.TrimRight(s.Code[1:], "abcdefghijklmnopqrstuvwxyz")
		key := strings.Repeat("0", 3-len(digits)) + s.Code[1:]
		if key <= last {
			t.Errorf("%s is out of order", s.Code)
		}
		last = key
	}
}

// The catalogue derives the names of elements; the contracts have each in full.
func TestServicesAgreeWithTheContract(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(sharedFolder(t), "data", "services.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")[1:]
	for _, line := range lines {
		f := strings.Split(line, "\t")
		s := ServiceByCode(f[0])
		switch {
		case f[0] == "":
			continue
		case s == nil:
			t.Errorf("%s is missing", f[0])
		case s.Action != f[1] || s.Request != f[2] || s.Response != f[3] || s.Namespace != f[4]:
			t.Errorf("%s = %+v, want %v", f[0], s, f[1:5])
		}
	}
}

// sharedFolder returns the folder of the reference data, which is not part of the
// project: BRANA_SHARED, or the folder shared beside the repository. Without it the test
// is skipped, unless the run demands it.
func sharedFolder(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("BRANA_SHARED")
	if folder == "" {
		folder = filepath.Join("..", "..", "shared")
	}
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("BRANA_REQUIRE_SHARED") == "1" {
			t.Fatalf("open reference data: %v", err)
		}
		t.Skip("no reference data: set BRANA_SHARED")
	}
	return folder
}

func TestServicesThatReadAiseo(t *testing.T) {
	var codes []string
	for _, s := range Services() {
		if s.ReadsAiseo() {
			codes = append(codes, s.Code)
		}
	}
	if got := strings.Join(codes, " "); got != "E158 E159 E160 E171 E172 E270" {
		t.Errorf("%s read AISEO", got)
	}
}
