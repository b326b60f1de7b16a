package egon

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"brana/egon/xmltext"
)

// What the replies of each service hold. The examples validate against its schema.
var returnedExamples = []struct {
	name, code string
	inner      string // after the header
	want       string
}{
	{"nobody", "E05", ``, ""},
	{"one person", "E05", robReply("RobCtiPodleUdaju", person), personHolds},
	{"two persons", "E08", robReply("RobCtiHromadneAifo", person+otherPerson),
		personHolds + " DatovaSchrankaROB Doklad Obcanstvi"},
	{"version 2", "E277", robReply("RobCtiHromadneAifo2", personOf2),
		"Aifo RodnePrijmeni Email"},
	{"version 2 by search", "E278", robReply("RobCtiPodleUdaju2", person), personHolds},
	{"without a number", "E03", robReply("RobCtiAifo", withoutAifo(person)), readHolds},
	{"version 2 without a number", "E276", robReply("RobCtiAifo2", withoutAifo(person)),
		readHolds},
	{"verified", "E183", robReply("RobOverHromadneAifo", verified),
		"Aifo DatovaSchrankaROB DatumNarozeni Jmeno Doklad"},
	{"verified, version 2", "E279", robReply("RobOverHromadneAifo2", verified),
		"Aifo DatovaSchrankaROB DatumNarozeni Jmeno Doklad"},

	{"legal person", "E20", rosReply("RosCtiIco", `<sdo:PravnickaOsoba>`+firm+
		`<dot:OsobaAgendy>`+inAgenda+`</dot:OsobaAgendy><dot:StatutarniOrgany>`+
		`<edi:StatutarniOrgan><ros:OsobaIco>00000019</ros:OsobaIco></edi:StatutarniOrgan>`+
		`</dot:StatutarniOrgany></sdo:PravnickaOsoba>`),
		firmHolds + " ObchodniNazev DatumVznikuOpravneni StatutarniOrgany"},
	{"natural person with a licence", "E21", rosReply("RosCtiAifo", `<sdo:FyzickaOsoba>`+
		firm+`<dot:OsobyAgendy><dot:OsobaAgendy>`+inAgenda+
		`</dot:OsobaAgendy></dot:OsobyAgendy><dot:Fo><ros:Aifo>1</ros:Aifo></dot:Fo>`+
		`</sdo:FyzickaOsoba>`) + robReply("RobCtiHromadneAifo", person),
		"AdresaPobytu Aifo Jmeno MistoNarozeni Prijmeni " + firmHolds +
			" ObchodniNazev DatumVznikuOpravneni FyzickaOsoba"},
	{"found firms", "E22", rosReply("RosCtiPodleUdaju", `<sdo:PravnickaOsoba>`+
		strings.Replace(firm, "<dot:IdZmeny>", "<dot:CasZmeny>2026-01-02T03:04:05</dot:CasZmeny>"+
			"<dot:IdZmeny>", 1)+`</sdo:PravnickaOsoba>`), firmHolds},
	{"application for a number", "E20", rosReply("RosCtiIco", `<sdo:UdajeZadosti>`+
		`<ros:NazevOsoby>Lhota</ros:NazevOsoby><ros:KodAgendy>A101</ros:KodAgendy>`+
		`</sdo:UdajeZadosti>`), "ObchodniNazev"},

	{"AISEO, person of ROB", "E158", `<e:AiseoOdpoved><e:AiseoZtotozneniDataResponse>` + eoOK +
		`</e:AiseoZtotozneniDataResponse></e:AiseoOdpoved>` +
		robReply("RobCtiHromadneAifo", person), personHolds},
	{"AISEO by AIFO", "E159", `<e:AiseoOdpoved><e:AiseoCtiAifoDataResponse>` + eoOK +
		`<x11:Aifo>1</x11:Aifo><x11:OsobaEO>` + inhabitant +
		`</x11:OsobaEO></e:AiseoCtiAifoDataResponse></e:AiseoOdpoved>`, inhabitantHolds},
	{"AISEO by search", "E160", robReply("RobCtiHromadneAifo", person), personHolds},
	{"AISEO by AIFO, version 2", "E171", `<e:AiseoOdpoved><e:AiseoCtiAifo2DataResponse>` + eoOK +
		`<x15:Osoba><x15:Aifo>1</x15:Aifo><x15:OsobaEO>` + inhabitant + `</x15:OsobaEO>` +
		`</x15:Osoba></e:AiseoCtiAifo2DataResponse></e:AiseoOdpoved>` +
		robReply("RobCtiAifo", withoutAifo(person)),
		"AdresaPobytu MistoNarozeni " + inhabitantHolds},
	{"AISEO by search, version 2", "E172", `<e:AiseoOdpoved>` +
		`<e:AiseoCtiPodleUdaju2DataResponse><x13:AiseoAplikacniStatus>` +
		`<eo:VysledekAiseoKodType>OK</eo:VysledekAiseoKodType></x13:AiseoAplikacniStatus>` +
		`</e:AiseoCtiPodleUdaju2DataResponse><e:AiseoCtiAifo2DataResponse>` + eoOK +
		`<x15:Osoba><x15:Aifo>1</x15:Aifo><x15:OsobaEO>` + inhabitant + `</x15:OsobaEO>` +
		`</x15:Osoba></e:AiseoCtiAifo2DataResponse></e:AiseoOdpoved>`, inhabitantHolds},
	{"AISEO by AIFO, version 3", "E270", `<e:AiseoOdpoved><e:AiseoCtiAifo3DataResponse>` + seOK +
		`<x31:KompletniUdaje><se3:Aifo>1</se3:Aifo><se3:RodneCislo>7705030001</se3:RodneCislo>` +
		`<se3:Prijmeni xsi:nil="true"/><se3:Jmeno>ZORAN</se3:Jmeno></x31:KompletniUdaje>` +
		`</e:AiseoCtiAifo3DataResponse></e:AiseoOdpoved>`, "Jmeno RodneCislo"},

	{"media of EOP and items of ROB", "E198", `<e:RobOdpoved><e:RobCtiPodleUdajuDataResponse>` +
		robOK + person + `</e:RobCtiPodleUdajuDataResponse></e:RobOdpoved><e:EopOdpoved>` +
		`<e:EopOdpoved><eop:EopOdpovedV1>` + media + `</eop:EopOdpovedV1></e:EopOdpoved>` +
		`</e:EopOdpoved>`, personHolds + " EopFoto"},
	{"media of ECD", "E198", `<e:EcdOdpoved><e:EcdOdpoved><ecd:EcdOdpovedV1>` + media +
		`<se:Podpisy><se:Podpis>AAAA</se:Podpis><se:DatumVydani>2020-01-01</se:DatumVydani>` +
		`</se:Podpisy></ecd:EcdOdpovedV1></e:EcdOdpoved></e:EcdOdpoved>`,
		"EcdFoto EcdPodpis"},
	{"media without a picture", "E198", `<e:EopOdpoved><e:EopOdpoved><eop:EopOdpovedV1>` + seOK +
		`<se:Fotky><se:Fotka xsi:nil="true"/><se:DatumVydani>2020-01-01</se:DatumVydani></se:Fotky>` +
		`<se:Podpisy xsi:nil="true"/></eop:EopOdpovedV1></e:EopOdpoved></e:EopOdpoved>`, ""},
	{"ROB's message", "O08", ofRob("RobCtiHromadneAifo", person), personHolds},
	{"ROB's message of version 2", "O08", ofRob("RobCtiHromadneAifo2", personOf2),
		"Aifo RodnePrijmeni Email"},
	{"ROB's search of version 2", "O05", ofRob("RobCtiPodleUdaju2", person), personHolds},
	{"ROB's read of version 2", "O03", ofRob("RobCtiAifo2", withoutAifo(person)), readHolds},
	{"verified by ROB's version 2", "O25", ofRob("RobOverHromadneAifo2", verified),
		"Aifo DatovaSchrankaROB DatumNarozeni Jmeno Doklad"},
	{"search inputs that ROB has compared", "E198", `<e:RobOdpoved>` +
		`<e:RobOverHromadneAifoDataResponse>` + robOK + verified +
		`</e:RobOverHromadneAifoDataResponse></e:RobOdpoved>`, ""},
}

const (
	robOK = `<rod:RobAplikacniStatus><rob:VysledekRobKodType>OK</rob:VysledekRobKodType>` +
		`</rod:RobAplikacniStatus>`
	eoOK = `<iszd:AiseoAplikacniStatus><eo:VysledekAiseoKodType>OK</eo:VysledekAiseoKodType>` +
		`</iszd:AiseoAplikacniStatus>`
	seOK = `<se:AisAplikacniStatus><se:VysledekAisKod>OK</se:VysledekAisKod>` +
		`</se:AisAplikacniStatus>`

	person = `<rod:Osoba><rod:AdresaPobytu>14492253</rod:AdresaPobytu><rod:Aifo>1</rod:Aifo>` +
		`<rod:AifoKontrolaType>` + sumOfAifo + `</rod:AifoKontrolaType>` +
		`<rod:DatumNarozeni xsi:nil="true"/><rod:Jmeno stav="spravny">ZORAN</rod:Jmeno>` +
		`<rod:MistoNarozeni><rob:NarozeniCr obec="true">554782</rob:NarozeniCr>` +
		`</rod:MistoNarozeni><rod:Prijmeni>VOSÁHLO</rod:Prijmeni></rod:Osoba>`
	personHolds = "AdresaPobytu Aifo Jmeno MistoNarozeni Prijmeni"
	readHolds   = "AdresaPobytu Jmeno MistoNarozeni Prijmeni"
	otherPerson = `<rod:Osoba><rod:Aifo>2</rod:Aifo><rod:DatovaSchranka>abc2345` +
		`</rod:DatovaSchranka><rod:Doklady><rob:Cislo>123456789</rob:Cislo><rob:Druh>ID` +
		`</rob:Druh></rod:Doklady><rod:Obcanstvi>203</rod:Obcanstvi></rod:Osoba>`
	personOf2 = `<rod:Osoba><rod:Aifo>1</rod:Aifo><rod:RodnePrijmeni>NOVÁ</rod:RodnePrijmeni>` +
		`<rod:Email>z@example.cz</rod:Email></rod:Osoba>`
	verified = `<rod:Osoba><rod:Aifo>1</rod:Aifo><rod:OvereneUdaje>Aifo Jmeno DatovaSchranka` +
		`</rod:OvereneUdaje><rod:CastecneOvereneUdaje>DatumNarozeni</rod:CastecneOvereneUdaje>` +
		`<rod:NeovereneUdaje> Doklad ` + "\n" + `</rod:NeovereneUdaje></rod:Osoba>`
	sumOfAifo = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB" +
		"QUFBQQ=="

	firm = `<dot:Ico>00000019</dot:Ico><dot:IdZmeny>1</dot:IdZmeny><dot:PravniForma>` +
		`<dot:KodPravniFormy>121</dot:KodPravniFormy></dot:PravniForma>`
	firmHolds = "Ico PravniForma"
	inAgenda  = `<dot:KodAgendy>A101</dot:KodAgendy><dot:KodOvm>12345678</dot:KodOvm>` +
		`<dot:NazevOsoby>Lhota</dot:NazevOsoby>` +
		`<dot:DatumVznikuOpravneni>2020-01-01</dot:DatumVznikuOpravneni>` +
		`<dot:DatumZanikuOpravneni xsi:nil="true"/><dot:AdresaSidla xsi:nil="true"/>`

	inhabitant = `<eo:RodneCislo>7705030001</eo:RodneCislo><eo:Prijmeni>VOSÁHLO</eo:Prijmeni>` +
		`<eo:Jmeno>ZORAN</eo:Jmeno><eo:DatumNarozeni>1977-05-03</eo:DatumNarozeni>` +
		`<eo:MistoNarozeni xsi:nil="true"/><eo:DAdresa><eo:DAdr/></eo:DAdresa>` +
		`<eo:Deti><eo:Dite><eo:Prijmeni>VOSÁHLOVÁ</eo:Prijmeni><eo:Jmeno>JANA</eo:Jmeno>` +
		`</eo:Dite></eo:Deti>`
	inhabitantHolds = "DatumNarozeni Jmeno Prijmeni RodneCislo Deti"

	media = seOK + `<se:Aifo>1</se:Aifo><se:Fotky><se:Fotka>AAAA</se:Fotka>` +
		`<se:DatumVydani>2020-01-01</se:DatumVydani></se:Fotky>`
)

func robReply(data, persons string) string {
	return `<e:RobOdpoved><e:` + data + `DataResponse>` + robOK + persons + `</e:` + data +
		`DataResponse></e:RobOdpoved>`
}

// ofRob is what ROB's own reply holds of a service.
func ofRob(service, persons string) string {
	return `<e:Odpoved><rod:` + service + `DataResponse>` + robOK + persons + `</rod:` + service +
		`DataResponse></e:Odpoved>`
}

func rosReply(data, persons string) string {
	return `<e:RosOdpoved><e:` + data + `DataResponse><sdo:AplikacniStatus>` +
		`<ros:VysledekKod>OK</ros:VysledekKod></sdo:AplikacniStatus>` + persons + `</e:` +
		data + `DataResponse></e:RosOdpoved>`
}

// withoutAifo returns the children of a person but for its number.
func withoutAifo(osoba string) string {
	return strings.NewReplacer("<rod:Osoba>", "", "</rod:Osoba>", "",
		"<rod:Aifo>1</rod:Aifo>", "").Replace(osoba)
}

// replyWith returns a bare reply with an inner part that uses the prefixes of the table.
func replyWith(code, inner string) []byte {
	name := "abs:OdpovedInfo"
	if replyOf(code).Internal() {
		name = "e:OdpovedInfo"
	}
	info := appendOdpovedInfo(nil, name, &OdpovedInfo{Status: Status{Kod: OK}})
	return replyHeaded(code, string(info), inner)
}

// replyHeaded is replyWith with a header.
func replyHeaded(code, info, inner string) []byte {
	s := replyOf(code)
	doc := openReply(nil, s, false)
	doc = doc[:len(doc)-1]
	spaces := map[string]string{"xsi": NSXSI, "rob": NSRobTypes,
		"edi":  "urn:cz:isvs:ros:schemas:RosEditaceTypy:v1",
		"iszd": "urn:cz:isvs:aiseo:schemas:AiseoDotazyData:v1",
		"x13":  "urn:cz:isvs:aiseo:schemas:AiseoCtiPodleUdaju2:v1"}
	maps.Copy(spaces, replies().spaces)
	for _, prefix := range slices.Sorted(maps.Keys(spaces)) {
		doc = attr(doc, "xmlns:"+prefix, spaces[prefix])
	}
	doc = append(doc, ">"+info+inner...)
	return closeReply(doc, s, false)
}

// returnedOf reads a reply in windows of a size and returns what it held, in alphabetical
// order.
func returnedOf(t testing.TB, r *ReplyReader, code string, doc []byte, size int) string {
	t.Helper()
	r.Reset(replyOf(code))
	for from := 0; ; from += size {
		to := min(from+size, len(doc))
		if err := r.Feed(doc[from:to], to == len(doc)); err != nil {
			t.Fatalf("%v in %s", err, doc)
		}
		if to == len(doc) {
			return inOrder(slices.Collect(r.Returned().Words()))
		}
	}
}

func inOrder(words []string) string {
	slices.Sort(words)
	return strings.Join(words, " ")
}

func TestReturned(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	r.scan.SetMemo(xmltext.MemoAll) // the second reading takes leaves at once
	for _, tt := range returnedExamples {
		t.Run(tt.code+" "+tt.name, func(t *testing.T) {
			doc := replyWith(tt.code, tt.inner)
			want := inOrder(strings.Fields(tt.want))
			for _, size := range []int{len(doc) + 1, len(doc) + 1, 1, 7, 64} {
				if got := returnedOf(t, r, tt.code, doc, size); got != want {
					t.Fatalf("in windows of %d bytes: got %q, want %q", size, got, want)
				}
			}
		})
	}
}

func TestReturnedExamplesAreValid(t *testing.T) {
	o := newOracle(t)
	o.mend(t, "aiseo/xsd/AiseoCtiPodleUdaju2.xsd", "aiseo:MistoNarozeniType", "xs:string")
	rob := o.robEnvelope(t)
	for _, tt := range returnedExamples {
		t.Run(tt.code+" "+tt.name, func(t *testing.T) {
			t.Parallel()
			file := "egon/xsd/" + ServiceByCode(tt.code).Action + ".xsd"
			if ServiceByCode(tt.code).Publisher == "rob" {
				file = rob
			}
			o.validate(t, file, replyWith(tt.code, tt.inner))
		})
	}
}

// An element that is no known item is recorded by its name, within bounds.
func TestReturnedUnknownElements(t *testing.T) {
	names := func(n int) (inner string) {
		for i := range n {
			inner += fmt.Sprintf("<rod:Neznamy%d>x</rod:Neznamy%d>", i, i)
		}
		return inner
	}
	long := strings.Repeat("Á", 30)
	for _, tt := range []struct{ name, inner, want string }{
		{"one", "<rod:Nove>x</rod:Nove><rod:Jmeno>y</rod:Jmeno>", "?Nove Jmeno"},
		{"twice", "<rod:Nove>x</rod:Nove><rod:Nove>x</rod:Nove>", "?Nove"},
		{"empty", "<rod:Nove/><rod:Nove2> \n</rod:Nove2>", ""},
		{"a value inside", "<rod:Nove><rod:Deep><rod:Jmeno>x</rod:Jmeno></rod:Deep></rod:Nove>",
			"?Nove"},
		{"a known name of another namespace", "<rob:Jmeno>x</rob:Jmeno>", "?Jmeno"},
		{"as many as there is room for", names(8),
			"?Neznamy0 ?Neznamy1 ?Neznamy2 ?Neznamy3 ?Neznamy4 ?Neznamy5 ?Neznamy6 ?Neznamy7"},
		{"more", names(10), "?Neznamy0 ?Neznamy1 ?Neznamy2 ?Neznamy3 ?Neznamy4 ?Neznamy5 " +
			"?Neznamy6 ?Neznamy7 ?…"},
		{"long", "<rod:" + long + ">x</rod:" + long + ">", "?" + long[:40] + "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := NewReplyReader(DefaultBounds())
			r.scan.SetMemo(xmltext.MemoAll)
			doc := replyWith("E05", robReply("RobCtiPodleUdaju",
				"<rod:Osoba>"+tt.inner+"</rod:Osoba>"))
			for range 2 {
				if got := returnedOf(t, r, "E05", doc, len(doc)); got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			}
		})
	}
}

// What ROB says in a list of verified items is no name: it may be anything.
func TestReturnedListsHoldNothingElse(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	for _, tt := range []struct{ list, want string }{
		{"Jmeno VOSÁHLO", "?OvereneUdaje Jmeno"},
		{strings.Repeat("Jmeno ", 300), "?OvereneUdaje Jmeno"},
		{"", ""},
	} {
		doc := replyWith("E183", robReply("RobOverHromadneAifo", "<rod:Osoba><rod:OvereneUdaje>"+
			tt.list+"</rod:OvereneUdaje></rod:Osoba>"))
		if got := returnedOf(t, r, "E183", doc, len(doc)); got != tt.want {
			t.Errorf("list %.20q: got %q, want %q", tt.list, got, tt.want)
		}
	}
}

// The queue delivers the reply of another service, by whose table it is read.
func TestReturnedOfADeliveredReply(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	for code, want := range map[string]string{
		"E05": "Aifo Jmeno",
		"E20": "?RobCtiPodleUdajuDataResponse", // it does not have that
	} {
		inner := replyWith(code, robReply("RobCtiPodleUdaju",
			"<rod:Osoba><rod:Aifo>1</rod:Aifo><rod:Jmeno>x</rod:Jmeno></rod:Osoba>"))
		doc := AppendQueueAnswer(nil, true, &OdpovedInfo{Status: Status{Kod: OK}}, inner)
		if got := returnedOf(t, r, "E100", doc, 100); got != want {
			t.Errorf("a reply of %s: got %q, want %q", code, got, want)
		}
	}
}

// A Fault holds nothing, nor does a reply of a service without a table.
func TestReturnedNothing(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	for code, doc := range map[string][]byte{
		"E05": AppendFault(nil, FaultServer, "<rod:Jmeno>x</rod:Jmeno>", "x"),
		"E45": replyWith("E45", robReply("RobCtiPodleUdaju", person)),
	} {
		if got := returnedOf(t, r, code, doc, len(doc)); got != "" {
			t.Errorf("%s: got %q", code, got)
		}
		if r.Returned().Empty() != true {
			t.Errorf("%s is not empty", code)
		}
	}
}

func TestMergedReturned(t *testing.T) {
	var a, b Returned
	long := strings.Repeat("x", 50)
	a.Add("Jmeno")
	a.Add("Nove")
	b.Add("EopFoto")
	b.Add("Nove")
	b.Add(long)
	a.Merge(&b)
	a.Merge(&b)
	want := []string{"Jmeno", "EopFoto", "?Nove", "?" + long[:40] + "…"}
	if diff := cmp.Diff(want, slices.Collect(a.Words())); diff != "" {
		t.Error(diff)
	}
	var many, none Returned
	for i := range maxUnknown + 1 {
		many.Add(fmt.Sprint("Nove", i))
	}
	none.Merge(&many)
	if got := slices.Collect(none.Words()); len(got) != maxUnknown+1 || got[maxUnknown] != "?…" {
		t.Errorf("of more names than there is room for: %v", got)
	}
	for word := range a.Words() {
		if IsUnknownName(word) == slices.Contains(ReturnedWords(), word) {
			t.Errorf("%s is both", word)
		}
	}
}

// The bounds of a Returned and of a collector fit the table.
func TestReturnedTableFitsItsBounds(t *testing.T) {
	if n := len(ReturnedWords()); n > maxItemWords {
		t.Errorf("%d words", n)
	}
	deepest := 0
	for _, root := range replies().roots {
		deepest = max(deepest, depthOf(root))
	}
	if deepest != maxPlaces {
		t.Errorf("the table is %d places deep, the bound is %d", deepest, maxPlaces)
	}
	listed := 0
	for name := range replies().robWords {
		listed += len(name) + 1
	}
	if listed > maxListed {
		t.Errorf("all words of ROB have %d bytes, more than %d", listed, maxListed)
	}
}

func depthOf(p *replyPlace) int {
	deepest := 0
	for _, r := range p.rows {
		if r.is == isPlace {
			deepest = max(deepest, depthOf(r.inside))
		}
	}
	return 1 + deepest
}
