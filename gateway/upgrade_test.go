package gateway

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"brana/egon"
)

// newUpgradeSite has a registry that keeps what it received, headers and all.
func newUpgradeSite(t *testing.T) (*rawRegistry, *testGateway) {
	reply := replyOf("E05", egon.OK)
	return newRawRegistry(t, answerHead(
		"Connection: close", fmt.Sprintf("Content-Length: %d", len(reply)),
	)+string(reply))
}

// A server may ignore Upgrade (RFC 9110 §7.8), and this one does: the call is
// answered over HTTP/1.1, the registry sees nothing of the wish, and what
// follows on the connection is the next call.
func TestUpgradeIsIgnored(t *testing.T) {
	message := call{}.message()
	for name, lines := range map[string][]string{
		"h2c, as Java sends it": {
			"Connection: Upgrade, HTTP2-Settings",
			"HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAABgAGAAA", "Upgrade: h2c",
		},
		"websocket": {
			"Connection: Upgrade", "Upgrade: websocket",
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
		},
		"TLS":                {"Connection: upgrade", "Upgrade: TLS/1.2"},
		"a list":             {"Connection: Upgrade", "Upgrade: h2c, websocket"},
		"twice":              {"Connection: Upgrade", "Upgrade: h2c", "Upgrade: websocket"},
		"empty":              {"Connection: Upgrade", "Upgrade:"},
		"without Connection": {"Upgrade: h2c"},
		"Connection alone":   {"Connection: Upgrade, HTTP2-Settings"},
		"and it expects":     {"Connection: Upgrade", "Upgrade: h2c", "Expect: 100-continue"},
	} {
		for framing, body := range map[string]string{
			fmt.Sprintf("Content-Length: %d", len(message)): string(message),
			"Transfer-Encoding: chunked":                    chunk(message) + "0\r\n\r\n",
		} {
			t.Run(name+", "+framing, func(t *testing.T) {
				r, s := newUpgradeSite(t)
				w := s.dial(t)
				for range 2 {
					w.write(header("/publikace/E05", append(lines, framing)...), body)
					a, body := w.answer()
					if a.StatusCode != 200 || !strings.Contains(body, ">OK<") ||
						a.Proto != "HTTP/1.1" || a.Close || a.Header.Get("Upgrade") != "" ||
						a.Header.Get("Connection") != "" {
						t.Fatalf("%d %v %s", a.StatusCode, a.Header, body)
					}
					got := <-r.got
					for _, name := range []string{
						"Upgrade", "Connection", "Http2-Settings", "Sec-Websocket-Key", "Expect",
					} {
						if got.header.Get(name) != "" {
							t.Errorf("%s: %s was forwarded", name, got.header.Get(name))
						}
					}
					if !bytes.Equal(got.body, message) {
						t.Errorf("the registry got %d bytes of %d", len(got.body), len(message))
					}
				}
				s.lines(t, 2)
			})
		}
	}
}

// Nothing is ever upgraded: who goes on as if it were speaks HTTP/1.1 all the
// same, and is refused by its rules or calls by them.
func TestNothingIsEverUpgraded(t *testing.T) {
	message := call{}.message()
	upgrade := func(to string) string {
		return withLength(
			"/publikace/E05", message, "Connection: Upgrade, HTTP2-Settings",
			"Upgrade: "+to, "HTTP2-Settings: AAMAAABkAAQAAP__",
		)
	}
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	const settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	get := func(to string) string {
		return "GET /publikace/E05 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: " + to +
			"\r\n\r\n"
	}
	for name, c := range map[string]struct {
		sent     string
		statuses []int // of the answers, after which the connection is closed
	}{
		"preface after h2c": {upgrade("h2c") + preface + settings, []int{200, 500}},
		"frames after h2c": {
			upgrade("h2c") + settings + "\r\n\r\n", []int{200, 500},
		},
		"preface at once": {preface + settings, []int{500}},
		"preface in the place of the body": {
			header(
				"/publikace/E05", "Connection: Upgrade",
				"Upgrade: h2c", "Transfer-Encoding: chunked",
			) + preface,
			[]int{500},
		},
		"frame after websocket": {
			upgrade("websocket") + "\x81\x85abcd\r\n\r\n", []int{200, 500},
		},
		"GET and a call behind it": {
			get("websocket") + string(withLength("/publikace/E05", message)), []int{405},
		},
		"GET and the preface behind it": {get("h2c") + preface, []int{405}},
		"two framings behind it": {upgrade("h2c") + header(
			"/publikace/E05", "Content-Length: 5", "Transfer-Encoding: chunked",
		) + "0\r\n\r\n" +
			withLength("/publikace/E05", message), []int{200, 500}},
		"a call that was never sent": {
			header("/publikace/E05", "Connection: Upgrade", "Upgrade: h2c") +
				withLength("/publikace/E05", message),
			[]int{500},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := startGateway(t)
			w := s.dial(t)
			w.write(c.sent)
			for _, status := range c.statuses {
				r, err := http.ReadResponse(w.r, nil)
				if err != nil {
					t.Fatal(err)
				}
				var body strings.Builder
				err = r.Write(&body)
				if err != nil || r.StatusCode != status ||
					strings.Contains(body.String(), "Upgrade: ") {
					t.Errorf("want %d: %s, %v", status, body.String(), err)
				}
			}
			w.closed()
			s.lines(t, len(c.statuses))
		})
	}
}

// A registry that switches protocols, which nobody asked of it, has not answered.
func TestARegistryThatUpgradesHasFailed(t *testing.T) {
	for name, rest := range map[string]string{
		"and goes on":    string(replyOf("E05", egon.OK)),
		"and says it in": answerHead("Content-Length: 5", "Upgrade: h2c") + "<a/>\n",
		"and leaves":     "",
	} {
		t.Run(name, func(t *testing.T) {
			r, s := newRawRegistry(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"+rest)
			w := s.dial(t)
			w.write(withLength("/publikace/E05", call{}.message()))
			a, body := w.answer()
			if a.StatusCode != 200 || a.Header.Get("Upgrade") != "" ||
				!strings.Contains(body, "BR_401: ") {
				t.Errorf("%d %v %s", a.StatusCode, a.Header, body)
			}
			<-r.got
			s.settled(t)
		})
	}
}
