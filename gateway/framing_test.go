package gateway

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"brana/egon"
	"brana/limits"
)

// Framing may hold bytes beside the message. They are taken off, and reach neither
// the registry nor the next request.
func TestFramingIsTakenOff(t *testing.T) {
	message, reply := largeMessage(100<<10), replyOf("E05", egon.OK)
	for name, c := range map[string]struct{ extension, trailer string }{
		"trailer":                    {"", "X-Trailer: GET /smuggled HTTP/1.1\r\n"},
		"empty trailer":              {"", "X-Trailer:\r\n"},
		"extension of a chunk":       {";name=GET", ""},
		"quoted extension":           {`;name="GET /smuggled HTTP/1.1;a=\"\\"`, ""},
		"two extensions":             {`;name=a;b="";c`, ""},
		"extension and then trailer": {";x", "X-Host: evil.test\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r, s := newRawRegistry(
				t, answerHead(fmt.Sprintf("Content-Length: %d", len(reply)))+string(reply),
			)
			w := s.dial(t)
			w.write(header("/publikace/E05", "Transfer-Encoding: chunked"),
				fmt.Sprintf(
					"%x%s\r\n%s\r\n0\r\n%s\r\n", len(message), c.extension, message, c.trailer,
				))
			if a, body := w.answer(); a.StatusCode != 200 || body != string(reply) {
				t.Fatalf("%d %s", a.StatusCode, body)
			}
			if got := <-r.got; !got.whole || !bytes.Equal(got.body, message) {
				t.Errorf("the registry got %d bytes of %d", len(got.body), len(message))
			}
			w.write(withLength("/publikace/E05", call{}.message()))
			if a, body := w.answer(); a.StatusCode != 200 {
				t.Errorf("the next request: %d %s", a.StatusCode, body)
			}
			s.lines(t, 2)
		})
	}
}

// Forms of a chunk that readers take for different sizes.
func TestOddChunksAreRefused(t *testing.T) {
	message := string(call{}.message())
	size := fmt.Sprintf("%x", len(message))
	for name, body := range map[string]string{
		"hexadecimal prefix":          "0x" + size + "\r\n" + message + "\r\n0\r\n\r\n",
		"blank before the size":       " " + size + "\r\n" + message + "\r\n0\r\n\r\n",
		"sign":                        "+" + size + "\r\n" + message + "\r\n0\r\n\r\n",
		"underscore":                  "0_" + size + "\r\n" + message + "\r\n0\r\n\r\n",
		"line feed after the size":    size + "\n" + message + "\r\n0\r\n\r\n",
		"line feed after the chunk":   size + "\r\n" + message + "\n0\r\n\r\n",
		"line feed in an extension":   size + ";a\nb\r\n" + message + "\r\n0\r\n\r\n",
		"negative size":               "-1\r\n" + message + "\r\n0\r\n\r\n",
		"no size":                     "\r\n" + message + "\r\n0\r\n\r\n",
		"blank after the size":        size + " \r\n" + message + "\r\n0\r\n\r\n",
		"tab after the size":          size + "\t\r\n" + message + "\r\n0\r\n\r\n",
		"carriage return in the size": size + "\r;a\r\n" + message + "\r\n0\r\n\r\n",
		"empty extension":             size + ";\r\n" + message + "\r\n0\r\n\r\n",
		"second extension empty":      size + ";a;\r\n" + message + "\r\n0\r\n\r\n",
		"extension without a name":    size + ";=a\r\n" + message + "\r\n0\r\n\r\n",
		"extension without its value": size + ";a=\r\n" + message + "\r\n0\r\n\r\n",
		"blank before an extension":   size + " ;a\r\n" + message + "\r\n0\r\n\r\n",
		"blank in an extension":       size + ";a=b c\r\n" + message + "\r\n0\r\n\r\n",
		"CR in an extension":          size + ";a\rb\r\n" + message + "\r\n0\r\n\r\n",
		"CR in quotes":                size + ";a=\"\\\r\"\r\n" + message + "\r\n0\r\n\r\n",
		"NUL in an extension":         size + ";a\x00\r\n" + message + "\r\n0\r\n\r\n",
		"quotes that stay open":       size + ";a=\"b\r\n" + message + "\r\n0\r\n\r\n",
		"extension of 300 bytes": size + ";" + strings.Repeat("a", 300) + "\r\n" + message +
			"\r\n0\r\n\r\n",
		"size with 16 digits": strings.Repeat("0", 16-len(size)) + size + "\r\n" +
			message + "\r\n0\r\n\r\n",
		"digits of another script":     "٥\r\n" + message + "\r\n0\r\n\r\n",
		"blank after the last size":    size + "\r\n" + message + "\r\n0 \r\n\r\n",
		"empty extension of the last":  size + "\r\n" + message + "\r\n0;\r\n\r\n",
		"line feed after the last":     size + "\r\n" + message + "\r\n0\n\r\n",
		"line feed after a trailer":    size + "\r\n" + message + "\r\n0\r\nX: y\n\r\n",
		"line feed after the trailers": size + "\r\n" + message + "\r\n0\r\nX: y\r\n\n",
		"CR in a trailer":              size + "\r\n" + message + "\r\n0\r\nX: y\rz\r\n\r\n",
		"folded trailer":               size + "\r\n" + message + "\r\n0\r\nX: y\r\n z\r\n\r\n",
		"trailer that frames": size + "\r\n" + message +
			"\r\n0\r\nContent-Length: 5\r\n\r\n",
		"trailer that frames anew": size + "\r\n" + message +
			"\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
		"trailer that routes": size + "\r\n" + message +
			"\r\n0\r\nHost: evil.test\r\n\r\n",
		"trailer without a colon":   size + "\r\n" + message + "\r\n0\r\nX\r\n\r\n",
		"blank in a trailer's name": size + "\r\n" + message + "\r\n0\r\nX : y\r\n\r\n",
		"size beyond 64 bits": "1" + strings.Repeat("0", 16) + "\r\n" + message +
			"\r\n0\r\n\r\n",
		"one byte too few": fmt.Sprintf("%x", len(message)-1) + "\r\n" + message +
			"\r\n0\r\n\r\n",
		"one byte too many": fmt.Sprintf("%x", len(message)+1) + "\r\n" + message +
			"\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := startGateway(t)
			w := s.dial(t)
			w.write(
				header("/publikace/E05", "Transfer-Encoding: chunked"),
				body, withLength("/publikace/E05", call{}.message()),
			)
			if r, body := w.answer(); r.StatusCode != 500 || !strings.Contains(body, "BR_50") {
				t.Errorf("%d %s", r.StatusCode, body)
			}
			w.closed()
			if line := s.lines(t, 1)[0]; line["admitted"] == true {
				t.Error("it used a permit")
			}
		})
	}
}

// A chunk that goes on beyond its size, one whose end is late, and one that is cut
// are each reported as such.
func TestTheEndOfAChunk(t *testing.T) {
	for _, message := range []string{string(call{}.message()), string(largeMessage(100 << 10))} {
		for name, c := range map[string]struct {
			size   int // in place of that of the message
			after  string
			ends   bool
			status int
			says   string
		}{
			"goes on":       {-1, "\r\n0\r\n\r\n", false, 400, "nekončí znaky CR LF"},
			"LF":            {0, "\n0\r\n\r\n", false, 400, "nekončí znaky CR LF"},
			"next size":     {0, "0\r\n\r\n", false, 400, "nekončí znaky CR LF"},
			"nothing comes": {0, "", false, 408, "nepřišla včas"},
			"CR alone":      {0, "\r", false, 408, "nepřišla včas"},
			"cut": {
				0, "", true, 400, fmt.Sprintf("přerušila za bajtem %d", len(message)),
			},
			"cut after CR": {
				0, "\r", true, 400, fmt.Sprintf("přerušila za bajtem %d", len(message)),
			},
		} {
			t.Run(fmt.Sprintf("%s/%d", name, len(message)), func(t *testing.T) {
				s := startGateway(t, func(s *settings) {
					s.cfg.StatusMode, s.cfg.ReadIdle = HTTPMode, 100*time.Millisecond
				})
				w := s.dial(t)
				w.write(
					header("/publikace/E05", "Transfer-Encoding: chunked"),
					fmt.Sprintf("%x\r\n", len(message)+c.size), message, c.after,
				)
				if c.ends {
					_ = w.Conn.(*net.TCPConn).CloseWrite()
				}
				r, body := w.answer()
				if r.StatusCode != c.status || !strings.Contains(body, c.says) {
					t.Errorf("%d %s", r.StatusCode, body)
				}
				w.closed()
			})
		}
	}
}

// The framing of a message that is refused by its header is checked, too, while
// it is read off.
func TestOddChunksOfARefusedMessage(t *testing.T) {
	message := string(call{}.message())
	for _, size := range []string{"%x ", "%x;", "%x;a=\r"} {
		s := startGateway(t)
		w := s.dial(t)
		w.write(header("/publikace/E999", "Transfer-Encoding: chunked"), fmt.Sprintf(
			size+"\r\n%s\r\n0\r\n\r\n", len(message), message,
		),
			withLength("/publikace/E05", call{}.message()))
		if r, body := w.answer(); r.StatusCode != 500 || !strings.Contains(body, "BR_503: ") {
			t.Errorf("%q: %d %s", size, r.StatusCode, body)
		}
		w.closed()
		s.lines(t, 1)
	}
}

// Up to inline_limit a message in chunks is proven whole before it uses a
// permit, and goes on with its length; a longer one streams.
func TestChunkedMessagesUpToTheInlineLimit(t *testing.T) {
	const inline = 300 << 10 // more than is held of a message that streams
	size := func(n int) []byte { return largeMessage(n - len(largeMessage(0))) }
	for name, c := range map[string]struct {
		message []byte
		cut     int // bytes that come at first
		length  int64
	}{
		"small":            {size(2 << 10), 1 << 10, 2 << 10},
		"at the limit":     {size(inline), inline - 1, inline},
		"over the limit":   {size(inline + 1), inline, -1},
		"far over":         {size(inline + 100<<10), inline - 1, -1},
		"in a single byte": {size(2 << 10), 1, 2 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			if len(c.message) < 2<<10 {
				t.Fatal("the message is too short")
			}
			lengths := make(chan int64, 1)
			s := startGateway(t, func(s *settings) {
				s.cfg.InlineLimit = inline
			}, relayTo(func(ctx context.Context, m *egon.Message) (*egon.Answer, error) {
				lengths <- m.Length
				return relayOK(ctx, m)
			}))
			w := s.dial(t)
			w.write(
				header("/publikace/E05", "Transfer-Encoding: chunked"),
				chunk(c.message[:c.cut]), chunk(c.message[c.cut:]), "0\r\n\r\n",
			)
			if r, body := w.answer(); r.StatusCode != 200 || !strings.Contains(body, ">OK<") {
				t.Errorf("%d %s", r.StatusCode, body)
			}
			if got := <-lengths; got != c.length {
				t.Errorf("it went on with length %d, want %d", got, c.length)
			}
		})
	}
}

// A small message in chunks that breaks, or does not come to its end in time,
// neither uses a permit nor reaches the registry.
func TestBrokenChunkedMessagesUseNoPermit(t *testing.T) {
	message := call{inner: "<x>" + strings.Repeat("A", 50<<10) + "</x>"}.message()
	head, tail := message[:40<<10], message[40<<10:]
	for name, c := range map[string]struct {
		rest string
		says string
	}{
		"not well-formed":       {chunk([]byte("<&>")) + "0\r\n\r\n", "BR_501: "},
		"too short":             {"0\r\n\r\n", "BR_501: "},
		"a second document":     {chunk(tail) + chunk([]byte("<a/>")) + "0\r\n\r\n", "BR_501: "},
		"broken framing":        {chunk(tail) + "0 \r\n\r\n", "BR_502: "},
		"no more":               {"", "BR_5"},
		"no end":                {chunk(tail), "BR_5"},
		"no end of its framing": {chunk(tail) + "0\r\nX: y\r\n", "BR_5"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startGateway(t, func(s *settings) {
				s.cfg.ReadIdle = 200 * time.Millisecond
			}, relayTo(func(context.Context, *egon.Message) (*egon.Answer, error) {
				t.Error("it reached the registry")
				return nil, errors.New("not expected")
			}))
			s.limiter.admit = func(context.Context, limits.Call) (limits.Decision, error) {
				t.Error("it used a permit")
				return limits.Decision{}, nil
			}
			w := s.dial(t)
			w.write(header("/publikace/E05", "Transfer-Encoding: chunked"), chunk(head), c.rest)
			if r, body := w.answer(); r.StatusCode != 500 || !strings.Contains(body, c.says) {
				t.Errorf("%d %s", r.StatusCode, body)
			}
			if !strings.HasSuffix(c.rest, "\r\n0\r\n\r\n") && c.rest != "0\r\n\r\n" {
				w.closed() // where the message ends is not known
			}
		})
	}
}

// Lengths that are no plain number of bytes.
func TestOddLengthsAreRefused(t *testing.T) {
	for _, length := range []string{
		"", "5 5", "5;5", "0x10", "1e3", "-0", "+0", "٥", "5\x00", "\"5\"", "18446744073709551617",
	} {
		s := startGateway(t)
		w := s.dial(t)
		w.write(
			header("/publikace/E05", "Content-Length: "+length),
			"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
		)
		if r, body := w.answer(); r.StatusCode != 500 || !strings.Contains(body, "BR_502: ") {
			t.Errorf("%q: %d %s", length, r.StatusCode, body)
		}
		w.closed()
		s.lines(t, 1)
	}
}

// A request with bare line feeds alone never comes to its end for the server;
// it runs out of time and nothing runs.
func TestARequestOfBareLineFeedsNeverRuns(t *testing.T) {
	s := startGateway(
		t, func(s *settings) { s.cfg.ReadIdle, s.cfg.StatusMode = 100*time.Millisecond, HTTPMode },
	)
	w := s.dial(t)
	message := string(call{}.message())
	w.write(
		strings.ReplaceAll(
			header("/publikace/E05", fmt.Sprintf("Content-Length: %d", len(message))),
			"\r\n", "\n",
		) + message,
	)
	if r, body := w.answer(); r.StatusCode != 400 && r.StatusCode != 408 {
		t.Errorf("%d %s", r.StatusCode, body)
	}
	w.closed()
	if got := s.outcome(t); got != "bad-http" {
		t.Errorf("outcome = %s", got)
	}
}

// A body in chunks that the HTTP library does not show is a defect of the gateway.
func TestABodyWithoutItsFramingIsRefused(t *testing.T) {
	l := newLoop(t, "/publikace/E05", call{}.message())
	err := l.rc.Request.Header.Read(
		bufio.NewReader(strings.NewReader(header("/publikace/E05", "Transfer-Encoding: chunked"))),
	)
	if err != nil {
		t.Fatal(err)
	}
	l.rc.Request.SetBodyStream(strings.NewReader("<a/>"), -1)
	l.g.Handle(&l.rc)
	if body := string(l.rc.Response.Body()); !strings.Contains(body, "BR_599: ") {
		t.Error(body)
	}
}
