package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"brana/egon"

	"github.com/google/go-cmp/cmp"
)

// The policy of these tests, in the environment test.
const (
	testGrants = `grants:
  - agenda: X999
    role: XR1
    ovm: "00345678"
    ais: 999001
    environment: test
    valid: {from: 2026-03-29, to: 2026-10-25}   # the days on which summer time begins and ends
    services: [E198, E227, E05, E160, E35a]
    items: [EopFoto, EcdFoto, RodinnyStav]
    parameters: [media-criteria]
    limits: {working_hours: 5000/h, off_hours: 20000/h, concurrent: 20}
  - agenda: X999
    role: XR1
    ovm: "00345678"
    ais: 999001
    environment: test
    valid: {from: 2027-01-01, to: 2027-12-31}
    services: [E05]
    limits: {working_hours: 1/h, off_hours: 1/h, concurrent: 1}
  - agenda: X999
    role: XR1
    ovm: "00345678"
    ais: 999002
    environment: production
    valid: {from: 2026-01-01, to: 2027-12-31}
    services: [E05]
    limits: {working_hours: 1/h, off_hours: 1/h, concurrent: 1}
  - agenda: A115
    role: CT239
    ovm: "00007064"
    ais: 5
    environment: test
    valid: {from: 2026-01-01, to: 2027-12-31}
    services: [E198, E20]
    items: [EopFoto]
    parameters: [hide-log]
    limits: {working_hours: 1/h, off_hours: 1/h, concurrent: 1}
`
	testMatrix = `X999,XR1,00345678,Jmeno,101-1-2
X999,XR1,00345678,Prijmeni,101-1-1
X999,XR1,00345678,DatumNarozeni,101-1-5
X999,XR1,00345678,Obcanstvi,101-1-10
X999,XR1,00345678,Pohlavi,
X999,XR1,00345678,Ico,102-1-1
X999,XR1,00345678,ZvlastniUdaj,199-1-1
`
)

const (
	first  = "X999/XR1/00345678/999001"
	second = "A115/CT239/00007064/5" // has no row in the matrix
)

var noon = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

func TestQuadruple(t *testing.T) {
	s := mustLoad(t, testGrants, testMatrix)
	tests := []struct{ name, quadruple, want string }{
		{"granted", first, "granted"},
		{"no AIS", "X999/XR1/00345678/", "not granted: AIS missing"},
		{"no agenda", "/XR1/00345678/999001", "not granted: unknown agenda"},
		{"no role", "X999//00345678/999001", "not granted: unknown role"},
		{"no OVM", "X999/XR1//999001", "not granted: unknown OVM"},
		{"agenda of nobody", "A1/XR1/00345678/999001", "not granted: unknown agenda"},
		{"agenda in wrong case", "x999/XR1/00345678/999001",
			"not granted: unknown agenda, right is X999"},
		{"role of another agenda", "A115/XR1/00345678/999001", "not granted: unknown role"},
		{"role in wrong case", "X999/xr1/00345678/999001",
			"not granted: unknown role, right is XR1"},
		{"OVM of another role", "X999/XR1/00007064/999001", "not granted: unknown OVM"},
		{"OVM without its leading zeros", "X999/XR1/345678/999001",
			"not granted: unknown OVM, right is 00345678"},
		{"AIS of another OVM", "X999/XR1/00345678/5", "not granted: unknown AIS"},
		{"AIS with a leading zero", "X999/XR1/00345678/0999001",
			"not granted: unknown AIS, right is 999001"},
		{"AIS with a sign", "X999/XR1/00345678/+999001",
			"not granted: unknown AIS, right is 999001"},
		{"AIS zero", "X999/XR1/00345678/0", "not granted: unknown AIS"},
		{"AIS granted in production only", "X999/XR1/00345678/999002", "not granted: unknown AIS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := s.Decide(head("E05", tt.quadruple, ""), noon)
			if got := summary(d); got != tt.want {
				t.Errorf("Decide = %s, want %s", got, tt.want)
			}
			if d.Version != s.Version() {
				t.Errorf("version %s, want %s", d.Version, s.Version())
			}
			if (d.Grant != nil) != (d.Verdict == Granted) {
				t.Errorf("grant %v", d.Grant)
			}
		})
	}
}

func TestProductionHasItsOwnGrants(t *testing.T) {
	s, err := LoadFS(mapFS("p/a.yaml", testGrants), Config{Dir: "p", Environment: Production})
	if err != nil {
		t.Fatal(err)
	}
	if got := summary(s.Decide(head("E05", "X999/XR1/00345678/999002", ""),
		noon)); got != "granted" {
		t.Errorf("grant of production: %s", got)
	}
	if got := summary(s.Decide(head("E05", first, ""), noon)); got != "not granted: unknown AIS" {
		t.Errorf("grant of test: %s", got)
	}
}

// Both days of validity are whole days in Prague.
func TestValidity(t *testing.T) {
	s := mustLoad(t, testGrants, testMatrix)
	tests := []struct{ now, want, from string }{
		{"2026-03-28T22:59:59.999999999Z", "not granted: not yet valid", "2026-03-29"},
		{"2026-03-28T23:00:00Z", "granted", "2026-03-29"},
		{"2026-03-29T00:00:00+01:00", "granted", "2026-03-29"},
		{"2026-10-25T23:59:59.999999999+01:00", "granted", "2026-03-29"},
		{"2026-10-25T22:59:59Z", "granted", "2026-03-29"},
		{"2026-10-25T23:00:00Z", "not granted: not yet valid", "2027-01-01"},
		{"2026-12-31T23:00:00Z", "granted", "2027-01-01"},
		{"2027-12-31T22:59:59Z", "granted", "2027-01-01"},
		{"2027-12-31T23:00:00Z", "not granted: expired", "2027-01-01"},
	}
	for _, tt := range tests {
		now, err := time.Parse(time.RFC3339Nano, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		d := s.Decide(head("E05", first, ""), now)
		if got := summary(d); got != tt.want || d.Grant.From.Format(time.DateOnly) != tt.from {
			t.Errorf("at %s: %s by the grant from %s, want %s by that from %s", tt.now, got,
				d.Grant.From, tt.want, tt.from)
		}
		if valid := d.Verdict == Granted; d.Grant.ValidAt(now) != valid ||
			(d.Limits != Limits{}) != valid {
			t.Errorf("at %s: ValidAt = %v, limits %v, verdict %v", tt.now, d.Grant.ValidAt(now),
				d.Limits, d.Verdict)
		}
	}
}

func TestService(t *testing.T) {
	s := mustLoad(t, testGrants, testMatrix)
	for code, want := range map[string]string{
		"E05":   "granted",
		"E227":  "granted",
		"E20":   "not granted: service",
		"E9999": "not granted: service", // not in the catalogue, so the head has none
	} {
		d := s.Decide(head(code, first, "Jmeno"), noon)
		if got := summary(d); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
		if d.Grant == nil || (d.Limits.Working == 5000) != (want == "granted") {
			t.Errorf("%s: grant %v with limits %+v, want the valid grant, and its limits if it "+
				"has the service", code, d.Grant, d.Limits)
		}
	}
}

// Items of ROB and ROS come from the matrix, items of the evidences from the grant. Words
// beyond the vocabulary come from the matrix where the service reads ROB or ROS.
func TestItems(t *testing.T) {
	s := mustLoad(t, testGrants, testMatrix)
	tests := []struct{ name, service, quadruple, items, want string }{
		{"no list", "E05", first, "", "granted"},
		{"of ROB, in the row", "E05", first, "Jmeno Prijmeni", "granted"},
		{"of ROB, not in the row", "E05", first, "Jmeno Doklad", "item Doklad"},
		{"of ROB version 2, in the row", "E05", first, "Pohlavi", "granted"},
		{"of ROB version 2, not in the row", "E05", first, "Email", "item Email"},
		{"of ROS, in the row", "E05", first, "Ico", "granted"},
		{"of ROS, not in the row", "E05", first, "AdresaSidla", "item AdresaSidla"},
		{"of ROB, no row", "E20", second, "Jmeno", "item Jmeno"},
		{"of the evidence, in the grant", "E198", first, "EopFoto EcdFoto", "granted"},
		{"of the evidence, not in the grant", "E198", first, "EopFoto EopPodpis",
			"item EopPodpis"},
		{"of the evidence, where nothing reads it", "E05", first, "EopFoto", "item EopFoto"},
		{"free word of the grant", "E160", first, "RodinnyStav", "granted"},
		{"free word of the grant, where its registers are not read", "E05", first, "RodinnyStav",
			"item RodinnyStav"},
		{"free word of the matrix", "E05", first, "ZvlastniUdaj", "granted"},
		{"free word of the matrix, where items are of AISEO", "E160", first, "ZvlastniUdaj",
			"unknown ZvlastniUdaj(unknown)"},
		{"free word of either, where no source has the registers", "E35a", first,
			"ZvlastniUdaj RodinnyStav EopFoto", "granted"},
		{"of ROB, where items are of AISEO", "E160", first, "Jmeno RodinnyStav", "item Jmeno"},
		{"of nobody", "E160", first, "RodneCislo", "item RodneCislo"},
		{"free word of another grant", "E20", second, "RodinnyStav", "item RodinnyStav"},
		{"control words need no right", "E20", second,
			"ROBCti ROBOver ROBNecti ROSCti RUIANCti RUIANOver", "granted"},
		{"control words need no right, where items are of AISEO", "E160", first, "ROBCti",
			"granted"},
		{"all refused are named, each once, in order", "E05", first,
			"Doklad Jmeno AdresaPobytu EopPodpis Doklad AdresaPobytu", "item Doklad AdresaPobytu EopPodpis"},
		{"unknown words are refused before the others", "E05", first, "Doklad Xyz",
			"unknown Doklad Xyz(unknown)"},
		{"near miss of an item", "E05", first, "jmeno", "unknown jmeno→Jmeno(unknown)"},
		{"near miss of a control word", "E05", first, "robcti", "unknown robcti→ROBCti(unknown)"},
		{"near miss of a control word, where items are of AISEO", "E160", first, "robcti",
			"unknown robcti→ROBCti(unknown)"},
		{"near miss of an item of AISEO", "E160", first, "rodinnystav",
			"unknown rodinnystav→RodinnyStav(unknown)"},
		{"near miss of an item of AISEO, where ROB has no such word", "E05", first,
			"rodinnystav", "unknown rodinnystav(unknown)"},
		{"near miss of a word of the row", "E05", first, "ZVLASTNIUDAJ",
			"unknown ZVLASTNIUDAJ→ZvlastniUdaj(unknown)"},
		{"no near miss", "E20", second, "ZVLASTNIUDAJ", "unknown ZVLASTNIUDAJ(unknown)"},
		{"free word of another's row", "E20", second, "ZvlastniUdaj", "item ZvlastniUdaj"},
		{"misspelt", "E05", first, "Jmneo", "unknown Jmneo(unknown)"},
		{"two words with a comma", "E05", first, "Jmeno,Prijmeni",
			"unknown Jmeno,Prijmeni(unknown)"},
		{"two words with a no-break space", "E05", first, "Jmeno\u00a0Prijmeni",
			"unknown Jmeno\u00a0Prijmeni(unknown)"},
		{"of ROB's own enumeration alone", "E05", first, "TypOsoby", "item TypOsoby"},
		{"misspelt, where items are of AISEO", "E160", first, "Jmneo", "unknown Jmneo(unknown)"},
		{"of ROS, where items are of AISEO", "E160", first, "Ico", "unknown Ico(unknown)"},
		{"of an evidence, where items are of AISEO", "E160", first, "EopFoto",
			"unknown EopFoto(unknown)"},
		{"two words with a comma, where they cannot be one of AISEO either", "E160", first,
			"RodneCislo,Jmeno", "unknown RodneCislo,Jmeno(unknown)"},
		{"the service is refused before the items", "E20", first, "Doklad", "not granted: service"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := summary(s.Decide(head(tt.service, tt.quadruple, tt.items),
				noon)); got != tt.want {
				t.Errorf("Decide = %s, want %s", got, tt.want)
			}
		})
	}
}

// E198 needs the right to each search input that ROB has (e198 rules 2.10).
func TestSearchInputs(t *testing.T) {
	all := "Jmeno Prijmeni DatumNarozeni MistoNarozeni AdresaPobytu Doklad"
	needs := map[egon.QueryKind]string{
		egon.NoQuery:                 "",
		egon.Dotaz1JmPrijRC:          "Jmeno Prijmeni",
		egon.Dotaz2JmPrijDatNar:      "Jmeno Prijmeni DatumNarozeni",
		egon.Dotaz3JmPrijDatNarMN:    "Jmeno Prijmeni DatumNarozeni MistoNarozeni",
		egon.Dotaz4JmPrijDatNarTP:    "Jmeno Prijmeni DatumNarozeni AdresaPobytu",
		egon.Dotaz5JmPrijDokladOp:    "Jmeno Prijmeni Doklad",
		egon.Dotaz5JmPrijDokladCd:    "Jmeno Prijmeni Doklad",
		egon.Dotaz5JmPrijDokladEmpty: "Jmeno Prijmeni Doklad",
	}
	for kind, need := range needs {
		for missing := range strings.FieldsSeq(all) {
			var matrix strings.Builder
			for item := range strings.FieldsSeq(all) {
				if item != missing {
					fmt.Fprintf(&matrix, "X999,XR1,00345678,%s,\n", item)
				}
			}
			s := mustLoad(t, testGrants, matrix.String())
			want := "granted"
			if strings.Contains(" "+need+" ", " "+missing+" ") {
				want = "item " + missing + "(input)"
			}
			if got := summary(s.Decide(media(first, "EopFoto", kind), noon)); got != want {
				t.Errorf("query %d without the right to %s: %s, want %s", kind, missing, got, want)
			}
		}
	}
}

func TestMedia(t *testing.T) {
	s := mustLoad(t, testGrants, testMatrix)
	tests := []struct {
		name, quadruple, items string
		kind                   egon.QueryKind
		change                 func(*egon.MediaQuery)
		want                   string
	}{
		{name: "granted", quadruple: first, items: "EopFoto Jmeno ROBCti RUIANCti",
			kind: egon.Dotaz2JmPrijDatNar, want: "granted"},
		{name: "items come before inputs", quadruple: first, items: "EopPodpis Aifo",
			kind: egon.Dotaz4JmPrijDatNarTP, want: "item EopPodpis Aifo AdresaPobytu(input)"},
		{name: "an input that was asked for too is named once", quadruple: first,
			items: "AdresaPobytu EopFoto", kind: egon.Dotaz4JmPrijDatNarTP, want: "item AdresaPobytu"},
		{name: "no row permits no input", quadruple: second, items: "EopFoto",
			kind: egon.Dotaz1JmPrijRC, want: "item Jmeno(input) Prijmeni(input)"},
		{name: "items without ROBCti are checked", quadruple: first, items: "EopFoto Doklad",
			kind: egon.Dotaz1JmPrijRC, want: "item Doklad"},
		{name: "no list still needs the inputs", quadruple: first, kind: egon.Dotaz3JmPrijDatNarMN,
			want: "item MistoNarozeni(input)"},
		{name: "criteria for photos, permitted", quadruple: first, items: "EopFoto",
			change: func(m *egon.MediaQuery) { m.Photos.Used = true }, want: "granted"},
		{name: "criteria for photos", quadruple: second, items: "EopFoto",
			change: func(m *egon.MediaQuery) { m.Photos.Used = true }, want: "parameter media-criteria"},
		{name: "criteria for signatures", quadruple: second, items: "EopFoto",
			change: func(m *egon.MediaQuery) { m.Signatures.Used = true }, want: "parameter media-criteria"},
		{name: "both criteria are one parameter", quadruple: second, items: "EopFoto",
			change: func(m *egon.MediaQuery) {
				m.Photos.Used, m.Signatures.Used = true,
					true
			}, want: "parameter media-criteria"},
		{name: "hidden log, permitted", quadruple: second, items: "EopFoto",
			change: func(m *egon.MediaQuery) { m.ZnepristupniLog = []byte("true") }, want: "granted"},
		{name: "hidden log", quadruple: first, items: "EopFoto",
			change: func(m *egon.MediaQuery) { m.ZnepristupniLog = []byte("true") }, want: "parameter hide-log"},
		{name: "hidden log, the other way to write it", quadruple: first, items: "EopFoto",
			change: func(m *egon.MediaQuery) { m.ZnepristupniLog = []byte("1") }, want: "parameter hide-log"},
		{name: "log not hidden", quadruple: first, items: "EopFoto",
			change: func(m *egon.MediaQuery) { m.ZnepristupniLog = []byte("false") }, want: "granted"},
		{name: "items are refused before parameters", quadruple: first, items: "EopPodpis",
			change: func(m *egon.MediaQuery) { m.ZnepristupniLog = []byte("true") }, want: "item EopPodpis"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := media(tt.quadruple, tt.items, tt.kind)
			if tt.change != nil {
				tt.change(h.Media)
			}
			if got := summary(s.Decide(h, noon)); got != tt.want {
				t.Errorf("Decide = %s, want %s", got, tt.want)
			}
		})
	}
}

// The refusal of a request with thousands of wrong words names all of them. Hints are for
// people, and stop early.
func TestManyRefusals(t *testing.T) {
	s := mustLoad(t, testGrants, testMatrix)
	h := head("E05", first, "")
	for i := range 10_000 {
		h.Items = append(h.Items, egon.Word{Text: fmt.Appendf(nil, "x%d", i)},
			egon.Word{Text: []byte("doklad")})
	}
	if d := s.Decide(h, noon); len(d.Refused) != 10_001 {
		t.Errorf("%d refused, want 10001", len(d.Refused))
	}
}

// E227 answers in lexicographic order of KodRpp, then of Kod, for any triple.
func TestRow(t *testing.T) {
	s := mustLoad(t, testGrants,
		testMatrix+"A1185,CR8359,00372498,Pohlavi,\nA1185,CR8359,00372498,Email,\nA1185,CR8359,00372498,Jmeno,101-1-2\nA1185,CR8359,00372498,Jmeno,101-2-2\n")
	tests := []struct {
		triple string
		want   []Item
	}{
		{"X999/XR1/00345678", []Item{{"Pohlavi", ""}, {"Prijmeni", "101-1-1"},
			{"Obcanstvi", "101-1-10"}, {"Jmeno", "101-1-2"},
			{"DatumNarozeni", "101-1-5"}, {"Ico", "102-1-1"}, {"ZvlastniUdaj", "199-1-1"}}},
		{"A1185/CR8359/00372498", []Item{{"Email", ""}, {"Pohlavi", ""}, {"Jmeno", "101-1-2"},
			{"Jmeno", "101-2-2"}}},
		{"A115/CT239/00007064", nil},
		{"a1185/CR8359/00372498", nil},
		{"//", nil},
	}
	for _, tt := range tests {
		q := strings.Split(tt.triple, "/")
		got, fresh := s.Row([]byte(q[0]), []byte(q[1]), []byte(q[2]), noon)
		if fresh != Fresh {
			t.Errorf("Row(%s) is %d, want always fresh: the matrix is whole", tt.triple, fresh)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Row(%s) (-want +got):\n%s", tt.triple, diff)
		}
	}
	if got, want := s.Counts(), (Counts{Grants: 4, Rows: 2, Pairs: 11}); got != want {
		t.Errorf("Counts() = %+v, want %+v", got, want)
	}
}

// A policy that was never loaded refuses everything.
func TestZeroValuesRefuse(t *testing.T) {
	if d := new(Snapshot).Decide(head("E05", first, ""), noon); d.Verdict == Granted {
		t.Error("the zero Snapshot granted")
	}
	if (Decision{}).Verdict == Granted {
		t.Error("the zero Decision grants")
	}
}
