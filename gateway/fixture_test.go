package gateway

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"brana/egon"
	"brana/egon/xmltext"
	"brana/gateway/metrics"
	"brana/limits"
	"brana/policy"
)

func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", "6") // tests that call Parallel wait, and compute little
	goleak.VerifyTestMain(m,
		// The library ends these some time after a client or a server, and the first never.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"))
}

const grants = `grants:
  - {agenda: X999, role: XR1, ovm: "12345678", ais: 999001, environment: test,
     valid: {from: 2020-01-01, to: 2099-12-31}, services: [E05, E198, E227, E35a, E99, E100, E101], items: [EopFoto],
     limits: {working_hours: 1000/h, off_hours: 1000/h, concurrent: 2}}
  - {agenda: X999, role: XR1, ovm: "12345678", ais: 999002, environment: test,
     valid: {from: 2020-01-01, to: 2020-12-31}, services: [E05], limits: {working_hours: 1/h, off_hours: 1/h, concurrent: 1}}
  - {agenda: X999, role: XR1, ovm: "12345678", ais: 999007, environment: test,
     valid: {from: 2020-01-01, to: 2099-12-31}, services: [E227, E99, E100, E101],
     limits: {working_hours: 1000/h, off_hours: 1000/h, concurrent: 2}}
`

const matrix = `agenda,role,ovm,kod_iszr,kod_rpp
X999,XR1,12345678,Jmeno,101-1-2
X999,XR1,12345678,Prijmeni,101-1-1
X999,XR1,12345678,DatumNarozeni,101-1-5
`

const (
	requestID = "a75167b3-b260-49a0-aac6-4d763538b259"
	iszrID    = "11111111-2222-4333-8444-555555555555"
)

// A logRecorder keeps the lines of the log. It reads the fields at once, as an
// encoder does, since a line borrows from its exchange.
type logRecorder struct {
	zapcore.LevelEnabler
	mu      sync.Mutex
	entries []logEntry
}

type logEntry struct {
	level   zapcore.Level
	message string
	fields  map[string]any
}

func (j *logRecorder) With([]zapcore.Field) zapcore.Core { return j }
func (j *logRecorder) Sync() error                       { return nil }

func (j *logRecorder) Check(e zapcore.Entry, c *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return c.AddCore(e, j)
}

func (j *logRecorder) Write(e zapcore.Entry, fields []zapcore.Field) error {
	encoder := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(encoder)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, logEntry{e.Level, e.Message, encoder.Fields})
	return nil
}

// all returns the lines whose message begins so.
func (j *logRecorder) all(message string) []logEntry {
	j.mu.Lock()
	defer j.mu.Unlock()
	var list []logEntry
	for _, e := range j.entries {
		if strings.HasPrefix(e.message, message) {
			list = append(list, e)
		}
	}
	return list
}

type relayFunc func(context.Context, *egon.Message) (*egon.Answer, error)

func (f relayFunc) Send(ctx context.Context, m *egon.Message) (*egon.Answer, time.Time, error) {
	sent := time.Now()
	a, err := f(ctx, m)
	return a, sent, err
}

type workflowFunc func(context.Context, *egon.Head) (*egon.Answer, error)

func (f workflowFunc) Serve(ctx context.Context, h *egon.Head) (*egon.Answer, time.Time, error) {
	sent := time.Now()
	a, err := f(ctx, h)
	return a, sent, err
}

// limiterFunc decides; it counts the slots that are out.
type limiterFunc struct {
	admit func(context.Context, limits.Call) (limits.Decision, error)
	slots atomic.Int64
}

func (l *limiterFunc) Admit(ctx context.Context, c limits.Call) (limits.Decision, error) {
	d, err := l.admit(ctx, c)
	if err == nil && d.Verdict == limits.Admitted {
		l.slots.Add(1)
	}
	return d, err
}

func (l *limiterFunc) Renew(context.Context, limits.Slot, time.Duration) error { return nil }

func (l *limiterFunc) Release(context.Context, limits.Slot) error {
	l.slots.Add(-1)
	return nil
}

func (l *limiterFunc) Ready(context.Context) error { return nil }

func admitAll(context.Context, limits.Call) (limits.Decision, error) {
	return limits.Decision{
		Verdict:   limits.Admitted,
		Quota:     1000,
		Remaining: 999,
		Reset:     time.Hour,
	}, nil
}

// A testGateway is a gateway on a loopback port, with its limiter and its log.
type testGateway struct {
	*Gateway
	addr    string
	limiter *limiterFunc
	logs    *logRecorder
	served  chan error
}

// settings are what a test changes before the gateway is made.
type settings struct {
	cfg   Config
	parts Parts
	made  func(*Gateway) // called before it is served, unless nil
}

func relayTo(r relayFunc) func(*settings) {
	return func(s *settings) {
		s.cfg.Routes.Default = Route{
			Kind:  RelayRoute,
			Name:  "iszr",
			Relay: r,
		}
	}
}

// startGateway makes a gateway and serves it until the test ends; by default E198 is
// a workflow, E227 local, and all else relayed to a registry that answers OK.
func startGateway(t testing.TB, change ...func(*settings)) *testGateway {
	t.Helper()
	s := newGateway(t, change...)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr, s.served = ln.Addr().String(), make(chan error, 1)
	go func() { s.served <- s.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		_ = s.Shutdown(ctx) // what a test left open is cut
		if err := <-s.served; err != nil {
			t.Errorf("Serve = %v", err)
		}
		s.settled(t)
	})
	return s
}

func newGateway(t testing.TB, change ...func(*settings)) *testGateway {
	t.Helper()
	store, err := policy.NewStore(func() (*policy.Snapshot, error) {
		return policy.LoadFS(fstest.MapFS{
			"grants/a.yaml": {Data: []byte(grants)},
			"matrix.csv":    {Data: []byte(matrix)},
		},
			policy.Config{Dir: "grants", MatrixFile: "matrix.csv", Environment: policy.Test})
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &testGateway{
		logs:    &logRecorder{LevelEnabler: zapcore.DebugLevel},
		limiter: &limiterFunc{admit: admitAll},
	}
	with := settings{
		cfg: Config{Routes: Routes{Services: map[string]Route{
			"E198": {Kind: WorkflowRoute},
			"E227": {Kind: LocalRoute},
		}}},
		parts: Parts{
			Policy:  store,
			Limiter: s.limiter,
			Log:     zap.New(s.logs),
			Metrics: NewMetrics(metrics.Sources{}),
			NewID:   func() string { return iszrID },
			Media:   workflowFunc(serveOK),
		},
	}
	relayTo(relayOK)(&with)
	for _, f := range change {
		f(&with)
	}
	if s.Gateway, err = New(with.cfg, with.parts); err != nil {
		t.Fatal(err)
	}
	if with.made != nil {
		with.made(s.Gateway)
	}
	return s
}

// settled waits until nothing runs and checks that nothing is held.
func (s *testGateway) settled(t testing.TB) {
	t.Helper()
	eventually(t, "exchanges end", func() bool { return s.Running() == 0 })
	if n := s.limiter.slots.Load(); n != 0 {
		t.Errorf("%d slots are still held", n)
	}
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for until := time.Now().Add(10 * time.Second); !holds(); {
		if time.Now().After(until) {
			t.Fatalf("still not: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// lines waits for n lines of exchanges and returns them.
func (s *testGateway) lines(t testing.TB, n int) []map[string]any {
	t.Helper()
	var list []map[string]any
	eventually(t, fmt.Sprintf("%d lines of exchanges in the log", n), func() bool {
		list = nil
		for _, e := range s.logs.all("exchange") {
			list = append(list, e.fields)
		}
		return len(list) >= n
	})
	if len(list) != n {
		t.Fatalf("%d lines of exchanges, want %d: %v", len(list), n, list)
	}
	return list
}

// outcome waits for the line of the only exchange and returns its outcome.
func (s *testGateway) outcome(t testing.TB) string {
	t.Helper()
	return s.lines(t, 1)[0]["outcome"].(string)
}

func relayOK(_ context.Context, m *egon.Message) (*egon.Answer, error) {
	if _, err := io.Copy(io.Discard, m.Body); err != nil {
		return nil, err
	}
	return answerOf(replyOf(m.Service.Code, egon.OK)), nil
}

func serveOK(_ context.Context, h *egon.Head) (*egon.Answer, error) {
	a := answerOf(replyOf(h.Service.Code, egon.OK))
	a.Kod = egon.OK
	return a, nil
}

func answerOf(doc []byte) *egon.Answer {
	return &egon.Answer{
		HTTPStatus:  200,
		ContentType: contentType,
		Length:      int64(len(doc)),
		Body:        io.NopCloser(bytes.NewReader(doc)),
	}
}

func replyOf(code, kod string) []byte {
	return egon.AppendReply(nil, egon.ServiceByCode(code), true, &egon.OdpovedInfo{
		CasOdpovedi:    time.Unix(0, 0).UTC(),
		Status:         egon.Status{Kod: kod},
		AgendaZadostId: requestID,
		IszrZadostId:   iszrID,
	})
}

// largeReply is a reply of about size bytes.
func largeReply(size int) []byte {
	doc := replyOf("E05", egon.OK)
	i := bytes.LastIndex(doc, []byte("</e:"))
	if i < 0 {
		i = bytes.LastIndex(doc, []byte("</s:Body>"))
	}
	return insert(doc, i, []byte("<x>"+strings.Repeat("A", size)+"</x>"))
}

func insert(doc []byte, at int, part []byte) []byte {
	return append(append(append([]byte(nil), doc[:at]...), part...), doc[at:]...)
}

// A call describes a request; what is empty takes the value of the caller with
// all rights.
type call struct {
	code   string
	ais    string
	id     string
	items  []string
	inner  string
	bare   bool
	triple *egon.RightsQuery
	queue  *egon.QueueQuery
	time   string // CasZadosti
}

func (c call) message() []byte {
	or := func(s, other string) []byte {
		if s == "" {
			s = other
		}
		return []byte(s)
	}
	inner := []byte(c.inner)
	code := string(or(c.code, "E05"))
	if s := egon.ServiceByCode(code); c.queue != nil {
		inner = egon.AppendQueueQuestion(nil, s, c.queue)
	}
	if code == "E227" && c.inner == "" {
		q := c.triple
		if q == nil {
			q = &egon.RightsQuery{
				Agenda:       []byte("X999"),
				AgendovaRole: []byte("XR1"),
				Ovm:          []byte("12345678"),
			}
		}
		inner = egon.AppendRightsQuestion(nil, q)
	}
	return egon.AppendRequest(nil, &egon.Request{
		Service:   egon.ServiceByCode(code),
		Enveloped: !c.bare,
		Items:     c.items,
		Inner:     inner,
		Info: &egon.ZadostInfo{
			CasZadosti:     or(c.time, "2026-01-02T03:04:05+01:00"),
			Agenda:         []byte("X999"),
			AgendovaRole:   []byte("XR1"),
			Ovm:            []byte("12345678"),
			Ais:            or(c.ais, "999001"),
			AgendaZadostId: or(c.id, requestID),
			Subjekt:        []byte("OVM"),
			Uzivatel:       []byte("test"),
			DuvodUcel:      []byte("test"),
		},
	})
}

// mediaCall is a request of E198 that the caller with all rights may make.
func mediaCall() []byte {
	return call{code: "E198", items: []string{"EopFoto", "Jmeno"}, inner: mediaInner()}.message()
}

func mediaInner() string {
	return string(egon.AppendMediaQuestion(nil, &egon.MediaQuery{
		AgendaZdroj:   []byte("Eop"),
		Kind:          egon.Dotaz2JmPrijDatNar,
		Klic:          []byte(strings.Repeat("MIIB", 98)),
		Jmeno:         []byte("Zoran"),
		Prijmeni:      []byte("Vosáhlo"),
		DatumNarozeni: []byte("1977-05-03"),
	}))
}

// largeMessage is a request of E05 whose tail is about size bytes.
func largeMessage(size int) []byte {
	return call{inner: "<x>" + strings.Repeat("A", size) + "</x>"}.message()
}

// post sends a message as an ordinary client does.
func (s *testGateway) post(t testing.TB, path string, message []byte) *http.Response {
	t.Helper()
	return s.send(t, path, bytes.NewReader(message))
}

// send posts a body; a reader of unknown length goes in chunks.
func (s *testGateway) send(t testing.TB, path string, body io.Reader) *http.Response {
	t.Helper()
	client := &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true},
		Timeout:   30 * time.Second,
	}
	r, err := client.Post("http://"+s.addr+path, contentType, body)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Body.Close() })
	return r
}

func read(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	return string(b)
}

// A rawConn is a connection to a gateway without an HTTP client.
type rawConn struct {
	net.Conn
	t testing.TB
	r *bufio.Reader
}

func (s *testGateway) dial(t testing.TB) *rawConn {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return &rawConn{Conn: c, t: t, r: bufio.NewReader(c)}
}

func (w *rawConn) write(parts ...string) {
	w.t.Helper()
	for _, p := range parts {
		if _, err := io.WriteString(w.Conn, p); err != nil {
			w.t.Fatalf("write: %v", err)
		}
	}
}

// answer reads one response with its body; 100 Continue is none.
func (w *rawConn) answer() (*http.Response, string) {
	w.t.Helper()
	r, err := http.ReadResponse(w.r, nil)
	for err == nil && r.StatusCode == 100 {
		r, err = http.ReadResponse(w.r, nil)
	}
	if err != nil {
		w.t.Fatalf("read response: %v", err)
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Fatalf("read body: %v", err)
	}
	return r, string(b)
}

// closed fails the test unless the connection ends without another byte.
func (w *rawConn) closed() {
	w.t.Helper()
	rest, err := io.ReadAll(w.r)
	if len(rest) > 0 {
		w.t.Errorf("the connection goes on with %q", rest)
	}
	var timeout net.Error
	if asTimeout(err, &timeout) {
		w.t.Error("the connection stays open")
	}
}

func asTimeout(err error, to *net.Error) bool {
	e, ok := err.(net.Error)
	*to = e
	return ok && e.Timeout()
}

// header is the head of a POST request, with the lines given added.
func header(path string, lines ...string) string {
	return "POST " + path +
		" HTTP/1.1\r\nHost: brana.test\r\nContent-Type: text/xml; charset=utf-8\r\n" +
		strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

func withLength(path string, body []byte, lines ...string) string {
	return header(path, append(lines, fmt.Sprintf("Content-Length: %d", len(body)))...) +
		string(body)
}

// parse fails the test unless a document is well-formed.
func parse(t testing.TB, doc string) *xmltext.Node {
	t.Helper()
	root, err := xmltext.Parse([]byte(doc), xmltext.DefaultBounds())
	if err != nil {
		t.Fatalf("the answer is not XML: %v\n%s", err, doc)
	}
	return root
}

// eachPopis calls f with every VysledekPopis.
func eachPopis(n *xmltext.Node, f func(string)) {
	if n.Local == "VysledekPopis" {
		f(n.Value())
	}
	for _, c := range n.Children {
		eachPopis(c, f)
	}
}
