package gateway

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"brana/egon"
)

const testSchema = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">` +
	`<!-- as it is --></xs:schema>`

// testWSDL is a description of a service, with its action.
const testWSDL = `<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" ` +
	`xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" ` +
	`xmlns:xs="http://www.w3.org/2001/XMLSchema">` +
	`<xs:schema><xs:import schemaLocation="../xsd/a.xsd"/></xs:schema>` +
	`<soap:operation soapAction="%s"/><soap:address location="x"/></w:definitions>`

// described serves a WSDL of E227 and of E05, with one schema.
func described(s *settings) {
	folder := fstest.MapFS{"egon/xsd/a.xsd": {Data: []byte(testSchema)}}
	for _, code := range []string{"E227", "E05"} {
		wsdl := fmt.Sprintf(testWSDL, egon.ServiceByCode(code).Action)
		folder["egon/wsdl/"+code+".wsdl"] = &fstest.MapFile{Data: []byte(wsdl)}
	}
	var err error
	if s.cfg.Contracts, err = egon.ReadContracts(folder); err != nil {
		panic(err)
	}
}

func get(path string, lines ...string) string {
	return "GET " + path + " HTTP/1.1\r\n" + strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

// A GET finds the WSDL of a service, with the address by which it came, and the
// schemas that it refers to. The connection goes on.
func TestContractsAreServed(t *testing.T) {
	s := startGateway(t, described)
	w := s.dial(t)
	for _, c := range []struct{ path, host, want string }{
		{"/publikace/E227?wsdl", "brana.test", `location="http://brana.test/publikace/E227"`},
		{"/publikace/E227?WSDL", "10.0.0.1:8080", `location="http://10.0.0.1:8080/publikace/E227"`},
		{"/publikace/E05?wsdl", "[::1]:8080", `location="http://[::1]:8080/publikace/E05"`},
		{"/publikace/E05?wsdl", "[fe80::1]", `schemaLocation="wsdl/egon/xsd/a.xsd"`},
		{"/publikace/wsdl/egon/xsd/a.xsd", "brana.test", testSchema},
	} {
		w.write(get(c.path, "Host: "+c.host))
		a, body := w.answer()
		if a.StatusCode != 200 || a.Header.Get("Content-Type") != contentType ||
			!strings.Contains(body, c.want) {
			t.Errorf(
				"%s of %s: %d %s %s", c.path, c.host,
				a.StatusCode, a.Header.Get("Content-Type"), body,
			)
		}
	}
	w.write(withLength("/publikace/E227", call{code: "E227"}.message()))
	if a, body := w.answer(); a.StatusCode != 200 || !strings.Contains(body, "IszrOdpoved") {
		t.Errorf("a call after it: %d %s", a.StatusCode, body)
	}
	if lines := s.lines(t, 6); lines[0]["outcome"] != "wsdl" || lines[0]["service"] != "unknown" {
		t.Errorf("the log says %v", lines[0])
	}
}

// Any other GET is refused in the same way as where nothing is published.
func TestContractsThatAreNotServed(t *testing.T) {
	statuses := func(s *settings) { s.cfg.StatusMode = HTTPMode }
	refused := func(s *settings) { s.cfg.Routes.Services["E05"] = Route{} }
	s, without := startGateway(t, statuses, described, refused), startGateway(t, statuses)
	const host = "Host: brana.test"
	for name, c := range map[string]struct {
		gateway *testGateway
		request string
		status  string
	}{
		"not configured":      {without, get("/publikace/E227?wsdl", host), "405"},
		"schema, but none":    {without, get("/publikace/wsdl/egon/xsd/a.xsd", host), "405"},
		"service without one": {s, get("/publikace/E198?wsdl", host), "405"},
		"service not offered": {s, get("/publikace/E05?wsdl", host), "405"},
		"no service":          {s, get("/publikace/E9999?wsdl", host), "405"},
		"no query":            {s, get("/publikace/E227", host), "405"},
		"more in the query":   {s, get("/publikace/E227?wsdl&x=1", host), "405"},
		"another prefix":      {s, get("/jinde/E227?wsdl", host), "405"},
		"WSDL by its file":    {s, get("/publikace/wsdl/egon/wsdl/E227.wsdl", host), "405"},
		"schema beside it":    {s, get("/publikace/egon/xsd/a.xsd", host), "405"},
		"traversal":           {s, get("/publikace/wsdl/../wsdl/egon/xsd/a.xsd", host), "405"},
		"escaped traversal":   {s, get("/publikace/wsdl/%2e%2e/egon/xsd/a.xsd", host), "405"},
		"escaped":             {s, get("/publikace/wsdl/egon%2Fxsd/a.xsd", host), "405"},
		"schema with a query": {s, get("/publikace/wsdl/egon/xsd/a.xsd?x", host), "405"},
		"with a body": {
			s, get("/publikace/E227?wsdl", host, "Content-Length: 3") + "abc", "405",
		},
		"HEAD": {
			s, "HEAD" + strings.TrimPrefix(get("/publikace/E227?wsdl", host), "GET"), "405",
		},
		"no host":              {s, get("/publikace/E227?wsdl"), "400"},
		"two hosts":            {s, get("/publikace/E227?wsdl", host, host), "400"},
		"markup in the host":   {s, get("/publikace/E227?wsdl", `Host: a"/><evil b="`), "400"},
		"user in the host":     {s, get("/publikace/E227?wsdl", "Host: user@evil.test"), "400"},
		"path in the host":     {s, get("/publikace/E227?wsdl", "Host: evil.test/x"), "400"},
		"reference":            {s, get("/publikace/E227?wsdl", "Host: a&#x3c;b"), "400"},
		"no port":              {s, get("/publikace/E227?wsdl", "Host: brana.test:"), "400"},
		"port beyond":          {s, get("/publikace/E227?wsdl", "Host: brana.test:65536"), "400"},
		"zone":                 {s, get("/publikace/E227?wsdl", "Host: [fe80::1%25eth0]"), "400"},
		"open bracket":         {s, get("/publikace/E227?wsdl", "Host: [::1"), "400"},
		"letters beyond ASCII": {s, get("/publikace/E227?wsdl", "Host: brána.test"), "400"},
		"empty host":           {s, get("/publikace/E227?wsdl", "Host: "), "400"},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.gateway.dial(t)
			w.write(c.request)
			answer, err := io.ReadAll(w)
			if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 "+c.status) ||
				strings.Contains(string(answer), "evil") {
				t.Errorf("%v: %s", err, answer)
			}
		})
	}
}

// The URL that the operator has set is the address, not the Host of the request.
func TestContractsWithAPublicURL(t *testing.T) {
	s := startGateway(
		t, described, func(s *settings) { s.cfg.PublicURL = "https://brana.example.cz/zr" },
	)
	w := s.dial(t)
	w.write(get("/publikace/E227?wsdl", "Host: 10.0.0.1"))
	_, body := w.answer()
	if !strings.Contains(body, `location="https://brana.example.cz/zr/E227"`) {
		t.Error(body)
	}
}

// Over TLS a WSDL is for those who have a certificate, bound or not, and names
// https.
func TestContractsOverTLS(t *testing.T) {
	s := startTLSGateway(t, boundOnce, described)
	url := "https://" + s.addr + "/publikace/E227?wsdl"
	if _, err := s.client(t, nil).Get(url); err == nil {
		t.Error("a WSDL without a certificate")
	}
	r, err := s.client(t, s.ca.issue(200)).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	body := read(t, r)
	if !strings.Contains(body, fmt.Sprintf(`location="https://%s/publikace/E227"`, s.addr)) {
		t.Error(body)
	}
}
