package upstream

import (
	"bufio"
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

	"github.com/google/go-cmp/cmp"

	"brana/egon"
)

// send relays m and reads the answer to its end.
func send(t *testing.T, c *Client, m *egon.Message) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	a, _, err := NewRelay(c).Send(ctx, m, nil)
	if err != nil {
		return "", err
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	return string(b), err
}

func wantCallError(t *testing.T, err error) *egon.CallError {
	t.Helper()
	var e *egon.CallError
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want a CallError", err)
	}
	if e.Name != "fake" || e.Party != (egon.Party{}) {
		t.Errorf("error blames %q %v, want the upstream's name and nobody", e.Name, e.Party)
	}
	return e
}

// Only what the contract needs is sent, and only the body of the message.
func TestRelayHeaders(t *testing.T) {
	for _, tt := range []struct {
		name   string
		base   string
		m      egon.Message
		target string
		want   http.Header
	}{
		{"known length", "/publikace", egon.Message{Length: 4}, "/publikace/E05",
			http.Header{"Content-Length": {"4"}}},
		{"chunked, async", "/", egon.Message{Length: -1, Async: true}, "/E05?async", http.Header{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := make(chan *http.Request, 1)
			bodies := make(chan string, 1)
			url := rawFake(func(nc net.Conn, br *bufio.Reader) {
				req, body, err := takeRequest(br)
				if err != nil {
					return
				}
				got <- req
				bodies <- body
				io.WriteString(nc, ok("<a/>"))
			}).listen(t)
			tt.m.Service, tt.m.Body = e05, strings.NewReader("<b/>")
			reply, err := send(t, client(t, Config{URL: url + tt.base}), &tt.m)
			if err != nil || reply != "<a/>" {
				t.Fatalf("got %q, %v", reply, err)
			}
			req := <-got
			tt.want["Content-Type"] = []string{"text/xml; charset=utf-8"}
			tt.want["Soapaction"] = []string{`"IszrRobCtiPodleUdaju"`}
			tt.want["User-Agent"] = []string{"brana"}
			if d := cmp.Diff(tt.want, req.Header); d != "" {
				t.Errorf("header (-want +got):\n%s", d)
			}
			if req.RequestURI != tt.target || req.Host != strings.TrimPrefix(url, "http://") ||
				req.Method != "POST" {
				t.Errorf("got %s %s for %s", req.Method, req.RequestURI, req.Host)
			}
			if body := <-bodies; body != "<b/>" {
				t.Errorf("body = %q", body)
			}
		})
	}
}

// Some replies are answers, and others are failures of the upstream.
func TestRelayAnswers(t *testing.T) {
	const (
		xml     = "Content-Type: text/xml\r\n"
		open    = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><a><b/></a></e:Header><e:Body>`
		fault   = open + "<e:Fault><faultcode>e:Server</faultcode></e:Fault></e:Body></e:Envelope>"
		noFault = open + "<e:Other/></e:Body></e:Envelope>"
	)
	longFault := strings.Replace(fault, "</faultcode>", strings.Repeat(" ", 20_000)+"</faultcode>",
		1)
	for _, tt := range []struct {
		name   string
		answer string
		status int // 0: a CallError
		body   string
	}{
		{"reply", ok("<a/>"), 200, "<a/>"},
		{"chunked reply", "HTTP/1.1 200 OK\r\n" + xml +
			"Transfer-Encoding: chunked\r\n\r\n3\r\n<a/\r\n1\r\n>\r\n0\r\n\r\n", 200, "<a/>"},
		{"100 before", "HTTP/1.1 100 Continue\r\n\r\n" + ok("<a/>"), 200, "<a/>"},
		{"fault", "HTTP/1.1 500 No\r\n" + xml +
			fmt.Sprintf("Content-Length: %d\r\n\r\n", len(fault)) + fault, 500, fault},
		{"long fault with another status", "HTTP/1.1 400 No\r\n" + xml +
			fmt.Sprintf("Content-Length: %d\r\n\r\n", len(longFault)) + longFault, 400, longFault},
		{"error without a fault", "HTTP/1.1 500 No\r\n" + xml +
			fmt.Sprintf("Content-Length: %d\r\n\r\n", len(noFault)) + noFault, 0, ""},
		{"error that is not SOAP", "HTTP/1.1 503 No\r\n" + xml + "Content-Length: 4\r\n\r\n<f/>", 0,
			""},
		{"SOAP 1.2 type", "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml; charset=\"UTF-8\"\r\nContent-Length: 4\r\n\r\n<a/>", 200, "<a/>"},
		{"html", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<a/>", 0,
			""},
		{"no type", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>", 0, ""},
		{"other charset", "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-16\r\nContent-Length: 4\r\n\r\n<a/>", 0, ""},
		{"gzip", "HTTP/1.1 200 OK\r\n" + xml +
			"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n<a/>", 0, ""},
		{"created", strings.Replace(ok("<a/>"), "200 OK", "201 Created", 1), 201, "<a/>"},
		{"accepted", strings.Replace(ok("<a/>"), "200 OK", "202 Accepted", 1), 202, "<a/>"},
		{"accepted without an answer", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 0, ""},
		{"from a transforming proxy", strings.Replace(ok("<a/>"), "200 OK", "203 Other", 1), 0, ""},
		{"a part", strings.Replace(ok("<a/>"), "200 OK", "206 Partial", 1), 0, ""},
		{"redirect", "HTTP/1.1 302 Found\r\n" + xml +
			"Location: /x\r\nContent-Length: 4\r\n\r\n<a/>", 0, ""},
		{"no content", "HTTP/1.1 204 No Content\r\n" + xml + "\r\n", 0, ""},
		{"bad gateway page",
			"HTTP/1.1 502 No\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<a/>", 0, ""},
		{"two lengths", "HTTP/1.1 200 OK\r\n" + xml +
			"Content-Length: 4\r\nContent-Length: 5\r\n\r\n<a/>", 0, ""},
		{"not HTTP", "hello\r\n\r\n", 0, ""},
		{"header without end", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 20<<10), 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := client(t, Config{URL: answering(tt.answer).listen(t)})
			for range 2 { // the second call shows that the connection is in order, or gone
				a, _, err := NewRelay(c).Send(t.Context(), text("<b/>"), nil)
				if tt.status == 0 {
					if e := wantCallError(t, err); !e.Sent || e.Timeout {
						t.Errorf("error = %+v, want sent, no timeout", e)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				b, err := io.ReadAll(a.Body)
				a.Body.Close()
				if a.HTTPStatus != tt.status || string(b) != tt.body || err != nil {
					t.Errorf("got %d %q, %v", a.HTTPStatus, b, err)
				}
			}
		})
	}
}

// A body that ends before its framing says so is never taken for whole.
func TestRelayCutAnswers(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
	for _, tt := range []struct{ name, answer string }{
		{"in the length", head + "Content-Length: 10\r\n\r\n<a>"},
		{"in a chunk", head + "Transfer-Encoding: chunked\r\n\r\n9\r\n<a>"},
		{"after a chunk", head + "Transfer-Encoding: chunked\r\n\r\n3\r\n<a>\r\n"},
		{"before the trailer's end", head + "Transfer-Encoding: chunked\r\n\r\n3\r\n<a>\r\n0\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := rawFake(func(nc net.Conn, br *bufio.Reader) {
				if _, _, err := takeRequest(br); err == nil {
					io.WriteString(nc, tt.answer)
				}
			}).listen(t)
			body, err := send(t, client(t, Config{URL: url}), text("<b/>"))
			e := wantCallError(t, err)
			if body != "<a>" || !errors.Is(e, io.ErrUnexpectedEOF) {
				t.Errorf("got %q, %v", body, err)
			}
		})
	}
}

// A message whose source fails is broken off: neither the last chunk nor the
// promised length arrives, and the source's own error comes back.
func TestRelayAbortsMessage(t *testing.T) {
	offence := &egon.Offence{Kind: egon.Malformed, Err: errors.New("bad tail")}
	for _, length := range []int64{-1, 100_000} {
		t.Run(fmt.Sprint(length), func(t *testing.T) {
			got := make(chan error, 1)
			url := rawFake(func(_ net.Conn, br *bufio.Reader) {
				_, _, err := takeRequest(br)
				got <- err
			}).listen(t)
			m := &egon.Message{Service: e05, Length: length, Body: io.MultiReader(
				strings.NewReader(strings.Repeat("x", 50_000)), &failing{offence})}
			_, err := send(t, client(t, Config{URL: url}), m)
			var o *egon.Offence
			if !errors.As(err, &o) || o != offence {
				t.Errorf("error = %v, want the source's", err)
			}
			if err := <-got; !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("the upstream read the message with error %v, want one that is cut", err)
			}
		})
	}
	t.Run("short", func(t *testing.T) {
		url := rawFake(func(_ net.Conn, br *bufio.Reader) { takeRequest(br) }).listen(t)
		m := &egon.Message{Service: e05, Length: 10, Body: strings.NewReader("<b/>")}
		_, err := send(t, client(t, Config{URL: url}), m)
		wantCallError(t, err)
	})
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// A connection that the upstream closed while it was idle fails no call, streamed or not.
func TestRelayStaleConnections(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain sockets %t", plain), func(t *testing.T) {
			testStaleConnections(t, Config{PlainSockets: plain})
		})
	}
}

func testStaleConnections(t *testing.T, cfg Config) {
	var conns atomic.Int32
	closed := make(chan struct{}, 8)
	url := rawFake(func(nc net.Conn, br *bufio.Reader) {
		conns.Add(1)
		if _, _, err := takeRequest(br); err == nil {
			io.WriteString(nc, ok("<a/>"))
		}
		nc.Close()
		closed <- struct{}{}
	}).listen(t)
	cfg.URL = url
	c := client(t, cfg)
	for range 4 {
		m := &egon.Message{Service: e05, Length: -1,
			Body: io.MultiReader(strings.NewReader("<b/>"))}
		if _, err := send(t, c, m); err != nil {
			t.Fatal(err)
		}
		<-closed
	}
	if n := conns.Load(); n != 4 {
		t.Errorf("%d connections, want 4", n)
	}
}

// Calls in a row share a connection, also after a Fault.
func TestRelayKeepsConnections(t *testing.T) {
	var conns atomic.Int32
	answer := answering(ok("<a/>"))
	url := rawFake(func(nc net.Conn, br *bufio.Reader) { conns.Add(1); answer(nc, br) }).listen(t)
	c := client(t, Config{URL: url})
	for range 5 {
		if _, err := send(t, c, text("<b/>")); err != nil {
			t.Fatal(err)
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
	a, _, err := NewRelay(c).Send(t.Context(), text("<b/>"), nil)
	if err != nil {
		t.Fatal(err)
	}
	a.Body.Close() // unread
	if _, err := send(t, c, text("<b/>")); err != nil {
		t.Fatal(err)
	}
	if n := conns.Load(); n != 2 {
		t.Errorf("%d connections, want 2: an unread answer closes its own", n)
	}
}

// An upstream that refuses in the middle of a message is heard when its answer
// can still be read.
func TestRelayEarlyAnswer(t *testing.T) {
	url := rawFake(func(nc net.Conn, br *bufio.Reader) {
		br.Peek(1)
		io.WriteString(nc, "HTTP/1.1 413 Too Large\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
		nc.(*net.TCPConn).CloseWrite()
		io.CopyN(io.Discard, br, 1<<20)
	}).listen(t)
	_, err := send(t, client(t, Config{URL: url}),
		&egon.Message{Service: e05, Length: 64 << 20, Body: io.LimitReader(endless{}, 64<<20)})
	wantCallError(t, err)
}

// The upstream does not listen, or no connection is free.
func TestRelayUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	l.Close()
	_, err = send(t, client(t, Config{URL: url}), text("<b/>"))
	if e := wantCallError(t, err); e.Sent || e.Timeout {
		t.Errorf("error = %+v", e)
	}

	c := client(t, Config{URL: answering(ok("<a/>")).listen(t), MaxConns: 1})
	a, _, err := NewRelay(c).Send(t.Context(), text("<b/>"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	ctx, cancel := soon(t.Context())
	defer cancel()
	_, _, err = NewRelay(c).Send(ctx, text("<b/>"), nil)
	if e := wantCallError(t, err); e.Sent || !e.Timeout {
		t.Errorf("error = %+v", e)
	}
}
