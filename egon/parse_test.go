package egon

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"brana/egon/xmltext"
)

func answer(t testing.TB, name string) []byte {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("testdata", "answers", name+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// must returns the result of a Parse function.
func must[T any](t *testing.T) func(*T, error) *T {
	return func(r *T, err error) *T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}

const testAifo = "iaG1BBvjvYcCn7WRcXS+4MQ="

// The answers of the tests are valid by the contracts.
func TestAnswersKeepToTheSchemas(t *testing.T) {
	o := newOracle(t)
	rob := o.robEnvelope(t)
	for name, schema := range map[string]string{
		"g27": "org/xsd/OrgRozhrani.xsd", "g27-merged": "org/xsd/OrgRozhrani.xsd",
		"o25": rob, "o25-differs": rob, "o25-unknown": rob, "o08": rob, "failed": rob,
		"a28-v1": "ruian/xsd/cti_pro_rob/CtiProRob.xsd",
		"a28-v2": "ruian/xsd/ext/v2/cti_pro_rob/CtiProRob.xsd",
	} {
		t.Run(name, func(t *testing.T) {
			doc := strings.TrimSpace(string(answer(t, name)))
			o.validate(t, schema, payload([]byte(doc)))
		})
	}
}

func TestParseTranslateReply(t *testing.T) {
	r := must[TranslateReply](t)(ParseTranslateReply(answer(t, "g27"), OrgCtiAifo))
	want := PrevodAifo{Agenda: "A999", Ais: "1", Local: 1, Global: testAifo}
	if got, ok := r.Translated(1); !ok || got != want {
		t.Errorf("Translated(1) = %v, %v, want %v", got, ok, want)
	}
	if got, ok := r.Translated(2); ok {
		t.Errorf("Translated(2) = %v, want none", got)
	}
	if r.Org != nil || r.Codes != nil || r.Info.Status.Kod != OK {
		t.Errorf("reply = %+v", r)
	}
	if r.Info.AgendaZadostId != testAgendaID || r.Info.IszrZadostId != testIszrID {
		t.Errorf("info = %+v", r.Info)
	}
}

func TestParseTranslateReplyThatFails(t *testing.T) {
	r := must[TranslateReply](t)(ParseTranslateReply(answer(t, "g27-merged"), OrgCtiAifo))
	if got, ok := r.Translated(1); ok {
		t.Errorf("Translated(1) = %v, want none", got)
	}
	if diff := cmp.Diff([]PrevodAifo{{Local: 1, Status: "AifoZdrojNeplatne"}}, r.Map); diff != "" {
		t.Errorf("Map (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"OSOBA SPOJENA", "ZAZNAM NENALEZEN"}, r.Codes); diff != "" {
		t.Errorf("Codes (-want +got):\n%s", diff)
	}
	want := Status{Kod: Varovani, Details: []Detail{{SubKod: "APLIKACNI CHYBA",
		Puvodce: Party{Registr, "ORG"}}}}
	if diff := cmp.Diff(want, r.Info.Status); diff != "" {
		t.Errorf("Status (-want +got):\n%s", diff)
	}
}

func TestParseVerifyReply(t *testing.T) {
	tests := []struct {
		answer string
		kod    string
		sub    string // of the only detail; empty: no detail
		person VerifiedPerson
		known  Tri
	}{
		{"o25", OK, "", VerifiedPerson{Local: 1, Overene: []string{"Aifo", "Jmeno", "Prijmeni"}},
			Yes},
		{"o25-differs", Varovani, "PARCIALNI ZAZNAM NEOVEREN", VerifiedPerson{
			Local: 1, Overene: []string{"Aifo", "Jmeno"}, CastecneOverene: []string{"Doklad"},
			Neoverene: []string{"Prijmeni", "DatumNarozeni"},
		}, Yes},
		{"o25-unknown", Varovani, "PARCIALNI ZAZNAM NENALEZEN", VerifiedPerson{Local: 1}, No},
	}
	for _, tt := range tests {
		t.Run(tt.answer, func(t *testing.T) {
			r := must[VerifyReply](t)(ParseVerifyReply(answer(t, tt.answer)))
			sub := ""
			for _, d := range r.Rob.Details {
				sub += d.SubKod
			}
			if r.Rob.Kod != tt.kod || sub != tt.sub {
				t.Errorf("Rob = %+v, want %s %s", r.Rob, tt.kod, tt.sub)
			}
			// An empty list is read as none.
			for _, list := range []*[]string{&r.Persons[0].Overene, &r.Persons[0].CastecneOverene,
				&r.Persons[0].Neoverene} {
				if len(*list) == 0 {
					*list = nil
				}
			}
			if diff := cmp.Diff([]VerifiedPerson{tt.person}, r.Persons); diff != "" {
				t.Errorf("Persons (-want +got):\n%s", diff)
			}
			want := []PrevodAifo{{Agenda: "A999", Ais: "1", Local: 1, Global: testAifo,
				Overeno: tt.known}}
			if diff := cmp.Diff(want, r.Map); diff != "" {
				t.Errorf("Map (-want +got):\n%s", diff)
			}
		})
	}
}

// Of ROB's answer to O25 only the names of the items that agree are passed on, no value
// and nothing else.
func TestVerifyReplyHoldsWhatAgrees(t *testing.T) {
	const said = "<Aifo>1</Aifo><OvereneUdaje>Aifo Jmeno Prijmeni</OvereneUdaje>"
	for name, person := range map[string]string{
		"as the schema has it": said,
		"items": "<Jmeno>MAREK</Jmeno>" + said +
			"<Doklady><Cislo>1</Cislo></Doklady>",
		"items in a list":   said + "<NeovereneUdaje><Jmeno>MAREK</Jmeno></NeovereneUdaje>",
		"another namespace": said + `<NeovereneUdaje xmlns="u">MAREK</NeovereneUdaje>`,
		"text and comments": "MAREK" + said + "<!-- MAREK --><![CDATA[MAREK]]>",
	} {
		doc := strings.Replace(string(answer(t, "o25")), said, person, 1)
		r := must[VerifyReply](t)(ParseVerifyReply([]byte(doc)))
		if _, osoba, _ := strings.Cut(string(r.Block), "<Osoba"); !strings.HasSuffix(osoba,
			">"+said+"</Osoba>") {
			t.Errorf("%s: %s", name, r.Block)
		}
	}
}

// Only XML white space separates the words of a list. Words that another blank joins are
// one word, and no item.
func TestWordsOfAList(t *testing.T) {
	for list, want := range map[string][]string{
		"\n\tJmeno \r\n Prijmeni ": {"Jmeno", "Prijmeni"},
		"Jmeno\u00a0Prijmeni":      {"Jmeno\u00a0Prijmeni"},
		"Jmeno\u0085Prijmeni":      {"Jmeno\u0085Prijmeni"},
		"Jmeno\u3000":              {"Jmeno\u3000"},
		"":                         {},
	} {
		if got := words(&xmltext.Node{Text: list}); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", list, got, want)
		}
	}
	for value, want := range map[string]Tri{"true": Yes, " 1\n": Yes, "0": No, " false ": No,
		"TRUE": No, "true\u00a0": No, "": No} {
		if got := triOf(value); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func TestParseReadReply(t *testing.T) {
	r := must[ReadReply](t)(ParseReadReply(answer(t, "o08"), robItems))
	want := []Place{{Kod: 14492253, Kind: AdresniMisto}, {Kod: 500054, Kind: LokalitaMP},
		{Kod: 554782, Kind: LokalitaOB}}
	if diff := cmp.Diff(want, r.Places); diff != "" {
		t.Errorf("Places (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{1}, r.Persons); diff != "" {
		t.Errorf("Persons (-want +got):\n%s", diff)
	}
	if r.Rob.Kod != OK || len(r.Block) == 0 {
		t.Errorf("reply = %+v", r)
	}
}

// Nothing that was not requested from ROB is passed on: no value, no item of its version
// 2, no reference to RUIAN.
func TestReadReplyHoldsWhatWasAsked(t *testing.T) {
	doc := strings.Replace(string(answer(t, "o08")), "</rod:Osoba>",
		"<rod:RodnePrijmeni xsi:nil='1'/><rod:DatumUmrti xsi:nil='true'>2020-01-01</rod:DatumUmrti><rod:Doklady><rob:Cislo>1</rob:Cislo></rod:Doklady>"+
			"<rod:Obcanstvi>203</rod:Obcanstvi> <rod:Jine/><Prijmeni>X</Prijmeni></rod:Osoba>", 1)
	for items, want := range map[string]string{
		"":                      "Aifo=1 DatovaSchranka=",
		"Jmeno Obcanstvi":       "Aifo=1 DatovaSchranka= Jmeno=MAREK Obcanstvi=203",
		"Doklad AdresaPobytu":   "AdresaPobytu=14492253 Aifo=1 DatovaSchranka= Doklady=",
		"RodnePrijmeni Jine":    "Aifo=1 DatovaSchranka=",
		"MistoUmrti":            "Aifo=1 DatovaSchranka= MistoUmrti=",
		"Prijmeni Aifo Doklady": "Aifo=1 DatovaSchranka= Prijmeni=ROLNIČKA",
	} {
		r := must[ReadReply](t)(ParseReadReply([]byte(doc), strings.Fields(items)))
		root, err := xmltext.Parse([]byte("<x>"+string(r.Block)+"</x>"), xmltext.DefaultBounds())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range root.Child(NSRobData, "Osoba").Children {
			got = append(got, n.Local+"="+n.Value())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("asked for %q: %s, want %s", items, got, want)
		}
		if places := strings.Contains(items, "Adresa") ||
			strings.Contains(items, "Umrti"); (len(r.Places) == 1) != places {
			t.Errorf("asked for %q: places %v", items, r.Places)
		}
	}
}

func TestParsePlacesReply(t *testing.T) {
	for name, states := range map[string][3]string{
		"a28-v1": {"existuje", "existuje", "existuje"},
		"a28-v2": {"zrusen", "existuje", "nenalezen"},
	} {
		t.Run(name, func(t *testing.T) {
			r := must[PlacesReply](t)(ParsePlacesReply(answer(t, name)))
			want := []Place{
				{Kod: 14492253, Kind: AdresniMisto, Stav: states[0]},
				{Kod: 554782, Kind: LokalitaOB, Stav: states[1]},
				{Kod: 500054, Kind: LokalitaMP, Stav: states[2]},
			}
			if diff := cmp.Diff(want, r.Places); diff != "" {
				t.Errorf("Places (-want +got):\n%s", diff)
			}
		})
	}
}

// An answer with the status CHYBA needs no data.
func TestParseSystemError(t *testing.T) {
	want := Status{Kod: Chyba, Details: []Detail{{
		SubKod: "NENI K DISPOZICI", Popis: "údržba", Puvodce: Party{Registr, "ROB"},
	}}}
	verify := must[VerifyReply](t)(ParseVerifyReply(answer(t, "failed")))
	read := must[ReadReply](t)(ParseReadReply(answer(t, "failed"), robItems))
	for _, got := range []Status{verify.Info.Status, read.Info.Status} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Status (-want +got):\n%s", diff)
		}
	}
}

func TestParseFault(t *testing.T) {
	_, err := ParsePlacesReply(answer(t, "fault"))
	var fault *FaultError
	if !errors.As(err, &fault) {
		t.Fatalf("err = %v, want a fault", err)
	}
	if *fault != (FaultError{"Server", "stack trace of ROB"}) {
		t.Errorf("fault = %+v", fault)
	}
	if strings.Contains(err.Error(), "stack") {
		t.Errorf("error %q quotes the text of the fault", err)
	}
}

// parsers returns the Parse functions with one signature.
func parsers() map[string]func([]byte) error {
	return map[string]func([]byte) error{
		"translate": func(doc []byte) error {
			_,
				err := ParseTranslateReply(doc, OrgCtiAifo)
			return err
		},
		"create": func(doc []byte) error {
			_,
				err := ParseTranslateReply(doc, OrgZalozAifo)
			return err
		},
		"verify": func(doc []byte) error { _, err := ParseVerifyReply(doc); return err },
		"read":   func(doc []byte) error { _, err := ParseReadReply(doc, robItems); return err },
		"places": func(doc []byte) error { _, err := ParsePlacesReply(doc); return err },
	}
}

// An answer without a part that the workflow needs is an error that names the part.
func TestParseNamesWhatIsMissing(t *testing.T) {
	tests := []struct {
		name, parser, answer string
		old, new             string
		want                 string
	}{
		{"no XML", "verify", "o25", "<s:Body>", "<s:Body", "parse answer"},
		{"another envelope", "verify", "o25", "schemas.xmlsoap.org/soap/envelope/",
			"www.w3.org/2003/05/soap-envelope", "}Envelope"},
		{"a Header only", "verify", "o25", "s:Body>", "s:Header>", "}Body"},
		{"another service of ROB", "read", "o25", "", "", "RobCtiHromadneAifoDataResponse"},
		{"another operation of ORG", "create", "g27", "", "", "OrgZalozAifoResponse"},
		{"another version", "places", "a28-v2", "CtiProRob:v2", "CtiProRob:v3",
			"CtiProRobResponse"},
		{"two payloads", "verify", "o25", "<s:Body>", `<s:Body><x/>`, "RobSyncDotazResponse"},
		{"no header", "verify", "o25", "OdpovedInfo", "Info", "OdpovedInfo"},
		{"no status", "verify", "o25", "reg:Status", "reg:Stav", "}Status"},
		{"an unknown status", "verify", "o25", "VysledekKod>OK", "VysledekKod>ok", "VysledekKod"},
		{"no answer", "verify", "o25", "Odpoved>", "Vysledek>", "}Odpoved in"},
		{"no application status", "verify", "o25", "RobAplikacniStatus", "Status",
			"RobAplikacniStatus"},
		{"no application code", "verify", "o25", "VysledekRobKodType", "Kod", "VysledekRobKodType"},
		{"a nameless person", "verify", "o25", "<Aifo>1</Aifo>", "", "}Aifo in Osoba"},
		{"a person that is no number", "read", "o08", `stav="spravny">1<`, `stav="spravny">jedna<`,
			"number in Aifo"},
		{"a map without a person", "translate", "g27", "reg:LokalniAifo>", "reg:L>", "LokalniAifo"},
		{"a number too large", "translate", "g27", "LokalniAifo>1<", "LokalniAifo>2147483648<",
			"number in LokalniAifo"},
		{"no map", "translate", "g27", "MapaAifo", "Mapa", "MapaAifo"},
		{"a reference that is no number", "read", "o08", "14492253<", "doma<",
			"number in AdresaPobytu"},
		{"no references", "places", "a28-v1", "SeznamIdAdres", "Seznam", "SeznamIdAdres"},
		{"no addresses", "places", "a28-v1", "SeznamAdres", "Seznam", "SeznamAdres"},
		{"no localities", "places", "a28-v1", "SeznamLokalit", "Seznam", "SeznamLokalit"},
		{"an unknown state", "places", "a28-v2", "zrusen", "ztracen", "stavOvereniPrvku"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := strings.ReplaceAll(string(answer(t, tt.answer)), tt.old, tt.new)
			if tt.old == "" {
				doc = string(answer(t, tt.answer))
			}
			err := parsers()[tt.parser]([]byte(doc))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want it to name %s", err, tt.want)
			}
		})
	}
}

// An answer with two of a deciding element is an error, not the first of them.
func TestParseTakesNoContradiction(t *testing.T) {
	for _, tt := range []struct{ parser, answer, old, more, want string }{
		{"verify", "o25", "</s:Body>", "<s:Body/>",
			"one {http://schemas.xmlsoap.org/soap/envelope/}Body in Envelope"},
		{"verify", "o25", "</OdpovedInfo>", "<OdpovedInfo/>",
			"one {urn:cz:isvs:rob:schemas:RobUnivDotazy:v1}OdpovedInfo"},
		{"verify", "o25", "</reg:Status>",
			"<reg:Status><reg:VysledekKod>CHYBA</reg:VysledekKod></reg:Status>",
			"}Status in OdpovedInfo"},
		{"verify", "o25", "</reg:VysledekKod>", "<reg:VysledekKod>CHYBA</reg:VysledekKod>",
			"}VysledekKod in Status"},
		{"verify", "o25", "</MapaAifo>",
			`<MapaAifo><reg:PrevodAifo><reg:LokalniAifo stavOvereniAifo="false">1</reg:LokalniAifo></reg:PrevodAifo></MapaAifo>`, "}MapaAifo in"},
		{"verify", "o25", "</reg:LokalniAifo>",
			`<reg:LokalniAifo stavOvereniAifo="false">1</reg:LokalniAifo>`,
			"}LokalniAifo in PrevodAifo"},
		{"verify", "o25", "</RobAplikacniStatus>",
			`<RobAplikacniStatus><VysledekRobKodType xmlns="urn:cz:isvs:rob:schemas:RobTypy:v1">VAROVANI</VysledekRobKodType></RobAplikacniStatus>`, "}RobAplikacniStatus in"},
		{"verify", "o25", "<Aifo>1</Aifo>", "<Aifo>2</Aifo>", "}Aifo in Osoba"},
		{"verify", "o25", "</RobOverHromadneAifoDataResponse>",
			`<RobOverHromadneAifoDataResponse xmlns="urn:cz:isvs:rob:schemas:RobDotazyData:v1"/>`,
			"}RobOverHromadneAifoDataResponse in Odpoved"},
		{"translate", "g27", "</reg:GlobalniAifo>", "<reg:GlobalniAifo>AAAA</reg:GlobalniAifo>",
			"}GlobalniAifo in PrevodAifo"},
		{"translate", "g27", "</MapaAifo>", "<MapaAifo/>", "}MapaAifo in"},
		{"translate", "g27", "</MapaAifo>", "<OrgStatus/><OrgStatus/>", "}OrgStatus in"},
		{"places", "a28-v1", "</c:SeznamIdAdres>", "<c:SeznamIdAdres/>", "}SeznamIdAdres in"},
	} {
		doc := strings.Replace(string(answer(t, tt.answer)), tt.old, tt.old+tt.more, 1)
		err := parsers()[tt.parser]([]byte(doc))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s, %s twice: err = %v, want it to name %s", tt.answer, tt.old, err, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/answers/*.xml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(answer(f, strings.TrimSuffix(filepath.Base(file), ".xml")))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		for name, parse := range parsers() {
			if err := parse(doc); err != nil && len(err.Error()) > 1<<10 {
				t.Errorf("%s: error of %d bytes", name, len(err.Error()))
			}
		}
	})
}
