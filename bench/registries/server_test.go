package registries

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"brana/egon"
	"brana/egon/xmltext"
)

func TestMain(m *testing.M) {
	// The pool of a server that was shut down ends when it wakes up next.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}

// testServer is a server on a real socket.
type testServer struct {
	t      *testing.T
	server *Server
	url    string
	client *http.Client
}

func newTestServer(t *testing.T, change ...func(*Config)) *testServer {
	t.Helper()
	cfg := Config{Population: NewPopulation(50, 1)}
	for _, c := range change {
		c(&cfg)
	}
	server, err := NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown() = %v", err)
		}
		_ = ln.Close() // closed by now, unless the end came before Serve had it
		if err := <-served; err != nil {
			t.Errorf("Serve() = %v", err)
		}
	})
	return &testServer{t, server, "http://" + ln.Addr().String(), client}
}

// answered is an HTTP answer.
type answered struct {
	status int
	header http.Header
	body   []byte
	err    error // reading or getting it
}

func (s *testServer) do(method, path, action string, body io.Reader) answered {
	s.t.Helper()
	req, err := http.NewRequest(method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if action != "" {
		req.Header.Set("SOAPAction", `"`+action+`"`)
	}
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	resp, err := s.client.Do(req)
	if err != nil {
		return answered{err: err}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return answered{resp.StatusCode, resp.Header, data, err}
}

// post sends a payload to a registry in an Envelope and returns the payload
// of the answer. It reports what is wrong with the answer.
func (s *testServer) post(registry, payload string) (*xmltext.Node, answered) {
	s.t.Helper()
	root, err := xmltext.Parse([]byte(payload), xmltext.DefaultBounds())
	if err != nil {
		s.t.Fatalf("payload: %v", err)
	}
	a := s.do("POST", "/"+registry, actionOf(root), strings.NewReader(enveloped(payload)))
	if a.err != nil || a.status != 200 {
		return nil, a
	}
	m, err := readMessage(a.body)
	if err != nil {
		a.err = err
		return nil, a
	}
	return m.body, a
}

func enveloped(payload string) string {
	return `<s:Envelope xmlns:s="` + egon.NSEnvelope + `"><s:Header/><s:Body>` + payload + `</s:Body></s:Envelope>`
}

const (
	testAgendaID = "a75167b3-b260-49a0-aac6-4d763538b259"
	testIszrID   = "2829d020-af4c-13c8-9851-1c37d859c002"
)

// testInfo is the header of an internal request, with the prefixes e and reg.
const testInfo = `<e:ZadostInfo><reg:CasZadosti>2026-01-01T08:00:00+01:00</reg:CasZadosti><reg:Agenda>X999</reg:Agenda>` +
	`<reg:AgendovaRole>XR1</reg:AgendovaRole><reg:Ovm>12345678</reg:Ovm><reg:Ais>999001</reg:Ais>` +
	`<reg:Subjekt>S</reg:Subjekt><reg:Uzivatel>U</reg:Uzivatel><reg:DuvodUcel>D</reg:DuvodUcel>` +
	`<reg:AgendaZadostId>` + testAgendaID + `</reg:AgendaZadostId><reg:IszrZadostId>` + testIszrID + `</reg:IszrZadostId></e:ZadostInfo>`

// robPrefixes are declared on requests and on parts of answers.
const robPrefixes = ` xmlns:reg="` + egon.NSReg + `" xmlns:rod="` + egon.NSRobData + `" xmlns:rob="` + egon.NSRobTypes + `"`

// mustStatus fails unless the answer says kod, echoes the ids, and is of now in
// the zone of the bus.
func (s *testServer) mustStatus(n *xmltext.Node, infoSpace, kod string) {
	s.t.Helper()
	info := n.Child(infoSpace, "OdpovedInfo")
	if got := info.Child(egon.NSReg, "Status").Child(egon.NSReg, "VysledekKod").Value(); got != kod {
		s.t.Errorf("VysledekKod = %q, want %q", got, kod)
	}
	if got := info.Child(egon.NSReg, "AgendaZadostId").Value(); got != testAgendaID {
		s.t.Errorf("AgendaZadostId = %q, want %q", got, testAgendaID)
	}
	cas := info.Child(egon.NSReg, "CasOdpovedi").Value()
	if at, ok := egon.ParseDateTime(cas, time.UTC); !ok || time.Since(at).Abs() > time.Minute || at.In(prague()).Format(timeLayout) != cas {
		s.t.Errorf("CasOdpovedi = %q", cas)
	}
}

// schemas is the official schema tree with a way to validate against it.
type schemas struct {
	t   *testing.T
	dir string
}

func officialSchemas(t *testing.T) *schemas {
	t.Helper()
	return &schemas{t: t, dir: schemaFolder(t)}
}

// schemaFolder is where the official schemas are, which are not part of the
// project: below BRANA_SHARED, or below the folder shared beside the
// repository. Without them or xmllint the test is skipped, unless the run
// demands it.
func schemaFolder(t *testing.T) string {
	t.Helper()
	shared := os.Getenv("BRANA_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	dir, err := filepath.Abs(filepath.Join(shared, "schemas"))
	if err != nil {
		t.Fatal(err)
	}
	_, noSchemas := os.Stat(dir)
	_, noLint := exec.LookPath("xmllint")
	if err := errors.Join(noSchemas, noLint); err != nil {
		if os.Getenv("BRANA_REQUIRE_SHARED") == "1" {
			t.Fatalf("nothing to validate with: %v", err)
		}
		t.Skip("nothing to validate with: set BRANA_SHARED and install xmllint")
	}
	return dir
}

// check validates elements against a schema below the tree.
func (o *schemas) check(schema string, nodes ...*xmltext.Node) {
	o.t.Helper()
	o.checkFile(filepath.Join(o.dir, schema), nodes...)
}

func (o *schemas) checkFile(schema string, nodes ...*xmltext.Node) {
	o.t.Helper()
	args := []string{"--noout", "--nonet", "--schema", schema}
	dir := o.t.TempDir()
	for i, n := range nodes {
		file := filepath.Join(dir, itoa(i)+".xml")
		if err := os.WriteFile(file, n.Splice(nil), 0o600); err != nil {
			o.t.Fatal(err)
		}
		args = append(args, file)
	}
	if out, err := exec.Command("xmllint", args...).CombinedOutput(); err != nil {
		o.t.Errorf("%s: %v\n%s", schema, err, out)
	}
}

func TestWhatIsNoMessage(t *testing.T) {
	s := newTestServer(t)
	request := `<e:CtiProRobRequest xmlns:e="` + egon.NSRuian + `"/>`
	tests := []struct {
		name, method, path, action, body string
		status                           int
		want                             string
	}{
		{"unknown path", "POST", "/ros", "X", enveloped(request), 404, "no such registry"},
		{"path below a registry", "POST", "/ruian/x", "X", enveloped(request), 404, "no such registry"},
		{"front without code", "POST", "/publikace", "X", enveloped(request), 404, "no such registry"},
		{"wrong method", "GET", "/ruian", "", "", 405, "POST"},
		{"empty body", "POST", "/ruian", "CtiProRobRequest", "", 500, "soapenv:Client"},
		{"no XML", "POST", "/ruian", "CtiProRobRequest", "hello", 500, "soapenv:Client"},
		{"cut", "POST", "/ruian", "CtiProRobRequest", enveloped(request)[:120], 500, "soapenv:Client"},
		{"no Envelope", "POST", "/ruian", "CtiProRobRequest", request, 500, "soapenv:Client"},
		{"two payloads", "POST", "/ruian", "CtiProRobRequest", enveloped(request + request), 500, "soapenv:Client"},
		{"action of another", "POST", "/ruian", "CtiProRob", enveloped(request), 500, "SOAPAction"},
		{"no action", "POST", "/ruian", "", enveloped(request), 500, "SOAPAction"},
		{"message of another", "POST", "/org", "CtiProRobRequest", enveloped(request), 500, "nezná"},
		{"message of another", "POST", "/rob", "CtiProRobRequest", enveloped(request), 500, "nezná"},
		{"message of another", "POST", "/aiseo", "CtiProRobRequest", enveloped(request), 500, "nezná"},
		{"message of another", "POST", "/eop", "CtiProRobRequest", enveloped(request), 500, "nezná"},
		{"unknown service", "POST", "/publikace/E999", "X", enveloped(request), 500, "Neznámá služba"},
		{"no XML", "POST", "/publikace/E05", "X", "hello", 500, "soapenv:Client"},
	}
	for _, test := range tests {
		t.Run(test.name+" "+test.path, func(t *testing.T) {
			a := s.do(test.method, test.path, test.action, strings.NewReader(test.body))
			if a.err != nil || a.status != test.status || !strings.Contains(string(a.body), test.want) {
				t.Errorf("answer = %d %q %v, want %d with %q", a.status, a.body, a.err, test.status, test.want)
			}
			if test.status == 500 {
				if _, err := xmltext.Parse(a.body, xmltext.DefaultBounds()); err != nil {
					t.Errorf("Fault is not well-formed: %v", err)
				}
			}
		})
	}
}

func TestRequestTooLarge(t *testing.T) {
	s := newTestServer(t)
	a := s.do("POST", "/ruian", "CtiProRobRequest", io.LimitReader(zeros{}, maxMessage+1))
	// The server may close before everything was sent: then there is no answer.
	if a.err == nil && a.status != 413 {
		t.Errorf("status = %d, want 413", a.status)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func decode(t *testing.T, data []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
}

// The evidences answer in a stream, with photos of the size that is set.
func TestEvidencesStream(t *testing.T) {
	s := newTestServer(t)
	o := officialSchemas(t)
	zoran := person(t, s.server.cfg.Population, "VOSÁHLO")
	for _, test := range []struct {
		registry, step, schema string
		mediaRequest
	}{
		{EOP, "X21", "aiseop/xsd/AisEopMediaCtiPodleUdaju.xsd", mediaRequest{query: zoran.byBirthDate()}},
		{ECD, "X22", "aisecd/xsd/AisEcdMediaCtiPodleUdaju.xsd", mediaRequest{ecd: true, query: zoran.byBirthDate()}},
	} {
		t.Run(test.registry, func(t *testing.T) {
			s.server.ClearLog()
			const photo = 1 << 20
			s.set(test.registry, Settings{Photo: photo})
			n, a := s.post(test.registry, string(test.request(t)))
			if n == nil {
				t.Fatalf("answer = %d %.500s %v", a.status, a.body, a.err)
			}
			o.check(test.schema, n)
			if len(a.body) < photo*4/3 {
				t.Errorf("answer of %d bytes, want a photo of %d", len(a.body), photo)
			}
			e := s.one()
			if e.Step != test.step || e.Kod != egon.OK || e.Uses != 1 || e.Head <= 0 || e.Head > e.Duration {
				t.Errorf("entry = %+v", e)
			}
			for _, f := range []Failure{FailCut, FailChyba} {
				s.set(test.registry, Settings{Failure: f})
				n, a := s.post(test.registry, string(test.request(t)))
				if f == FailCut && a.err == nil {
					t.Errorf("%s: answer = %d", f, a.status)
				}
				if f == FailChyba {
					o.check(test.schema, n)
				}
			}
		})
	}
}
