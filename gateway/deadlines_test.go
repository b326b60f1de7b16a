package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"brana/egon"
	"brana/policy"
)

// The deadline of a call is the upstream's: a caller that takes its answer
// slowly, but takes it, gets all of it.
func TestTakingAnAnswerIsNotUnderTheDeadline(t *testing.T) {
	t.Parallel()                  // it waits
	large := largeReply(16 << 20) // more than sockets hold
	s := startGateway(t, func(s *settings) {
		s.cfg.Routes.Default = Route{
			Kind:    RelayRoute,
			Items:   policy.Pass,
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
			Items:   policy.Pass,
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
			Items:   policy.Pass,
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
