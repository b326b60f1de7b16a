package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"brana/egon"
)

const continued = "HTTP/1.1 100 Continue\r\n\r\n"

// continues fails the test unless the next bytes are 100 Continue.
func (w *rawConn) continues() {
	w.t.Helper()
	got := make([]byte, len(continued))
	if n, err := io.ReadFull(w.r, got); err != nil || string(got) != continued {
		w.t.Fatalf("%q, %v, want 100 Continue", got[:n], err)
	}
}

// next reads one response, and fails the test when it is 100 Continue.
func (w *rawConn) next() (*http.Response, string) {
	w.t.Helper()
	if start, _ := w.r.Peek(len(continued)); string(start) == continued {
		w.t.Error("100 Continue, want the answer")
	}
	return w.answer()
}

// A caller that waits for 100 Continue gets it once, and then its answer; one
// that does not wait gets the same. The connection stays.
func TestExpectContinue(t *testing.T) {
	message := string(call{}.message())
	large := string(largeMessage(200 << 10))
	chunked := func(body string) string {
		return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	}
	length := func(body string) string { return fmt.Sprintf("Content-Length: %d", len(body)) }
	for _, c := range []struct{ name, expect, framing, body string }{
		{"small", "Expect: 100-continue", length(message), message},
		{"in another case", "expect: 100-Continue", length(message), message},
		{"large", "Expect: 100-continue", length(large), large},
		{"chunked", "Expect: 100-continue", "Transfer-Encoding: chunked", chunked(message)},
		{"large and chunked", "Expect: 100-continue", "Transfer-Encoding: chunked", chunked(large)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startGateway(t)
			w := s.dial(t)
			for range 2 { // waits
				w.write(header("/publikace/E05", c.expect, c.framing))
				w.continues()
				w.write(c.body)
				r, body := w.next()
				if r.StatusCode != 200 || r.Close || !strings.Contains(body, ">OK<") {
					t.Errorf("%d %s", r.StatusCode, body)
				}
			}
			for range 2 { // does not
				w.write(header("/publikace/E05", c.expect, c.framing), c.body)
				w.continues()
				if r, body := w.next(); r.StatusCode != 200 || !strings.Contains(body, ">OK<") {
					t.Errorf("not waiting: %d %s", r.StatusCode, body)
				}
			}
			s.lines(t, 4)
		})
	}
}

// A header that must be refused is refused at once, without 100 Continue and without
// waiting for the message. Nothing that follows is a request: neither the message
// nor bytes that hide behind it.
func TestExpectIsRefusedByTheHeaderAlone(t *testing.T) {
	const host, kind = "Host: brana.test", "Content-Type: text/xml; charset=utf-8"
	const post = "POST /publikace/E05 HTTP/1.1"
	const expect, length = "Expect: 100-continue", "Content-Length: 50000"
	for _, c := range []struct {
		name   string
		lines  []string
		status int
		kind   string
	}{
		{
			"method", []string{"PUT /publikace/E05 HTTP/1.1", host, kind, length, expect},
			405, "bad-http",
		},
		{"GET", []string{"GET /publikace/E05 HTTP/1.1", host, expect}, 405, "bad-http"},
		{"expectation", []string{post, host, kind, length, "Expect: banana"}, 417, "bad-http"},
		{
			"one more expectation",
			[]string{post, host, kind, length, "Expect: 100-continue, banana"}, 417, "bad-http",
		},
		{"expectation twice", []string{post, host, kind, length, expect, expect}, 400, "bad-http"},
		{
			"another expectation after it",
			[]string{post, host, kind, length, expect, "Expect: banana"}, 400, "bad-http",
		},
		{"no length", []string{post, host, kind, expect}, 411, "bad-http"},
		{
			"two framings",
			[]string{post, host, kind, length, "Transfer-Encoding: chunked", expect},
			400, "bad-http",
		},
		{"two lengths", []string{post, host, kind, length, length, expect}, 400, "bad-http"},
		{"folded line", []string{post, host, kind, length, "X: y\r\n z", expect}, 400, "bad-http"},
		{"bare LF", []string{post, host, kind, length, "X: y\n" + expect}, 400, "bad-http"},
		{"no Host", []string{post, kind, length, expect}, 400, "bad-http"},
		{
			"other host",
			[]string{"POST http://evil.test/publikace/E05 HTTP/1.1", host, kind, length, expect},
			400, "bad-http",
		},
		{
			"Trailer",
			[]string{post, host, kind, "Transfer-Encoding: chunked", "Trailer: X", expect},
			400, "bad-http",
		},
		{
			"compressed", []string{post, host, kind, length, "Content-Encoding: gzip", expect},
			415, "bad-http",
		},
		{
			"type", []string{post, host, "Content-Type: application/soap+xml", length, expect},
			415, "bad-http",
		},
		{
			"charset",
			[]string{post, host, "Content-Type: text/xml; charset=utf-16", length, expect},
			415, "bad-http",
		},
		{
			"header too large",
			[]string{post, host, kind, length, expect, "X: " + strings.Repeat("y", 20<<10)},
			431, "bad-http",
		},
		{
			"path", []string{"POST /E05 HTTP/1.1", host, kind, length, expect},
			404, "unknown-service",
		},
		{
			"service", []string{"POST /publikace/E999 HTTP/1.1", host, kind, length, expect},
			404, "unknown-service",
		},
		{
			"query",
			[]string{post[:len("POST /publikace/E05")] + "?x HTTP/1.1", host, kind, length, expect},
			404, "unknown-service",
		},
		{
			"no route", []string{"POST /publikace/E35a HTTP/1.1", host, kind, length, expect},
			404, "unknown-service",
		},
		{
			"size", []string{post, host, kind, "Content-Length: 999999999999", expect},
			413, "too-large",
		},
		{
			"size of what is answered here",
			[]string{"POST /publikace/E227 HTTP/1.1", host, kind, "Content-Length: 70000", expect},
			413, "too-large",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startGateway(t, func(s *settings) {
				s.cfg.StatusMode = HTTPMode
				s.cfg.Routes.Services["E35a"] = Route{Kind: RefuseRoute}
			})
			request := strings.Join(append(c.lines, "", ""), "\r\n")
			waits := s.dial(t)
			waits.write(request)
			r, body := waits.next() // nothing of the message was sent
			parse(t, body)
			if r.StatusCode != c.status || !r.Close || !strings.Contains(body, c.kind) {
				t.Errorf("%d %s, want %d %s", r.StatusCode, body, c.status, c.kind)
			}
			waits.closed()

			smuggles := s.dial(t)
			smuggles.write(
				request, withLength("/publikace/E05", call{}.message()),
				header("/publikace/E05", expect, "Content-Length: 5"),
			)
			if r, body := smuggles.next(); r.StatusCode != c.status || !r.Close {
				t.Errorf("not waiting: %d %s", r.StatusCode, body)
			}
			smuggles.closed()
			for _, line := range s.lines(t, 2) {
				if line["outcome"] != c.kind {
					t.Errorf("outcome %v, want %s", line["outcome"], c.kind)
				}
			}
		})
	}
}

// A gateway that has no room, or drains, does not have the message sent.
func TestExpectWithoutRoom(t *testing.T) {
	held := make(chan struct{})
	s := startGateway(t, func(s *settings) {
		s.cfg.MaxExchanges, s.cfg.StatusMode = 1, HTTPMode
	}, relayTo(func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
		<-held
		return relayOK(ctx, m)
	}))
	first := s.dial(t)
	first.write(withLength("/publikace/E05", call{}.message()))
	eventually(t, "the first runs", func() bool { return s.Running() == 1 })
	ask := func(status int, subKod string) {
		t.Helper()
		w := s.dial(t)
		w.write(header("/publikace/E05", "Expect: 100-continue", "Content-Length: 5000"))
		r, body := w.next()
		if r.StatusCode != status || r.Header.Get("Retry-After") != "1" ||
			!strings.Contains(body, subKod) {
			t.Errorf("%d %v %s", r.StatusCode, r.Header, body)
		}
		w.closed()
	}
	ask(503, "BR_204: ")
	close(held)
	if r, body := first.answer(); r.StatusCode != 200 {
		t.Errorf("the first: %d %s", r.StatusCode, body)
	}
	eventually(t, "there is room", func() bool { return s.Running() == 0 })
	s.draining.Store(true)
	ask(503, "BR_205: ")
}

// A caller that got its 100 Continue and then sends nothing, or leaves, ends as
// any other.
func TestExpectAndThenNothing(t *testing.T) {
	for _, leaves := range []bool{false, true} {
		s := startGateway(t, func(s *settings) {
			s.cfg.ReadIdle, s.cfg.StatusMode = 100*time.Millisecond, HTTPMode
		})
		w := s.dial(t)
		w.write(header("/publikace/E05", "Expect: 100-continue", "Content-Length: 5000"))
		w.continues()
		if leaves {
			w.Close()
		} else if r, body := w.next(); r.StatusCode != 408 {
			t.Errorf("%d %s", r.StatusCode, body)
		}
		if got := s.lines(t, 1)[0]; got["outcome"] == "ok" {
			t.Errorf("line = %v", got)
		}
		s.settled(t)
	}
}

// On a connection that is kept, the time of the answer before is no time of
// what follows.
func TestKeptConnectionsAreAnsweredInTheirOwnTime(t *testing.T) {
	t.Parallel() // it waits
	const writeIdle = 400 * time.Millisecond
	for name, c := range map[string]struct {
		next   func(w *rawConn)
		status int
	}{
		"100 Continue": {func(w *rawConn) {
			message := string(call{}.message())
			w.write(
				header(
					"/publikace/E05", "Expect: 100-continue",
					fmt.Sprintf("Content-Length: %d", len(message)),
				),
			)
			w.continues()
			w.write(message)
		}, 200},
		"not parsed": {func(w *rawConn) { w.write("POST\r\n\r\n") }, 400},
		"too large": {
			func(w *rawConn) {
				w.write(
					header("/publikace/E05", "X: "+strings.Repeat("y", 20<<10)),
				)
			},
			431,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startGateway(
				t, func(s *settings) { s.cfg.WriteIdle, s.cfg.StatusMode = writeIdle, HTTPMode },
			)
			w := s.dial(t)
			w.write(withLength("/publikace/E05", call{}.message()))
			if r, body := w.answer(); r.StatusCode != 200 {
				t.Fatalf("%d %s", r.StatusCode, body)
			}
			time.Sleep(2 * writeIdle) // a caller that thinks
			c.next(w)
			if r, body := w.next(); r.StatusCode != c.status {
				t.Errorf("%d %s", r.StatusCode, body)
			}
		})
	}
}
