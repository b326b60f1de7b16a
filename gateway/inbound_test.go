package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"brana/egon"
)

// A recorder is a registry that keeps what it was sent and how that ended.
type recorder struct {
	got    bytes.Buffer
	length int64
	whole  bool
	err    error // of reading the body; nil: it came whole
	done   chan struct{}
}

// recording makes a relay to a recorder.
func recording() (*recorder, func(*settings)) {
	r := &recorder{done: make(chan struct{})}
	return r, relayTo(func(_ context.Context, m *egon.Message) (*egon.Answer, error) {
		defer close(r.done)
		r.length, r.whole = m.Length, m.Whole
		if _, r.err = io.Copy(&r.got, m.Body); r.err != nil {
			return nil, r.err
		}
		return answerOf(replyOf("E05", egon.OK)), nil
	})
}

func TestALargeMessageStreamsUnchanged(t *testing.T) {
	for _, size := range []int{60 << 10, 70 << 10, 1 << 20, 5 << 20} {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d chunked=%v", size, chunked), func(t *testing.T) {
				upstream, relay := recording()
				s := startGateway(t, relay)
				message := largeMessage(size)
				var body io.Reader = bytes.NewReader(message)
				want := int64(len(message))
				if chunked {
					body = struct{ io.Reader }{body}
				}
				if chunked && size > 64<<10 { // it is not known when the head is
					want = -1
				}
				r := s.send(t, "/publikace/E05", body)
				if r.StatusCode != 200 || !strings.Contains(read(t, r), "OK") {
					t.Errorf("status %d", r.StatusCode)
				}
				if !bytes.Equal(upstream.got.Bytes(), message) || upstream.length != want {
					t.Errorf(
						"the upstream got %d bytes with length %d of %d",
						upstream.got.Len(), upstream.length, len(message),
					)
				}
				if upstream.whole != (size <= 64<<10) {
					t.Errorf("it went on whole: %v", upstream.whole)
				}
			})
		}
	}
}

// Of a message with an offence in its tail the upstream gets neither the offence nor
// the end, and the caller gets a refusal.
func TestAnOffenceInTheTailNeverReachesTheUpstream(t *testing.T) {
	const size = 300 << 10
	good := largeMessage(size)
	end := bytes.LastIndex(good, []byte("</e:"))
	for name, message := range map[string][]byte{
		"unclosed element":    insert(good, end, []byte("<y>")),
		"second ZadostInfo":   insert(good, end, []byte("<ZadostInfo/>")),
		"DOCTYPE":             insert(good, end, []byte("<!DOCTYPE x>")),
		"entity":              insert(good, end, []byte("&x;")),
		"after the operation": append(good[:len(good):len(good)], "<x/>"...),
		"second document":     append(good[:len(good):len(good)], good...),
		"text after the end":  append(good[:len(good):len(good)], '!'),
		"cut":                 good[:len(good)-3],
		"NUL after the end":   append(good[:len(good):len(good)], 0),
		"bad UTF-8":           insert(good, end, []byte("\xc0\x80")),
		"element in the Body": insert(
			good, bytes.LastIndex(good, []byte("</s:Body>")), []byte("<x/>"),
		),
		"processing command":   insert(good, end, []byte("<?x?>")),
		"Envelope in the tail": insert(good, end, []byte(`<s:Envelope/>`)),
	} {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s chunked=%v", name, chunked), func(t *testing.T) {
				upstream, relay := recording()
				s := startGateway(t, relay)
				var body io.Reader = bytes.NewReader(message)
				if chunked {
					body = struct{ io.Reader }{body}
				}
				r := s.send(t, "/publikace/E05", body)
				answer := read(t, r)
				if r.StatusCode != 500 || !strings.Contains(answer, "BR_501: ") {
					t.Errorf("%d %s", r.StatusCode, answer)
				}
				if upstream.err == nil {
					t.Error("the upstream got a complete message")
				}
				got := upstream.got.Bytes()
				if !bytes.HasPrefix(message, got) || bytes.Contains(got, []byte("</e:")) {
					t.Errorf(
						"the upstream got %d bytes, %q at the end",
						len(got), got[max(0, len(got)-40):],
					)
				}
				if len(got) < size/2 {
					t.Errorf("the message did not stream: %d bytes", len(got))
				}
			})
		}
	}
}

// Nothing from the end tag of the operation on leaves before the document is
// proven.
func TestTheEndIsHeldBack(t *testing.T) {
	upstream, relay := recording()
	s := startGateway(t, relay)
	message := largeMessage(100 << 10)
	end := bytes.LastIndex(message, []byte("</e:"))
	last := len(message) - 1
	w := s.dial(t)
	w.write(
		header("/publikace/E05", fmt.Sprintf("Content-Length: %d", len(message))),
		string(message[:last]),
	)
	_ = w.Conn.(*net.TCPConn).CloseWrite() // the last byte never comes
	<-upstream.done
	if upstream.err == nil || upstream.got.Len() != end {
		t.Errorf(
			"the upstream got %d bytes, want %d; error %v", upstream.got.Len(), end, upstream.err,
		)
	}
	r, body := w.answer()
	if r.StatusCode != 500 ||
		!strings.Contains(body, fmt.Sprintf("za bajtem %d z %d", last, len(message))) {
		t.Errorf("%d %s", r.StatusCode, body)
	}
	w.closed()
}

func TestACutMessageIsRefusedOrDropped(t *testing.T) {
	message := string(largeMessage(100 << 10))
	for name, request := range map[string]string{
		"small": header("/publikace/E05", "Content-Length: 2000") +
			string(call{}.message()[:500]),
		"before the head": header("/publikace/E05", "Content-Length: 200000") +
			strings.Repeat(" ", 9<<10),
		"in the tail": header(
			"/publikace/E05", fmt.Sprintf("Content-Length: %d", len(message)),
		) + message[:90<<10],
		"at the edge of a chunk": header("/publikace/E05", "Transfer-Encoding: chunked") +
			fmt.Sprintf("%x\r\n%s\r\n", 90<<10, message[:90<<10]),
		"in a chunk": header("/publikace/E05", "Transfer-Encoding: chunked") +
			fmt.Sprintf("%x\r\n%s", 95<<10, message[:90<<10]),
		"in the size of a chunk": header("/publikace/E05", "Transfer-Encoding: chunked") +
			fmt.Sprintf("%x\r\n%s\r\nff", 90<<10, message[:90<<10]),
		"no CR LF after the chunk": header("/publikace/E05", "Transfer-Encoding: chunked") +
			fmt.Sprintf("%x\r\n%sXX0\r\n\r\n", len(message), message),
		"a chunk size out of range": header("/publikace/E05", "Transfer-Encoding: chunked") +
			"ffffffffffffffffff\r\n" + message,
		"a chunk size with a sign": header("/publikace/E05", "Transfer-Encoding: chunked") +
			"+5\r\n<a/>",
	} {
		t.Run(name, func(t *testing.T) {
			s := startGateway(t)
			w := s.dial(t)
			w.write(request)
			_ = w.Conn.(*net.TCPConn).CloseWrite()
			if r, body := w.answer(); r.StatusCode != 500 {
				t.Errorf("%d %s", r.StatusCode, body)
			}
			w.closed()
			if got := s.outcome(t); got != "malformed" && got != "bad-http" {
				t.Errorf("outcome = %s", got)
			}
		})
	}
}

// A caller that stops sending is answered when its patience is used up.
func TestASlowCallerIsCut(t *testing.T) {
	for name, part := range map[string]string{
		"in the header":      "POST /publikace/E05 HTTP/1.1\r\nHo",
		"in the first bytes": header("/publikace/E05", "Content-Length: 2000") + "<a",
		"in the head": header("/publikace/E05", "Content-Length: 20000") +
			strings.Repeat(" ", 9<<10),
		"in the head, chunked": header("/publikace/E05", "Transfer-Encoding: chunked") +
			"5\r\n     \r\n",
		"in the tail": header("/publikace/E05", "Content-Length: 200000") +
			string(largeMessage(190 << 10)[:100<<10]),
		"in the tail, in chunks": header("/publikace/E05", "Transfer-Encoding: chunked") +
			"19000\r\n" + string(largeMessage(190 << 10)[:100<<10]),
	} {
		t.Run(name, func(t *testing.T) {
			s := startGateway(t, func(s *settings) { s.cfg.ReadIdle = 50 * time.Millisecond })
			w := s.dial(t)
			w.write(part)
			if r, body := w.answer(); r.StatusCode != 500 {
				t.Errorf("%d %s", r.StatusCode, body)
			}
			w.closed()
		})
	}
}

// A caller that drips is within each wait, but not within all of them.
func TestADrippingCallerIsCut(t *testing.T) {
	s := startGateway(t, func(s *settings) { s.cfg.ReadIdle = 300 * time.Millisecond })
	w := s.dial(t)
	w.write(header("/publikace/E05", "Content-Length: 60000"), strings.Repeat(" ", 8<<10))
	go func() {
		for {
			if _, err := io.WriteString(w.Conn, " "); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	r, body := w.answer()
	if r.StatusCode != 500 ||
		!strings.Contains(body, "BR_502: Zpráva nepřišla včas celá, čekání skončilo za bajtem ") {
		t.Errorf("%d %s", r.StatusCode, body)
	}
	if line := s.lines(t, 1)[0]; line["outcome"] != "bad-http" {
		t.Errorf("line = %v", line)
	}
}

func TestADeclaredLengthBeyondTheBoundIsRefusedAtOnce(t *testing.T) {
	s := startGateway(t, func(s *settings) { s.cfg.MaxMessage, s.cfg.StatusMode = 1<<20, HTTPMode })
	w := s.dial(t)
	w.write(header("/publikace/E05", "Content-Length: 1000000000"), strings.Repeat(" ", 8<<10))
	if r, body := w.answer(); r.StatusCode != 413 {
		t.Errorf("%d %s", r.StatusCode, body)
	}
	w.closed()
}

func TestAMessageBeyondTheBoundIsCut(t *testing.T) {
	upstream, relay := recording()
	s := startGateway(
		t, relay, func(s *settings) { s.cfg.MaxMessage, s.cfg.StatusMode = 1<<20, HTTPMode },
	)
	r := s.send(t, "/publikace/E05", struct{ io.Reader }{bytes.NewReader(largeMessage(3 << 19))})
	if r.StatusCode != 413 || upstream.err == nil || upstream.got.Len() > 1<<20 {
		t.Errorf(
			"status %d, the upstream got %d bytes, error %v",
			r.StatusCode, upstream.got.Len(), upstream.err,
		)
	}
}

// An inline_limit above the least that is held is kept to.
func TestALargeInlineMessageIsReadWhole(t *testing.T) {
	upstream, relay := recording()
	s := startGateway(t, relay, func(s *settings) { s.cfg.InlineLimit = 1 << 20 })
	message := largeMessage(1<<20 - 2000)
	r := s.post(t, "/publikace/E05", message)
	if r.StatusCode != 200 || !bytes.Equal(upstream.got.Bytes(), message) {
		t.Errorf("status %d, the upstream got %d bytes", r.StatusCode, upstream.got.Len())
	}
}
