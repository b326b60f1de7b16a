package egon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func testStep(m *MediaQuery, items ...string) *Step {
	h := &Head{Service: ServiceByCode("E198"), Info: *testZadostInfo(), Media: m, HasItems: true}
	h.Info.IszrZadostId = []byte("ffffffff-ffff-ffff-ffff-ffffffffffff")
	for _, word := range items {
		h.Items = append(h.Items, Word{Text: []byte(word)})
	}
	return &Step{Head: h, IszrZadostId: testIszrID}
}

func testPerson() PrevodAifo {
	return PrevodAifo{Agenda: "A999", Ais: "1", Local: 1, Global: testAifo}
}

// The requests to the registries are valid. ROB's envelope is validated against a schema
// of the project's own assumption.
func TestInternalRequests(t *testing.T) {
	const (
		eop   = "aiseop/xsd/AisEopMediaCtiPodleUdaju.xsd"
		ecd   = "aisecd/xsd/AisEcdMediaCtiPodleUdaju.xsd"
		org   = "org/xsd/OrgRozhrani.xsd"
		ruian = "ruian/xsd/cti_pro_rob/CtiProRob.xsd"
		rob   = ""
	)
	type message struct {
		schema string
		doc    []byte
	}
	messages := map[string]message{}
	for name, m := range mediaQueries() {
		src, schema := source(t, string(m.AgendaZdroj)), eop
		if src.Step == "X22" {
			schema = ecd
		}
		st := testStep(m, "Jmeno", src.Photo, src.Photo, "ROBCti")
		messages[strings.ToLower(src.Step)+"-"+name] = message{schema,
			AppendMediaRequest(nil, st, src)}
		messages["o25-"+name] = message{rob, AppendVerify(nil, st, testPerson())}
	}
	st := testStep(mediaQueries()["criteria"], "EopPodpis", "EopFoto")
	messages["x21-both"] = message{eop, AppendMediaRequest(nil, st, source(t, "Eop"))}
	messages["o08"] = message{rob, AppendRead(nil, st, testPerson(),
		[]string{"Aifo", "Jmeno", "DatovaSchranka"})}
	tr := &Translation{
		Source: AgendaAis{"A117", "7"}, Target: AgendaAis{"A999", "1"},
		Map: []PrevodAifo{{Local: 3, Global: testAifo, Overeno: Yes, Agenda: "ignored"}},
	}
	messages["g27"] = message{org, AppendTranslate(nil, st, OrgCtiAifo, tr)}
	messages["g02"] = message{org, AppendTranslate(nil, st, OrgZalozAifo, tr)}
	places := []Place{{Kod: 554782, Kind: LokalitaOB}, {Kod: 14492253},
		{Kod: 500054, Kind: LokalitaMP}}
	messages["a28-read"] = message{ruian, AppendPlaces(nil, st, true, places)}
	messages["a28-verify"] = message{ruian, AppendPlaces(nil, st, false, places)}

	for name, m := range messages {
		t.Run(name, func(t *testing.T) {
			golden(t, "internal-"+name, m.doc)
			if doc := string(m.doc); strings.Contains(doc, "PrioritaAis") || strings.Contains(doc,
				"ffffffff") {
				t.Error("the request has a part of the caller's header that is not for registries")
			}
			o := newOracle(t)
			if m.schema == rob {
				m.schema = o.robEnvelope(t)
			}
			o.validate(t, m.schema, payload(m.doc))
		})
	}
}

// ROB compares the items of the search (seed E198 §8.2.2).
func TestSearchItems(t *testing.T) {
	for kind, want := range map[QueryKind]string{
		NoQuery:                 "",
		Dotaz1JmPrijRC:          "Jmeno Prijmeni",
		Dotaz2JmPrijDatNar:      "Jmeno Prijmeni DatumNarozeni",
		Dotaz3JmPrijDatNarMN:    "Jmeno Prijmeni DatumNarozeni MistoNarozeni",
		Dotaz4JmPrijDatNarTP:    "Jmeno Prijmeni DatumNarozeni AdresaPobytu",
		Dotaz5JmPrijDokladOp:    "Jmeno Prijmeni Doklad",
		Dotaz5JmPrijDokladCd:    "Jmeno Prijmeni Doklad",
		Dotaz5JmPrijDokladEmpty: "Jmeno Prijmeni Doklad",
	} {
		if got := strings.Join(kind.SearchItems(), " "); got != want {
			t.Errorf("SearchItems(%d) = %q, want %q", kind, got, want)
		}
	}
}

// What the gateway itself sends to the registries is read as those messages.
func TestInternalRequestsAreRead(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "internal-*.golden.xml"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	items := map[string]string{
		"x21-both": "EopFoto EopPodpis",
		"o08":      "Aifo Jmeno DatovaSchrankaROB",
		"o25-card": "Jmeno Prijmeni Doklad",
	}
	r := NewReader(DefaultBounds())
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "internal-"), ".golden.xml")
		code, _, _ := strings.Cut(strings.ToUpper(name), "-")
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r.Reset(ServiceByCode(code))
		if err := r.Feed(doc, true); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		h := r.Head()
		if o := h.Check(); o != nil || !r.Done() || !h.Enveloped {
			t.Errorf("%s: %v", name, o)
		}
		if h.HasItems != (h.Service.Reads != 0) || string(h.Info.IszrZadostId) != testIszrID {
			t.Errorf("%s: items %v, number %s", name, h.HasItems, h.Info.IszrZadostId)
		}
		if want, got := items[name], strings.Join(wordsOf(h), " "); want != "" && got != want {
			t.Errorf("%s: items %s, want %s", name, got, want)
		}
		delete(items, name)
	}
	for name := range items {
		t.Errorf("there is no %s", name)
	}
}
