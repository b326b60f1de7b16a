package egon

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func testZadostInfo() *ZadostInfo {
	return &ZadostInfo{
		CasZadosti: []byte("2026-09-20T07:36:14.8800117+02:00"),
		Agenda:     []byte("X999"), AgendovaRole: []byte("XR1"), Ovm: []byte("12345678"),
		Ais:     []byte("999001"),
		Subjekt: []byte("Město <Lhota>"), Uzivatel: []byte(`Jan "Honza" & spol.`),
		DuvodUcel:         []byte("Vydání průkazu"),
		AgendaZadostId:    []byte(testAgendaID),
		PredchoziZadostId: []byte("a75167b3-b260-49a0-aac6-4d763538b258"),
		PrioritaAis:       []byte("3"),
	}
}

// mediaQueries are the permitted combinations, by the suffix of golden files.
func mediaQueries() map[string]*MediaQuery {
	base := func(kind QueryKind, zdroj string) *MediaQuery {
		return &MediaQuery{
			AgendaZdroj: []byte(zdroj), Klic: []byte("AAAA"), Queries: 1, Kind: kind,
			Jmeno: []byte("Zoran"), Prijmeni: []byte("Vosáhlo"),
		}
	}
	rc := base(Dotaz1JmPrijRC, "Ecd")
	rc.RodneCislo = []byte("255424486")
	born := base(Dotaz2JmPrijDatNar, "Eop")
	born.DatumNarozeni = []byte("1977-05-03")
	full := base(Dotaz2JmPrijDatNar, "Eop")
	full.DatumNarozeni = []byte("1977-05-03")
	full.Ais, full.VerzeSluzby = []byte("42"), []byte("1.0")
	full.TypPorovnani, full.ZnepristupniLog = []byte("ascii"), []byte("true")
	full.Photos = Criteria{Used: true, DatumOd: []byte("2010-01-01"), DatumDo: []byte("2020-12-31"),
		Pocet: []byte("3")}
	full.Signatures = Criteria{Used: true, Pocet: []byte("1")}
	home := base(Dotaz3JmPrijDatNarMN, "Eop")
	home.DatumNarozeni, home.NarozeniCr, home.NarozeniObec = []byte("1977-05-03"), []byte("500054"),
		[]byte("false")
	abroad := base(Dotaz3JmPrijDatNarMN, "Ecd")
	abroad.DatumNarozeni, abroad.MistoSvet, abroad.Stat = []byte("1977-05-03"), []byte("Wien"),
		[]byte("40")
	address := base(Dotaz4JmPrijDatNarTP, "Eop")
	address.DatumNarozeni, address.TrvalyPobyt = []byte("1977-05-03"), []byte("14492253")
	card := base(Dotaz5JmPrijDokladOp, "Eop")
	card.OpCislo, card.OpSerie = []byte("123456789"), []byte("AB12")
	passport := base(Dotaz5JmPrijDokladCd, "Ecd")
	passport.CdCislo, passport.CdDruh = []byte("40012345"), []byte("P")
	return map[string]*MediaQuery{
		"birth-number": rc, "birth-date": born, "criteria": full, "birthplace": home,
		"abroad":  abroad,
		"address": address, "card": card, "passport": passport,
	}
}

func TestAppendRequestE198(t *testing.T) {
	for name, m := range mediaQueries() {
		t.Run(name, func(t *testing.T) {
			doc := AppendRequest(nil, &Request{
				Service: ServiceByCode("E198"), Enveloped: true, Info: testZadostInfo(),
				Items: []string{string(m.AgendaZdroj) + "Foto", "Jmeno", "ROBCti"},
				Inner: AppendMediaQuestion(nil, m),
			})
			golden(t, "request-e198-"+name, doc)
			newOracle(t).validate(t, "egon/xsd/IszrAgendaMediaDataCtiPodleUdaju.xsd", payload(doc))
		})
	}
}

func TestAppendRequestOthers(t *testing.T) {
	e227 := AppendRequest(nil, &Request{
		Service: ServiceByCode("E227"), Info: testZadostInfo(),
		Inner: AppendRightsQuestion(nil, &RightsQuery{Agenda: []byte("A115"),
			AgendovaRole: []byte("CT239"), Ovm: []byte("00007064")}),
	})
	e100 := AppendRequest(nil, &Request{
		Service: ServiceByCode("E100"), Enveloped: true, Info: testZadostInfo(),
		Inner: []byte(`<Zadost xmlns="` + NSAsyncAnswer +
			`"><IszrAsyncOdpovedZFrontyData><IszrZadostId>` + testIszrID +
			`</IszrZadostId></IszrAsyncOdpovedZFrontyData></Zadost>`),
	})
	golden(t, "request-e227", e227)
	golden(t, "request-e100", e100)
	o := newOracle(t)
	o.validate(t, "egon/xsd/IszrVypisOpravneniPolozky.xsd", e227)
	o.validate(t, "egon/xsd/IszrAsyncOdpovedZFronty.xsd", payload(e100))
}

// No AutorizaceInfo and an empty one differ.
func TestAppendRequestWithoutItems(t *testing.T) {
	r := Request{Service: ServiceByCode("E05"), Info: testZadostInfo()}
	if doc := string(AppendRequest(nil, &r)); strings.Contains(doc, "AutorizaceInfo") {
		t.Errorf("request = %s", doc)
	}
	r.Items = []string{}
	if doc := string(AppendRequest(nil, &r)); !strings.Contains(doc,
		"<abs:SeznamUdaju></abs:SeznamUdaju>") {
		t.Errorf("request = %s", doc)
	}
}

// readBack reads a request as the gateway does.
func readBack(t *testing.T, s *Service, doc []byte) *Head {
	t.Helper()
	r := NewReader(DefaultBounds())
	r.Reset(s)
	if err := r.Feed(doc, true); err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
	h := r.Head()
	if h == nil {
		t.Fatalf("no head in %s", doc)
	}
	return h
}

// The gateway reads the requests of the writers, without offence.
func TestRequestRoundTrip(t *testing.T) {
	s := ServiceByCode("E198")
	for name, m := range mediaQueries() {
		t.Run(name, func(t *testing.T) {
			h := readBack(t, s, AppendRequest(nil, &Request{
				Service: s, Enveloped: name != "card", Info: testZadostInfo(),
				Items: []string{string(m.AgendaZdroj) + "Foto", "Jmeno", "ROBCti"},
				Inner: AppendMediaQuestion(nil, m),
			}))
			if diff := cmp.Diff(m, h.Media); diff != "" {
				t.Errorf("Media (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(*testZadostInfo(), h.Info); diff != "" {
				t.Errorf("Info (-want +got):\n%s", diff)
			}
			if len(h.Items) != 3 || h.Enveloped != (name != "card") {
				t.Errorf("head = %+v", h)
			}
			if o := h.Check(); o != nil {
				t.Errorf("Check: %v", o)
			}
		})
	}
}

func TestRightsRequestRoundTrip(t *testing.T) {
	s := ServiceByCode("E227")
	q := &RightsQuery{Agenda: []byte("A115"), AgendovaRole: []byte("CT239"),
		Ovm: []byte("00007064")}
	h := readBack(t, s, AppendRequest(nil, &Request{Service: s, Info: testZadostInfo(),
		Inner: AppendRightsQuestion(nil, q)}))
	if diff := cmp.Diff(q, h.Rights); diff != "" {
		t.Errorf("Rights (-want +got):\n%s", diff)
	}
	if o := h.Check(); o != nil {
		t.Errorf("Check: %v", o)
	}
}
