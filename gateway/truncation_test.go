package gateway

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"brana/egon"
	"brana/policy"
	"brana/upstream"
)

// A rawRegistry speaks HTTP by hand: it keeps what it received, and answers
// with the bytes it was given, then closes the connection.
type rawRegistry struct {
	url    string
	got    chan received
	answer string
}

// received is a message as it came over the wire.
type received struct {
	header http.Header
	body   []byte
	whole  bool // it ended as its framing says
}

// newRawRegistry makes a registry and a gateway in front of it, with the real
// client between them.
func newRawRegistry(t *testing.T, answer string) (*rawRegistry, *testGateway) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rawRegistry{
		url:    "http://" + ln.Addr().String(),
		got:    make(chan received, 8),
		answer: answer,
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			r.serve(c)
		}
	}()
	client, err := upstream.NewClient(upstream.Config{
		Name:    "iszr",
		URL:     r.url,
		Timeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	s := startGateway(t, func(s *settings) {
		s.cfg.Routes.Default = Route{
			Kind:  RelayRoute,
			Name:  "iszr",
			Items: policy.Pass,
			Relay: upstream.NewRelay(client),
		}
	})
	t.Cleanup(func() { ln.Close(); client.Close(); <-done })
	return r, s
}

func (r *rawRegistry) serve(c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	request, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return // the client only tried whether it may connect
	}
	body, err := io.ReadAll(request.Body)
	r.got <- received{request.Header, body, err == nil}
	if err == nil {
		_, _ = io.WriteString(c, r.answer) // the gateway may have gone
	}
}

// answerHead is the head of an answer with the lines given.
func answerHead(lines ...string) string {
	return "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n" +
		strings.Join(append(lines, "", ""), "\r\n")
}

func chunk(b []byte) string { return fmt.Sprintf("%x\r\n%s\r\n", len(b), b) }

// A message that is cut on its way in never ends well at the registry. The caller
// gets a refusal, and the line says that the caller broke.
func TestAMessageCutByItsCallerNeverEndsWell(t *testing.T) {
	large := largeMessage(300 << 10)
	part, end := large[:200<<10], bytes.LastIndex(large, []byte("</e:"))
	length := fmt.Sprintf("Content-Length: %d", len(large))
	const chunked = "Transfer-Encoding: chunked"
	for name, c := range map[string]struct {
		request string
		bytes   int // of the message that come
		reset   bool
	}{
		"inside a fixed length": {
			header("/publikace/E05", length) + string(part), len(part), false,
		},
		"before the last byte": {
			header("/publikace/E05", length) + string(large[:len(large)-1]), len(large) - 1, false,
		},
		"inside a chunk": {
			header("/publikace/E05", chunked) + fmt.Sprintf("%x\r\n", len(large)) + string(part),
			len(part), false,
		},
		"between two chunks": {
			header("/publikace/E05", chunked) + chunk(part), len(part), false,
		},
		"between two chunks, near the end": {
			header("/publikace/E05", chunked) + chunk(large[:end]), end, false,
		},
		"inside the size of a chunk": {
			header("/publikace/E05", chunked) + chunk(part) + "ff", len(part), false,
		},
		"before the CR LF of a chunk": {
			header("/publikace/E05", chunked) + strings.TrimSuffix(chunk(part), "\r\n"),
			len(part), false,
		},
		"reset inside a fixed length": {
			header("/publikace/E05", length) + string(part), 0, true,
		},
		"reset between two chunks": {
			header("/publikace/E05", chunked) + chunk(part), 0, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, s := newRawRegistry(t, answerHead("Content-Length: 0"))
			w := s.dial(t)
			w.write(c.request)
			if c.reset {
				eventually(
					t, "the message streams", func() bool { return s.limiter.slots.Load() == 1 },
				)
				_ = w.Conn.(*net.TCPConn).SetLinger(0)
				w.Close()
			} else {
				_ = w.Conn.(*net.TCPConn).CloseWrite()
				a, body := w.answer()
				if a.StatusCode != 500 ||
					!strings.Contains(
						body, fmt.Sprintf("BR_501: Zpráva se přerušila za bajtem %d", c.bytes),
					) {
					t.Errorf("%d %s", a.StatusCode, body)
				}
				w.closed()
			}
			got := <-r.got
			if got.whole || len(got.body) < 100<<10 || !bytes.HasPrefix(large, got.body) ||
				len(got.body) > end {
				t.Errorf(
					"the registry got %d bytes of %d, whole: %v",
					len(got.body), len(large), got.whole,
				)
			}
			s.settled(t)
			if line := s.lines(t, 1)[0]; line["broken"] != "caller" {
				t.Errorf("line = %v", line)
			}
		})
	}
}

// All that the caller sent has come, but for the end of the last chunk: the
// document is whole, and so may be its copy.
func TestAWholeDocumentWithoutTheLastChunk(t *testing.T) {
	large := largeMessage(300 << 10)
	r, s := newRawRegistry(t, answerHead(
		fmt.Sprintf("Content-Length: %d", len(replyOf("E05", egon.OK))),
	)+string(replyOf("E05", egon.OK)))
	w := s.dial(t)
	w.write(header("/publikace/E05", "Transfer-Encoding: chunked") + chunk(large))
	_ = w.Conn.(*net.TCPConn).CloseWrite()
	if a, body := w.answer(); a.StatusCode != 500 || !strings.Contains(body, "BR_501: ") {
		t.Errorf("%d %s", a.StatusCode, body)
	}
	if got := <-r.got; got.whole {
		t.Error("the registry got a whole message")
	}
	s.settled(t)
}

// A reply that is cut on its way back never ends well for the caller: a small
// one is a refusal, a large one a broken answer, and the line says that it was
// the registry.
func TestAReplyCutByItsRegistryNeverEndsWell(t *testing.T) {
	small, large := replyOf("E05", egon.OK), largeReply(300<<10)
	length := func(b []byte) string { return fmt.Sprintf("Content-Length: %d", len(b)) }
	const chunked = "Transfer-Encoding: chunked"
	for name, c := range map[string]struct {
		answer  string
		refused bool // else the answer has begun
	}{
		"small, inside a fixed length": {answerHead(length(small)) + string(small[:300]), true},
		"small, before the last byte": {
			answerHead(length(small)) + string(small[:len(small)-1]), true,
		},
		"small, inside a chunk": {
			answerHead(chunked) + fmt.Sprintf("%x\r\n", len(small)) + string(small[:300]), true,
		},
		"small, between two chunks":     {answerHead(chunked) + chunk(small[:300]), true},
		"small, without the last chunk": {answerHead(chunked) + chunk(small), true},
		"small, until the end, cut": {
			answerHead("Connection: close") + string(small[:300]), true,
		},
		"inside the head of the answer": {answerHead(length(small))[:30], true},
		"nothing at all":                {"", true},
		"large, inside a fixed length": {
			answerHead(length(large)) + string(large[:200<<10]), false,
		},
		"large, before the last byte": {
			answerHead(length(large)) + string(large[:len(large)-1]), false,
		},
		"large, inside a chunk": {
			answerHead(chunked) + fmt.Sprintf("%x\r\n", len(large)) + string(large[:200<<10]),
			false,
		},
		"large, between two chunks":     {answerHead(chunked) + chunk(large[:200<<10]), false},
		"large, without the last chunk": {answerHead(chunked) + chunk(large), false},
		"large, in the size of a chunk": {
			answerHead(chunked) + chunk(large[:200<<10]) + "ff", false,
		},
		"large, until the end, cut": {
			answerHead("Connection: close") + string(large[:200<<10]), false,
		},
		"large, after the end of a chunk": {
			answerHead(chunked) + strings.TrimSuffix(chunk(large[:200<<10]), "\r\n"), false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, s := newRawRegistry(t, c.answer)
			w := s.dial(t)
			w.write(withLength("/publikace/E05", call{}.message()))
			answer, err := http.ReadResponse(w.r, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(answer.Body)
			switch {
			case c.refused && (err != nil || !strings.Contains(string(got), "BR_401: ")):
				t.Errorf("%s, %v", got, err)
			case !c.refused && err == nil:
				t.Error("the answer looks complete")
			case !c.refused && bytes.Contains(got, []byte("</e:")):
				t.Error("the end of the document was sent")
			}
			if !c.refused {
				w.closed()
			}
			<-r.got
			s.settled(t)
			if line := s.lines(t, 1)[0]; line["broken"] != "upstream" {
				t.Errorf("line = %v", line)
			}
		})
	}
}

// The line of a caller that leaves in the middle of its answer differs from that of
// a registry that broke.
func TestAnAnswerCutByItsCaller(t *testing.T) {
	large := largeReply(64 << 20)
	_, s := newRawRegistry(
		t, answerHead(fmt.Sprintf("Content-Length: %d", len(large)))+string(large),
	)
	w := s.dial(t)
	w.write(withLength("/publikace/E05", call{}.message()))
	if _, err := io.CopyN(io.Discard, w.r, 1<<20); err != nil {
		t.Fatal(err)
	}
	_ = w.Conn.(*net.TCPConn).SetLinger(0)
	w.Close()
	s.settled(t)
	if line := s.lines(t, 1)[0]; line["broken"] != "caller" || line["outcome"] != "caller-left" {
		t.Errorf("line = %v", line)
	}
}

// A small message that is cut names the byte too, of a relayed service and of
// one that is answered here; and so does one that says it is whole and is not.
func TestACutMessageNamesItsByte(t *testing.T) {
	s := startGateway(t)
	for code, message := range map[string][]byte{
		"E05":  call{}.message(),
		"E227": call{code: "E227"}.message(),
	} {
		path, cut := "/publikace/"+code, len(message)/2
		for request, want := range map[string]string{
			header(path, fmt.Sprintf("Content-Length: %d", len(message))) +
				string(message[:cut]): fmt.Sprintf(
				"Zpráva se přerušila za bajtem %d z %d.", cut, len(message),
			),
			header(path, "Transfer-Encoding: chunked") +
				chunk(message[:cut]): fmt.Sprintf("Zpráva se přerušila za bajtem %d.", cut),
			string(withLength(path, message[:cut])): fmt.Sprintf("Zpráva je u bajtu %d uťata", cut),
			header(path, "Transfer-Encoding: chunked") + chunk(message[:cut]) +
				chunk(nil): fmt.Sprintf("Zpráva je u bajtu %d uťata", cut),
		} {
			w := s.dial(t)
			w.write(request)
			_ = w.Conn.(*net.TCPConn).CloseWrite()
			if _, body := w.answer(); !strings.Contains(body, want) {
				t.Errorf("%s: %q is missing in %s", code, want, body)
			}
		}
	}
}
