package upstream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"brana/egon"
)

// withHeader returns an envelope with a SOAP header of that many bytes.
func withHeader(bytes int, payload string) string {
	const element = "<h:Entry xmlns:h='urn:h'><h:Body>words of some length</h:Body></h:Entry>"
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>` +
		strings.Repeat(element, bytes/len(element)+1) +
		`</s:Header><s:Body>` + payload + `</s:Body></s:Envelope>`
}

const soapFault = "<s:Fault><faultcode>s:Server</faultcode><faultstring>words</faultstring></s:Fault>"

// answeredWith is a whole HTTP answer with an XML body and a status, with its
// length or in chunks.
func answeredWith(status int, body string, chunked bool) string {
	head := fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Type: text/xml\r\n", status)
	if chunked {
		return head + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
			len(body), body)
	}
	return head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

// A Fault goes with an HTTP error status whatever stands before it in the SOAP
// header, and is passed on byte for byte.
func TestRelayFaultBehindALongHeader(t *testing.T) {
	for _, header := range []int{0, 3 << 10, 4200, 70 << 10, 200 << 10, 5 << 20} {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprint(header, " bytes, chunked ", chunked), func(t *testing.T) {
				body := withHeader(header, soapFault)
				c := client(t, Config{URL: answering(answeredWith(500, body, chunked)).listen(t)})
				for range 2 { // the second call shows that the connection is in order
					a, _, err := NewRelay(c).Send(t.Context(), text("<b/>"), nil)
					if err != nil {
						t.Fatal(err)
					}
					got, err := io.ReadAll(a.Body)
					a.Body.Close()
					if err != nil || a.HTTPStatus != 500 || string(got) != body {
						t.Errorf("got %d, %d bytes of %d, %v", a.HTTPStatus, len(got), len(body),
							err)
					}
				}
				if n := c.host.ConnsCount(); n != 1 {
					t.Errorf("%d connections", n)
				}
			})
		}
	}
}

// A header that is deeper, and declares more, than a message of a registry does
// is no reason to take a Fault for something else: listen.bounds decides of it.
func TestRelayFaultBehindADeepHeader(t *testing.T) {
	deep := strings.Repeat("<h>", 500) + strings.Repeat("</h>", 500)
	wide := "<h " + strings.Repeat("x", 5000) + "='1'"
	for i := range 500 {
		wide += fmt.Sprintf(" xmlns:n%d='urn:%d'", i, i)
	}
	body := strings.Replace(withHeader(0, soapFault), "</s:Header>", deep+wide+"/></s:Header>", 1)
	got, err := send(t, client(t, Config{URL: answering(answeredWith(500, body, false)).listen(t)}),
		text("<b/>"))
	if err != nil || got != body {
		t.Errorf("got %d bytes of %d, %v", len(got), len(body), err)
	}
}

// After a long header it becomes known while the answer arrives that it is no Fault. It
// counts as a failure as after a short one.
func TestRelayNoFaultBehindALongHeader(t *testing.T) {
	for _, tt := range []struct {
		name  string
		body  string
		began bool // the answer has begun before it is known
	}{
		{"short", withHeader(0, "<a/>"), false},
		{"long", withHeader(1<<20, "<a/>"), true},
		{"broken", withHeader(1<<20, "</a>"), true},
		{"no Body", strings.NewReplacer("<s:Body>", "", "</s:Body>",
			"").Replace(withHeader(1<<20, "<a/>")), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := client(t, Config{URL: answering(answeredWith(500, tt.body, true)).listen(t),
				Breaker: Breaker{Failures: 1, Window: time.Minute, Open: time.Minute}})
			a, _, err := NewRelay(c).Send(t.Context(), text("<b/>"), nil)
			if (err == nil) != tt.began {
				t.Fatalf("the answer begins with %v", err)
			}
			if err == nil {
				_, err = io.Copy(io.Discard, a.Body)
				a.Body.Close()
			}
			if e := wantCallError(t, err); !strings.Contains(e.Error(),
				"HTTP status 500 and no SOAP Fault") || !e.Sent {
				t.Errorf("got %+v", e)
			}
			if c.Breaker() != BreakerOpen {
				t.Errorf("the breaker is %v", c.Breaker())
			}
		})
	}
}

// An answer that is closed before its verdict says nothing about the upstream.
func TestRelayFaultClosedUnread(t *testing.T) {
	c := client(t, Config{URL: answering(answeredWith(500, withHeader(1<<20, "<a/>"),
		true)).listen(t),
		Breaker: Breaker{Failures: 1, Window: time.Minute, Open: time.Minute}})
	a, _, err := NewRelay(c).Send(t.Context(), text("<b/>"), nil)
	if err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	if _, err := a.Body.Read(make([]byte, 1<<20)); err == nil {
		_, err = io.Copy(io.Discard, a.Body)
		if err == nil {
			t.Error("a closed answer came to its end")
		}
	}
	if c.Breaker() != BreakerClosed {
		t.Errorf("the breaker is %v", c.Breaker())
	}
}

// In E198 and E227 a Fault is the registry's failure, with whatever status and
// header it comes, and the breaker counts it.
func TestFaultOfARegistry(t *testing.T) {
	for _, tt := range []struct{ status, header int }{{500, 0}, {500, 4200}, {500, 70 << 10},
		{500, 5 << 20}, {400, 4200}, {200, 4200}, {200, 100 << 10}} {
		for _, way := range []string{"E227", "step", "evidence"} {
			t.Run(fmt.Sprint(tt.status, " ", tt.header, " bytes ", way), func(t *testing.T) {
				c := client(t, Config{URL: answering(answeredWith(tt.status,
					withHeader(tt.header, soapFault), false)).listen(t),
					Breaker: Breaker{Failures: 1, Window: time.Minute, Open: time.Minute}})
				err := waysInto(c)[way](t.Context())
				var call *egon.CallError
				var fault *egon.FaultError
				if !errors.As(err, &call) || !errors.As(err, &fault) || fault.Code != "Server" ||
					!call.Sent || call.Timeout {
					t.Errorf("got %v of %+v", err, call)
				}
				if c.Breaker() != BreakerOpen {
					t.Errorf("the breaker is %v", c.Breaker())
				}
			})
		}
	}
}

// A reply is none with an HTTP error status.
func TestReplyWithAnErrorStatus(t *testing.T) {
	for way, body := range map[string]string{
		"step":     envelope(org("OrgCtiAifo", "OK", "", "")),
		"evidence": envelope(eop("OK", known, appStatus("OK", "")+aifo1)),
	} {
		c := client(t, Config{URL: answering(answeredWith(500, body, false)).listen(t)})
		if err := waysInto(c)[way](t.Context()); err == nil ||
			!strings.Contains(err.Error(), "HTTP status 500 and no SOAP Fault") {
			t.Errorf("%s: %v", way, err)
		}
	}
}

// A whole answer with 201 or 202 is one, in every way, and a SOAP header before
// it may be long.
func TestReplyOfSuccess(t *testing.T) {
	rights := func(id string) string {
		return string(egon.AppendRights(nil, false,
			&egon.OdpovedInfo{Status: egon.Status{Kod: egon.OK},
				AgendaZadostId: id}, &egon.RightsQuery{},
			[]egon.RightsItem{{KodIszr: "Jmeno"}}))
	}
	for _, status := range []int{200, 201, 202} {
		for _, header := range []int{0, 100 << 10} {
			t.Run(fmt.Sprint(status, " ", header, " bytes"), func(t *testing.T) {
				const id = "a75167b3-b260-49a0-aac6-4d763538b259"
				for way, body := range map[string]string{
					"relay":    "<a/>",
					"E227":     rights(id),
					"step":     org("OrgCtiAifo", "OK", known, ""),
					"evidence": eop("OK", known, appStatus("OK", "")+aifo1+photo),
				} {
					c := client(t, Config{URL: answering(answeredWith(status,
						withHeader(header, body), false)).listen(t)})
					ask := waysInto(c)[way]
					if way == "E227" {
						r := rightsOver(c)
						r.NewID = func() string { return id }
						ask = func(ctx context.Context) error {
							_, err := r.Fetch(ctx, &egon.RightsQuery{Agenda: []byte("X999")})
							return err
						}
					}
					if err := ask(t.Context()); err != nil {
						t.Errorf("%s: %v", way, err)
					}
				}
			})
		}
	}
}

// The cause names the Content-Type of an answer that is not XML in UTF-8, in the characters
// of a token and no longer than a type needs.
func TestCauseNamesTheContentType(t *testing.T) {
	for contentType, want := range map[string]string{
		"text/html":                         "of Content-Type text/html (HTTP status 200)",
		"text/xml; charset=UTF-16":          "of Content-Type text/xml; charset=UTF-16 (",
		`text/xml;charset = "windows-1250"`: "of Content-Type text/xml; charset=windows-1250 (",
		`multipart/related; boundary="Novak"; type="application/xop+xml"`: "of Content-Type multipart/related (",
		"text/<Novak>/\xc3\xa1html":                                       "of malformed Content-Type text/Novak/html (",
		"text/xml; charset=utf-8; action=":                                "of malformed Content-Type text/xml; charset=utf-8 (HTTP status 200)",
		"text/%s%d;charset=%v":                                            "of Content-Type text/%s%d; charset=%v (HTTP status 200)",
		strings.Repeat("x", 200): "of Content-Type " +
			strings.Repeat("x", 64) + " (",
		"": "the answer has no Content-Type (HTTP status 200)",
	} {
		for way, ask := range waysInto(client(t,
			Config{URL: rawFake(func(nc net.Conn, br *bufio.Reader) {
				for {
					if _, _, err := takeRequest(br); err != nil {
						return
					}
					field := "Content-Type: " + contentType + "\r\n"
					if contentType == "" {
						field = ""
					}
					io.WriteString(nc, "HTTP/1.1 200 OK\r\n"+field+"Content-Length: 4\r\n\r\n<a/>")
				}
			}).listen(t)})) {
			if err := ask(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s of %q: %v", way, contentType, err)
			}
		}
	}
}
