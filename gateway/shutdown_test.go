package gateway

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brana/egon"
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
