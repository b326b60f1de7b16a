package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"brana/egon"
)

// The caller of these tests has a row and items of each register, another has neither.
const (
	applyGrants = `grants:
  - agenda: X999
    role: XR1
    ovm: "00345678"
    ais: 999001
    environment: test
    valid: {from: 2026-01-01, to: 2026-12-31}
    services: [E05, E20, E35a, E160, E188, E197, E198, E276]
    items: {aiseo: [Jmeno, DatumUmrti], eop: [EopFoto, Cislo], ecd: [EcdPodpis]}
    limits: {working_hours: 1/h, off_hours: 1/h, concurrent: 1}
  - agenda: A115
    role: CT239
    ovm: "00007064"
    ais: 5
    environment: test
    valid: {from: 2026-01-01, to: 2026-12-31}
    services: [E05, E160, E188, E198]
    limits: {working_hours: 1/h, off_hours: 1/h, concurrent: 1}
`
	applyMatrix = `X999,XR1,00345678,Prijmeni,101-1-1
X999,XR1,00345678,Jmeno,101-1-2
X999,XR1,00345678,Telefon,
X999,XR1,00345678,Ico,102-1-1
X999,XR1,00345678,ZvlastniUdaj,199-1-1
`
)

// outcome is a decision in one line: its verdict, and what becomes of the items.
func outcome(d *Decision) string {
	text := d.Verdict.String()
	words := func(mark string, list []Refusal) {
		for _, r := range list {
			text += " " + mark + r.Word
		}
	}
	words("!", d.Refused)
	words("-", d.Removed)
	for _, word := range d.Filled {
		text += " +" + word
	}
	return text
}

// What becomes of a call: by the rule, by what its list has, and by the registers that the
// service reads. -Word is removed, +Word is filled in, !Word is why the call is refused.
func TestApply(t *testing.T) {
	s := mustLoad(t, applyGrants, applyMatrix)
	const all = "granted"
	tests := []struct {
		name, service, caller, items string
		strict, asIszr, pass         string
	}{
		{"all permitted, ROB", "E05", first, "Jmeno Prijmeni", all, all, all},
		{"all permitted, ROB 2", "E276", first, "Telefon", all, all, all},
		{"all permitted, ROS", "E20", first, "Ico Jmeno", all, all, all},
		{"all permitted, AISEO", "E160", first, "Jmeno DatumUmrti", all, all, all},
		{"all permitted, EOP", "E188", first, "EopFoto Cislo", all, all, all},
		{"all permitted, with control words", "E05", first, "ROBCti Jmeno", all, all, all},

		{"some, ROB", "E05", first, "Doklad Jmeno Aifo", "item-not-permitted !Doklad !Aifo",
			"granted -Doklad -Aifo", "granted -Doklad -Aifo"},
		{"some, ROS", "E20", first, "Ico AdresaSidla", "item-not-permitted !AdresaSidla",
			"granted -AdresaSidla", "granted -AdresaSidla"},
		{"some, AISEO, where the row has the other", "E160", first, "Jmeno Prijmeni",
			"item-not-permitted !Prijmeni", "granted -Prijmeni", "granted -Prijmeni"},
		{"some, EOP", "E188", first, "EopPodpis EopFoto", "item-not-permitted !EopPodpis",
			"granted -EopPodpis", "granted -EopPodpis"},
		{"some, twice each", "E05", first, "Doklad Jmeno Doklad Jmeno", "item-not-permitted !Doklad",
			"granted -Doklad", "granted -Doklad"},
		{"some, with control words", "E05", first, "ROBCti Doklad Jmeno",
			"item-not-permitted !Doklad", "granted -Doklad", "granted -Doklad"},

		{"none, ROB", "E05", first, "Doklad", "item-not-permitted !Doklad",
			"item-not-permitted !Doklad", "granted -Doklad"},
		{"none but control words", "E05", first, "ROBCti Doklad RUIANCti",
			"item-not-permitted !Doklad", "item-not-permitted !Doklad", "granted -Doklad"},
		{"none, of another's register", "E188", first, "Jmeno", "item-not-permitted !Jmeno",
			"item-not-permitted !Jmeno", "granted -Jmeno"},
		{"none, no row", "E05", second, "Jmeno", "item-not-permitted !Jmeno",
			"item-not-permitted !Jmeno", "granted -Jmeno"},
		{"none, nothing granted", "E160", second, "Jmeno", "item-not-permitted !Jmeno",
			"item-not-permitted !Jmeno", "granted -Jmeno"},

		{"no list, ROB", "E05", first, "", "no-items", "granted +Jmeno +Prijmeni", all},
		{"no list, ROB 2", "E276", first, "", "no-items", "granted +Jmeno +Prijmeni +Telefon", all},
		{"no list, ROS and ROB", "E20", first, "", "no-items", "granted +Ico +Jmeno +Prijmeni", all},
		{"no list, AISEO", "E160", first, "", "no-items", "granted +DatumUmrti +Jmeno", all},
		{"no list, EOP without media", "E188", first, "", "no-items", "granted +Cislo", all},
		{"no list, media of EOP and ECD, and ROB", "E197", first, "", "no-items",
			"granted +EcdPodpis +EopFoto +Jmeno +Prijmeni", all},
		{"no list, no register", "E35a", first, "", all, all, all},
		{"no list, no row", "E05", second, "", "no-items", "no-items", all},
		{"no list, nothing granted", "E188", second, "", "no-items", "no-items", all},
		{"an empty list", "E05", first, "()", "no-items", "granted +Jmeno +Prijmeni", all},
		{"control words alone", "E05", first, "ROBCti RUIANOver", "no-items",
			"granted +Jmeno +Prijmeni", all},

		{"an unknown word", "E05", first, "Jmeno Xyz", "item-unknown !Xyz", "item-unknown !Xyz",
			"granted -Xyz"},
		{"an unknown word of AISEO, and one that is not permitted", "E160", first,
			"Xyz Prijmeni",
			"item-unknown !Xyz !Prijmeni", "item-unknown !Xyz !Prijmeni", "granted -Xyz -Prijmeni"},
		{"no grant of the service", "E276", second, "", "not-granted", "not-granted",
			"not-granted"},
		{"no register, not permitted", "E35a", first, "Jmeno Doklad", "item-not-permitted !Doklad",
			"granted -Doklad", "granted -Doklad"},
	}
	for _, tt := range tests {
		for rule, want := range map[ItemRule]string{
			Strict: tt.strict, AsIszr: tt.asIszr, Pass: tt.pass,
		} {
			t.Run(fmt.Sprintf("%s/%s", tt.name, rule), func(t *testing.T) {
				h := head(tt.service, tt.caller, strings.Trim(tt.items, "()"))
				h.HasItems = tt.items != ""
				d := s.Decide(h, noon)
				s.Apply(rule, h, &d, noon)
				if got := outcome(&d); got != want {
					t.Errorf("%s, want %s", got, want)
				}
				if d.Rule != rule {
					t.Errorf("Rule = %s, want %s", d.Rule, rule)
				}
			})
		}
	}
}

// E198 is checked and never changed, unless it may pass; its parameters are judged still.
func TestApplyToE198(t *testing.T) {
	s := mustLoad(t, applyGrants, applyMatrix)
	for _, tt := range []struct {
		name, items  string
		criteria     bool
		strict, pass string // as-iszr is strict
	}{
		{"all permitted", "EopFoto", false, "granted", "granted"},
		{"some permitted", "EopFoto EopPodpis", false, "item-not-permitted !EopPodpis",
			"granted -EopPodpis"},
		{"a parameter without a right", "EopFoto", true,
			"parameter-not-permitted !media-criteria", "parameter-not-permitted !media-criteria"},
		{"an item and a parameter", "EopPodpis", true, "item-not-permitted !EopPodpis",
			"parameter-not-permitted !media-criteria -EopPodpis"},
	} {
		for rule, want := range map[ItemRule]string{
			Strict: tt.strict, AsIszr: tt.strict, Pass: tt.pass,
		} {
			h := media(first, tt.items, egon.NoQuery)
			h.Media.Photos.Used = tt.criteria
			d := s.Decide(h, noon)
			s.Apply(rule, h, &d, noon)
			if got := outcome(&d); got != want {
				t.Errorf("%s, %s: %s, want %s", tt.name, rule, got, want)
			}
		}
	}
}

// What is filled in are items that the reply of the service can hold: those of another service
// of its registers would be asked for in vain, and a publisher may refuse the call for them.
// A search of AISEO returns an identifier, and any item of AISEO may stand in its list: a caller
// that has one may search without a list, as with it. A word of a list without registers goes
// where a schema has it. What was filled in may come back.
func TestFillsInWhatTheServiceAnswersWith(t *testing.T) {
	const byRegister = "{aiseo: [Jmeno, RodneCislo, AdresaTP, ZakPob, Vlastni], " +
		"eop: [EopFoto, OPCislo, Jmeno, RodneCislo], ecd: [EcdFoto, CDCislo]}"
	const flat = "[EopFoto, EcdFoto, RodneCislo, AdresaTP, ZakPob, OPCislo, CDCislo, Jine]"
	rows := ""
	for _, word := range []string{"Ico", "StatutarniOrgany", "Aifo", "Doklad"} {
		rows += strings.ReplaceAll(own, "/", ",") + "," + word + ",\n"
	}
	for _, tt := range []struct{ service, byRegister, flat string }{
		{"E03", "Doklad", "Doklad"},
		{"E20", "Aifo Doklad Ico StatutarniOrgany", "Aifo Doklad Ico StatutarniOrgany"},
		{"E21", "Aifo Doklad Ico", "Aifo Doklad Ico"},
		{"E158", "AdresaTP Jmeno RodneCislo Vlastni ZakPob", "AdresaTP RodneCislo ZakPob"},
		{"E159", "Jmeno RodneCislo Vlastni ZakPob", "RodneCislo ZakPob"},
		{"E160", "AdresaTP Jmeno RodneCislo Vlastni ZakPob", "AdresaTP RodneCislo ZakPob"},
		{"E171", "Jmeno RodneCislo Vlastni ZakPob", "RodneCislo ZakPob"},
		{"E172", "Jmeno RodneCislo Vlastni ZakPob", "RodneCislo ZakPob"},
		{"E270", "AdresaTP Jmeno RodneCislo Vlastni", "AdresaTP RodneCislo"},
		{"X11", "Jmeno RodneCislo Vlastni ZakPob", "RodneCislo ZakPob"},
		{"X12", "AdresaTP Jmeno RodneCislo Vlastni ZakPob", "AdresaTP RodneCislo ZakPob"},
		{"X31", "AdresaTP Jmeno RodneCislo Vlastni", "AdresaTP RodneCislo"},
		{"E188", "Jmeno OPCislo RodneCislo", "OPCislo RodneCislo"},
		{"z1", "Jmeno OPCislo RodneCislo", "OPCislo RodneCislo"},
		{"E189", "CDCislo", "CDCislo RodneCislo"},
		{"E197", "Doklad EcdFoto EopFoto", "Doklad EcdFoto EopFoto"},
		{"X21", "EopFoto", "EopFoto"},
		{"X22", "EcdFoto", "EcdFoto"},
		{"E268", "EopFoto Jmeno OPCislo RodneCislo", "EopFoto OPCislo RodneCislo"},
	} {
		for items, want := range map[string]string{byRegister: tt.byRegister, flat: tt.flat} {
			text := strings.NewReplacer("[EopFoto, Vlastni]", items, "[E05, E158, E198, E227]",
				"[E03, E20, E21, E158, E159, E160, E171, E172, E188, E189, E197, E198, E268, E270]").
				Replace(grantsFor(own))
			s := mustLoad(t, text+"vocabulary: {aiseo: [Vlastni]}\n", rows)
			h := head(tt.service, own+"/1", "")
			d := s.Decide(h, noon)
			s.Apply(AsIszr, h, &d, noon)
			if got := strings.Join(d.Filled, " "); got != want {
				t.Errorf("%s by %s: %s, want %s", tt.service, items, got, want)
			}
			rights := s.Rights(&d, h, noon)
			for _, word := range d.Filled {
				if !rights.Permit(word) || !d.Asks(h, word) {
					t.Errorf("%s by %s: %s may not come back", tt.service, items, word)
				}
			}
			if verdict := d.Verdict == Granted; verdict != (want != "") {
				t.Errorf("%s by %s: %s", tt.service, items, d.Verdict)
			}
		}
	}
}

// A row that must be fetched is awaited where the list is judged or filled in by it. Under
// Pass the call does not wait, and the decision says that the row was not there.
func TestApplyWithoutARow(t *testing.T) {
	f := newFixture(t, newFakeBus(map[string]string{own: "Jmeno"}), nil, own)
	text := strings.NewReplacer("E158", "E159", "Vlastni", "RodneCislo").Replace(grantsFor(own))
	f.grants.Store(&text)
	if err := f.store.Reload(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		service, items string
		rule           ItemRule
		want           string
		row            bool // known
	}{
		{"E05", "Jmeno", Strict, "row-unavailable", false},
		{"E05", "Jmeno", AsIszr, "row-unavailable", false},
		{"E05", "Jmeno", Pass, "granted", false},
		{"E05", "", Strict, "no-items", true},
		{"E05", "", AsIszr, "row-unavailable", false},
		{"E05", "", Pass, "granted", false},
		{"E159", "", Pass, "granted", true},
		{"E159", "", AsIszr, "granted +RodneCislo", true},
	} {
		h, s := head(tt.service, own+"/1", tt.items), f.store.Current()
		now := time.Now()
		d := s.Decide(h, now)
		s.Apply(tt.rule, h, &d, now)
		if got := outcome(&d); got != tt.want || d.Row >= Stale != tt.row {
			t.Errorf("%s %q %s: %s, row %d; want %s, row known %v", tt.service, tt.items, tt.rule,
				got, d.Row, tt.want, tt.row)
		}
	}
	if _, err := f.await(own, time.Minute); err != nil {
		t.Fatal(err)
	}
	h, now := head("E05", own+"/1", ""), time.Now()
	d := f.store.Current().Decide(h, now)
	f.store.Current().Apply(AsIszr, h, &d, now)
	if got := outcome(&d); got != "granted +Jmeno" || !d.RestsOnRow(h) {
		t.Errorf("with the row: %s, rests on it %v", got, d.RestsOnRow(h))
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// The request as it goes on asks for what was permitted of what was listed, or filled in;
// one without items asks for all.
func TestAsks(t *testing.T) {
	s := mustLoad(t, applyGrants, applyMatrix)
	for _, tt := range []struct {
		items string
		rule  ItemRule
		want  string // of Doklad, Jmeno and Prijmeni
	}{
		{"Jmeno", Strict, "Jmeno"},
		{"Doklad Jmeno", AsIszr, "Jmeno"},
		{"Doklad Jmeno", Pass, "Doklad Jmeno"},
		{"", AsIszr, "Jmeno Prijmeni"},
		{"ROBCti", AsIszr, "Jmeno Prijmeni"},
		{"", Pass, "Doklad Jmeno Prijmeni"},
	} {
		h := head("E05", first, tt.items)
		d := s.Decide(h, noon)
		s.Apply(tt.rule, h, &d, noon)
		var got []string
		for _, word := range []string{"Doklad", "Jmeno", "Prijmeni"} {
			asks := d.Asks(h, word)
			if asks {
				got = append(got, word)
			}
			if asks && d.Removes([]byte(word)) {
				t.Errorf("%q by %s asks for %s, and removes it", tt.items, tt.rule, word)
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%q by %s asks for %q, want %q", tt.items, tt.rule, got, tt.want)
		}
	}
}

// By AsIszr a call that goes on, with any list, asks for nothing that is not permitted,
// and for all that was listed and is.
func TestAsIszrAsksForWhatIsPermitted(t *testing.T) {
	s := mustLoad(t, applyGrants, applyMatrix)
	words := []string{"Jmeno", "Prijmeni", "Telefon", "Ico", "Doklad", "Aifo", "EopFoto",
		"EcdPodpis", "EopPodpis", "DatumUmrti", "Cislo", "ROBCti", "RUIANNecti", "ZvlastniUdaj", "Xyz"}
	rapid.Check(t, func(t *rapid.T) {
		codes := []string{"E05", "E20", "E160", "E188", "E197", "E276"}
		code := rapid.SampledFrom(codes).Draw(t, "code")
		list := rapid.SliceOfN(rapid.SampledFrom(words), 0, 8).Draw(t, "list")
		h := head(code, first, strings.Join(list, " "))
		d := s.Decide(h, noon)
		judged := d.Verdict
		s.Apply(AsIszr, h, &d, noon)
		if d.Verdict != Granted {
			return
		}
		rights := s.Rights(&d, h, noon)
		asked := 0
		for _, word := range append(words, "Vsechno") {
			permitted, listed := rights.Permit(word), false
			for _, w := range h.Items {
				listed = listed || string(w.Text) == word && !d.Removes(w.Text)
			}
			asks := d.Asks(h, word)
			switch {
			case asks && !permitted:
				t.Fatalf("%s %q asks for %s, which is not permitted", code, list, word)
			case d.Filled == nil && asks != listed:
				t.Fatalf("%s %q asks for %s: %v, listed %v", code, list, word, asks, listed)
			case asks && sourceOf(word) != controlWord:
				asked++
			}
		}
		if asked == 0 || judged == Granted && d.Removed != nil {
			t.Fatalf("%s %q: judged %s, goes on and asks for %d items: %s", code, list, judged, asked,
				outcome(&d))
		}
	})
}
