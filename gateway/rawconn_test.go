package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A rawConn is a connection to a gateway without an HTTP client.
type rawConn struct {
	net.Conn
	t testing.TB
	r *bufio.Reader
}

func (s *testGateway) dial(t testing.TB) *rawConn {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return &rawConn{Conn: c, t: t, r: bufio.NewReader(c)}
}

func (w *rawConn) write(parts ...string) {
	w.t.Helper()
	for _, p := range parts {
		if _, err := io.WriteString(w.Conn, p); err != nil {
			w.t.Fatalf("write: %v", err)
		}
	}
}

// answer reads one response with its body; 100 Continue is none.
func (w *rawConn) answer() (*http.Response, string) {
	w.t.Helper()
	r, err := http.ReadResponse(w.r, nil)
	for err == nil && r.StatusCode == 100 {
		r, err = http.ReadResponse(w.r, nil)
	}
	if err != nil {
		w.t.Fatalf("read response: %v", err)
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Fatalf("read body: %v", err)
	}
	return r, string(b)
}

// closed fails the test unless the connection ends without another byte.
func (w *rawConn) closed() {
	w.t.Helper()
	rest, err := io.ReadAll(w.r)
	if len(rest) > 0 {
		w.t.Errorf("the connection goes on with %q", rest)
	}
	var timeout net.Error
	if asTimeout(err, &timeout) {
		w.t.Error("the connection stays open")
	}
}

func asTimeout(err error, to *net.Error) bool {
	e, ok := err.(net.Error)
	*to = e
	return ok && e.Timeout()
}

// header is the head of a POST request, with the lines given added.
func header(path string, lines ...string) string {
	return "POST " + path +
		" HTTP/1.1\r\nHost: brana.test\r\nContent-Type: text/xml; charset=utf-8\r\n" +
		strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

func withLength(path string, body []byte, lines ...string) string {
	return header(path, append(lines, fmt.Sprintf("Content-Length: %d", len(body)))...) +
		string(body)
}
