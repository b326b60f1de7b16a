package registries

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const testSeed = 1

func TestSameSeedGivesTheSamePersonsAndALargerPopulationOnlyAdds(t *testing.T) {
	small, large := NewPopulation(300, testSeed), NewPopulation(500, testSeed)
	if diff := cmp.Diff(small.All(), large.All()[:len(small.All())]); diff != "" {
		t.Errorf("persons differ (-small +large):\n%s", diff)
	}
	if other := NewPopulation(300, testSeed+1); cmp.Equal(other.All(), small.All()) {
		t.Error("two seeds give the same persons")
	}
}

func TestEveryPersonIsFoundByEveryKey(t *testing.T) {
	p := NewPopulation(5000, testSeed)
	for _, x := range p.All() {
		one := func(key string, found []*Person) {
			t.Helper()
			if len(found) != 1 || found[0] != x {
				t.Errorf("person %d by %s: %d found", x.ID, key, len(found))
			}
		}
		named := 0
		for _, y := range p.Named(x.Prijmeni, x.Narozen) {
			if Equal(y.Jmeno, x.Jmeno, Ascii) {
				named++
			}
		}
		if want := 1; named != want && !strings.HasPrefix(x.Special, "two alike") {
			t.Errorf("person %d by name and birth date: %d found, want %d", x.ID, named, want)
		}
		one("birth number", p.WithRodneCislo(x.RodneCislo))
		one("birth number with a slash", p.WithRodneCislo(x.RodneCislo[:6]+"/"+x.RodneCislo[6:]))
		for _, d := range x.OP {
			one("identity card", p.WithOP(d.Cislo))
		}
		for _, d := range x.CD {
			one("travel document", p.WithCD(d.Cislo))
		}
		if y, ok := p.ByID(x.ID); !ok || y != x {
			t.Errorf("ByID(%d) = %v, %v", x.ID, y, ok)
		}
	}
}

func TestNobodyIsFoundByAStrangeKey(t *testing.T) {
	p := NewPopulation(10, testSeed)
	for name, found := range map[string][]*Person{
		"name":            p.Named("NIKDO", day(1980, 1, 1)),
		"birth date":      p.Named("VOSÁHLO", day(1977, 5, 4)),
		"birth number":    p.WithRodneCislo("0000000000"),
		"no key":          p.WithRodneCislo(""),
		"identity card":   p.WithOP("1"),
		"travel in cards": p.WithOP(p.All()[0].CD[0].Cislo),
	} {
		if len(found) > 0 {
			t.Errorf("by %s: %d persons, want none", name, len(found))
		}
	}
	for _, id := range []int{-1, len(p.All())} {
		if _, ok := p.ByID(id); ok {
			t.Errorf("ByID(%d) finds somebody", id)
		}
	}
}

func TestPersonsAreWhatTheirNumbersSay(t *testing.T) {
	for _, x := range NewPopulation(3000, testSeed).All() {
		if err := checkRodneCislo(x); err != nil {
			t.Errorf("person %d, birth number %s: %v", x.ID, x.RodneCislo, err)
		}
		if x.Zena != (strings.HasSuffix(x.Prijmeni, "Á") || x.Prijmeni == "KREJČÍ" && x.Zena || x.Zena && x.Special != "") {
			t.Errorf("person %d: %s %s, Zena %v", x.ID, x.Jmeno, x.Prijmeni, x.Zena)
		}
		for _, d := range append(x.OP, x.CD...) {
			if n, err := strconv.ParseInt(d.Cislo, 10, 32); err != nil || strconv.FormatInt(n, 10) != d.Cislo {
				t.Errorf("person %d: document number %q is no xs:int without zeros", x.ID, d.Cislo)
			}
			if d.VydanoDne.Before(x.Narozen) || !d.PlatnostDo.After(d.VydanoDne) {
				t.Errorf("person %d: document issued %v", x.ID, d.VydanoDne)
			}
		}
		if x.InEOP != (len(x.OP) > 0) || x.InECD != (len(x.CD) > 0) {
			t.Errorf("person %d: in EOP %v with %d cards, in ECD %v with %d", x.ID, x.InEOP, len(x.OP), x.InECD, len(x.CD))
		}
	}
}

// checkRodneCislo states the rule of birth numbers (Act 133/2000, §13).
func checkRodneCislo(x *Person) error {
	month := int(x.Narozen.Month())
	if x.Zena {
		month += 50
	}
	if want := fmt.Sprintf("%02d%02d%02d", x.Narozen.Year()%100, month, x.Narozen.Day()); x.RodneCislo[:6] != want {
		return fmt.Errorf("begins with another date than %s", want)
	}
	if x.Narozen.Year() < 1954 {
		if len(x.RodneCislo) != 9 {
			return fmt.Errorf("has not 9 digits")
		}
		return nil
	}
	n, err := strconv.Atoi(x.RodneCislo)
	if err != nil || len(x.RodneCislo) != 10 || n%11 != 0 {
		return fmt.Errorf("is not 10 digits divisible by 11")
	}
	return nil
}

func TestOfficialPersons(t *testing.T) {
	p := NewPopulation(0, testSeed)
	for _, want := range []struct {
		jmeno, prijmeni string
		narozen         time.Time
		rodneCislo      string
		pobyt           int
		eop, ecd        bool
	}{
		{"Zoran", "Vosáhlo", day(1977, 5, 3), "", 0, true, true},
		{"Kazimíra", "Karásková", day(1925, 4, 24), "255424486", 0, false, true},
		{"Marek", "Rolnička", day(1968, 1, 11), "", 14492253, true, true},
		{"Andrea", "Bloomberg", day(1969, 12, 12), "", 10014, true, true},
	} {
		found := p.Named(want.prijmeni, want.narozen)
		if len(found) != 1 {
			t.Errorf("%s: %d found", want.prijmeni, len(found))
			continue
		}
		x := found[0]
		if !Equal(x.Jmeno, want.jmeno, Diakritika) || !x.InROB || x.InEOP != want.eop || x.InECD != want.ecd {
			t.Errorf("%s: %+v", want.prijmeni, x)
		}
		if want.rodneCislo != "" && x.RodneCislo != want.rodneCislo || want.pobyt != 0 && x.Pobyt != want.pobyt {
			t.Errorf("%s: birth number %s, address %d", want.prijmeni, x.RodneCislo, x.Pobyt)
		}
	}
}

func TestSomebodyShowsEachRule(t *testing.T) {
	p := NewPopulation(0, testSeed)
	count := map[string]int{}
	for _, x := range p.All() {
		a := p.Address(x.Pobyt)
		for rule, shows := range map[string]bool{
			"unknown to ROB":      !x.InROB,
			"unknown to ORG":      x.Org == OrgUnknown,
			"merged":              x.Org == OrgMerged,
			"split":               x.Org == OrgSplit,
			"invalid":             x.Org == OrgInvalid,
			"compromised":         x.Org == OrgCompromised,
			"to ROB only":         x.Org == OrgToRobOnly,
			"another name at ROB": x.RobPrijmeni != x.Prijmeni,
			"no photo":            x.NoPhoto,
			"photo withheld":      x.PhotoWithheld,
			"address not found":   a.State == Nenalezen,
			"address removed":     a.State == Zrusen,
			"born in Prague":      x.Narozeni.Kod != 0 && !x.Narozeni.Obec,
			"born abroad":         x.Narozeni.MistoSvet != "",
			"delivery address":    x.Dorucovaci != 0,
			"card with a series":  x.InEOP && x.OP[0].Serie != "",
			"dead":                x.Umrti != nil,
			"two alike":           len(p.Named(x.Prijmeni, x.Narozen)) == 2,
		} {
			if shows {
				count[rule]++
			}
			if shows && x.Special == "" {
				t.Errorf("person %d shows %s and does not say so", x.ID, rule)
			}
			count[rule] += 0
		}
	}
	for rule, n := range count {
		if want := map[bool]int{true: 2, false: 1}[rule == "two alike"]; n != want {
			t.Errorf("%s: %d persons, want %d", rule, n, want)
		}
	}
}

func TestEveryPlaceOfAPersonIsInRuian(t *testing.T) {
	p := NewPopulation(2000, testSeed)
	for _, x := range p.All() {
		for _, kod := range []int{x.Pobyt, x.Dorucovaci} {
			if kod == 0 || x.Special != "" {
				continue
			}
			if a := p.Address(kod); a.State != Existuje || a.ObecNazev == "" || a.Kod != kod {
				t.Errorf("person %d: address %d is %+v", x.ID, kod, a)
			}
		}
		for _, place := range []Place{x.Narozeni, x.MistoUmrti} {
			if place.Kod == 0 {
				continue
			}
			if _, ok := p.Lokalita(place.Kod, place.Typ()); !ok {
				t.Errorf("person %d: place %+v is not in RUIAN", x.ID, place)
			}
		}
	}
	if _, ok := p.Lokalita(kodPrahy, ObvodPrahy); ok {
		t.Error("Praha is a district of Prague")
	}
}

func TestAddressesKeepWithinTheSchema(t *testing.T) {
	seen := map[int]bool{}
	for _, a := range newGazetteer().addresses {
		switch {
		case seen[a.Kod]:
			t.Errorf("address %d comes twice", a.Kod)
		case a.State == Zrusen:
		case a.OkresKod > 9999 || a.ObecKod > 999999 || a.CastObceKod > 999999 || a.UliceKod > 9999999 || a.PostaKod > 99999,
			a.CisloDomovni > 9999 || a.CisloOrientacni > 999 || a.MopKod > 999 || a.StavebniObjektKod > 999999999:
			t.Errorf("address %+v breaks AdresaPolozkovaType", a)
		}
		seen[a.Kod] = true
	}
}

func TestFold(t *testing.T) {
	for _, test := range []struct {
		a, b string
		typ  string
		want bool
	}{
		{"VOSÁHLO", "VOSÁHLO", Striktni, true},
		{"VOSÁHLO", "Vosáhlo", Striktni, false},
		{"VOSÁHLO", "Vosáhlo", Diakritika, true},
		{"VOSÁHLO", "Vosáhlo", "", true},
		{"VOSÁHLO", "Vosahlo", Diakritika, false},
		{"VOSÁHLO", "Vosahlo", Ascii, true},
		{"VOSÁHLO", "Vosahla", Ascii, false},
		{"ĎURIŠ", "duris", Ascii, true},
		{"ŘÍHA", "riha", Ascii, true},
		{"VOSA\u0301HLO", "VOSÁHLO", Striktni, true},
		{"vosa\u0301hlo", "VOSÁHLO", Diakritika, true},
		{"VOSÁHLO", "VOSÁHLO ", Diakritika, false},
		{"", "", Striktni, true},
	} {
		if got := Equal(test.a, test.b, test.typ); got != test.want {
			t.Errorf("Equal(%q, %q, %q) = %v, want %v", test.a, test.b, test.typ, got, test.want)
		}
	}
}

func TestAIFO(t *testing.T) {
	p := NewPopulation(50, testSeed)
	rapid.Check(t, func(t *rapid.T) {
		agenda := rapid.SampledFrom([]string{"A101", "A102", "X999"}).Draw(t, "agenda")
		id := rapid.IntRange(0, len(p.All())-1).Draw(t, "id")
		aifo := AIFO(agenda, id)
		raw, err := base64.StdEncoding.DecodeString(aifo)
		if err != nil || len(raw) != 17 || len(aifo) != 24 {
			t.Fatalf("AIFO %q is not 17 bytes in base64", aifo)
		}
		if aifo != AIFO(agenda, id) {
			t.Fatal("AIFO changes from call to call")
		}
		if x, ok := p.PersonByAIFO(agenda, aifo); !ok || x.ID != id {
			t.Fatalf("PersonByAIFO = %v, %v, want person %d", x, ok, id)
		}
		if _, ok := p.PersonByAIFO(agenda+"1", aifo); ok {
			t.Fatal("another agenda knows the AIFO")
		}
	})
	for _, strange := range []string{"", "x", "iaG1BBvjvYcCn7WRcXS+4MQ=", AIFO("A101", 1) + "\n", AIFO("A101", len(p.All())),
		AIFO("A101", 1)[:20]} {
		if x, ok := p.PersonByAIFO("A101", strange); ok {
			t.Errorf("PersonByAIFO(%q) = person %d, want none", strange, x.ID)
		}
	}
}

func TestListHasTheSpecialPersonsFirst(t *testing.T) {
	p := NewPopulation(20, testSeed)
	listed := p.List(3)
	if len(listed) != len(p.All())-20+3 {
		t.Fatalf("List(3) has %d persons", len(listed))
	}
	text, err := json.Marshal(listed[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"jmeno":"ZORAN"`, `"datum_narozeni":"1977-05-03"`, `"narozeni_cr":`, `"trvaly_pobyt":`, `"op":[{"cislo":`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s has no %s", text, want)
		}
	}
	if listed[len(listed)-4].Special == "" || listed[len(listed)-3].Special != "" {
		t.Error("the synthetic persons are not the last three")
	}
}

func BenchmarkNewPopulation(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		NewPopulation(10_000, testSeed)
	}
}

func BenchmarkNamed(b *testing.B) {
	p := NewPopulation(100_000, testSeed)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		x := p.All()[i%len(p.All())]
		if len(p.Named(x.Prijmeni, x.Narozen)) == 0 {
			b.Fatal("not found")
		}
	}
}

func BenchmarkAIFO(b *testing.B) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		AIFO("A101", i)
	}
}
