package registries

import (
	"bytes"
	"image/jpeg"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"brana/egon"
	"brana/egon/xmltext"
)

func TestTheFiveQueriesFindTheirPersonAndNobodyElse(t *testing.T) {
	p := NewPopulation(100, testSeed)
	zoran, serie := person(t, p, "VOSÁHLO"), person(t, p, "SÉRIOVÝ")
	born := func(place string) []string { return []string{"DatumNarozeni", "1977-05-03", "MistoNarozeni", place} }
	for _, test := range []struct {
		name  string
		ecd   bool
		query string
		want  *Person // nil: nobody
	}{
		{"birth number", false, q("Dotaz1JmPrijRC", "Zoran", "Vosáhlo", "RodneCislo", zoran.RodneCislo), zoran},
		{"birth number of ECD", true, q("Dotaz1JmPrijRC", "Kazimíra", "Karásková", "RodneCislo", "255424486"), person(t, p, "KARÁSKOVÁ")},
		{"she is not in EOP", false, q("Dotaz1JmPrijRC", "Kazimíra", "Karásková", "RodneCislo", "255424486"), nil},
		{"another name", false, q("Dotaz1JmPrijRC", "Zora", "Vosáhlo", "RodneCislo", zoran.RodneCislo), nil},
		{"birth date", false, q("Dotaz2JmPrijDatNar", "Zoran", "Vosáhlo", "DatumNarozeni", "1977-05-03"), zoran},
		{"birth date with a zone", true, q("Dotaz2JmPrijDatNar", "Zoran", "Vosáhlo", "DatumNarozeni", "1977-05-03+01:00"), zoran},
		{"another birth date", false, q("Dotaz2JmPrijDatNar", "Zoran", "Vosáhlo", "DatumNarozeni", "1977-05-04"), nil},
		{"birthplace", false, q("Dotaz3JmPrijDatNarMN", "Zoran", "Vosáhlo", born(`<rob:NarozeniCr>582786</rob:NarozeniCr>`)...), zoran},
		{"birthplace said to be a municipality", false,
			q("Dotaz3JmPrijDatNarMN", "Zoran", "Vosáhlo", born(`<rob:NarozeniCr obec="true">582786</rob:NarozeniCr>`)...), zoran},
		{"another birthplace", false, q("Dotaz3JmPrijDatNarMN", "Zoran", "Vosáhlo", born(`<rob:NarozeniCr>554782</rob:NarozeniCr>`)...), nil},
		{"born abroad, he was not", false, q("Dotaz3JmPrijDatNarMN", "Zoran", "Vosáhlo", born(abroad)...), nil},
		{"district of Prague", false, strings.Replace(person(t, p, "PRAŽSKÝ").byBirthplace(), "PLACE", prague3, 1), person(t, p, "PRAŽSKÝ")},
		{"district is no municipality", false,
			strings.Replace(person(t, p, "PRAŽSKÝ").byBirthplace(), "PLACE", `<rob:NarozeniCr>35</rob:NarozeniCr>`, 1), nil},
		{"abroad", false, strings.Replace(person(t, p, "ZAHRANIČNÍ").byBirthplace(), "PLACE", abroad, 1), person(t, p, "ZAHRANIČNÍ")},
		{"address", false, q("Dotaz4JmPrijDatNarTP", "Marek", "Rolnička", "DatumNarozeni", "1968-01-11", "TrvalyPobyt", "14492253"),
			person(t, p, "ROLNIČKA")},
		{"another address", false, q("Dotaz4JmPrijDatNarTP", "Marek", "Rolnička", "DatumNarozeni", "1968-01-11", "TrvalyPobyt", "10014"), nil},
		{"identity card", false, q("Dotaz5JmPrijOP", "Zoran", "Vosáhlo", "OpCislo", zoran.OP[1].Cislo), zoran},
		{"series", false, q("Dotaz5JmPrijOP", "Antonín", "Sériový", "OpCislo", "271828", "OpSerie", "AC12"), serie},
		{"series left out", false, q("Dotaz5JmPrijOP", "Antonín", "Sériový", "OpCislo", "271828"), serie},
		{"another series", false, q("Dotaz5JmPrijOP", "Antonín", "Sériový", "OpCislo", "271828", "OpSerie", "AC13"), nil},
		{"travel document", true, q("Dotaz5JmPrijDok", "Zoran", "Vosáhlo", "CdCislo", "0"+zoran.CD[0].Cislo, "CdDruh", "EP"), zoran},
		{"travel document of another kind", true, q("Dotaz5JmPrijDok", "Zoran", "Vosáhlo", "CdCislo", zoran.CD[0].Cislo, "CdDruh", "CT"), nil},
		{"two alike", false, person(t, p, "DVOJNÍK").byBirthDate(), nil},
		{"one of two alike", false, q("Dotaz1JmPrijRC", "Jan", "Dvojník", "RodneCislo", person(t, p, "DVOJNÍK").RodneCislo),
			person(t, p, "DVOJNÍK")},
		{"the evidence keeps the old surname", false, person(t, p, "SVOBODNÁ").byBirthDate(), person(t, p, "SVOBODNÁ")},
		{"and does not know the new one", false,
			q("Dotaz2JmPrijDatNar", "Jana", "Provdaná", "DatumNarozeni", person(t, p, "SVOBODNÁ").Narozen.Format("2006-01-02")), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := ask(t, p, mediaRequest{ecd: test.ecd, query: test.query})
			if test.want == nil {
				if g.kod != "VAROVANI" || g.ais != "VAROVANI" || g.why != "SPECIFIKACE V POPISU" || g.aifo != "" || g.pictures != nil {
					t.Errorf("got %s/%s/%s, AIFO %q and %d pictures, want a bare VAROVANI", g.kod, g.ais, g.why, g.aifo, len(g.pictures))
				}
				return
			}
			agenda := map[bool]string{false: "A102", true: "A103"}[test.ecd]
			if g.kod != "OK" || g.ais != "OK" || g.aifo != AIFO(agenda, test.want.ID) || len(g.photos) != 1 {
				t.Errorf("got %s/%s, AIFO %q and %d photos, want person %d\n%.2000s", g.kod, g.ais, g.aifo, len(g.photos), test.want.ID, g.raw)
			}
		})
	}
}

func (p *Person) byBirthplace() string {
	return q("Dotaz3JmPrijDatNarMN", p.Jmeno, p.Prijmeni, "DatumNarozeni", p.Narozen.Format("2006-01-02"), "MistoNarozeni", "PLACE")
}

func TestNamesAreComparedAsAsked(t *testing.T) {
	p := NewPopulation(0, testSeed)
	for _, test := range []struct {
		options, prijmeni string
		want              string
	}{
		{``, "vosáhlo", "OK"},
		{``, "vosahlo", "VAROVANI"},
		{`typPorovnani="diakritika"`, "Vosáhlo", "OK"},
		{`typPorovnani="striktni"`, "Vosáhlo", "VAROVANI"},
		{`typPorovnani="ascii"`, "vosahlo", "OK"},
		{`typPorovnani="jinak"`, "Vosáhlo", "CHYBA"},
		{`znepristupniLog="snad"`, "Vosáhlo", "CHYBA"},
	} {
		g := ask(t, p, mediaRequest{options: test.options, query: q("Dotaz2JmPrijDatNar", "ZORAN", test.prijmeni, "DatumNarozeni", "1977-05-03")})
		if g.kod != test.want {
			t.Errorf("%s %s: %s, want %s", test.options, test.prijmeni, g.kod, test.want)
		}
	}
}

func TestMediaAreChosenByKindAndCriteria(t *testing.T) {
	p := NewPopulation(0, testSeed)
	zoran := person(t, p, "VOSÁHLO")
	var all []string
	for _, d := range zoran.OP {
		all = append(all, d.VydanoDne.Format("2006-01-02"))
	}
	period := func(od, do string) string {
		return "<q:DatumOd>" + od + "</q:DatumOd><q:DatumDo>" + do + "</q:DatumDo>"
	}
	for _, test := range []struct {
		name, items, photo, signature string // photo and signature: children of their criteria
		photos, signatures            []string
	}{
		{"none: the newest", "Foto", "", "", all[:1], nil},
		{"signature only", "Podpis", "", "", nil, all[:1]},
		{"both", "Foto Podpis", "", "", all[:1], all[:1]},
		{"an item that is no medium", "Jmeno Foto", "", "", all[:1], nil},
		{"count", "Foto", "<q:Pocet>2</q:Pocet>", "", all[:2], nil},
		{"count above what there is", "Foto", "<q:Pocet>9</q:Pocet>", "", all, nil},
		{"an empty count is one", "Foto", "<q:Pocet/>", "", all[:1], nil},
		{"period holds all", "Foto", period(all[2], all[0]), "", all, nil},
		{"bounds are inclusive", "Foto", period(all[1], all[1]), "", all[1:2], nil},
		{"period and count: newest first", "Foto", period(all[2], all[1]) + "<q:Pocet>1</q:Pocet>", "", all[1:2], nil},
		{"from on", "Foto", "<q:DatumOd>" + all[1] + "</q:DatumOd>", "", all[:2], nil},
		{"until", "Foto", "<q:DatumDo>" + all[1] + "</q:DatumDo>", "", all[1:], nil},
		{"nothing in the period", "Foto", period("1950-01-01", "1950-12-31"), "", nil, nil},
		{"each kind by its own", "Foto Podpis", "<q:Pocet>1</q:Pocet>", "<q:DatumDo>" + all[1] + "</q:DatumDo>", all[:1], all[1:]},
	} {
		t.Run(test.name, func(t *testing.T) {
			criteria := ""
			if test.photo != "" {
				criteria += "<q:KriteriaProFotky>" + test.photo + "</q:KriteriaProFotky>"
			}
			if test.signature != "" {
				criteria += "<q:KriteriaProPodpis>" + test.signature + "</q:KriteriaProPodpis>"
			}
			g := ask(t, p, mediaRequest{items: test.items, criteria: criteria, query: zoran.byBirthDate()})
			if g.kod != "OK" || g.aifo == "" {
				t.Errorf("%s, AIFO %q, want OK", g.kod, g.aifo)
			}
			if diff := cmp.Diff([][]string{test.photos, test.signatures}, [][]string{g.photos, g.signatures}); diff != "" {
				t.Errorf("dates of issue (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPicturesAreTheOnesOfTheDocument(t *testing.T) {
	p := NewPopulation(0, testSeed)
	zoran := person(t, p, "VOSÁHLO")
	g := ask(t, p, mediaRequest{items: "Foto Podpis", criteria: "<q:KriteriaProFotky><q:Pocet>2</q:Pocet></q:KriteriaProFotky>",
		query: zoran.byBirthDate()})
	want := [][]byte{Portrait(zoran, zoran.OP[0].VydanoDne, 0), Portrait(zoran, zoran.OP[1].VydanoDne, 0),
		Signature(zoran, zoran.OP[0].VydanoDne, 0)}
	if !slices.EqualFunc(g.pictures, want, bytes.Equal) {
		t.Errorf("%d pictures, not those of the documents", len(g.pictures))
	}
}

func TestMissingAndWithheldPhotos(t *testing.T) {
	p := NewPopulation(0, testSeed)
	for _, test := range []struct {
		prijmeni, items string
		as              staging
		kod, why        string
		signatures      int
	}{
		{"BEZFOTKOVÁ", "Foto Podpis", staging{}, "OK", "", 1},
		{"BEZFOTKOVÁ", "Foto", staging{}, "OK", "", 0},
		{"NEVYDANÝ", "Foto Podpis", staging{}, "VAROVANI", "UDAJ NEVYDAN", 1},
		{"NEVYDANÝ", "Podpis", staging{}, "OK", "", 1},
		{"VOSÁHLO", "Foto Podpis", staging{withheld: true}, "OK", "UDAJ NEVYDAN", 1},
		{"VOSÁHLO", "Podpis", staging{withheld: true}, "OK", "", 1},
		{"NEVYDANÝ", "Foto", staging{withheld: true}, "OK", "UDAJ NEVYDAN", 0},
	} {
		g := ask(t, p, mediaRequest{items: test.items, as: test.as, query: person(t, p, test.prijmeni).byBirthDate()})
		if g.kod != test.kod || g.ais != test.kod || g.why != test.why || g.aifo == "" || len(g.photos) != 0 ||
			len(g.signatures) != test.signatures {
			t.Errorf("%s, %s: %s/%s/%s, %d photos, %d signatures", test.prijmeni, test.items, g.kod, g.ais, g.why, len(g.photos), len(g.signatures))
		}
	}
}

func TestWhatAnEvidenceRefuses(t *testing.T) {
	p := NewPopulation(0, testSeed)
	zoran := person(t, p, "VOSÁHLO")
	const system, application = "NEVALIDNI DATA", "APLIKACNI CHYBA"
	for _, test := range []struct {
		name string
		mediaRequest
		sub string
	}{
		{"no item", mediaRequest{items: " ", query: zoran.byBirthDate()}, application},
		{"no medium", mediaRequest{items: "Jmeno Prijmeni", query: zoran.byBirthDate()}, application},
		{"no key", mediaRequest{key: []byte{}, query: zoran.byBirthDate()}, application},
		{"a key that is none", mediaRequest{key: []byte("klíč"), query: zoran.byBirthDate()}, application},
		{"count below one", mediaRequest{criteria: "<q:KriteriaProFotky><q:Pocet>0</q:Pocet></q:KriteriaProFotky>", query: zoran.byBirthDate()},
			system},
		{"period upside down", mediaRequest{criteria: "<q:KriteriaProPodpis><q:DatumOd>2020-01-02</q:DatumOd><q:DatumDo>2020-01-01</q:DatumDo></q:KriteriaProPodpis>", query: zoran.byBirthDate()}, system},
		{"no date", mediaRequest{query: q("Dotaz2JmPrijDatNar", "Zoran", "Vosáhlo", "DatumNarozeni", "1977-02-30")}, system},
		{"no birth number", mediaRequest{query: q("Dotaz1JmPrijRC", "Zoran", "Vosáhlo", "RodneCislo", "")}, system},
		{"no surname", mediaRequest{query: q("Dotaz2JmPrijDatNar", "Zoran", "", "DatumNarozeni", "1977-05-03")}, system},
		{"no query", mediaRequest{query: ""}, system},
		{"two queries", mediaRequest{query: zoran.byBirthDate() + zoran.byBirthDate()}, system},
		{"the query of the other evidence", mediaRequest{ecd: true, query: q("Dotaz5JmPrijOP", "Zoran", "Vosáhlo", "OpCislo", "1")}, system},
		{"a number that is none", mediaRequest{ecd: true, query: q("Dotaz5JmPrijDok", "Zoran", "Vosáhlo", "CdCislo", "1A")}, system},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := ask(t, p, test.mediaRequest)
			if g.kod != "CHYBA" || g.sub != test.sub || g.aifo != "" || g.pictures != nil {
				t.Errorf("got %s %s, AIFO %q and %d pictures, want CHYBA %s", g.kod, g.sub, g.aifo, len(g.pictures), test.sub)
			}
			if wantAis := map[string]string{system: "", application: "CHYBA"}[test.sub]; g.ais != wantAis {
				t.Errorf("VysledekAisKod %q, want %q", g.ais, wantAis)
			}
		})
	}
}

func TestCriteriaMayBeForbiddenToACaller(t *testing.T) {
	p := NewPopulation(0, testSeed)
	zoran := person(t, p, "VOSÁHLO")
	for _, test := range []struct {
		forbidden []int
		criteria  string
		want      string
	}{
		{[]int{999001}, "<q:KriteriaProFotky><q:Pocet>1</q:Pocet></q:KriteriaProFotky>", "CHYBA"},
		{[]int{999001}, "<q:KriteriaProFotky/>", "OK"},
		{[]int{999001}, "", "OK"},
		{[]int{999002}, "<q:KriteriaProFotky><q:Pocet>1</q:Pocet></q:KriteriaProFotky>", "OK"},
	} {
		e := NewEOP(p, "A102", 2)
		e.NoCriteriaFor = test.forbidden
		if g := e.ask(t, mediaRequest{criteria: test.criteria, query: zoran.byBirthDate()}); g.kod != test.want || g.ais != test.want {
			t.Errorf("forbidden to %v, %q: %s/%s, want %s", test.forbidden, test.criteria, g.kod, g.ais, test.want)
		}
	}
}

// A caller may translate the AIFO while photos are still on their way.
func TestTheAifoStandsInTheHeadBeforeAnyPhoto(t *testing.T) {
	p := NewPopulation(0, testSeed)
	body, err := xmltext.Parse(mediaRequest{options: `znepristupniLog="1"`, query: person(t, p, "VOSÁHLO").byBirthDate()}.request(t),
		testBounds)
	if err != nil {
		t.Fatal(err)
	}
	const photo = 6 << 20
	r := NewEOP(p, "A102", 2).handle(body, staging{photo: photo})
	if !strings.Contains(string(r.head), AIFO("A102", person(t, p, "VOSÁHLO").ID)) || strings.Contains(string(r.head), "Fotky") {
		t.Errorf("the head is %s", r.head)
	}
	if r.uses != 1 || !r.hidden {
		t.Errorf("%d uses, hidden %v, want one hidden use", r.uses, r.hidden)
	}
	whole := bytes.NewBuffer(bytes.Clone(r.head))
	if err := r.stream(whole); err != nil {
		t.Fatal(err)
	}
	g := NewEOP(p, "A102", 2).read(t, whole.Bytes(), r)
	if n := len(g.pictures[0]); n > photo || n < photo-3 {
		t.Errorf("the photo has %d bytes, want %d", n, photo)
	}
	if _, err := jpeg.Decode(bytes.NewReader(g.pictures[0])); err != nil {
		t.Error(err)
	}
}

func TestAForeignMessageHasNoReply(t *testing.T) {
	p := NewPopulation(0, testSeed)
	body, err := xmltext.Parse(mediaRequest{ecd: true, query: person(t, p, "VOSÁHLO").byBirthDate()}.request(t), testBounds)
	if err != nil {
		t.Fatal(err)
	}
	if r := NewEOP(p, "A102", 2).handle(body, staging{}); r.head != nil {
		t.Errorf("EOP answers a message for ECD: %s", r.head)
	}
}

// The schemas are a reference that is not part of the project.
func TestMessagesOfEvidencesAreValidByTheirSchemas(t *testing.T) {
	schemas := schemaFolder(t)
	p := NewPopulation(0, testSeed)
	for _, test := range []struct {
		name string
		mediaRequest
		invalid bool // the request is not to be validated
	}{
		{name: "found", mediaRequest: mediaRequest{items: "Foto Podpis", query: person(t, p, "VOSÁHLO").byBirthDate()}},
		{name: "found in ECD", mediaRequest: mediaRequest{ecd: true, query: person(t, p, "VOSÁHLO").byBirthDate()}},
		{name: "withheld", mediaRequest: mediaRequest{query: person(t, p, "NEVYDANÝ").byBirthDate()}},
		{name: "withheld, with OK", mediaRequest: mediaRequest{as: staging{withheld: true}, query: person(t, p, "VOSÁHLO").byBirthDate()}},
		{name: "no photo", mediaRequest: mediaRequest{query: person(t, p, "BEZFOTKOVÁ").byBirthDate()}},
		{name: "two alike", mediaRequest: mediaRequest{query: person(t, p, "DVOJNÍK").byBirthDate()}},
		{name: "nobody in ECD", mediaRequest: mediaRequest{ecd: true, query: q("Dotaz5JmPrijDok", "Zoran", "Vosáhlo", "CdCislo", "1")}},
		{name: "refused key", mediaRequest: mediaRequest{key: []byte("x"), query: person(t, p, "VOSÁHLO").byBirthDate()}},
		{name: "invalid", mediaRequest: mediaRequest{query: ""}, invalid: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := ask(t, p, test.mediaRequest)
			schema := filepath.Join(schemas, "aiseop/xsd/AisEopMediaCtiPodleUdaju.xsd")
			if test.ecd {
				schema = filepath.Join(schemas, "aisecd/xsd/AisEcdMediaCtiPodleUdaju.xsd")
			}
			xmllint(t, schema, g.raw)
			if !test.invalid {
				xmllint(t, schema, test.request(t))
			}
		})
	}
}

func BenchmarkEvidence(b *testing.B) {
	p := NewPopulation(10_000, testSeed)
	e := NewEOP(p, "A102", 2)
	x := p.All()[5000]
	raw := mediaRequest{query: x.byBirthDate()}.request(b)
	var whole bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		body, err := xmltext.Parse(raw, testBounds)
		if err != nil {
			b.Fatal(err)
		}
		whole.Reset()
		if err := e.handle(body, staging{}).stream(&whole); err != nil {
			b.Fatal(err)
		}
	}
}

// Media that are sent slowly give the same answer. The part before them goes out
// ahead of them, and the log has the time of both.
func TestTransferOfMedia(t *testing.T) {
	s := newTestServer(t)
	message := string(mediaRequest{query: q("Dotaz2JmPrijDatNar", "Zoran", "Vosáhlo", "DatumNarozeni", "1977-05-03")}.request(t))
	read := func() string {
		n, a := s.post(EOP, message)
		if n == nil {
			t.Fatalf("answer = %d %.200s %v", a.status, a.body, a.err)
		}
		return n.Local + " " + n.Child(egon.NSEop, "EopOdpoved").Child(egon.NSEop, "EopOdpovedV1").Child(egon.NSEvidence,
			"Fotky").Child(egon.NSEvidence, "DatumVydani").Value()
	}
	at := read()
	s.entries(1)
	s.server.ClearLog()
	s.set(EOP, Settings{Transfer: Duration(40 * time.Millisecond)})
	if got := read(); got != at {
		t.Errorf("got %s, want %s", got, at)
	}
	e := s.entries(1)[0]
	if e.Step != "X21" || e.Broken || e.End.Sub(e.Start) != time.Duration(e.Duration) || e.Duration-e.Head < Duration(40*time.Millisecond) {
		t.Errorf("entry = %+v, want the media to take the 40 ms after the head", e)
	}
}
