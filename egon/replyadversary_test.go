package egon

import (
	"errors"
	"strings"
	"testing"

	"brana/egon/xmltext"
)

const (
	secret      = "TAJNE"
	secretJmeno = "<rod:Jmeno>" + secret + "</rod:Jmeno>"
	nilTag      = `<rod:Jmeno xmlns:xsi="` + NSXSI + `" xsi:nil="true"`
)

// Replies that hold a secret where no valid reply holds it, or in an odd way. removed is the
// item that filter takes out; "": the reply is broken and does not leave.
var adverseReplies = []struct{ name, code, inner, removed string }{
	{"an attribute", "E05", osoba(`<rod:Jmeno x="TAJNE"/>`), "Jmeno"},
	{"an attribute of a nil element", "E05", osoba(nilTag + ` x="TAJNE"/>`), "Jmeno"},
	{"an attribute deep inside", "E05", osoba(`<rod:Jmeno><rod:a x="TAJNE"/></rod:Jmeno>`), "Jmeno"},
	{"an attribute of an unknown element", "E05", osoba(`<rod:Nove x="TAJNE"/>`), "?Nove"},
	{"an attribute in a record that goes whole", "E22", rosReply("RosCtiPodleUdaju",
		`<sdo:PravnickaOsoba><dot:Ico x="TAJNE"/></sdo:PravnickaOsoba>`), "Ico"},
	{"a comment", "E05", osoba("<rod:Jmeno> <!-- TAJNE --></rod:Jmeno>"), "Jmeno"},
	{"CDATA", "E05", osoba("<rod:Jmeno><![CDATA[ ]]><![CDATA[TAJNE]]></rod:Jmeno>"), "Jmeno"},
	{"behind blank references", "E05", osoba("<rod:Jmeno>&#32;&#10;TAJNE</rod:Jmeno>"), "Jmeno"},
	{"an element that is nil and is not", "E05", osoba(nilTag + ">TAJNE</rod:Jmeno>"), "Jmeno"},
	{"another namespace", "E05", osoba(`<x:Jmeno xmlns:x="urn:x">TAJNE</x:Jmeno>`), "?Jmeno"},
	{"no namespace", "E05", osoba(`<Jmeno xmlns="">TAJNE</Jmeno>`), "?Jmeno"},
	{"a person of another namespace", "E05", robReply("RobCtiPodleUdaju",
		`<x:Osoba xmlns:x="urn:x"><x:Jmeno>TAJNE</x:Jmeno></x:Osoba>`), "?Osoba"},
	{"a person in a person", "E05", osoba("<rod:Osoba>" + secretJmeno + "</rod:Osoba>"), "?Osoba"},
	{"a person in an item", "E05",
		osoba("<rod:Prijmeni><rod:Osoba>" + secretJmeno + "</rod:Osoba></rod:Prijmeni>"), "Prijmeni"},
	{"the answer of another service", "E05", robReply("RobCtiAifo", secretJmeno),
		"?RobCtiAifoDataResponse"},
	{"another namespace from the top", "E05",
		strings.ReplaceAll(osoba(secretJmeno), "e:RobOdpoved", "RobOdpoved"), "?RobOdpoved"},
	{"another header", "E05", okInfo + osoba(secretJmeno), "Jmeno"},
	{"the reply of no service in the queue", "E100", strings.ReplaceAll(delivered(okInfo,
		osoba(secretJmeno)), "RobCtiPodleUdajuResponse", "RobCtiNecoResponse"), "?RobCtiNecoResponse"},
	{"a compressed reply in the queue", "E100", "<e:IszrOdpoved>" +
		"<e:IszrAsyncOdpovedZFrontyDataResponse><e:KomprimovanaData metoda='gzip'><reg:Base64Data>" +
		"TAJNE</reg:Base64Data></e:KomprimovanaData></e:IszrAsyncOdpovedZFrontyDataResponse>" +
		"</e:IszrOdpoved>", "?KomprimovanaData"},
	{"text in a person", "E05", osoba(secret), ""},
	{"text between the items", "E05", osoba("<rod:Email/>TAJNE<rod:Email/>"), ""},
	{"CDATA between persons", "E05", osoba("") + "<![CDATA[TAJNE]]>", ""},
}

// No byte of it leaves by filter or refuse, in windows of any size.
func TestAdverseReplies(t *testing.T) {
	r := NewReplyReader(DefaultBounds())
	r.scan.SetMemo(xmltext.MemoAll)
	for _, tt := range adverseReplies {
		doc := replyHeaded(tt.code, okInfo, tt.inner)
		for _, rule := range []ReturnedRule{FilterReturned, RefuseReturned} {
			for _, size := range []int{len(doc), len(doc), 1} {
				got, err := filter(r, tt.code, doc, Expectation{Rule: rule, Rights: granted("-Ico")}, size, 0)
				if strings.Contains(string(got), secret) {
					t.Errorf("%s, %s: the secret leaves", tt.name, rule)
				}
				kind := OffenceKind(0)
				if o := (*Offence)(nil); errors.As(err, &o) {
					kind = o.Kind
				}
				switch {
				case tt.removed == "":
					if kind != Mismatch {
						t.Errorf("%s, %s: %v, want a mismatch", tt.name, rule, err)
					}
					continue
				case rule == RefuseReturned && kind != Unpermitted, rule == FilterReturned && err != nil:
					t.Errorf("%s, %s: %v", tt.name, rule, err)
				}
				for word := range r.Removed().Words() {
					if word != tt.removed {
						t.Errorf("%s, %s: removed %s, want %s", tt.name, rule, word, tt.removed)
					}
				}
			}
		}
		if got, err := filter(r, tt.code, doc, Expectation{}, 7, 0); err != nil || string(got) != string(doc) {
			t.Errorf("%s, observe: %v", tt.name, err)
		}
	}
}

// Elements without items beside those that have some are the ones of the schemas: no others,
// and all but the compressed reply, which nobody can judge.
func TestElementsWithoutItemsAreThoseOfTheSchemas(t *testing.T) {
	x := newSchemas(t)
	want := map[string]bool{
		"RosOdpoved":    true, // of E256 to E259, whose schemas lack it
		"SeznamIdAdres": true, // at the top they have rows
		"RuianOdpoved":  true,
	}
	var walk func(e schemaElement, p *replyPlace)
	walk = func(e schemaElement, p *replyPlace) {
		for _, c := range x.childrenOf(t, e.typ) {
			switch row := p.byName[c.local]; {
			case row == nil:
				want[c.local] = true
			case row.is == isPlace && !row.inside.record && row.inside != replies().ofReplies:
				walk(c, row.inside)
			}
		}
	}
	for _, s := range returnedSections() {
		if s.is == "reply" {
			service := replyOf(s.name)
			walk(x.element(t, s.schema(), service.Response), replies().roots[service.replyName()])
		}
	}
	delete(want, "KomprimovanaData")
	for local := range want {
		if !replies().outside[local] {
			t.Errorf("the schemas have %s, the table does not", local)
		}
	}
	for local := range replies().outside {
		if !want[local] {
			t.Errorf("the table has %s, no schema does", local)
		}
	}
}
