package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"brana/egon"
)

// TestHTTPEdge sends requests that two readers could take in two ways, or that ask
// for what the gateway does not do, to a real server.
func TestHTTPEdge(t *testing.T) {
	message := string(call{}.message())
	length := fmt.Sprintf("Content-Length: %d", len(message))
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(message), message)
	lines := func(lines ...string) string { return strings.Join(append(lines, "", ""), "\r\n") }
	post := "POST /publikace/E05 HTTP/1.1"
	const host, kind = "Host: brana.test", "Content-Type: text/xml; charset=utf-8"

	// A request that is good but for the header lines given, or for its target.
	plain := func(extra ...string) string {
		return lines(append([]string{post, host, kind, length}, extra...)...) + message
	}
	inChunks := func(framing ...string) string {
		return lines(append([]string{post, host, kind}, framing...)...) + chunked
	}
	at := func(target string) string {
		return lines("POST "+target+" HTTP/1.1", host, kind, length) + message
	}
	for _, c := range []struct {
		name    string
		request string
		status  int  // in http mode
		open    bool // the connection stays
	}{
		{"Content-Length", plain(), 200, true},
		{"chunked", inChunks("Transfer-Encoding: chunked"), 200, true},
		{"chunked in another case", inChunks("transfer-encoding: CHUNKED"), 200, true},
		{"CR LF before the request", "\r\n" + plain(), 200, true},
		{"a body of one byte", lines(post, host, kind, "Content-Length: 1") + "x", 400, true},
		{"no body", lines(post, host, kind, "Content-Length: 0"), 400, true},
		{"Connection: close", plain("Connection: close"), 200, false},
		{"SOAPAction", plain(`SOAPAction: "IszrRobCtiPodleUdaju"`), 200, true},
		{"empty SOAPAction", plain(`SOAPAction: ""`), 200, true},
		{"SOAPAction without quotes", plain("SOAPAction: IszrRobCtiPodleUdaju"), 200, true},
		{
			"SOAPAction with a quote before it",
			plain(`SOAPAction: "IszrRobCtiPodleUdaju`), 400, true,
		},
		{
			"SOAPAction with a quote behind it",
			plain(`SOAPAction: IszrRobCtiPodleUdaju"`), 400, true,
		},
		{"SOAPAction of one quote", plain(`SOAPAction: "`), 400, true},
		{
			"SOAPAction in two pairs of quotes",
			plain(`SOAPAction: ""IszrRobCtiPodleUdaju""`), 400, true,
		},
		{"another SOAPAction", plain(`SOAPAction: "IszrRobCtiAifo"`), 400, true},
		{"absolute-form", at("http://brana.test/publikace/E05"), 200, true},
		{"absolute-form, host in another case", at("http://BRANA.test/publikace/E05"), 200, true},
		{
			"charset in quotes",
			lines(post, host, `Content-Type: text/xml; charset="UTF-8"`, length) + message,
			200, true,
		},
		{"no charset", lines(post, host, "Content-Type: text/xml", length) + message, 200, true},

		{"Content-Length and chunked", inChunks(length, "Transfer-Encoding: chunked"), 400, false},
		{"chunked and Content-Length", inChunks("Transfer-Encoding: chunked", length), 400, false},
		{"Content-Length twice", plain(length), 400, false},
		{"Content-Length list", lines(post, host, kind, length+", 5") + message, 400, false},
		{"Content-Length +5", lines(post, host, kind, "Content-Length: +5") + message, 400, false},
		{
			"Content-Length 0x5",
			lines(post, host, kind, "Content-Length: 0x5") + message, 400, false,
		},
		{"Content-Length -1", lines(post, host, kind, "Content-Length: -1") + message, 400, false},
		{
			"Content-Length beyond int64",
			lines(post, host, kind, "Content-Length: 99999999999999999999") + message, 400, false,
		},
		{
			"blank before the colon",
			lines(post, host, kind, strings.Replace(length, ":", " :", 1)) + message, 400, false,
		},
		{
			"Transfer-Encoding twice",
			inChunks("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), 400, false,
		},
		{"chunked, chunked", inChunks("Transfer-Encoding: chunked, chunked"), 400, false},
		{"gzip, chunked", inChunks("Transfer-Encoding: gzip, chunked"), 400, false},
		{"xchunked", inChunks("Transfer-Encoding: xchunked"), 400, false},
		{"identity", lines(post, host, kind, "Transfer-Encoding: identity") + message, 400, false},
		{
			"identity and Content-Length",
			lines(post, host, kind, "Transfer-Encoding: identity", length) + message, 400, false,
		},
		{"chunked after a tab", inChunks("Transfer-Encoding:\tchunked"), 200, true},
		{
			"vertical tab in Transfer-Encoding",
			inChunks("Transfer-Encoding: \x0bchunked"), 400, false,
		},
		{"bare LF", lines(post, host, kind+"\nX: y", length) + message, 400, false},
		{"bare LF hides Transfer-Encoding", plain("X: y\nTransfer-Encoding: chunked"), 400, false},
		{"folded line", lines(post, host, kind, "X: y\r\n z", length) + message, 400, false},
		{"folded Transfer-Encoding", inChunks("Transfer-Encoding:\r\n chunked"), 400, false},
		{"bare CR", lines(post, host, kind, "X: y\rz", length) + message, 400, false},
		{"NUL in a header", lines(post, host, kind, "X: y\x00z", length) + message, 400, false},
		{"blank in a name", plain("Transfer Encoding: chunked"), 400, false},
		{"a header without a colon", lines(post, host, kind, "X", length) + message, 400, false},
		{"absolute-form, other host", at("http://evil.test/publikace/E05"), 400, false},
		{"absolute-form, scheme in another case", at("HtTp://brana.test/publikace/E05"), 200, true},
		{"absolute-form, https", at("HTTPS://brana.test/publikace/E05"), 200, true},
		{"absolute-form, httpfoo", at("httpfoo://brana.test/publikace/E05"), 400, false},
		{"absolute-form, ftp", at("ftp://brana.test/publikace/E05"), 400, false},
		{"absolute-form, no scheme", at("://brana.test/publikace/E05"), 400, false},
		{"absolute-form, one slash", at("http:/brana.test/publikace/E05"), 400, false},
		{"absolute-form, no host", at("http:///publikace/E05"), 400, false},
		{"absolute-form, longer host", at("http://brana.test.evil.test/publikace/E05"), 400, false},
		{"absolute-form, user", at("http://brana.test@evil.test/publikace/E05"), 400, false},
		{"absolute-form, port", at("http://brana.test:80/publikace/E05"), 400, false},
		{"authority-form", at("brana.test:80"), 400, false},
		{"asterisk-form", at("*"), 400, false},
		{"no leading slash", at("publikace/E05"), 400, false},
		{"no Host", lines(post, kind, length) + message, 400, false},
		{"Host twice", lines(post, host, host, kind, length) + message, 400, false},
		{
			"Content-Type twice",
			lines(post, host, kind, "Content-Type: text/plain", length) + message, 400, false,
		},
		{"no Content-Type", lines(post, host, length) + message, 415, true},
		{
			"SOAP 1.2 type",
			lines(post, host, "Content-Type: application/soap+xml", length) + message, 415, true,
		},
		{
			"charset utf-16",
			lines(post, host, "Content-Type: text/xml; charset=utf-16", length) + message,
			415, true,
		},
		{
			"broken Content-Type",
			lines(post, host, "Content-Type: text/xml; charset", length) + message, 415, true,
		},
		{
			"MTOM",
			lines(
				post, host,
				`Content-Type: multipart/related; type="application/xop+xml"; boundary=b`, length,
			) + message,
			415, true,
		},
		{"Content-Encoding: identity", plain("Content-Encoding: Identity"), 200, true},
		{"identity and gzip", plain("Content-Encoding: identity, gzip"), 415, true},
		{"gzip", plain("Content-Encoding: gzip"), 415, true},
		{"empty and then gzip", plain("Content-Encoding:", "Content-Encoding: gzip"), 400, false},
		{"Expect: banana", plain("Expect: banana"), 417, false},
		{"Expect twice", plain("Expect: 100-continue", "Expect: banana"), 400, false},
		{"Trailer", inChunks("Transfer-Encoding: chunked", "Trailer: X"), 400, false},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, false},
		{
			"HTTP/1.0",
			lines("POST /publikace/E05 HTTP/1.0", host, kind, length) + message, 505, false,
		},
		{
			"HTTP/1.0, chunked",
			lines("POST /publikace/E05 HTTP/1.0", host, kind, "Transfer-Encoding: chunked") +
				chunked,
			400, false,
		},
		{
			"HTTP/1.2",
			lines("POST /publikace/E05 HTTP/1.2", host, kind, length) + message, 505, false,
		},
		{"GET", lines("GET /publikace/E05 HTTP/1.1", host), 405, false},
		{
			"GET with a body",
			lines("GET /publikace/E05 HTTP/1.1", host, kind, length) + message, 405, false,
		},
		{"PUT", lines("PUT /publikace/E05 HTTP/1.1", host, kind, length) + message, 405, false},
		{"no body", lines(post, host, kind), 411, false},
		{"empty body", lines(post, host, kind, "Content-Length: 0"), 400, true},
		{
			"empty chunked body",
			lines(post, host, kind, "Transfer-Encoding: chunked") + "0\r\n\r\n", 400, true,
		},
		{"header too large", plain("X: " + strings.Repeat("y", 20<<10)), 431, false},
		{"wrong prefix", at("/E05"), 404, true},
		{"prefix of the prefix", at("/publikac/E05"), 404, true},
		{"deeper path", at("/publikace/E05/"), 404, true},
		{"dot segments", at("/x/../publikace/E05"), 404, true},
		{"encoded code", at("/publikace/%4505"), 404, true},
		{"two slashes", at("//publikace/E05"), 404, true},
		{"fragment", at("/publikace/E05#x"), 404, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startGateway(t, func(s *settings) { s.cfg.StatusMode = HTTPMode })
			w := s.dial(t)
			w.write(c.request)
			r, body := w.answer()
			parse(t, body)
			if r.StatusCode != c.status {
				t.Errorf("status %d, want %d: %s", r.StatusCode, c.status, body)
			}
			if c.status == 405 && r.Header.Get("Allow") != "POST" {
				t.Error("Allow is missing")
			}
			if !c.open {
				w.closed()
				return
			}
			w.write(withLength("/publikace/E05", []byte(message)))
			if r, body := w.answer(); r.StatusCode != 200 {
				t.Errorf("the next request: %d %s", r.StatusCode, body)
			}
		})
	}
}

// The answer to another method than POST says how services are called and where
// their descriptions are. Its status is that of HTTP in every mode.
func TestOtherMethodsThanPost(t *testing.T) {
	for _, method := range []string{
		"GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "post",
	} {
		for _, target := range []string{
			"/publikace/E05", "/publikace/E05?wsdl", "/publikace/E05?WSDL",
			"/publikace/E999", "/", "http://x/publikace/E05",
		} {
			s := startGateway(t)
			w := s.dial(t)
			if method == "CONNECT" {
				target = "x:80"
			}
			w.write(method+" "+target+
				" HTTP/1.1\r\nHost: x\r\n\r\n", withLength("/publikace/E05", call{}.message()))
			r, err := http.ReadResponse(w.r, &http.Request{Method: method})
			if err != nil {
				t.Fatalf("%s %s: %v", method, target, err)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil || r.StatusCode != 405 || r.Header.Get("Allow") != "POST" || !r.Close {
				t.Errorf("%s %s: %d %v, %v", method, target, r.StatusCode, r.Header, err)
			}
			if method != "HEAD" &&
				(!strings.Contains(
					string(body),
					"metodou POST. Popisy služeb (WSDL) zveřejňuje správce: https://",
				) || strings.Contains(string(body), "\n")) {
				t.Errorf("%s %s: %s", method, target, body)
			}
			if method != "CONNECT" {
				w.closed()
			}
			s.lines(t, 1)
		}
	}
}

func TestOtherMethodsAreShownOwnDescriptions(t *testing.T) {
	s := startGateway(t, described)
	w := s.dial(t)
	w.write("GET /publikace/E05 HTTP/1.1\r\nHost: x\r\n\r\n")
	if r, body := w.answer(); r.StatusCode != 405 ||
		!strings.Contains(body, "(WSDL) jsou na adrese /publikace/{kód služby}?wsdl<") {
		t.Errorf("%d %s", r.StatusCode, body)
	}
	w = s.dial(t)
	w.write("GET /publikace/E198?wsdl HTTP/1.1\r\nHost: x\r\n\r\n")
	if r, body := w.answer(); r.StatusCode != 405 ||
		!strings.Contains(
			body,
			"Popis (WSDL) na této adrese není. Popisy služeb (WSDL) zveřejňuje správce: https://",
		) {
		t.Errorf("%d %s", r.StatusCode, body)
	}
}

func TestHeadIsAnsweredWithoutABody(t *testing.T) {
	s := startGateway(t)
	w := s.dial(t)
	w.write("HEAD /publikace/E05 HTTP/1.1\r\nHost: x\r\n\r\n")
	line, err := w.r.ReadString('\n')
	if err != nil || !strings.Contains(line, " 405 ") {
		t.Errorf("%q, %v", line, err)
	}
	if got := s.outcome(t); got != "bad-http" {
		t.Errorf("outcome = %s", got)
	}
}

// Calls that come at once are answered in turn, each when it is answered: the
// first does not wait for the second. After one that closes nothing runs.
func TestPipelinedCalls(t *testing.T) {
	held := make(chan struct{})
	second := call{id: strings.Replace(requestID, "a", "b", 1)}
	s := startGateway(t, relayTo(func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
		text, err := io.ReadAll(m.Body)
		if err == nil && strings.Contains(string(text), second.id) {
			<-held
		}
		return answerOf(replyOf(m.Service.Code, egon.OK)), err
	}))
	w := s.dial(t)
	w.write(withLength("/publikace/E05", call{}.message()) +
		withLength("/publikace/E05", second.message()) +
		withLength("/publikace/E999", call{}.message()) + // refused, and the connection stays
		withLength("/publikace/E227", call{code: "E227"}.message()) +
		header(
			"/publikace/E05",
			"Content-Length: 5",
			"Transfer-Encoding: chunked",
		) + // refused, and it closes
		withLength("/publikace/E05", call{}.message()))
	answers := func(status int, says string) {
		t.Helper()
		if r, body := w.answer(); r.StatusCode != status || !strings.Contains(body, says) {
			t.Errorf("%d %s, want %d %s", r.StatusCode, body, status, says)
		}
	}
	answers(200, ">OK<")
	close(held)
	answers(200, ">OK<")
	answers(500, "BR_503: ")
	answers(200, "IszrVypisOpravneniPolozkyResponse")
	answers(500, "BR_502: ")
	w.closed()
	s.lines(t, 5)
}

// The letter at the end of a code may be large or small: the published contracts
// write E67a and E67A of one service. Grants, routes and the log know one.
func TestBothSpellingsOfACodeAreOneService(t *testing.T) {
	var sent []string
	s := startGateway(t, relayTo(func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
		sent = append(sent, m.Service.Code)
		return relayOK(ctx, m)
	}))
	for _, code := range []string{"E35a", "E35A"} {
		if r := s.post(t, "/publikace/"+code, call{code: "E35a"}.message()); r.StatusCode != 200 {
			t.Errorf("%s: %s", code, read(t, r))
		} else if body := read(t, r); strings.Contains(body, "BR_") {
			t.Errorf("%s: %s", code, body)
		}
	}
	for _, line := range s.lines(t, 2) {
		if line["service"] != "E35a" {
			t.Errorf("line = %v", line)
		}
	}
	if len(sent) != 2 || sent[0] != sent[1] {
		t.Errorf("relayed as %v", sent)
	}
	checkRefusal(
		t,
		s.post(t, "/publikace/e35A", call{code: "E35a"}.message()),
		UnknownService,
		EgonMode,
		[]string{"se píše E35a"},
	)
}
