package egon

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The official schemas accept all cases that the gateway accepts. Where the gateway
// refuses more, the reason is known.
func TestRequestsAgainstTheSchemas(t *testing.T) {
	o := newOracle(t)
	files := messageSchemas(t, o)
	var found []string
	for _, c := range requestCases(t) {
		theme, _, _ := strings.Cut(c.Name, "/")
		if c.Service == "E05" || theme == "malformed" || theme == "mismatch" ||
			(theme == "parsers" || theme == "wire") && c.Want != "accept" {
			continue
		}
		s, schema := ServiceByCode(c.Service), ""
		switch {
		case !s.Internal():
			schema = "egon/xsd/" + s.Action + ".xsd"
		case strings.HasPrefix(c.Want, "mismatch"), strings.HasPrefix(c.Want, "malformed"):
			continue
		default:
			r := NewReader(DefaultBounds())
			r.Reset(s)
			_ = r.Feed(c.Doc, true) // it finds the variant
			schema = files[r.head.Service.Namespace]
		}
		complaints := o.complaints(schema, requestPayload(t, c.Doc, s.Request))
		switch {
		case c.Want == "accept" && complaints != nil && !looserThanTheSchemas[c.Name]:
			t.Errorf("%s is accepted, but the schema says: %v", c.Name, complaints)
		case c.Want != "accept" && complaints == nil:
			found = append(found, c.Name)
		}
	}
	if diff := cmp.Diff(stricterThanTheSchemas, found); diff != "" {
		t.Errorf("stricter than the schemas (-want +got):\n%s", diff)
	}
}

// The schemas refuse xsi:nil="false" on an element that can never be nil. It means
// nothing, and some clients write it everywhere.
var looserThanTheSchemas = map[string]bool{"clients/xsi:nil that says nothing": true}

var namespaceDeclaration = regexp.MustCompile(` xmlns:\w+="[^"]*"`)

// requestPayload returns the operation without its envelope, with the namespaces that
// the envelope declares.
func requestPayload(t *testing.T, doc []byte, request string) []byte {
	t.Helper()
	operation := regexp.MustCompile(`(?s)<((?:\w+:)?` + request + `)\b.*</(?:\w+:)?` + request +
		`\s*>`)
	at := operation.FindSubmatchIndex(doc)
	if at == nil {
		t.Fatalf("no %s in %s", request, doc)
	}
	payload := append([]byte(nil), doc[at[0]:at[3]]...)
	rest := doc[at[3]:at[1]]
	for _, declaration := range namespaceDeclaration.FindAll(doc[:at[0]], -1) {
		if !bytes.Contains(rest[:bytes.IndexByte(rest, '>')], declaration) &&
			!bytes.Contains(payload, declaration) {
			payload = append(payload, declaration...)
		}
	}
	return append(payload, rest...)
}

// By the schemas a word of SeznamUdaju is any token, a name may be blank, a key empty and
// the purpose missing. The prose of E198 refuses these.
var stricterThanTheSchemas = []string{
	"clients/CDATA in AgendaZadostId",
	"clients/CDATA in KodAsyncSluzby",
	"clients/SOAP 1.2 in text/xml",
	"clients/Envelope of a namespace of its own",
	"e198/unknown word",
	"e198/two words with a no-break space",
	"e198/two words with a comma",
	"e198/wrong case",
	"e198/internal name",
	"e198/control word in wrong case",
	"e198/control word of RPP",
	"e198/item of ROS",
	"e198/item of version 2",
	"e198/item of the other evidence",
	"e198/read and not",
	"e198/read and not, RUIAN",
	"e198/no SeznamUdaju",
	"e198/empty SeznamUdaju",
	"e198/only control words",
	"e198/no evidence item",
	"e198/reading ROB without an item",
	"e198/empty key",
	"e198/key ' '",
	"e198/key '……'",
	"e198/count zero",
	"e198/reversed period",
	"e198/reversed period of signatures",
	"e198/empty name",
	"e198/blank name",
	"e198/name with a leading blank",
	"e198/name with a trailing line end",
	"e198/name on two lines",
	"e198/document of the other evidence",
	"e198/document of the other evidence, Eop",
	"e198/empty series",
	"e198/negative count for signatures",
	"zadostinfo/no Subjekt",
	"zadostinfo/no Uzivatel",
	"zadostinfo/no DuvodUcel",
	"messages/structure/a comment in a list",
	"messages/structure/CDATA in a list",
	"messages/structure/a comment in KodSluzby",
	"messages/structure/CDATA in Agenda",
	"messages/structure/too many words",
}
