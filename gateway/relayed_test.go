package gateway

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// The answer of a registry goes to the caller unchanged: a Fault behind a SOAP header
// of any length, up to the bound of messages, and a whole answer with another status
// of success.
func TestTheAnswerOfARegistryIsPassedOn(t *testing.T) {
	fault := func(header int) string {
		return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><h xmlns="urn:h">` + strings.Repeat("<x/>", header/4) +
			`</h></s:Header><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>`
	}
	for name, c := range map[string]struct {
		status  int
		body    string
		outcome string
	}{
		"fault":                        {500, fault(0), "fault"},
		"fault behind 4.2 KB":          {500, fault(4200), "fault"},
		"fault behind 200 KB":          {500, fault(200 << 10), "fault"},
		"fault behind 5 MB":            {500, fault(5 << 20), "fault"},
		"created":                      {201, string(replyOf("E05", "OK")), "ok"},
		"accepted, with the answer":    {202, string(replyOf("E05", "OK")), "ok"},
		"an error status and no fault": {500, string(replyOf("E05", "OK")), "registry-failed"},
		"accepted, without the answer": {202, "", "registry-failed"},
		"accepted, half of the answer": {
			202, string(replyOf("E05", "OK")[:300]), "registry-failed",
		},
		"no fault behind a long header": {
			500, strings.NewReplacer("s:Fault", "s:Other").Replace(fault(200 << 10)),
			"upstream-broke",
		},
	} {
		for _, framing := range []string{"length", "chunked"} {
			t.Run(name+", "+framing, func(t *testing.T) {
				fields := fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(c.body), c.body)
				if framing == "chunked" {
					fields = "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
					if len(c.body) > 0 {
						fields = "Transfer-Encoding: chunked\r\n\r\n" + chunk([]byte(c.body)) +
							"0\r\n\r\n"
					}
				}
				r, s := newRawRegistry(
					t, fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Type: text/xml\r\n", c.status)+fields,
				)
				w := s.dial(t)
				w.write(withLength("/publikace/E05", call{}.message()))
				answer, err := http.ReadResponse(w.r, nil)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(answer.Body)
				<-r.got
				w.Close()
				s.settled(t)
				if line := s.lines(t, 1)[0]; line["outcome"] != c.outcome {
					t.Errorf("line = %v", line)
				}
				switch c.outcome {
				case "registry-failed":
				case "upstream-broke":
					if err == nil {
						t.Error("the answer looks complete")
					}
				default:
					if err != nil || answer.StatusCode != c.status || string(got) != c.body {
						t.Errorf(
							"got %d, %d bytes of %d, %v",
							answer.StatusCode, len(got), len(c.body), err,
						)
					}
				}
			})
		}
	}
}
