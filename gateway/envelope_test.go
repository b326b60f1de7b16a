package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"brana/egon"
)

// wsse is a block of a SOAP Header as WS-Security has it.
const wsse = `<w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" %s><w:UsernameToken s:mustUnderstand="1"/></w:Security>`

// withHeader puts blocks into the Header of a message.
func withHeader(message []byte, blocks string) []byte {
	return []byte(
		strings.Replace(string(message), "<s:Body>", "<s:Header>"+blocks+"</s:Header><s:Body>", 1),
	)
}

// A service that the gateway answers itself refuses what it must understand and
// does not (SOAP 1.1 §4.2.3). What goes on to a registry is the registry's to
// understand.
func TestMustUnderstand(t *testing.T) {
	const next = `s:actor="http://schemas.xmlsoap.org/soap/actor/next"`
	messages := map[string][]byte{
		"E198": mediaCall(), "E227": call{code: "E227"}.message(), "E05": call{}.message(),
		"E99":  call{code: "E99", queue: &egon.QueueQuery{}}.message(),
		"E100": call{code: "E100", queue: &egon.QueueQuery{IDs: []string{requestID}}}.message(),
		"E101": call{code: "E101", queue: &egon.QueueQuery{All: true}}.message(),
	}
	for _, c := range []struct {
		name, attributes string
		refused          bool
	}{
		{"demanded", `s:mustUnderstand="1"`, true},
		{"demanded as a boolean", `s:mustUnderstand=" true "`, true},
		{"demanded of the next", `s:mustUnderstand="1" ` + next, true},
		{"demanded of nobody else", `s:mustUnderstand="1" s:actor=""`, true},
		{
			"demanded of another",
			next + ` s:mustUnderstand="1" s:actor2="" x:actor="urn:x" xmlns:x="urn:x"`, true,
		},
		{"demanded of an actor of its own", `s:actor="urn:somebody" s:mustUnderstand="1"`, false},
		{"not demanded", `s:mustUnderstand="0"`, false},
		{"nothing said", ``, false},
		{"said in no namespace", `mustUnderstand="1"`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startQueueGateway(t)
			for code, message := range messages {
				r := s.post(
					t, "/publikace/"+code, withHeader(message, fmt.Sprintf(wsse, c.attributes)),
				)
				if c.refused && code != "E05" {
					checkRefusal(t, r, MustUnderstandKind, EgonMode, []string{"Security"})
				} else if body := read(t, r); r.StatusCode != 200 ||
					strings.Contains(body, "BR_") && code != "E100" {
					t.Errorf("%s: %d %s", code, r.StatusCode, body)
				}
			}
		})
	}
}

// Action, which clients of WCF demand to be understood, is.
func TestActionIsUnderstood(t *testing.T) {
	s := startGateway(t)
	action := `<Action s:mustUnderstand="1" xmlns="http://schemas.microsoft.com/ws/2005/05/addressing/none">IszrVypisOpravneniPolozky</Action>`
	message := call{code: "E227"}.message()
	for range 2 { // the second time the gateway remembers how the message begins
		if r := s.post(t, "/publikace/E227", withHeader(message, action)); r.StatusCode != 200 {
			t.Error(read(t, r))
		}
		checkRefusal(t, s.post(
			t, "/publikace/E227",
			withHeader(message, action+fmt.Sprintf(wsse, `s:mustUnderstand="1"`)),
		), MustUnderstandKind, EgonMode, nil)
		other := strings.Replace(action, "/none", "/other", 1)
		checkRefusal(
			t, s.post(t, "/publikace/E227", withHeader(message, other)),
			MustUnderstandKind, EgonMode, nil,
		)
	}
}

// An Envelope of another namespace is another version (SOAP 1.1 §4.1.2), and
// the Fault is one of SOAP 1.1.
func TestAnotherVersionOfSOAP(t *testing.T) {
	s := startGateway(t)
	for _, space := range []string{
		"http://www.w3.org/2003/05/soap-envelope", "http://example.org/soap",
	} {
		for _, code := range []string{"E05", "E227"} {
			message := strings.Replace(
				string(call{code: code}.message()), egon.NSEnvelope, space, 1,
			)
			checkRefusal(
				t, s.post(t, "/publikace/"+code, []byte(message)),
				VersionKind,
				EgonMode,
				[]string{
					egon.NSEnvelope, requestPlace,
				},
			)
		}
	}
}

const requestPlace = "(bajt 0)"

// Attachments are refused with what to send instead.
func TestAttachmentsAreRefused(t *testing.T) {
	s := startGateway(t)
	for kind, want := range map[string]string{
		`multipart/related; type="application/xop+xml"; boundary=b`: "base64",
		"application/soap+xml; charset=utf-8":                       "SOAP 1.1",
	} {
		r, err := http.Post(
			"http://"+s.addr+"/publikace/E05", kind, strings.NewReader(string(call{}.message())),
		)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		checkRefusal(t, r, BadHTTP, EgonMode, []string{want})
	}
}
