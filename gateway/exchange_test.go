package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"brana/egon"
	"brana/policy"
)

// A closing counts how often it was closed.
type closing struct {
	io.Reader
	times atomic.Int64
}

func (c *closing) Close() error {
	c.times.Add(1)
	return nil
}

func TestTheAnswerIsClosedOnce(t *testing.T) {
	doc := replyOf("E05", egon.OK)
	for name, c := range map[string]struct {
		reader io.Reader
		length int64
	}{
		"whole":             {bytes.NewReader(doc), int64(len(doc))},
		"broken, a refusal": {bytes.NewReader(doc[:100]), int64(len(doc))},
		"broken, a cut":     {bytes.NewReader(largeReply(200 << 10)[:100<<10]), -1},
		"a panic":           {panicking{}, -1},
		"a panic in the tail": {
			io.MultiReader(bytes.NewReader(largeReply(200 << 10)[:100<<10]), panicking{}), -1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			body := &closing{Reader: c.reader}
			s := startGateway(
				t, relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
					return &egon.Answer{
						HTTPStatus:  200,
						ContentType: contentType,
						Length:      c.length,
						Body:        body,
					}, nil
				}),
			)
			_, _ = io.Copy(io.Discard, s.post(t, "/publikace/E05", call{}.message()).Body)
			s.settled(t)
			s.lines(t, 1)
			if n := body.times.Load(); n != 1 {
				t.Errorf("closed %d times", n)
			}
		})
	}
}

// A call is not over before its answer was closed: upstreams keep the
// connection of an answer that was read whole, and cut one that was cancelled.
func TestTheAnswerIsClosedBeforeItsCallEnds(t *testing.T) {
	ended := make(chan error, 2)
	var last context.Context
	s := startGateway(t, relayTo(func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
		last = ctx
		a, err := relayOK(ctx, m)
		a.Body = onClose{a.Body, func() { ended <- ctx.Err() }}
		return a, err
	}))
	s.post(t, "/publikace/E05", call{}.message())
	if err := <-ended; err != nil {
		t.Errorf("the call had ended: %v", err)
	}
	s.settled(t)
	if last.Err() == nil {
		t.Error("the call never ends")
	}
}

type onClose struct {
	io.Reader
	closed func()
}

func (c onClose) Close() error {
	c.closed()
	return nil
}

// A caller that leaves frees its slot and the upstream at once while bytes
// flow, and at the deadline while the upstream is silent.
func TestACallerThatLeaves(t *testing.T) {
	for name, c := range map[string]struct {
		reader  func(context.Context) io.Reader
		outcome string
	}{
		"while bytes flow": {func(context.Context) io.Reader {
			return io.MultiReader(bytes.NewReader(largeReply(100 << 10)[:100<<10]), letters{})
		}, "caller-left"},
		"while the upstream is silent": {func(ctx context.Context) io.Reader {
			return io.MultiReader(bytes.NewReader(largeReply(100 << 10)[:100<<10]), silent{ctx})
		}, "upstream-broke"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startGateway(t, func(s *settings) {
				s.cfg.Routes.Default = Route{
					Kind:    RelayRoute,
					Items:   policy.Pass,
					Timeout: 300 * time.Millisecond,
					Relay: relayFunc(func(ctx context.Context, _ *egon.Message) (*egon.Answer, error) {
						return &egon.Answer{
							HTTPStatus:  200,
							ContentType: contentType,
							Length:      -1,
							Body:        io.NopCloser(c.reader(ctx)),
						}, nil
					}),
				}
			})
			w := s.dial(t)
			w.write(withLength("/publikace/E05", call{}.message()))
			for line := "-"; line != "\r\n"; line, _ = w.r.ReadString('\n') {
			}
			// All that comes before the silence, in whole chunks.
			for got, size := int64(0), int64(0); got < 100<<10; got += size {
				if _, err := fmt.Fscanf(w.r, "%x\r\n", &size); err != nil {
					t.Fatal(err)
				}
				if _, err := io.CopyN(io.Discard, w.r, size+2); err != nil {
					t.Fatal(err)
				}
			}
			_ = w.Conn.(*net.TCPConn).SetLinger(0)
			w.Close()
			s.settled(t)
			if got := s.outcome(t); got != c.outcome {
				t.Errorf("outcome = %s, want %s", got, c.outcome)
			}
		})
	}
}

// silent waits until its call is over.
type silent struct{ ctx context.Context }

func (s silent) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

// Bytes that are unread after a refusal are never taken for the next request. A
// message that was read whole leaves the connection open.
func TestRefusalsLeaveNothingBehind(t *testing.T) {
	next := withLength("/publikace/E05", call{}.message())
	smuggled := "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, c := range []struct {
		name string
		size int
		open bool
	}{
		{"nothing unread", 0, true},
		{"9 KiB", 9 << 10, true},
		{"300 KiB", 300 << 10, true},
		{"5 MiB", 5 << 20, false},
	} {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s chunked=%v", c.name, chunked), func(t *testing.T) {
				var calls atomic.Int64
				s := startGateway(
					t, relayTo(func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
						calls.Add(1)
						return relayOK(ctx, m)
					}),
					func(s *settings) { s.cfg.DrainBytes = 1 << 20 },
				)
				message := string(call{
					ais:   "999003",
					inner: "<x>" + strings.Repeat(smuggled, c.size/len(smuggled)) + "</x>",
				}.message())
				request := withLength("/publikace/E05", []byte(message))
				if chunked {
					request = header("/publikace/E05", "Transfer-Encoding: chunked") +
						fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(message), message)
				}
				w := s.dial(t)
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					// The rest is refused when the connection closes.
					_, _ = io.WriteString(w.Conn, request+next)
				}()
				if c.open {
					r, body := w.answer()
					if r.StatusCode != 200 || !strings.Contains(body, "BR_101") {
						t.Errorf("%d %s", r.StatusCode, body)
					}
					r, body = w.answer()
					if r.StatusCode != 200 || !strings.Contains(body, ">OK<") {
						t.Errorf("the next request: %d %s", r.StatusCode, body)
					}
				} else {
					all, _ := io.ReadAll(w.r) // may be reset
					if bytes.Count(all, []byte("HTTP/1.1")) > 1 {
						t.Errorf("more than one answer: %q", all)
					}
				}
				w.Close()
				<-sent
				want := int64(0)
				if c.open {
					want = 1
				}
				s.settled(t)
				if got := calls.Load(); got != want {
					t.Errorf("%d calls reached the upstream, want %d", got, want)
				}
				for _, l := range s.logs.all("exchange") {
					if l.fields["outcome"] == "bad-http" {
						t.Error("a part of the body was read as a request")
					}
				}
			})
		}
	}
}

func TestOneConnectionCarriesManyExchanges(t *testing.T) {
	s := startGateway(t, func(s *settings) { s.cfg.ReadIdle = 200 * time.Millisecond })
	w := s.dial(t)
	for i := range 20 {
		message := call{}.message()
		switch i % 4 {
		case 1:
			message = call{ais: "999003"}.message()
		case 2:
			message = largeMessage(100 << 10)
		case 3:
			message = []byte("<a>")
		}
		if i == 10 {
			// No deadline of an exchange is left on the connection.
			time.Sleep(300 * time.Millisecond)
		}
		w.write(withLength("/publikace/E05", message))
		if _, body := w.answer(); body == "" {
			t.Error("no answer")
		}
	}
	if n := len(s.lines(t, 20)); n != 20 {
		t.Errorf("%d lines", n)
	}
}
