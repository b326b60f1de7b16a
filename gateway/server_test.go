package gateway

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brana/egon"
	"brana/limits"
)

// held is a relay that answers when it is let go.
func held() (started chan struct{}, letGo chan struct{}, relay func(*settings)) {
	started, letGo = make(chan struct{}), make(chan struct{})
	return started, letGo, relayTo(func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
		close(started)
		select {
		case <-letGo:
			return relayOK(ctx, m)
		case <-ctx.Done():
			return nil, &egon.CallError{Err: ctx.Err()}
		}
	})
}

func TestShutdownLetsExchangesEnd(t *testing.T) {
	started, letGo, relay := held()
	s := startGateway(t, relay)
	idle := s.dial(t)
	idle.write(withLength("/publikace/E227", call{code: "E227"}.message()))
	idle.answer()
	busy := s.dial(t)
	busy.write(withLength("/publikace/E05", call{}.message()))
	<-started
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	idle.closed()
	eventually(t, "the listener is closed", s.refusesConnections)
	close(letGo)
	r, body := busy.answer()
	if r.StatusCode != 200 || !strings.Contains(body, ">OK<") || !r.Close {
		t.Errorf("%d close=%v %s", r.StatusCode, r.Close, body)
	}
	busy.closed()
	if err := <-done; err != nil {
		t.Errorf("Shutdown = %v", err)
	}
}

// A call that comes on an open connection when the gateway is ending gets an
// answer, and the connection ends with it. Who does not call is closed when the
// time for that is over.
func TestALingeringGatewayAnswers(t *testing.T) {
	t.Parallel() // it waits
	s := startGateway(t, func(s *settings) { s.cfg.Linger = 300 * time.Millisecond })
	open := func() *rawConn {
		w := s.dial(t)
		w.write(withLength("/publikace/E05", call{}.message()))
		r, body := w.answer()
		if r.StatusCode != 200 || r.Close || !strings.Contains(body, ">OK<") {
			t.Fatalf("%d close=%v %s", r.StatusCode, r.Close, body)
		}
		return w
	}
	callers, idle := []*rawConn{open(), open()}, open()
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	eventually(t, "the listener is closed", s.refusesConnections)
	for _, w := range callers {
		w.write(withLength("/publikace/E05", call{}.message()))
		r, body := w.answer()
		if r.StatusCode != 200 || !r.Close || r.Header.Get("Retry-After") != "1" ||
			!strings.Contains(body, "BR_205: ") {
			t.Errorf("%d close=%v %s", r.StatusCode, r.Close, body)
		}
		w.closed()
	}
	idle.closed()
	if err := <-done; err != nil {
		t.Errorf("Shutdown = %v", err)
	}
}

// With nobody connected there is nothing to linger for.
func TestAGatewayWithoutCallersEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGateway(t, func(s *settings) { s.cfg.Linger = time.Hour })
		began := time.Now()
		if err := s.Shutdown(context.Background()); err != nil || time.Since(began) > 0 {
			t.Errorf("Shutdown = %v after %s", err, time.Since(began))
		}
	})
}

// A shutdown is over three times CutTime after its deadline, also when calls, jobs
// and connections do not end.
func TestAShutdownEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const cutTime = 10 * time.Millisecond
		s := newGateway(t, func(s *settings) { s.cfg.CutTime = cutTime })
		ours, theirs := net.Pipe()
		defer theirs.Close()
		ln := &pipeListener{pipes: make(chan net.Conn, 1)}
		ln.ended, ln.end = context.WithCancel(context.Background())
		ln.pipes <- ours
		if err := s.conns.Serve(ln, func(ln net.Listener) error {
			c, err := ln.Accept()
			if err == nil {
				t.Cleanup(func() { c.Close() })
			}
			return err
		}); err != nil || s.Connections() != 1 {
			t.Fatal(err, s.Connections())
		}
		s.jobs.Add(1)
		defer s.jobs.Add(-1)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		began := time.Now()
		err, took := s.Shutdown(ctx), time.Since(began)
		if err == nil || took > time.Minute+3*cutTime {
			t.Errorf("Shutdown = %v after %s", err, took)
		}
	})
}

// Before the listener closes, the gateway is only not ready for some time: a load
// balancer that watches readiness sends it no more calls.
func TestAShutdownMayBeDelayed(t *testing.T) {
	s := startGateway(t, func(s *settings) { s.cfg.ShutdownDelay = time.Hour })
	ready := func() int {
		r := httptest.NewRecorder()
		s.Admin("").ServeHTTP(r, httptest.NewRequest("GET", "http://localhost/readyz", nil))
		return r.Code
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(ctx) }()
	eventually(t, "the gateway is not ready", func() bool { return ready() == 503 })
	w := s.dial(t)
	for range 2 {
		w.write(withLength("/publikace/E05", call{}.message()))
		r, body := w.answer()
		if r.StatusCode != 200 || r.Close || !strings.Contains(body, ">OK<") {
			t.Errorf("%d close=%v %s", r.StatusCode, r.Close, body)
		}
	}
	cancel()
	<-done
	w.closed()
	if !s.refusesConnections() {
		t.Error("the listener is still open")
	}
}

func (s *testGateway) refusesConnections() bool {
	c, err := net.Dial("tcp", s.addr)
	if err == nil {
		c.Close()
	}
	return err != nil
}

func TestAShutdownPastItsDeadlineCutsAndReports(t *testing.T) {
	t.Parallel() // it waits
	started, _, relay := held()
	s := startGateway(t, relay)
	upstream := s.dial(t)
	upstream.write(withLength("/publikace/E05", call{}.message()))
	<-started
	sending := s.dial(t) // a caller that is in the middle of its message
	sending.write(header("/publikace/E05", "Content-Length: 20000"), strings.Repeat(" ", 9<<10))
	eventually(t, "both run", func() bool { return s.Running() == 2 })
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	err := s.Shutdown(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "2 exchanges") {
		t.Errorf("Shutdown = %v", err)
	}
	s.settled(t)
	if _, body := upstream.answer(); !strings.Contains(body, "BR_205: ") {
		t.Error(body)
	}
	upstream.closed()
	sending.closed()
	outcomes := map[any]bool{}
	for _, l := range s.lines(t, 2) {
		outcomes[l["outcome"]] = true
	}
	if !outcomes["draining"] || !outcomes["cut"] {
		t.Errorf("outcomes = %v", outcomes)
	}
}

// An answer that the end of a drain breaks off is laid on neither side: not
// while its upstream is silent, nor while its caller does not take it.
func TestAnAnswerCutByAShutdownIsTheGateways(t *testing.T) {
	t.Parallel() // it waits
	for name, rest := range map[string]func(context.Context) io.Reader{
		"silent upstream":           func(ctx context.Context) io.Reader { return silent{ctx} },
		"caller that does not read": func(context.Context) io.Reader { return letters{} },
	} {
		t.Run(name, func(t *testing.T) {
			s := startGateway(
				t, relayTo(func(ctx context.Context, _ *egon.Message) (*egon.Answer, error) {
					body := io.MultiReader(
						strings.NewReader(string(largeReply(100 << 10)[:100<<10])), rest(ctx),
					)
					return &egon.Answer{
						HTTPStatus:  200,
						ContentType: contentType,
						Length:      -1,
						Body:        io.NopCloser(body),
					}, nil
				}),
			)
			w := s.dial(t)
			w.write(withLength("/publikace/E05", call{}.message()))
			if _, err := w.r.ReadByte(); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			defer cancel()
			if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Shutdown = %v", err)
			}
			s.settled(t)
			if line := s.lines(t, 1)[0]; line["outcome"] != "cut" || line["broken"] != "gateway" {
				t.Errorf("line = %v", line)
			}
		})
	}
}

func TestADrainingGatewayRefuses(t *testing.T) {
	s := startGateway(t)
	s.draining.Store(true)
	checkRefusal(
		t, s.post(t, "/publikace/E05", call{}.message()), Draining, EgonMode, []string{requestID},
	)
}

func TestAdmin(t *testing.T) {
	s := startGateway(t)
	admin := s.Admin("brana 1.2.3")
	get := func(path string) (int, string) {
		r := httptest.NewRecorder()
		admin.ServeHTTP(r, httptest.NewRequest("GET", "http://localhost"+path, nil))
		return r.Code, r.Body.String()
	}
	version := s.parts.Policy.Current().Version()
	check := func(path string, status int, want string) {
		t.Helper()
		if code, body := get(path); code != status || !strings.Contains(body, want) {
			t.Errorf("%s: %d %q, want %d and %q", path, code, body, status, want)
		}
	}
	s.post(t, "/publikace/E05", call{}.message())
	s.lines(t, 1)
	check("/livez", 200, "ok")
	check("/readyz", 200, "ok")
	check("/readyz?verbose", 200, "[+] accepting\n[+] identity not checked: loopback only\n[+] policy "+version+"\n[+] limits\n")
	check("/version", 200, "brana 1.2.3")
	check("/v1/status", 200, `"policy":"`+version+`"`)
	check("/metrics", 200, `brana_exchanges_total{outcome="ok",service="E05"} 1`)

	s.leaving.Store(true)
	check("/livez", 200, "ok")
	check("/readyz", 503, "not ready")
	check("/readyz?verbose", 503, "[-] accepting: the gateway is draining\n")
	check("/v1/status", 200, `"draining":true`)
}

type notReady struct{ limiterFunc }

func (*notReady) Ready(context.Context) error { return errors.New("no Redis") }

func TestNotReadyWithoutALimiter(t *testing.T) {
	s := startGateway(
		t, func(s *settings) { s.parts.Limiter = &notReady{limiterFunc{admit: admitAll}} },
	)
	r := httptest.NewRecorder()
	s.Admin("").ServeHTTP(r, httptest.NewRequest("GET", "http://localhost/readyz?verbose", nil))
	if r.Code != 503 || !strings.Contains(r.Body.String(), "[-] limits: no Redis\n") {
		t.Errorf("%d %s", r.Code, r.Body)
	}
}

// While the log takes no lines, calls are refused without a line of their own, or
// served, as the operator has set. Readiness shows both.
func TestALogThatTakesNoLines(t *testing.T) {
	blocked := errors.New("nobody reads it")
	for _, drop := range []bool{false, true} {
		s := startGateway(t, func(s *settings) {
			s.cfg.DropLines = drop
			s.parts.LogBlocked = func() error { return blocked }
		})
		r := s.post(t, "/publikace/E05", call{}.message())
		ready := httptest.NewRecorder()
		s.Admin("").ServeHTTP(
			ready, httptest.NewRequest("GET", "http://localhost/readyz?verbose", nil),
		)
		if drop {
			read(t, r)
			got := s.outcome(t)
			if got != "ok" || ready.Code != 200 ||
				!strings.Contains(ready.Body.String(), "[!] log: nobody reads it\n") {
				t.Errorf("served: %s; /readyz: %d %s", got, ready.Code, ready.Body)
			}
			continue
		}
		checkRefusal(t, r, LogUnavailable, EgonMode, nil)
		s.settled(t)
		n := len(s.logs.all("exchange"))
		if n != 0 || ready.Code != 503 ||
			!strings.Contains(ready.Body.String(), "[-] log: nobody reads it\n") {
			t.Errorf("refused: %d lines; /readyz: %d %s", n, ready.Code, ready.Body)
		}
		got := gather(t, s)["brana_refusals_total"].GetMetric()
		if len(got) != 1 || got[0].GetCounter().GetValue() != 1 {
			t.Errorf("refusals counted: %v", got)
		}
	}
}

// Findings on the settings of Redis are shown, and do not end readiness.
func TestFindingsAreShown(t *testing.T) {
	s := startGateway(t, func(s *settings) {
		s.parts.Findings = func() []limits.Finding {
			return []limits.Finding{
				{Server: "redis1:6379", Text: "a setting is wrong"},
				{Text: "another cannot be looked at", Unknown: true},
			}
		}
	})
	r := httptest.NewRecorder()
	s.Admin("").ServeHTTP(r, httptest.NewRequest("GET", "http://localhost/readyz?verbose", nil))
	for _, line := range []string{
		"[!] redis: redis1:6379: a setting is wrong\n", "[+] redis: another cannot be looked at\n",
	} {
		if r.Code != 200 || !strings.Contains(r.Body.String(), line) {
			t.Errorf("%d %s, want %s", r.Code, r.Body, line)
		}
	}
}

// A service may have a local route if, and only if, it can be answered here.
func TestLocalRoutesHaveAnAnswer(t *testing.T) {
	can := slices.Sorted(maps.Keys(localServices))
	if may := slices.Sorted(slices.Values(localCodes)); !slices.Equal(may, can) {
		t.Errorf("%v may have a local route, %v can be answered", may, can)
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	relay := Route{Kind: RelayRoute, Relay: relayFunc(relayOK)}
	for _, c := range []struct {
		name  string
		cfg   Config
		media Workflow
		want  string
	}{
		{"prefix without a slash", Config{Prefix: "publikace"}, nil, "listen.prefix"},
		{"prefix with a slash at its end", Config{Prefix: "/publikace/"}, nil, "listen.prefix"},
		{"bounds", Config{InlineLimit: 2, MaxMessage: 1}, nil, "max_message"},
		{
			"unknown code", Config{Routes: Routes{Services: map[string]Route{"E999": relay}}},
			nil, "routes.E999",
		},
		{
			"relay to nobody", Config{Routes: Routes{Default: Route{Kind: RelayRoute}}},
			nil, "routes.default: relay",
		},
		{
			"another workflow",
			Config{Routes: Routes{Services: map[string]Route{"E05": {Kind: WorkflowRoute}}}},
			workflowFunc(serveOK), "only E198",
		},
		{
			"workflow without upstreams",
			Config{Routes: Routes{Services: map[string]Route{"E198": {Kind: WorkflowRoute}}}},
			nil, "needs the upstreams",
		},
		{
			"another local service",
			Config{Routes: Routes{Default: Route{Kind: LocalRoute}}}, nil, "only E227",
		},
	} {
		_, err := New(c.cfg, Parts{Media: c.media})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := New(Config{Routes: Routes{Default: relay}}, Parts{}); err != nil {
		t.Errorf("a good configuration: %v", err)
	}
}

func TestServeEndsWithShutdown(t *testing.T) {
	s := newGateway(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, header("/publikace/E227", "Content-Length: 0"))
	_, _ = c.Read(make([]byte, 1))
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Errorf("Serve = %v", err)
	}
}

// A pipeListener accepts the far ends of pipes, which hold nothing: what is
// written waits until it is read.
type pipeListener struct {
	pipes chan net.Conn
	ended context.Context
	end   context.CancelFunc
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.pipes:
		return c, nil
	case <-l.ended.Done():
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.end(); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// Callers that stay connected over TLS and take nothing any more, not even that
// their connection ends, do not hold up a shutdown one after another.
func TestShutdownWaitsForNoCallerThatTakesNothing(t *testing.T) {
	t.Parallel() // it waits
	s := startTLSGateway(t, strings.Replace(boundOnce, ", addresses: [127.0.0.1]", "", 1))
	other := newGateway(t, func(c *settings) { c.cfg.TLS, c.parts.Policy = s.cfg.TLS, s.policy })
	ln := &pipeListener{pipes: make(chan net.Conn)}
	ln.ended, ln.end = context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- other.Serve(ln) }()
	cert := s.ca.issue(100)
	for range 20 {
		near, far := net.Pipe()
		defer near.Close()
		ln.pipes <- far
		c := tls.Client(near, &tls.Config{
			RootCAs:      s.ca.pool(),
			ServerName:   "127.0.0.1",
			Certificates: []tls.Certificate{*cert},
			MaxVersion:   tls.VersionTLS12,
		})
		if _, err := io.WriteString(c, withLength("/publikace/E05", call{}.message())); err != nil {
			t.Fatal(err)
		}
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || r.StatusCode != 200 {
			t.Fatal(r, err)
		}
		if said := read(t, r); !strings.Contains(said, ">OK<") {
			t.Fatal(said)
		}
	}
	ended := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		ended <- other.Shutdown(ctx)
	}()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("Shutdown = %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the shutdown hangs")
	}
	if err := <-served; err != nil || other.Connections() != 0 {
		t.Errorf("Serve = %v, %d connections", err, other.Connections())
	}
}
