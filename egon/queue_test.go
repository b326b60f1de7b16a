package egon

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"brana/egon/xmltext"
)

var testMoment = time.Date(2026, 3, 4, 10, 0, 0, 123e6, time.FixedZone("", 3600))

func testItem(number uint64) QueueItem {
	return QueueItem{Service: "E227", IszrZadostId: testIszrID, Number: number, Created: testMoment,
		Expires: testMoment.Add(24 * time.Hour)}
}

func TestAppendQueuePage(t *testing.T) {
	o := newOracle(t)
	for name, page := range map[string]QueuePage{
		"empty": {},
		"last":  {Items: []QueueItem{testItem(1), testItem(18446744073709551615)}},
		"more":  {Items: []QueueItem{testItem(1)}, More: true, Next: testItem(2)},
	} {
		t.Run(name, func(t *testing.T) {
			doc := AppendQueuePage(nil, true, queueInfo(OK), &page)
			golden(t, "reply-e99-"+name, doc)
			o.validate(t, "egon/xsd/IszrAsyncVypisFronty.xsd", payload(doc))
		})
	}
}

func queueInfo(kod string, details ...Detail) *OdpovedInfo {
	return &OdpovedInfo{CasOdpovedi: testMoment, Status: Status{Kod: kod, Details: details},
		AgendaZadostId: testAgendaID, IszrZadostId: testIszrID}
}

// E100 delivers the whole reply of the called service, or the time to ask again.
func TestAppendQueueAnswer(t *testing.T) {
	o := newOracle(t)
	rights := AppendRights(nil, false, queueInfo(OK), &RightsQuery{},
		[]RightsItem{{"Prijmeni", "101-1-1"}})
	delivered := AppendQueueAnswer(nil, true, queueInfo(OK), rights)
	running := queueInfo(Varovani, Detail{SubKod: "PROBIHA ZPRACOVANI"})
	running.CekaciCas = 7
	wait := AppendReply(nil, ServiceByCode("E100"), true, running)
	golden(t, "reply-e100-delivered", delivered)
	golden(t, "reply-e100-running", wait)
	o.validate(t, "egon/xsd/IszrAsyncOdpovedZFronty.xsd", payload(delivered))
	o.validate(t, "egon/xsd/IszrAsyncOdpovedZFronty.xsd", payload(wait))
	if !strings.Contains(string(delivered), string(rights)) {
		t.Error("the answer is not delivered as it stands")
	}
}

// Questions that are written are valid and are read back.
func TestQueueQuestionsAreReadBack(t *testing.T) {
	o := newOracle(t)
	other := strings.Replace(testIszrID, "2", "3", 1)
	for _, tt := range []struct {
		name, code string
		query      QueueQuery
	}{
		{"everything", "E99", QueueQuery{}},
		{"from a number", "E99", QueueQuery{From: 18446744073709551615}},
		{"since a moment", "E99", QueueQuery{Since: testMoment}},
		{"both", "E99", QueueQuery{From: 1, Since: testMoment}},
		{"one answer", "E100", QueueQuery{IDs: []string{testIszrID}}},
		{"delete two", "E101", QueueQuery{IDs: []string{testIszrID, other}}},
		{"delete all", "E101", QueueQuery{All: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := ServiceByCode(tt.code)
			for _, enveloped := range []bool{true, false} {
				doc := AppendRequest(nil, &Request{Service: s, Enveloped: enveloped,
					Info: testZadostInfo(), Inner: AppendQueueQuestion(nil, s, &tt.query)})
				o.validate(t, "egon/xsd/"+s.Action+".xsd", payload(doc))
				readBack(t, s, doc)
				got, err := ParseQueueQuery(doc, s, xmltext.DefaultBounds(), time.UTC)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(&tt.query, got); diff != "" {
					t.Errorf("enveloped %v (-want +got):\n%s", enveloped, diff)
				}
			}
		})
	}
}

// A question that breaks the contract is refused with the element's name.
func TestQueueQuestionsThatAreWrong(t *testing.T) {
	const id = "<z:IszrZadostId>2829D020-af4c-13c8-9851-1c37d859c002</z:IszrZadostId>"
	for _, tt := range []struct{ code, zadost, names string }{
		{"E99", "<z:Zadost/>", "IszrAsyncVypisFrontyData"},
		{"E99", "<z:Zadost><z:IszrAsyncVypisFrontyData/></z:Zadost><z:Zadost/>", "Zadost"},
		{"E99",
			"<z:Zadost><z:IszrAsyncVypisFrontyData><z:IdTransakceOd>-1</z:IdTransakceOd></z:IszrAsyncVypisFrontyData></z:Zadost>", "IdTransakceOd"},
		{"E99",
			"<z:Zadost><z:IszrAsyncVypisFrontyData><z:IdTransakceOd/></z:IszrAsyncVypisFrontyData></z:Zadost>", "IdTransakceOd"},
		{"E99",
			"<z:Zadost><z:IszrAsyncVypisFrontyData><z:CasVytvoreniOd>2026-03-04</z:CasVytvoreniOd></z:IszrAsyncVypisFrontyData></z:Zadost>", "CasVytvoreniOd"},
		{"E99",
			"<z:Zadost><z:IszrAsyncVypisFrontyData><z:CasVytvoreniOd>2026-03-04T00:00:00</z:CasVytvoreniOd><z:IdTransakceOd>1</z:IdTransakceOd></z:IszrAsyncVypisFrontyData></z:Zadost>", "IdTransakceOd"},
		{"E99",
			"<z:Zadost><z:IszrAsyncVypisFrontyData><IdTransakceOd>1</IdTransakceOd></z:IszrAsyncVypisFrontyData></z:Zadost>", "IdTransakceOd"},
		{"E99", "<z:Zadost foo='1'/>", "IszrAsyncVypisFrontyData"},
		{"E99", "<z:Zadost><z:IszrAsyncVypisFrontyData foo='1'/></z:Zadost>", "Atribut foo"},
		{"E99", "<z:Zadost><z:IszrAsyncVypisFrontyData xmlns:i='" + NSXSI +
			"' i:type='z:OdIdType'/></z:Zadost>", "OmezeniVypisuType"},
		{"E99", "<z:Zadost>x<z:IszrAsyncVypisFrontyData/></z:Zadost>", "text"},
		{"E100",
			"<z:Zadost><z:IszrAsyncOdpovedZFrontyData><z:IszrZadostId><![CDATA[2829D020-af4c-13c8-9851-1c37d859c002]]></z:IszrZadostId></z:IszrAsyncOdpovedZFrontyData></z:Zadost>", "prostý text"},
		{"E100",
			"<z:Zadost><z:IszrAsyncOdpovedZFrontyData><z:IszrZadostId>2829D020-af4c<!-- -->-13c8-9851-1c37d859c002</z:IszrZadostId></z:IszrAsyncOdpovedZFrontyData></z:Zadost>", "prostý text"},
		{"E100", "<z:Zadost><z:IszrAsyncOdpovedZFrontyData><z:IszrZadostId xmlns:i='" + NSXSI +
			"' i:nil='true'>2829D020-af4c-13c8-9851-1c37d859c002</z:IszrZadostId></z:IszrAsyncOdpovedZFrontyData></z:Zadost>", "Atribut nil"},
		{"E101",
			"<z:Zadost><z:IszrAsyncSmazatFrontuData><z:SmazatVse id='a'>true</z:SmazatVse></z:IszrAsyncSmazatFrontuData></z:Zadost>", "Atribut id"},
		{"E100", "", "Zadost"},
		{"E100", "<z:Zadost><z:IszrAsyncOdpovedZFrontyData/></z:Zadost>", "IszrZadostId"},
		{"E100", "<z:Zadost><z:IszrAsyncOdpovedZFrontyData>" + id + id +
			"</z:IszrAsyncOdpovedZFrontyData></z:Zadost>", "IszrZadostId"},
		{"E100",
			"<z:Zadost><z:IszrAsyncOdpovedZFrontyData><z:IszrZadostId>1</z:IszrZadostId></z:IszrAsyncOdpovedZFrontyData></z:Zadost>", "IszrZadostId"},
		{"E100", "<z:Zadost><z:IszrAsyncSmazatFrontuData/></z:Zadost>",
			"IszrAsyncSmazatFrontuData"},
		{"E101", "<z:Zadost><z:IszrAsyncSmazatFrontuData/></z:Zadost>", "SmazatVse"},
		{"E101",
			"<z:Zadost><z:IszrAsyncSmazatFrontuData><z:SmazatVse>false</z:SmazatVse></z:IszrAsyncSmazatFrontuData></z:Zadost>", "SmazatVse"},
		{"E101",
			"<z:Zadost><z:IszrAsyncSmazatFrontuData><z:SmazatVse>true</z:SmazatVse><z:IszrZadostIdPolozky>" + id + "</z:IszrZadostIdPolozky></z:IszrAsyncSmazatFrontuData></z:Zadost>", "IszrZadostIdPolozky"},
		{"E101",
			"<z:Zadost><z:IszrAsyncSmazatFrontuData><z:IszrZadostIdPolozky/></z:IszrAsyncSmazatFrontuData></z:Zadost>", "IszrZadostId"},
		{"E101",
			"<z:Zadost><z:IszrAsyncSmazatFrontuData><z:IszrZadostIdPolozky><z:Jiny/></z:IszrZadostIdPolozky></z:IszrAsyncSmazatFrontuData></z:Zadost>", "Jiny"},
	} {
		s := ServiceByCode(tt.code)
		inner := strings.ReplaceAll(tt.zadost, "<z:Zadost", `<z:Zadost xmlns:z="`+s.Namespace+`"`)
		doc := AppendRequest(nil, &Request{Service: s, Enveloped: true, Info: testZadostInfo(),
			Inner: []byte(inner)})
		_, err := ParseQueueQuery(doc, s, xmltext.DefaultBounds(), time.UTC)
		var o *Offence
		if !errors.As(err, &o) || o.Kind != Invalid || !strings.Contains(o.Popis, tt.names) {
			t.Errorf("%s with %s: %v, want one that names %s", tt.code, tt.zadost, err, tt.names)
		}
	}
	if _, err := ParseQueueQuery([]byte("<x/>"), ServiceByCode("E99"), xmltext.DefaultBounds(),
		time.UTC); err == nil {
		t.Error("another document is read as a question")
	}
	got, err := ParseQueueQuery(AppendRequest(nil, &Request{Service: ServiceByCode("E99"),
		Info: testZadostInfo()}), ServiceByCode("E99"), xmltext.DefaultBounds(), time.UTC)
	if err != nil || got.From != 0 || !got.Since.IsZero() {
		t.Errorf("E99 without a question: %+v, %v", got, err)
	}
}

// Comments between elements, xsi:nil that is false, and xsi:type with the declared type
// are accepted.
func TestQueueQuestionsAsClientsWriteThem(t *testing.T) {
	o := newOracle(t)
	for code, zadost := range map[string]string{
		"E99": "<z:Zadost> <!-- a --><z:IszrAsyncVypisFrontyData i:type='z:OmezeniVypisuType'><z:IdTransakceOd i:type='z:IdTransakceType'>1</z:IdTransakceOd>" +
			"<z:CasVytvoreniOd i:type='reg:CasovaZnackaType'>2026-03-04T00:00:00Z</z:CasVytvoreniOd></z:IszrAsyncVypisFrontyData></z:Zadost>",
		"E100": "<z:Zadost i:schemaLocation='a b'><z:IszrAsyncOdpovedZFrontyData><z:IszrZadostId i:type='reg:IszrZadostIdType'>" + testIszrID +
			"</z:IszrZadostId></z:IszrAsyncOdpovedZFrontyData></z:Zadost>",
		"E101": "<z:Zadost><z:IszrAsyncSmazatFrontuData><z:SmazatVse xmlns:x='" + NSSchema +
			"' i:type='x:boolean'>true</z:SmazatVse></z:IszrAsyncSmazatFrontuData></z:Zadost>",
	} {
		s := ServiceByCode(code)
		inner := strings.Replace(zadost, "<z:Zadost",
			`<z:Zadost xmlns:z="`+s.Namespace+`" xmlns:i="`+NSXSI+`"`, 1)
		doc := AppendRequest(nil, &Request{Service: s, Enveloped: true, Info: testZadostInfo(),
			Inner: []byte(inner)})
		o.validate(t, "egon/xsd/"+s.Action+".xsd", payload(doc))
		if _, err := ParseQueueQuery(doc, s, xmltext.DefaultBounds(), time.UTC); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// Two spellings of an id are one id.
func TestIdsAreReadInLowerCase(t *testing.T) {
	s := ServiceByCode("E100")
	doc := AppendRequest(nil, &Request{Service: s, Info: testZadostInfo(),
		Inner: AppendQueueQuestion(nil, s,
			&QueueQuery{IDs: []string{strings.ToUpper(testIszrID)}})})
	got, err := ParseQueueQuery(doc, s, xmltext.DefaultBounds(), time.UTC)
	if err != nil || got.IDs[0] != testIszrID {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseDateTime(t *testing.T) {
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"2026-03-04T10:00:00Z":                    "2026-03-04T10:00:00Z",
		"2026-03-04T10:00:00+01:00":               "2026-03-04T09:00:00Z",
		"2026-03-04T10:00:00-14:00":               "2026-03-05T00:00:00Z",
		"2026-03-04T10:00:00":                     "2026-03-04T09:00:00Z",
		"2026-07-04T10:00:00":                     "2026-07-04T08:00:00Z",
		"2014-01-01T01:00:00.6875000+01:00":       "2014-01-01T00:00:00.6875Z",
		"2026-03-04T10:00:00.123456789123456789Z": "2026-03-04T10:00:00.123456789Z",
		"2026-12-31T24:00:00Z":                    "2027-01-01T00:00:00Z",
		"2026-02-29T10:00:00Z":                    "",
		"2026-03-04":                              "",
		"":                                        "",
		"2026-03-04T10:00:00+15:00":               "",
		"12026-03-04T10:00:00Z":                   "",
	} {
		got, ok := ParseDateTime(text, prague)
		if said := got.UTC().Format(time.RFC3339Nano); ok != (want != "") || ok && said != want {
			t.Errorf("ParseDateTime(%q) = %s, %v, want %q", text, said, ok, want)
		}
	}
}

// FuzzParseQueueQuery: any message has a question or an offence.
func FuzzParseQueueQuery(f *testing.F) {
	for _, code := range []string{"E99", "E100", "E101"} {
		s := ServiceByCode(code)
		q := QueueQuery{From: 1, Since: testMoment, IDs: []string{testIszrID}}
		f.Add(code, AppendRequest(nil, &Request{Service: s, Enveloped: true, Info: testZadostInfo(),
			Inner: AppendQueueQuestion(nil, s, &q)}))
		f.Add(code, AppendRequest(nil, &Request{Service: s, Info: testZadostInfo()}))
	}
	f.Fuzz(func(t *testing.T, code string, doc []byte) {
		s := ServiceByCode(code)
		if s == nil || queueData[s.Namespace] == "" {
			return
		}
		q, err := ParseQueueQuery(doc, s, xmltext.DefaultBounds(), time.UTC)
		var o *Offence
		switch {
		case err != nil && (!errors.As(err, &o) || o.Popis == ""):
			t.Errorf("%v is no offence that says something", err)
		case err == nil && code == "E100" && len(q.IDs) != 1, err == nil && code == "E101" &&
			q.All == (len(q.IDs) > 0):
			t.Errorf("%s asks for %+v", code, q)
		}
	})
}
