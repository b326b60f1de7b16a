package egon

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"brana/egon/xmltext"
)

const (
	replyOpen = `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body>` +
		`<e:AgendaMediaDataCtiPodleUdajuResponse xmlns:e="` + NSMedia + `" xmlns="` + NSReg +
		`" xmlns:a="` + NSAbstract + `">`
	replyClose = `</e:AgendaMediaDataCtiPodleUdajuResponse></s:Body></s:Envelope>`

	replyWarning = `<a:OdpovedInfo><CasOdpovedi>2017-09-06T07:31:55</CasOdpovedi><Status><VysledekKod>VAROVANI</VysledekKod>` +
		`<VysledekDetail><VysledekSubKod>ADRESA SMAZANA</VysledekSubKod><VysledekPopis>x</VysledekPopis></VysledekDetail>` +
		`<VysledekDetail><VysledekSubKod>NENI OPRAVNENI</VysledekSubKod></VysledekDetail></Status></a:OdpovedInfo>`
)

func TestReplies(t *testing.T) {
	tests := []struct {
		name, code, doc string
		want            string // KOD and whether it bars, fault, or kind and text of the offence
	}{
		{"status", "E198", replyOpen + replyWarning + replyClose, "VAROVANI bars"},
		{"what bars comes first", "E198", replyOpen + strings.Replace(replyWarning,
			"ADRESA SMAZANA", "NENI OPRAVNENI", 1) + replyClose, "VAROVANI bars"},
		{"what bars comes first and alone", "E198", replyOpen + strings.NewReplacer(
			"ADRESA SMAZANA", "NENI OPRAVNENI", "NENI OPRAVNENI", "X").Replace(replyWarning) +
			replyClose, "VAROVANI bars"},
		{"what bars comes in parts", "E198", replyOpen + strings.Replace(replyWarning,
			"NENI OPRAVNENI", " NENI<!-- --> <![CDATA[OPRAV]]>NEN&#73;\n", 1) + replyClose,
			"VAROVANI bars"},
		{"beside OK nothing bars", "E198", replyOpen +
			strings.Replace(replyWarning, "VAROVANI", "OK", 1) + replyClose, "OK"},
		{"a refusal of the service bars no item", "E198", replyOpen +
			strings.Replace(replyWarning, "NENI OPRAVNENI", "NENI OPRAVNENI EGON", 1) + replyClose,
			"VAROVANI"},
		{"two that bar nothing", "E198", replyOpen + strings.NewReplacer("ADRESA SMAZANA", "NENI ",
			"NENI OPRAVNENI", "OPRAVNENI").Replace(replyWarning) + replyClose, "VAROVANI"},
		{"bare", "E198", `<AgendaMediaDataCtiPodleUdajuResponse xmlns="` + NSMedia +
			`"><a:OdpovedInfo xmlns:a="` + NSAbstract +
			`"><r:Status xmlns:r="` + NSReg +
			`"><r:VysledekKod>OK</r:VysledekKod></r:Status></a:OdpovedInfo></AgendaMediaDataCtiPodleUdajuResponse>`, "OK"},
		{"no status", "E198", replyOpen + replyClose, ""},
		{"code in parts", "E198", replyOpen + strings.Replace(replyWarning, "VAROVANI",
			"CH<!-- -->Y<![CDATA[B]]>&#65;", 1) + replyClose, "CHYBA bars"},
		{"unknown code", "E198", replyOpen + strings.Replace(replyWarning, "VAROVANI",
			"OKOKOKOKOKOKOKOKOKOKOK", 1) + replyClose, " bars"},
		{"the status of a registry is not the bus's", "E198", replyOpen + `<e:RobOdpoved>` +
			replyWarning + `</e:RobOdpoved>` + replyClose, ""},
		{"nor is a second one", "E198", replyOpen + strings.NewReplacer("VAROVANI", "CHYBA",
			"NENI OPRAVNENI", "X").Replace(replyWarning) +
			replyWarning + replyClose, "CHYBA"},
		{"the queue has its own OdpovedInfo, with another reply inside", "E100",
			`<IszrAsyncOdpovedZFrontyResponse xmlns="` + NSAsyncAnswer +
				`"><KodAsyncSluzby>E198</KodAsyncSluzby><OdpovedInfo><r:Status xmlns:r="` + NSReg +
				`"><r:VysledekKod>OK</r:VysledekKod></r:Status></OdpovedInfo><IszrOdpoved>` +
				replyOpen[21:] + replyWarning + replyClose +
				`</IszrOdpoved></IszrAsyncOdpovedZFrontyResponse>`, "OK"},
		{"long and deep", "E198", replyOpen + replyWarning + strings.Repeat("<x>", 100) +
			strings.Repeat("base64++", 1000) +
			strings.Repeat("</x>", 100) + replyClose, "VAROVANI bars"},
		{"fault", "E198",
			`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode>` +
				`<faultstring>x</faultstring></s:Fault></s:Body></s:Envelope>`, "fault"},

		{"another reply", "E05", replyOpen + replyClose,
			"mismatch reply of E05 should be RobCtiPodleUdajuResponse, is AgendaMediaDataCtiPodleUdajuResponse"},
		{"a page", "E198", "<html><body>503</body></html>",
			"mismatch reply of E198 should be AgendaMediaDataCtiPodleUdajuResponse, is html"},
		{"no XML", "E198", "Bad Gateway", "malformed character data before the root element"},
		{"empty", "E198", "", "malformed document is cut short"},
		{"cut", "E198", replyOpen + replyWarning + replyClose[:len(replyClose)-1],
			"malformed document is cut short"},
		{"document type", "E198", strings.Replace(replyOpen, "<s:Envelope",
			"<!DOCTYPE a><s:Envelope", 1) + replyClose,
			"malformed document type declaration not allowed"},
		{"instruction", "E198", replyOpen + "<?a?>" + replyClose,
			"malformed processing instruction not allowed"},
		{"second operation", "E198", strings.Replace(replyOpen+replyClose, "</s:Body>",
			"<x/></s:Body>", 1), "malformed second element x in Body"},
		{"text after the operation", "E198",
			strings.Replace(replyOpen+replyClose, "</s:Body>", "x</s:Body>", 1),
			"malformed text between the elements of the envelope"},
		{"too deep", "E198", replyOpen + strings.Repeat("<x>", 126) + strings.Repeat("</x>", 126) +
			replyClose, "too large elements nest too deep"},
		{"SOAP 1.2", "E198", strings.Replace(replyOpen, "http://schemas.xmlsoap.org/soap/envelope/",
			"http://www.w3.org/2003/05/soap-envelope", 1) + replyClose,
			"version root is an Envelope of another SOAP version"},
	}
	r := NewReplyReader(DefaultBounds())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, size := range []int{len(tt.doc) + 1, 1, 7, 64} {
				if got := feedReply(t, r, tt.code, tt.doc, size); got != tt.want {
					t.Fatalf("in windows of %d bytes: got %q, want %q", size, got, tt.want)
				}
			}
		})
	}
}

// feedReply feeds a reply in windows of a size and returns what was read.
func feedReply(t testing.TB, r *ReplyReader, code, doc string, size int) string {
	t.Helper()
	r.Reset(replyOf(code))
	var err error
	for from := 0; ; from += size {
		to := min(from+size, len(doc))
		err = r.Feed([]byte(doc[from:to]), to == len(doc))
		if err != nil || to == len(doc) {
			break
		}
	}
	var o *Offence
	switch {
	case errors.As(err, &o):
		kinds := [...]string{Malformed: "malformed", OtherVersion: "version", TooLarge: "too large",
			Mismatch: "mismatch", Invalid: "invalid"}
		if r.Releasable() > o.Offset || r.Done() {
			t.Fatalf("%d bytes may leave, the offence is at byte %d", r.Releasable(), o.Offset)
		}
		return kinds[o.Kind] + " " + o.Err.Error()
	case !r.Done() || r.Releasable() != int64(len(doc)):
		t.Fatalf("at the end %d of %d bytes may leave, done %v", r.Releasable(), len(doc), r.Done())
	case r.Fault():
		return "fault"
	}
	if r.Bars() {
		return r.Kod() + " bars"
	}
	return r.Kod()
}

// The codes of a reply's details are kept within bounds, and no other text is.
func TestSubKodyOfAReply(t *testing.T) {
	details := func(codes ...string) (doc string) {
		for _, c := range codes {
			doc += `<VysledekDetail><VysledekSubKod>` + c + `</VysledekSubKod></VysledekDetail>`
		}
		return doc
	}
	var many []string
	for i := range 10 {
		many = append(many, fmt.Sprint("KOD ", i))
	}
	long := strings.Repeat("K", 100)
	for _, tt := range []struct {
		name, details string
		want          []string
	}{
		{"none", "", nil},
		{"two", details("ADRESA SMAZANA", " NENI OPRAVNENI\n"),
			[]string{"ADRESA SMAZANA", "NENI OPRAVNENI"}},
		{"the same twice", details("NENALEZENO", "NENALEZENO"), []string{"NENALEZENO"}},
		{"no code", details("Jan Novák", "jan", ""), []string{"?"}},
		{"long", details(long), []string{long[:64]}},
		{"many", details(many...), many[:8]},
	} {
		doc := replyOpen + `<a:OdpovedInfo><Status><VysledekKod>VAROVANI</VysledekKod>` +
			tt.details + `</Status></a:OdpovedInfo>` + replyClose
		r := NewReplyReader(DefaultBounds())
		for _, size := range []int{len(doc), 1, 7} {
			_ = feedReply(t, r, "E198", doc, size)
			if got := r.SubKody(); !slices.Equal(got, tt.want) {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		}
	}
}

func TestNoReplyIsReleasedTooEarly(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	r.Reset(ServiceByCode("E198"))
	doc := []byte(replyOpen + replyWarning + replyClose)
	if err := r.Feed(doc, false); err != nil || r.Done() ||
		r.Releasable() != int64(len(doc)-len(replyClose)) {
		t.Errorf("%d of %d bytes may leave before the end is known, err %v", r.Releasable(),
			len(doc), err)
	}
	if err := r.Feed(nil, true); err != nil || !r.Done() || r.Releasable() != int64(len(doc)) {
		t.Errorf("%d of %d bytes may leave at the end, err %v", r.Releasable(), len(doc), err)
	}
}

// The reader of replies reads the replies of this package's writers.
func TestReplyReaderReadsTheWriters(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	for _, s := range Services() {
		for _, enveloped := range []bool{true, false} {
			info := &OdpovedInfo{Status: Status{Kod: Chyba,
				Details: []Detail{{SubKod: "NENI OPRAVNENI"}}}}
			doc := AppendReply(nil, s, enveloped, info)
			if got := feedReply(t, r, s.Code, string(doc), len(doc)); got != "CHYBA bars" {
				t.Errorf("%s, enveloped %v: read %q", s.Code, enveloped, got)
			}
		}
	}
}

func FuzzReplyReader(f *testing.F) {
	f.Add(replyOpen+replyWarning+replyClose, uint8(3))
	f.Add(
		`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault/></s:Body></s:Envelope>`, uint8(1))
	r, off := NewReplyReader(DefaultBounds()), NewReplyReader(DefaultBounds())
	r.scan.SetMemo(xmltext.MemoAll)
	off.scan.SetMemo(xmltext.MemoOff)
	f.Fuzz(func(t *testing.T, doc string, step uint8) {
		whole := feedReply(t, off, "E198", doc, len(doc)+1)
		for range 2 { // the second time with a memo of the first
			if got := feedReply(t, r, "E198", doc, len(doc)+1); got != whole {
				t.Errorf("without a memo %q, with one %q", whole, got)
			}
		}
		if cut := feedReply(t, r, "E198", doc, 1+int(step)); cut != whole {
			t.Errorf("whole %q, in windows of %d bytes %q", whole, 1+int(step), cut)
		}
	})
}

// A reply arrives in two windows; its status is known before it is relayed.
func ExampleReplyReader() {
	r := NewReplyReader(DefaultBounds())
	r.Reset(ServiceByCode("E198"))
	reply := []byte(replyOpen + replyWarning + replyClose)
	half := len(reply) / 2
	fmt.Println(r.Feed(reply[:half], false), r.Feed(reply[half:], true))
	fmt.Println(r.Kod(), r.Bars(), r.Done())
	// Output:
	// <nil> <nil>
	// VAROVANI true true
}

func TestReplyNumber(t *testing.T) {
	const number = "2829d020-af4c-13c8-9851-1c37d859c002"
	tests := []struct{ name, info, want string }{
		{"after the status", "<Status><VysledekKod>OK</VysledekKod></Status><IszrZadostId>" +
			number + "</IszrZadostId>", number},
		{"in parts", "<IszrZadostId>" + number[:9] + "<!-- -->" + number[9:] + "</IszrZadostId>",
			number},
		{"none", "<Status/>", ""},
		{"of the caller", "<AgendaZadostId>" + number + "</AgendaZadostId>", ""},
		{"of a registry", "<x><IszrZadostId>" + number + "</IszrZadostId></x>", ""},
		{"longer than a number is", "<IszrZadostId>" + number + "x</IszrZadostId>", number},
	}
	r := NewReplyReader(DefaultBounds())
	for _, tt := range tests {
		doc := replyOpen + "<a:OdpovedInfo>" + tt.info + "</a:OdpovedInfo>" + replyClose
		for _, size := range []int{len(doc), 1} {
			feedReply(t, r, "E198", doc, size)
			if got := r.IszrZadostId(); got != tt.want {
				t.Errorf("%s, in windows of %d bytes: got %q, want %q", tt.name, size, got, tt.want)
			}
		}
	}
}

// Data of a version that no schema has may hold any item: they are recorded by their name, and
// do not leave where items are judged.
func TestDataOfAnotherVersion(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	const data = `<e:AiseoCtiAifoDataResponseV02><e:Osoba><e:Jmeno>ZORAN</e:Jmeno></e:Osoba>` +
		`</e:AiseoCtiAifoDataResponseV02>`
	info := strings.ReplaceAll(okInfo, "abs:", "e:")
	reply := func(data string) string {
		return string(replyHeaded("X11", info, "<e:AiseoOdpoved>"+data+"</e:AiseoOdpoved>"))
	}
	const name = "?AiseoCtiAifoDataResponseV02"
	doc := reply(data)
	for rule, want := range map[ReturnedRule]string{
		ObserveReturned: doc,
		FilterReturned:  warned(reply(""), name),
	} {
		got, err := filter(r, "X11", []byte(doc), Expectation{rule, granted("Jmeno"), nil}, 7, 0)
		found := r.Returned()
		if rule == FilterReturned {
			found = r.Removed()
		}
		words := slices.Collect(found.Words())
		if diff := difference(string(got), want); err != nil || diff != "" || !slices.Equal(words, []string{name}) {
			t.Errorf("%s: %v %q %s", rule, err, words, diff)
		}
	}
	_, err := filter(r, "X11", []byte(doc), Expectation{RefuseReturned, granted("Jmeno"), nil}, 7, 0)
	var o *Offence
	if !errors.As(err, &o) || o.Kind != Unpermitted {
		t.Errorf("refuse: %v", err)
	}
}
