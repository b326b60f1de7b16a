package gateway

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"brana/egon"
	"brana/gateway/conn"
)

// A caller that still sends when it is refused gets to read why, up to the bound of
// a drain, also when its framing is in doubt.
func TestARefusalIsReadByACallerThatStillSends(t *testing.T) {
	const host, kind = "Host: brana.test\r\n", "Content-Type: text/xml\r\n"
	filler := strings.Repeat("GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", 5<<20/36)
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"a header of 10 MiB": {
			"POST /publikace/E05 HTTP/1.1\r\n" + host + "X: " + strings.Repeat("y", 10<<20) +
				"\r\n\r\n",
			431,
		},
		"headers of 5 MiB": {
			"POST /publikace/E05 HTTP/1.1\r\n" + host + strings.Repeat(
				"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n", 5<<20/34,
			) + "\r\n",
			431,
		},
		"a request line of 5 MiB": {
			"POST /publikace/" + strings.Repeat("E", 5<<20) + " HTTP/1.1\r\n" + host + "\r\n", 431,
		},
		"5 MiB after two lengths": {
			"POST /publikace/E05 HTTP/1.1\r\n" + host + kind +
				"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + filler,
			400,
		},
		"5 MiB after a folded line": {
			"POST /publikace/E05 HTTP/1.1\r\n" + host + kind +
				"X: y\r\n z\r\nContent-Length: 5\r\n\r\n" + filler,
			400,
		},
		"5 MiB after a bare LF": {
			"POST /publikace/E05 HTTP/1.1\r\n" + host + kind + "X: y\nContent-Length: 5\r\n\r\n" +
				filler,
			400,
		},
		"5 MiB after Trailer": {
			header("/publikace/E05", "Trailer: X", "Content-Length: 5") + filler, 400,
		},
		"5 MiB after a blank chunk": {
			header("/publikace/E05", "Transfer-Encoding: chunked") + "5 \r\n<a/>\r\n" + filler,
			400,
		},
		"5 MiB that were not awaited": {
			header("/publikace/E05", "Expect: banana", "Content-Length: 5000000") + filler, 417,
		},
		"5 MiB of a broken chunk": {
			header("/publikace/E05", "Transfer-Encoding: chunked") + "5\r\n<a/>XY" + filler, 400,
		},
		"5 MiB of a body, not offered": {
			header("/publikace/E999", fmt.Sprintf("Content-Length: %d", len(filler))) + filler,
			404,
		},
		"more than is ever taken": {
			header("/publikace/E05", "Content-Length: 5000000000") + filler, 413,
		},
	} {
		for _, plain := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, plain sockets %t", name, plain), func(t *testing.T) {
				s := startGateway(
					t,
					func(s *settings) { s.cfg.StatusMode, s.cfg.PlainSockets = HTTPMode, plain },
				)
				w := s.dial(t)
				w.write(c.request)
				if r, body := w.answer(); r.StatusCode != c.status {
					t.Errorf("%d %s", r.StatusCode, body)
				}
				if c.status != 404 { // that message was read whole
					w.closed()
				}
				w.Close()
				s.settled(t)
				s.lines(t, 1)
			})
		}
	}
}

// A caller that never stops sending is read off for no longer than the bound.
func TestReadingOffEndsInTime(t *testing.T) {
	s := startGateway(t, func(s *settings) { s.cfg.DrainTime = 50 * time.Millisecond })
	w := s.dial(t)
	w.write(header("/publikace/E05", "Content-Length: 5", "Transfer-Encoding: chunked"))
	w.answer()
	eventually(t, "the connection is given up", func() bool {
		_, err := io.WriteString(w.Conn, "x")
		return err != nil && s.Connections() == 0
	})
}

// dialFrom opens a connection from a loopback address of its own.
func (s *testGateway) dialFrom(t testing.TB, address string) *rawConn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	c, err := d.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return &rawConn{Conn: c, t: t, r: bufio.NewReader(c)}
}

func TestConnectionsAreBounded(t *testing.T) {
	for _, c := range []struct {
		limit string
		set   func(*Config)
		last  string // the peer of the connection that is too many
		other bool   // another peer gets in
	}{
		{conn.PerPeer, func(c *Config) { c.MaxConnsPerPeer = 2 }, "127.0.0.2", true},
		{conn.Total, func(c *Config) { c.MaxConns = 2 }, "127.0.0.3", false},
	} {
		t.Run(c.limit, func(t *testing.T) {
			s := startGateway(t, func(s *settings) { c.set(&s.cfg) })
			ask := func(w *rawConn) {
				t.Helper()
				w.write(withLength("/publikace/E05", call{}.message()))
				if r, body := w.answer(); r.StatusCode != 200 {
					t.Errorf("%d %s", r.StatusCode, body)
				}
			}
			first, second := s.dialFrom(t, "127.0.0.2"), s.dialFrom(t, "127.0.0.2")
			ask(first)
			ask(second)

			refused := s.dialFrom(t, c.last)
			refused.write(withLength("/publikace/E05", call{}.message()))
			r, body := refused.answer()
			if r.StatusCode != 503 || r.Header.Get("Retry-After") != "1" ||
				!strings.Contains(body, "BR_204: ") || !strings.Contains(body, "overloaded") {
				t.Errorf("%d %v %s", r.StatusCode, r.Header, body)
			}
			parse(t, body)
			refused.closed()
			if got := s.count(t, "brana_connections_refused_total", c.limit); got != 1 {
				t.Errorf("%v refusals counted", got)
			}
			if c.other {
				ask(s.dialFrom(t, "127.0.0.3"))
			}

			first.Close()
			eventually(
				t, "the first has gone",
				func() bool { return s.Connections() < 2 || c.other && s.Connections() < 3 },
			)
			ask(s.dialFrom(t, c.last))
			s.settled(t)
		})
	}
}

// Over IPv6 a peer is bounded as over IPv4, and on one listener neither counts
// for the other.
func TestConnectionsOverIPv6AreBounded(t *testing.T) {
	ln, err := net.Listen("tcp", "[::]:0")
	if err != nil {
		t.Skip("no IPv6 here: that its connections are bounded stays unproved: ", err)
	}
	s := newGateway(t, func(s *settings) { s.cfg.MaxConnsPerPeer = 1 })
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	var open []*rawConn
	for _, c := range []struct {
		peer   string
		status int
	}{{"::1", 200}, {"127.0.0.1", 200}, {"::1", 503}, {"127.0.0.1", 503}} {
		s.addr = net.JoinHostPort(c.peer, port)
		w := s.dial(t)
		w.write(withLength("/publikace/E05", call{}.message()))
		if r, body := w.answer(); r.StatusCode != c.status {
			t.Errorf("from %s: %d %s", c.peer, r.StatusCode, body)
		}
		open = append(open, w)
	}
	for _, w := range open {
		w.Close()
	}
	if err := errors.Join(s.Shutdown(context.Background()), <-done); err != nil {
		t.Error(err)
	}
}

// A process without descriptors waits for some, and serves on.
func TestRunningOutOfDescriptorsEndsNothing(t *testing.T) {
	s := newGateway(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	short := &exhaustedListener{Listener: ln}
	short.left.Store(2)
	s.addr = ln.Addr().String()
	done := make(chan error, 1)
	go func() { done <- s.Serve(short) }()
	if r := s.post(t, "/publikace/E05", call{}.message()); r.StatusCode != 200 {
		t.Errorf("status %d", r.StatusCode)
	}
	if err := errors.Join(s.Shutdown(context.Background()), <-done); err != nil {
		t.Error(err)
	}
}

// An exhaustedListener has no descriptor for the first connections.
type exhaustedListener struct {
	net.Listener
	left atomic.Int64
}

func (l *exhaustedListener) Accept() (net.Conn, error) {
	if l.left.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return l.Listener.Accept()
}

// drip sends a byte at a time until the connection is gone or the test over.
func (w *rawConn) drip(what string) {
	stop := make(chan struct{})
	done := make(chan struct{})
	w.t.Cleanup(func() { close(stop); w.Close(); <-done })
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
			if _, err := io.WriteString(w.Conn, what); err != nil {
				return
			}
		}
	}()
}

// A caller that drips keeps each single wait, but not their sum: in the header, in
// the message, and when it takes its answer.
func TestSlowCallersAreCut(t *testing.T) {
	t.Parallel()         // it waits
	const head = 9 << 10 // more than the server reads before the pipeline begins
	for name, c := range map[string]struct{ part, drip string }{
		"header": {"POST /publikace/E05 HTTP/1.1\r\nX: ", "y"},
		"message": {
			header("/publikace/E05", "Content-Length: 60000") + strings.Repeat(" ", head), " ",
		},
		"chunked message": {
			header("/publikace/E05", "Transfer-Encoding: chunked") + fmt.Sprintf("%x\r\n", 1<<20) +
				strings.Repeat(" ", head),
			" ",
		},
		"streamed message": {header("/publikace/E05", "Transfer-Encoding: chunked") +
			fmt.Sprintf("%x\r\n", 1<<20) +
			string(largeMessage(300 << 10)[:100<<10]), "A"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startGateway(t, func(s *settings) {
				s.cfg.ReadIdle, s.cfg.DrainTime = 200*time.Millisecond, 50*time.Millisecond
			})
			w := s.dial(t)
			w.write(c.part)
			w.drip(c.drip)
			if r, _ := w.answer(); r.StatusCode != 500 {
				t.Errorf("status %d", r.StatusCode)
			}
			s.settled(t)
			if line := s.lines(t, 1)[0]; name != "header" && line["broken"] != "caller" {
				t.Errorf("line = %v", line)
			}
			if got := s.count(t, "brana_bound_refusals_total", "slow"); got != 1 {
				t.Errorf("%v counted as slow", got)
			}
		})
	}
	t.Run("answer that is not taken", func(t *testing.T) {
		s := startGateway(t, func(s *settings) {
			s.cfg.WriteIdle, s.cfg.MinRate = 200*time.Millisecond, 1
		}, relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
			return answerOf(largeReply(16 << 20)), nil
		}))
		w := s.dial(t)
		_ = w.Conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		w.write(withLength("/publikace/E05", call{}.message()))
		line := s.lines(t, 1)[0]
		if line["outcome"] != "caller-left" || line["broken"] != "caller" {
			t.Errorf("line = %v", line)
		}
		if got := s.count(t, "brana_bound_refusals_total", "slow"); got != 1 {
			t.Errorf("%v counted as slow", got)
		}
		s.settled(t)
	})
	t.Run("answer", func(t *testing.T) {
		s := startGateway(t, func(s *settings) {
			s.cfg.WriteIdle, s.cfg.MinRate = 400*time.Millisecond, 1<<40
		}, relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
			body := io.MultiReader(
				strings.NewReader(string(largeReply(100 << 10)[:100<<10])), letters{},
			)
			return &egon.Answer{
				HTTPStatus:  200,
				ContentType: contentType,
				Length:      -1,
				Body:        io.NopCloser(body),
			}, nil
		}))
		w := s.dial(t)
		_ = w.Conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		w.write(withLength("/publikace/E05", call{}.message()))
		go func() { // takes each piece before its wait is over
			for p := make([]byte, 256<<10); ; time.Sleep(time.Millisecond) {
				if _, err := w.Conn.Read(p); err != nil {
					return
				}
			}
		}()
		line := s.lines(t, 1)[0]
		if line["outcome"] != "caller-left" || line["broken"] != "caller" {
			t.Errorf("line = %v", line)
		}
		if got := s.count(t, "brana_bound_refusals_total", "slow"); got != 1 {
			t.Errorf("%v counted as slow", got)
		}
		s.settled(t)
	})
}
