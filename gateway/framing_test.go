package gateway

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"brana/egon"
)

// What the framing of a message may hold beside the message: it is taken off,
// and neither reaches the registry nor the next request.
func TestFramingIsTakenOff(t *testing.T) {
	message, reply := largeMessage(100<<10), replyOf("E05", egon.OK)
	const smuggled = "GET /smuggled HTTP/1.1"
	for name, c := range map[string]struct{ extension, trailer string }{
		"trailer":                    {"", "X-Trailer: " + smuggled + "\r\n"},
		"trailer that frames":        {"", "Content-Length: 5\r\n"},
		"trailer that frames anew":   {"", "Transfer-Encoding: chunked\r\n"},
		"extension of a chunk":       {";name=" + smuggled, ""},
		"quoted extension":           {`;name="a;b"`, ""},
		"extension and then trailer": {";x", "Host: evil.test\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r, s := newRawRegistry(t, answerHead(fmt.Sprintf("Content-Length: %d", len(reply)))+string(reply))
			w := s.dial(t)
			w.write(header("/publikace/E05", "Transfer-Encoding: chunked"),
				fmt.Sprintf("%x%s\r\n%s\r\n0\r\n%s\r\n", len(message), c.extension, message, c.trailer))
			a, body := w.answer()
			if a.StatusCode != 200 || body != string(reply) {
				w.closed() // refused: then nothing may follow, and the registry has no whole message
				if got := <-r.got; got.whole {
					t.Error("the registry got a whole message")
				}
				return
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
		"hexadecimal prefix":        "0x" + size + "\r\n" + message + "\r\n0\r\n\r\n",
		"blank before the size":     " " + size + "\r\n" + message + "\r\n0\r\n\r\n",
		"sign":                      "+" + size + "\r\n" + message + "\r\n0\r\n\r\n",
		"underscore":                "0_" + size + "\r\n" + message + "\r\n0\r\n\r\n",
		"line feed after the size":  size + "\n" + message + "\r\n0\r\n\r\n",
		"line feed after the chunk": size + "\r\n" + message + "\n0\r\n\r\n",
		"line feed in an extension": size + ";a\nb\r\n" + message + "\r\n0\r\n\r\n",
		"negative size":             "-1\r\n" + message + "\r\n0\r\n\r\n",
		"no size":                   "\r\n" + message + "\r\n0\r\n\r\n",
		"size beyond 64 bits":       "1" + strings.Repeat("0", 16) + "\r\n" + message + "\r\n0\r\n\r\n",
		"one byte too few":          fmt.Sprintf("%x", len(message)-1) + "\r\n" + message + "\r\n0\r\n\r\n",
		"one byte too many":         fmt.Sprintf("%x", len(message)+1) + "\r\n" + message + "\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			w := s.dial(t)
			w.write(header("/publikace/E05", "Transfer-Encoding: chunked"), body, withLength("/publikace/E05", call{}.message()))
			if r, body := w.answer(); r.StatusCode != 500 || !strings.Contains(body, "BR_50") {
				t.Errorf("%d %s", r.StatusCode, body)
			}
			w.closed()
			s.lines(t, 1)
		})
	}
}

// Lengths that are no plain number of bytes.
func TestOddLengthsAreRefused(t *testing.T) {
	for _, length := range []string{"", "5 5", "5;5", "0x10", "1e3", "-0", "+0", "٥", "5\x00", "\"5\"", "18446744073709551617"} {
		s := newSite(t)
		w := s.dial(t)
		w.write(header("/publikace/E05", "Content-Length: "+length), "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
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
	s := newSite(t, func(s *settings) { s.cfg.ReadIdle, s.cfg.StatusMode = 100*time.Millisecond, HTTPMode })
	w := s.dial(t)
	message := string(call{}.message())
	w.write(strings.ReplaceAll(header("/publikace/E05", fmt.Sprintf("Content-Length: %d", len(message))), "\r\n", "\n") + message)
	if r, body := w.answer(); r.StatusCode != 400 && r.StatusCode != 408 {
		t.Errorf("%d %s", r.StatusCode, body)
	}
	w.closed()
	if got := s.outcome(t); got != "bad-http" {
		t.Errorf("outcome = %s", got)
	}
}
