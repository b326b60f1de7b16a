package registries

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brana/egon"
	"brana/egon/xmltext"
)

// probe is a message that RUIAN answers with OK.
const probe = `<e:CtiProRobRequest xmlns:e="` + egon.NSRuian + `" xmlns:reg="` + egon.NSReg + `">` + testInfo +
	`<e:Dotaz><e:SeznamIdAdres/></e:Dotaz></e:CtiProRobRequest>`

func (s *testServer) set(registry string, v Settings) {
	s.t.Helper()
	if err := s.server.Set(registry, v); err != nil {
		s.t.Fatal(err)
	}
}

func (s *testServer) probe() answered {
	return s.do("POST", "/ruian", "CtiProRobRequest", strings.NewReader(enveloped(probe)))
}

func TestFailures(t *testing.T) {
	s := newTestServer(t)
	tests := []struct {
		name string
		set  Settings
		ok   func(a answered) bool
	}{
		{"none", Settings{Failure: FailNone}, func(a answered) bool { return a.err == nil && a.status == 200 && kodOf(a.body) == egon.OK }},
		{"refuse", Settings{Failure: FailRefuse}, func(a answered) bool { return a.err != nil }},
		{"down", Settings{Down: true}, func(a answered) bool { return a.err != nil }},
		{"500", Settings{Failure: FailHTTP500}, func(a answered) bool {
			return a.status == 500 && strings.HasPrefix(a.header.Get("Content-Type"), "text/html") && kodOf(a.body) == ""
		}},
		{"empty", Settings{Failure: FailEmpty}, func(a answered) bool { return a.err == nil && a.status == 200 && len(a.body) == 0 }},
		{"fault", Settings{Failure: FailFault}, func(a answered) bool {
			return a.status == 500 && strings.Contains(string(a.body), "<faultcode>soapenv:Server</faultcode>")
		}},
		{"malformed", Settings{Failure: FailMalformed}, func(a answered) bool {
			_, err := xmltext.Parse(a.body, xmltext.DefaultBounds())
			return a.err == nil && a.status == 200 && err != nil
		}},
		{"cut", Settings{Failure: FailCut}, func(a answered) bool {
			return errors.Is(a.err, io.ErrUnexpectedEOF) && len(a.body) > 0
		}},
		{"wrong namespace", Settings{Failure: FailWrongNamespace}, func(a answered) bool {
			m, err := readMessage(a.body)
			return err == nil && m.body.Local == "CtiProRobResponse" && m.body.Space != egon.NSRuian
		}},
		{"chyba", Settings{Failure: FailChyba}, func(a answered) bool { return a.status == 200 && kodOf(a.body) == egon.Chyba }},
		{"slow", Settings{Failure: FailSlow}, func(a answered) bool { return a.err == nil && kodOf(a.body) == egon.OK }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s.server.ClearLog()
			s.set(RUIAN, test.set)
			if a := s.probe(); !test.ok(a) {
				t.Errorf("answer = %d %v %q %v", a.status, a.header, a.body, a.err)
			}
			want := test.set.Failure
			switch {
			case test.set.Down:
				want = FailRefuse
			case want == FailNone:
				want = ""
			}
			if e := s.one(); e.Registry != RUIAN || e.Failure != want {
				t.Errorf("entry = %+v, want failure %q", e, want)
			}
		})
	}
}

// one returns the only entry of the log.
func (s *testServer) one() Entry {
	s.t.Helper()
	return s.entries(1)[0]
}

// entries returns the log when it has n entries: a streamed answer is entered
// a moment after it was read.
func (s *testServer) entries(n int) []Entry {
	s.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if log := s.server.Log(); len(log) == n {
			return log
		}
	}
	s.t.Fatalf("log has %d entries, want %d", len(s.server.Log()), n)
	return nil
}

func kodOf(body []byte) string {
	m, err := readMessage(body)
	if err != nil {
		return ""
	}
	return m.body.Child(m.body.Space, "OdpovedInfo").Child(egon.NSReg, "Status").Child(egon.NSReg, "VysledekKod").Value()
}

// What a registry answers that broke down is valid too.
func TestChybaIsValid(t *testing.T) {
	s := newTestServer(t)
	o := officialSchemas(t)
	v := DefaultSystems()
	tests := []struct{ registry, payload, schema string }{
		{RUIAN, probe, "ruian/xsd/cti_pro_rob/CtiProRob.xsd"},
		{ORG, orgRequest("OrgCtiAifo", AIFO(v.EOP.Agenda, 0), v.EOP, v.ROB), "org/xsd/OrgRozhrani.xsd"},
		{AISEO, aiseoRequest("<e:RodneCislo>255424486</e:RodneCislo>"), "aiseo/xsd/AiseoCtiPodleUdaju.xsd"},
		{ROB, robRequest("RobCtiHromadneAifo", "", AIFO("A101", 2), "<rod:RobCtiHromadneAifoData/>"), ""},
	}
	for _, test := range tests {
		s.set(test.registry, Settings{Failure: FailChyba})
		n, a := s.post(test.registry, test.payload)
		if n == nil {
			t.Fatalf("%s: answer = %d %s %v", test.registry, a.status, a.body, a.err)
		}
		s.mustStatus(n, n.Space, egon.Chyba)
		if test.schema != "" {
			o.check(test.schema, n)
		}
	}
}

// A registry that hangs lets the caller wait until the caller gives up.
func TestHang(t *testing.T) {
	s := newTestServer(t)
	s.set(RUIAN, Settings{Failure: FailHang})
	s.client.Timeout = 50 * time.Millisecond
	var timeout net.Error
	if a := s.probe(); !errors.As(a.err, &timeout) || !timeout.Timeout() {
		t.Errorf("answer = %d %v, want a timeout", a.status, a.err)
	}
}

// Shutdown frees connections that hang.
func TestShutdownWhileHanging(t *testing.T) {
	s := newTestServer(t)
	s.set(RUIAN, Settings{Failure: FailHang})
	got := make(chan answered, 1)
	go func() { got <- s.probe() }()
	s.one()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if a := <-got; a.err == nil {
		t.Errorf("answer = %d, want a closed connection", a.status)
	}
}

func TestRate(t *testing.T) {
	s := newTestServer(t)
	s.set(RUIAN, Settings{Failure: FailEmpty, Rate: 0.5})
	failed := 0
	for range 200 {
		if a := s.probe(); len(a.body) == 0 {
			failed++
		}
	}
	if failed < 50 || failed > 150 {
		t.Errorf("%d of 200 failed, want about 100", failed)
	}
}

func TestLatency(t *testing.T) {
	s := newTestServer(t)
	const least, jitter = 20 * time.Millisecond, 10 * time.Millisecond
	s.set(RUIAN, Settings{Latency: Duration(least), Jitter: Duration(jitter)})
	start := time.Now()
	s.probe()
	if took := time.Since(start); took < least {
		t.Errorf("answer after %v, want at least %v", took, least)
	}
	e := s.one()
	if e.Duration < Duration(least) || e.Head < Duration(least) || e.Head > e.Duration {
		t.Errorf("entry = %+v, want at least %v until the head and not less in all", e, least)
	}
}

func TestControlOverHTTP(t *testing.T) {
	s := newTestServer(t)
	tests := []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"first settings", "GET", "/control/rob", "", 200,
			`{"latency":"0s","jitter":"0s","failure":"","rate":0,"down":false,"photo_bytes":0,` +
				`"returns_more":false,"transfer":"0s","reply_bytes":0,"mirror":false,"echo":false,"bare_items":false,"aiseo_url":""}`},
		{"change some", "PUT", "/control/rob", `{"latency":"5ms","failure":"fault"}`, 200, `{"latency":"5ms","jitter":"0s","failure":"fault",`},
		{"the others stay", "PUT", "/control/rob", `{"down":true}`, 200,
			`{"latency":"5ms","jitter":"0s","failure":"fault","rate":0,"down":true,`},
		{"another registry", "GET", "/control/org", "", 200, `{"latency":"0s"`},
		{"all", "GET", "/control/", "", 200, `"front":{"latency":"0s"`},
		{"back", "DELETE", "/control/rob", "", 200, `{"latency":"0s","jitter":"0s","failure":"","rate":0,"down":false,`},
		{"unknown failure", "PUT", "/control/rob", `{"failure":"boom"}`, 400, "boom"},
		{"a failure of the evidences", "PUT", "/control/ecd", `{"failure":"withheld"}`, 200, `"failure":"withheld"`},
		{"a failure of the evidences alone", "PUT", "/control/rob", `{"failure":"withheld"}`, 400, "no photos"},
		{"unknown key", "PUT", "/control/rob", `{"latenci":"5ms"}`, 400, "latenci"},
		{"negative latency", "PUT", "/control/rob", `{"latency":"-5ms"}`, 400, `"-5ms\" is not a duration: write it as \"250ms\"`},
		{"latency without a unit", "PUT", "/control/rob", `{"latency":3}`, 400, `latency is a number: write a duration, as \"250ms\"`},
		{"rate above one", "PUT", "/control/rob", `{"rate":2}`, 400, "rate"},
		{"too large a photo", "PUT", "/control/eop", `{"photo_bytes":1000000000000}`, 400, "photo_bytes"},
		{"too large a reply", "PUT", "/control/front", `{"reply_bytes":-1}`, 400, "reply_bytes"},
		{"unknown registry", "PUT", "/control/ros", `{}`, 404, "ros"},
		{"method", "POST", "/control/rob", `{}`, 405, "use GET"},
		{"rights", "PUT", "/control/rights", `{"A1/R1/1": [{"kod_iszr": "Aifo"}], "X999/XR1/12345678": []}`, 200,
			`"A1/R1/1":[{"kod_iszr":"Aifo"}],"A1185/`},
		{"rights as they are", "GET", "/control/rights", "", 200, `"X999/XR2/12345678":[{"kod_iszr":"Prijmeni","kod_rpp":"101-1-1"}`},
		{"rights of no triple", "PUT", "/control/rights", `{"A1/R1": [{"kod_iszr": "Aifo"}]}`, 400, "is not agenda/role/ovm"},
		{"a right to nothing", "PUT", "/control/rights", `{"A1/R1/1": [{"kod_rpp": "1"}]}`, 400, "has no kod_iszr"},
		{"rights in another form", "PUT", "/control/rights", `{"A1/R1/1": ["Aifo"]}`, 400, "cannot unmarshal"},
		{"rights set back", "DELETE", "/control/rights", "", 200, `"X999/XR1/12345678":[{`},
		{"method of rights", "POST", "/control/rights", "", 405, "use GET"},
		{"empty log", "GET", "/control/log", "", 200, "[]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := s.do(test.method, test.path, "", strings.NewReader(test.body))
			if a.status != test.status || !strings.Contains(string(a.body), test.want) {
				t.Errorf("answer = %d %s, want %d with %s", a.status, a.body, test.status, test.want)
			}
		})
	}
}

func TestLog(t *testing.T) {
	heard := make(chan Entry, 10)
	s := newTestServer(t, func(c *Config) { c.Log = func(e Entry) { heard <- e } })
	for range 3 {
		s.probe()
	}
	var log []Entry
	decode(t, s.do("GET", "/control/log?n=2", "", http.NoBody).body, &log)
	if len(log) != 2 {
		t.Fatalf("%d entries, want 2", len(log))
	}
	e := <-heard
	if e.Registry != RUIAN || e.Step != "A28" || e.Action != "CtiProRobRequest" || e.Kod != egon.OK || e.HTTPStatus != 200 ||
		e.AgendaZadostId != testAgendaID || e.IszrZadostId != testIszrID || e.Duration <= 0 || e.Start.IsZero() {
		t.Errorf("entry = %+v", e)
	}
	s.do("DELETE", "/control/log", "", http.NoBody)
	if left := s.server.Log(); len(left) != 0 {
		t.Errorf("%d entries after DELETE", len(left))
	}
}

// The log keeps the last entries when it is full.
func TestLogIsARing(t *testing.T) {
	s := newTestServer(t)
	for i := range logSize + 5 {
		s.server.control.log.record(Entry{Start: time.Now(), HTTPStatus: i})
	}
	log := s.server.Log()
	if len(log) != logSize || log[0].HTTPStatus != 5 || log[logSize-1].HTTPStatus != logSize+4 {
		t.Errorf("log has %d entries from %d to %d", len(log), log[0].HTTPStatus, log[len(log)-1].HTTPStatus)
	}
}

func TestConfigIsChecked(t *testing.T) {
	p := NewPopulation(0, 1)
	for name, cfg := range map[string]Config{
		"no population":    {},
		"unknown registry": {Population: p, Settings: map[string]Settings{"ros": {}}},
		"unknown failure":  {Population: p, Settings: map[string]Settings{ROB: {Failure: "boom"}}},
	} {
		if _, err := NewServer(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSettingsRoundTrip(t *testing.T) {
	want := Settings{Latency: Duration(5 * time.Millisecond), Jitter: 1, Failure: FailCut, Rate: 0.25, Down: true, Photo: 7, ReplyBytes: 8,
		Mirror: true, Echo: true, BareItems: true}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Settings
	if decode(t, data, &got); got != want {
		t.Errorf("%s reads as %+v", data, got)
	}
}

// A handler that panics is answered with a Fault and leaves a trace.
func TestPanic(t *testing.T) {
	s := newTestServer(t)
	r := s.server.registries[RUIAN]
	r.serve = func(*message) reply { panic("boom") }
	s.server.registries[RUIAN] = r
	if a := s.probe(); a.status != 500 || !strings.Contains(string(a.body), "soapenv:Server") {
		t.Errorf("answer = %d %s %v", a.status, a.body, a.err)
	}
	if e := s.one(); !strings.Contains(e.Problem, "boom") {
		t.Errorf("problem = %q", e.Problem)
	}
}

// One that panics while its answer is written cuts the answer.
func TestPanicInStream(t *testing.T) {
	s := newTestServer(t)
	r := s.server.registries[RUIAN]
	r.serve = func(*message) reply {
		return reply{head: []byte("<a>"), stream: func(io.Writer) error { panic("boom") }}
	}
	s.server.registries[RUIAN] = r
	if a := s.probe(); a.err == nil {
		t.Errorf("answer = %d %s, want it cut", a.status, a.body)
	}
}

// An answer that trickles takes twenty waits, not more, however long it is and
// in whatever pieces it is written.
func TestASlowAnswerHasTwentyParts(t *testing.T) {
	for _, size := range []int{19, 20, 3000, 1 << 20} {
		synctest.Test(t, func(t *testing.T) {
			slow := &slowWriter{end: newShutdown(), wait: time.Second}
			start := time.Now()
			var got bytes.Buffer
			err := slow.trickle(&got, func(w io.Writer) error {
				for piece := range slices.Chunk(make([]byte, size), 1000) {
					if _, err := w.Write(piece); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil || got.Len() != size {
				t.Errorf("%d of %d bytes written, %v", got.Len(), size, err)
			}
			if parts := time.Since(start) / time.Second; parts > slowParts || parts < min(slowParts, time.Duration(size))/2 {
				t.Errorf("%d bytes came in %d parts", size, parts)
			}
		})
	}
}
