package gateway

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
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
     valid: {from: 2020-01-01, to: 2099-12-31}, services: [E05, E189, E198, E227, E35a, E99, E100, E101], items: [EopFoto],
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

type relayFunc func(context.Context, *egon.Message) (*egon.Answer, error)

func (f relayFunc) Send(
	ctx context.Context, m *egon.Message, _ *egon.Trace,
) (*egon.Answer, time.Time, error) {
	sent := time.Now()
	a, err := f(ctx, m)
	return a, sent, err
}

type workflowFunc func(context.Context, *egon.Head) (*egon.Answer, error)

func (f workflowFunc) Serve(
	ctx context.Context, h *egon.Head, _ *egon.Trace,
) (*egon.Answer, time.Time, error) {
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
			Items: policy.Pass, // most messages of these tests list no items
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
