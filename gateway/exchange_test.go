package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"brana/egon"
	"brana/gateway/stream"
	"brana/limits"
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

// The deadline of a call is the upstream's: a caller that takes its answer
// slowly, but takes it, gets all of it.
func TestTakingAnAnswerIsNotUnderTheDeadline(t *testing.T) {
	t.Parallel()                  // it waits
	large := largeReply(16 << 20) // more than sockets hold
	s := startGateway(t, func(s *settings) {
		s.cfg.Routes.Default = Route{
			Kind:    RelayRoute,
			Timeout: 2 * time.Second,
			Relay: relayFunc(func(ctx context.Context, _ *egon.Message) (*egon.Answer, error) {
				return &egon.Answer{
					HTTPStatus:  200,
					ContentType: contentType,
					Length:      int64(len(large)),
					Body:        io.NopCloser(&whileAlive{ctx, bytes.NewReader(large)}),
				}, nil
			}),
		}
	})
	w := s.dial(t)
	w.write(withLength("/publikace/E05", call{}.message()))
	r, err := http.ReadResponse(w.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, r.Body, 1<<20); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second) // longer than the timeout of the route
	if n, err := io.Copy(io.Discard, r.Body); err != nil || n != int64(len(large))-1<<20 {
		t.Errorf("%d bytes more, %v", n, err)
	}
}

// whileAlive reads as an upstream's answer does: no more when its call has ended.
type whileAlive struct {
	ctx context.Context
	r   io.Reader
}

func (w *whileAlive) Read(p []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.r.Read(p)
}

// An upstream that keeps its answer coming, but below the lowest rate, is cut
// when its time is used up.
func TestAnAnswerThatDripsEnds(t *testing.T) {
	s := startGateway(t, func(s *settings) {
		s.cfg.Routes.Default = Route{
			Kind:    RelayRoute,
			Timeout: 100 * time.Millisecond,
			Relay: relayFunc(func(ctx context.Context, _ *egon.Message) (*egon.Answer, error) {
				body := io.MultiReader(bytes.NewReader(largeReply(100 << 10)[:100<<10]), drip{})
				return &egon.Answer{
					HTTPStatus:  200,
					ContentType: contentType,
					Length:      -1,
					Body:        io.NopCloser(&whileAlive{ctx, body}),
				}, nil
			}),
		}
		s.cfg.MinRate = 1 << 20
	})
	w := s.dial(t)
	w.write(withLength("/publikace/E05", call{}.message()))
	if r, err := http.ReadResponse(w.r, nil); err == nil {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			t.Error("the answer looks complete")
		}
	}
	if got := s.outcome(t); got != "upstream-broke" {
		t.Errorf("outcome = %s", got)
	}
}

// drip gives a byte at a time, soon.
type drip struct{}

func (drip) Read(p []byte) (int, error) {
	time.Sleep(time.Millisecond)
	p[0] = 'x'
	return 1, nil
}

// A caller that does not read is cut by the patience of the writer.
func TestACallerThatDoesNotReadIsCut(t *testing.T) {
	s := startGateway(t, func(s *settings) {
		s.cfg.WriteIdle = 50 * time.Millisecond
	}, relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
		body := io.MultiReader(bytes.NewReader(largeReply(100 << 10)[:100<<10]), letters{})
		return &egon.Answer{
			HTTPStatus:  200,
			ContentType: contentType,
			Length:      -1,
			Body:        io.NopCloser(body),
		}, nil
	}))
	s.dial(t).write(withLength("/publikace/E05", call{}.message()))
	if got := s.outcome(t); got != "caller-left" {
		t.Errorf("outcome = %s", got)
	}
}

// The deadline of a call begins with its admission, so that a slow upload does
// not eat it up.
func TestASlowUploadHasItsOwnTime(t *testing.T) {
	var left time.Duration
	s := startGateway(t, func(s *settings) {
		s.cfg.Routes.Default = Route{
			Kind:    RelayRoute,
			Timeout: 250 * time.Millisecond,
			Relay: relayFunc(func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
				by, _ := ctx.Deadline()
				left = time.Until(by)
				return relayOK(ctx, m)
			}),
		}
	})
	message := string(largeMessage(20 << 10))
	w := s.dial(t)
	w.write(
		header("/publikace/E05", fmt.Sprintf("Content-Length: %d", len(message))),
		message[:10<<10],
	)
	time.Sleep(300 * time.Millisecond) // longer than the timeout of the route
	w.write(message[10<<10:])
	if r, body := w.answer(); r.StatusCode != 200 || !strings.Contains(body, "OK") {
		t.Errorf("%d %s", r.StatusCode, body)
	}
	if left > 250*time.Millisecond {
		t.Errorf("%s of the deadline were left", left)
	}
	large := largeMessage(1 << 20)
	if r := s.post(t, "/publikace/E05", large); r.StatusCode != 200 {
		t.Errorf("status %d", r.StatusCode)
	}
	if left < 30*time.Second {
		t.Errorf("an upload of 1 MiB has only %s", left)
	}
}

// The slot outlives the call, also one whose message takes long to arrive.
func TestTheSlotLivesAsLongAsTheCallMay(t *testing.T) {
	var lifetime atomic.Int64
	s := startGateway(t, func(s *settings) {
		s.cfg.Routes.Default.Timeout = 10 * time.Second
		s.parts.Limiter.(*limiterFunc).admit = func(ctx context.Context, c limits.Call) (limits.Decision, error) {
			lifetime.Store(int64(c.Lifetime))
			return admitAll(ctx, c)
		}
	})
	for _, c := range []struct {
		name string
		body io.Reader
		want time.Duration
	}{
		{
			"small", bytes.NewReader(call{}.message()), 60*time.Second + slotMargin,
		}, // the caller may take so long
		{
			"large", bytes.NewReader(largeMessage(4 << 20)),
			10*time.Second + 15*time.Second + 128*time.Second + slotMargin,
		},
		{
			"chunked", struct{ io.Reader }{bytes.NewReader(largeMessage(1 << 20))},
			10*time.Second + stream.LongestUpload + slotMargin,
		},
	} {
		s.send(t, "/publikace/E05", c.body)
		if got := time.Duration(lifetime.Load()).Truncate(time.Second); got != c.want {
			t.Errorf("%s: the slot lives for %s, want %s", c.name, got, c.want)
		}
	}
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

// A refusal does not wait for what the caller does not send.
func TestADrainEndsInTime(t *testing.T) {
	s := startGateway(t, func(s *settings) { s.cfg.DrainTime = 50 * time.Millisecond })
	for name, lines := range map[string][]string{
		"plain":                {"Content-Length: 100000"},
		"chunked":              {"Transfer-Encoding: chunked"},
		"Expect: 100-continue": {"Content-Length: 100000", "Expect: 100-continue"},
	} {
		w := s.dial(t)
		w.write(header("/publikace/E999", lines...), strings.Repeat(" ", 9<<10)+"\r\n")
		if r, body := w.answer(); r.StatusCode != 500 || !strings.Contains(body, "BR_50") {
			t.Errorf("%s: %d %s", name, r.StatusCode, body)
		}
		w.closed()
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

// The slot of an answered call is free before the caller can have read the
// answer to its end.
func TestACallerMaySendTheNextCallAtOnce(t *testing.T) {
	store := limits.NewMemory(mustCalendar(t), nil)
	s := startGateway(t, func(s *settings) { s.parts.Limiter = store })
	w := s.dial(t)
	for range 100 { // two slots, in sequence
		w.write(withLength("/publikace/E05", call{}.message()))
		if _, body := w.answer(); !strings.Contains(body, ">OK<") {
			t.Fatal(body)
		}
	}
}

func mustCalendar(t testing.TB) *limits.Calendar {
	t.Helper()
	c, err := limits.NewCalendar(limits.CalendarConfig{
		Working:  "Mon-Fri 07:00-17:00",
		Holidays: "cz",
		Zone:     "Europe/Prague",
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A limiter that panics or fails when a slot is given back hurts nobody.
func TestAFailedReleaseIsLogged(t *testing.T) {
	for name, l := range map[string]Limiter{
		"error": releasing{func() error { return errors.New("no Redis") }},
		"panic": releasing{func() error { panic("boom") }},
	} {
		s := startGateway(t, func(s *settings) { s.parts.Limiter = l })
		for range 2 {
			if r := s.post(t, "/publikace/E05", call{}.message()); r.StatusCode != 200 {
				t.Errorf("%s: status %d", name, r.StatusCode)
			}
		}
		s.lines(t, 2)
		if n := len(s.logs.all("release slot")); n != 2 {
			t.Errorf("%s: %d warnings", name, n)
		}
	}
}

type releasing struct{ release func() error }

func (releasing) Admit(ctx context.Context, c limits.Call) (limits.Decision, error) {
	return admitAll(ctx, c)
}
func (releasing) Renew(context.Context, limits.Slot, time.Duration) error { return nil }

func (r releasing) Release(context.Context, limits.Slot) error { return r.release() }
func (releasing) Ready(context.Context) error                  { return nil }
