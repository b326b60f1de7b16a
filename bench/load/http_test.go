package load

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"brana/egon"
)

var testBook = Book{Caller: Caller{"X999", "XRB", "12345678", "999099"},
	Persons: []Person{{"Zoran", "Vosáhlo", "1977-05-03", "7705030158", "987654321", "12345678"},
		{"Jana", "Svobodná", "1993-01-01", "9351010011", "", ""}}, Set: true}

func scenario(t *testing.T, name string) *Scenario {
	t.Helper()
	s, err := testBook.Scenario(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serve answers calls at a real socket, and returns the URL and how many
// connections were opened.
func serve(t *testing.T, handler fasthttp.RequestHandler) (url string, opened *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	opened = &atomic.Int64{}
	server := &fasthttp.Server{Handler: handler, StreamRequestBody: true, MaxRequestBodySize: 128 << 20, CloseOnShutdown: true,
		ConnState: func(_ net.Conn, state fasthttp.ConnState) {
			if state == fasthttp.StateNew {
				opened.Add(1)
			}
		}}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String() + "/publikace", opened
}

func open(t *testing.T, h HTTP) *Client {
	t.Helper()
	h.Timeout = 20 * time.Second
	c, err := h.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

var idPattern = regexp.MustCompile(`<reg:AgendaZadostId>([^<]+)<`)

// answered is an answer of a service with a status and a text behind it.
func answered(rc *fasthttp.RequestCtx, kod, subKod, more string) {
	start := make([]byte, 2048) // the header stands in it
	n, _ := io.ReadFull(rc.RequestBodyStream(), start)
	_, _ = io.Copy(io.Discard, rc.RequestBodyStream())
	id := "none"
	if m := idPattern.FindSubmatch(start[:n]); m != nil {
		id = string(m[1])
	}
	info := &egon.OdpovedInfo{AgendaZadostId: id, IszrZadostId: idPlace, Status: egon.Status{Kod: kod}}
	if subKod != "" {
		info.Status.Details = []egon.Detail{{SubKod: subKod, Popis: "BR_000"}}
	}
	body := egon.AppendReply(nil, egon.ServiceByCode("E20"), true, info)
	at := bytes.LastIndex(body, []byte("</s:Body>"))
	rc.SetContentType("text/xml")
	rc.SetBodyString(string(body[:at]) + more + string(body[at:]))
}

func TestAnswersAreChecked(t *testing.T) {
	for _, c := range []struct {
		name, scenario string
		answer         func(*fasthttp.RequestCtx)
		want           string
	}{
		{"right", "relay", func(rc *fasthttp.RequestCtx) { answered(rc, egon.OK, "", "") }, ""},
		{"a warning", "relay", func(rc *fasthttp.RequestCtx) { answered(rc, egon.Varovani, "", "") }, "answered VAROVANI instead of OK"},
		{"refused", "relay", func(rc *fasthttp.RequestCtx) { answered(rc, egon.Chyba, "NENI K DISPOZICI", "") },
			"answered CHYBA NENI K DISPOZICI instead of OK"},
		{"refused as it should be", "refused-service", func(rc *fasthttp.RequestCtx) { answered(rc, egon.Chyba, "NENI OPRAVNENI EGON", "") }, ""},
		{"refused for another reason", "refused-service", func(rc *fasthttp.RequestCtx) { answered(rc, egon.Chyba, "NENI K DISPOZICI", "") },
			"answered CHYBA NENI K DISPOZICI instead of CHYBA NENI OPRAVNENI EGON"},
		{"admitted against the rules", "refused-service", func(rc *fasthttp.RequestCtx) { answered(rc, egon.OK, "", "") },
			"answered OK instead of CHYBA NENI OPRAVNENI EGON"},
		{"an HTTP error", "relay", func(rc *fasthttp.RequestCtx) { rc.Error("gone", 503) }, "HTTP 503 instead of 200"},
		{"an HTTP error with a status", "relay",
			func(rc *fasthttp.RequestCtx) { answered(rc, egon.Chyba, "NENI K DISPOZICI", ""); rc.SetStatusCode(429) },
			"HTTP 429 instead of 200, CHYBA NENI K DISPOZICI"},
		{"no status", "relay", func(rc *fasthttp.RequestCtx) { rc.SetBodyString("hello") }, "answered  instead of OK"},
		{"empty", "relay", func(*fasthttp.RequestCtx) {}, "answered  instead of OK"},
		{"another's", "relay", func(rc *fasthttp.RequestCtx) {
			answered(rc, egon.OK, "", "")
			rc.SetBody(idPatternOfReply.ReplaceAll(rc.Response.Body(), []byte(">"+idPlace+"<")))
		}, "answer of another call"},
		{"without its items", "e227", func(rc *fasthttp.RequestCtx) { answered(rc, egon.OK, "", "") }, "answer without 101-1-2"},
		{"without its photo", "e198", func(rc *fasthttp.RequestCtx) { answered(rc, egon.OK, "", "") }, "answer too short"},
		{"with a photo", "e198-photo", func(rc *fasthttp.RequestCtx) { answered(rc, egon.OK, "", verified+photo) }, ""},
		{"of another evidence", "e198-ecd", func(rc *fasthttp.RequestCtx) { answered(rc, egon.OK, "", verified+photo) },
			"answer without EcdOdpoved"},
		{"with an empty photo", "e198-photo", func(rc *fasthttp.RequestCtx) {
			answered(rc, egon.OK, "", verified+strings.Repeat(" ", 4<<10)+"<e:EopOdpoved><f:Fotka/><f:NeFotka></f:NeFotka></e:EopOdpoved>")
		}, "answer without Fotka"},
		{"without its signature", "e198-both", func(rc *fasthttp.RequestCtx) { answered(rc, egon.OK, "", verified+photo) },
			"answer without Podpis"},
		{"of a person whom nobody verified", "e198-photo", func(rc *fasthttp.RequestCtx) { answered(rc, egon.OK, "", photo) },
			"answer without RobOverHromadneAifoDataResponse"},
		{"a fault", "malformed", func(rc *fasthttp.RequestCtx) {
			rc.SetStatusCode(500)
			rc.SetBody(egon.AppendFault(nil, egon.FaultClient, "broken", "malformed"))
		}, ""},
		{"another fault", "doctype", func(rc *fasthttp.RequestCtx) {
			rc.SetStatusCode(500)
			rc.SetBody(egon.AppendFault(nil, egon.FaultClient, "broken", "too-large"))
		}, "answered Client too-large instead of Client malformed"},
		{"as long as the request", "relay-1m", func(rc *fasthttp.RequestCtx) { answered(rc, egon.OK, "", strings.Repeat(" ", 1<<20+2048)) }, ""},
		{"shorter than the request", "relay-1m", func(rc *fasthttp.RequestCtx) { answered(rc, egon.OK, "", strings.Repeat(" ", 1<<19)) },
			"answer too short"},
		{"cut", "relay-1m", func(rc *fasthttp.RequestCtx) {
			answered(rc, egon.OK, "", "")
			body := bytes.Clone(rc.Response.Body())
			rc.SetBodyStream(io.MultiReader(bytes.NewReader(body), cutReader{}), len(body)+1<<20)
		}, "connection broke"},
		{"hung up", "relay", func(rc *fasthttp.RequestCtx) { rc.HijackSetNoResponse(true); rc.Hijack(func(net.Conn) {}) }, "connection broke"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, _ := serve(t, c.answer)
			got := open(t, HTTP{URLs: []string{url}, Conns: 1}).Call(scenario(t, c.scenario), 1)
			if got.Wrong != c.want {
				t.Errorf("%q, want %q", got.Wrong, c.want)
			}
		})
	}
}

// The parts of an answer of E198 that are checked.
var (
	verified = "<e:RobOverHromadneAifoDataResponse>1</e:RobOverHromadneAifoDataResponse>"
	photo    = "<e:EopOdpoved><Fotka>" + strings.Repeat("photo", 1000) + "</Fotka></e:EopOdpoved>"
)

var idPatternOfReply = regexp.MustCompile(`>[0-9a-f]{8}-[0-9a-f-]{27}<`)

type cutReader struct{}

func (cutReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	listener.Close()
	if got := open(t, HTTP{URLs: []string{url}, Conns: 1}).Call(scenario(t, "relay"), 0).Wrong; got != "cannot connect" {
		t.Errorf("%q", got)
	}
}

// Every call has an id of its own and the time of its start, and is otherwise
// the same; long ones are as long as they say.
func TestMessages(t *testing.T) {
	for _, name := range []string{"relay", "relay-64k", "relay-64m", "e198"} {
		t.Run(name, func(t *testing.T) {
			type call struct {
				id   string
				size int64
			}
			calls := make(chan call, 3)
			url, _ := serve(t, func(rc *fasthttp.RequestCtx) {
				start := make([]byte, 1500)
				n, _ := io.ReadFull(rc.RequestBodyStream(), start)
				rest, err := io.Copy(io.Discard, rc.RequestBodyStream())
				if err != nil || rc.Request.Header.ContentLength() != n+int(rest) {
					t.Errorf("%d bytes of %d, %v", n+int(rest), rc.Request.Header.ContentLength(), err)
				}
				if m := idPattern.FindSubmatch(start); m != nil {
					calls <- call{string(m[1]), int64(n) + rest}
				}
				if action := string(rc.Request.Header.Peek("SOAPAction")); action == `""` || action == "" {
					t.Error("no SOAPAction")
				}
			})
			s := scenario(t, name)
			client := open(t, HTTP{URLs: []string{url}, Conns: 1})
			ids := map[string]bool{}
			for n := range 3 {
				reply := client.Call(s, n)
				got := <-calls
				if ids[got.id] {
					t.Errorf("the id %s is used twice", got.id)
				}
				ids[got.id] = true
				if got.size != reply.Sent || got.size < s.padding {
					t.Errorf("%d bytes came, %d were sent, padding %d", got.size, reply.Sent, s.padding)
				}
			}
		})
	}
}

// The gateway accepts the messages that are sent, unless the scenario wants a refusal.
func TestMessagesAreWellFormed(t *testing.T) {
	for _, e := range Names() {
		s := scenario(t, e[0])
		for i, m := range s.messages {
			text, id := m.appendStart(nil, uint64(i), time.Now())
			var whole bytes.Buffer
			whole.Write(text)
			if _, err := io.Copy(&whole, &pad{min(s.padding, 1<<20)}); err != nil {
				t.Fatal(err)
			}
			whole.Write(m.after)
			head, err := readHead(s.Service, whole.Bytes())
			if wantBroken := s.Want.Status == 500; (err != nil) != wantBroken {
				t.Errorf("%s: %v", s.Name, err)
			} else if err == nil && head != id {
				t.Errorf("%s: AgendaZadostId %q, want %q", s.Name, head, id)
			}
		}
	}
}

func TestConnectionsAreKept(t *testing.T) {
	for _, c := range []struct {
		fresh bool
		want  int64
	}{{false, 1}, {true, 5}} {
		url, opened := serve(t, func(rc *fasthttp.RequestCtx) { answered(rc, egon.OK, "", "") })
		client := open(t, HTTP{URLs: []string{url}, Conns: 1, Fresh: c.fresh})
		for n := range 5 {
			if got := client.Call(scenario(t, "relay"), n).Wrong; got != "" {
				t.Fatal(got)
			}
		}
		if got := opened.Load(); got != c.want {
			t.Errorf("fresh %v: %d connections, want %d", c.fresh, got, c.want)
		}
	}
}

// Each fresh connection is a handshake. A certificate that is not trusted is
// reported as such.
func TestHandshakes(t *testing.T) {
	var shaken atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		info := &egon.OdpovedInfo{AgendaZadostId: string(idPattern.FindSubmatch(body)[1]), IszrZadostId: idPlace,
			Status: egon.Status{Kod: egon.OK}}
		_, _ = w.Write(egon.AppendReply(nil, egon.ServiceByCode("E20"), true, info))
	}))
	server.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { shaken.Add(1); return nil, nil }}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	for _, c := range []struct {
		fresh bool
		want  int64
	}{{false, 1}, {true, 5}} {
		shaken.Store(0)
		client := open(t, HTTP{URLs: []string{server.URL + "/publikace"}, Conns: 1, Fresh: c.fresh, TLS: &tls.Config{RootCAs: pool}})
		for n := range 5 {
			if got := client.Call(scenario(t, "relay"), n).Wrong; got != "" {
				t.Fatal(got)
			}
		}
		if got := shaken.Load(); got != c.want {
			t.Errorf("fresh %v: %d handshakes, want %d", c.fresh, got, c.want)
		}
	}
	if got := open(t, HTTP{URLs: []string{server.URL}, Conns: 1, TLS: &tls.Config{RootCAs: x509.NewCertPool()}}).Call(scenario(t, "relay"),
		0).Wrong; got != "TLS handshake failed" {
		t.Errorf("%q", got)
	}
}

func TestCallsGoToAllGatewaysInTurn(t *testing.T) {
	var urls []string
	var counts [2]atomic.Int64
	for i := range counts {
		url, _ := serve(t, func(rc *fasthttp.RequestCtx) { counts[i].Add(1); answered(rc, egon.OK, "", "") })
		urls = append(urls, url)
	}
	o, err := Run(t.Context(), Plan{Pace: Pace{{1000, 100 * time.Millisecond}}, Workers: 4,
		Mix:    &Mix{scenarios: []*Scenario{scenario(t, "relay")}, upTo: []float64{1}},
		Target: open(t, HTTP{URLs: urls, Conns: 4}), Patience: time.Minute})
	if err != nil || o.Errors() != 0 || counts[0].Load() != 50 || counts[1].Load() != 50 {
		t.Errorf("%d and %d calls, %v, %v", counts[0].Load(), counts[1].Load(), o.Wrong, err)
	}
}

func TestMix(t *testing.T) {
	m, err := NewMix("relay=90, e227=5,e198=5", testBook.Scenario)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	again, err := NewMix(m.String(), testBook.Scenario)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 20000 {
		if m.At(n).Name != again.At(n).Name {
			t.Fatalf("call %d is not the same in two runs", n)
		}
		counts[m.At(n).Name]++
	}
	for name, want := range map[string]int{"relay": 18000, "e227": 1000, "e198": 1000} {
		if got := counts[name]; got < want-want/8 || got > want+want/8 {
			t.Errorf("%s: %d of 20000, want some %d", name, got, want)
		}
	}
	for text, want := range map[string]string{
		"relay=x": "is no weight", "relay=-1": "is no weight", "relay=0": "is no weight", "relay=NaN": "is no weight",
		"rellay": "there is no scenario \"rellay\"; choose of relay,", "": "there is no scenario",
	} {
		if _, err := NewMix(text, testBook.Scenario); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// readHead is AgendaZadostId of a message that the gate would take.
func readHead(service *egon.Service, text []byte) (string, error) {
	r := egon.NewReader(egon.DefaultBounds())
	r.Reset(service)
	if err := r.Feed(text, true); err != nil {
		return "", err
	}
	if !r.Done() {
		return "", io.ErrUnexpectedEOF
	}
	return string(r.Head().Info.AgendaZadostId), nil
}
