package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A request of the admin listener whose body stalls ends; so does one of more
// than an order takes.
func TestBodiesOfTheAdminListenerEnd(t *testing.T) {
	w := startWorld(t)
	server := w.wired.adminServer(w.journal.logger())
	if server.ReadTimeout > 10*time.Second || server.WriteTimeout > time.Minute {
		t.Errorf("a request may take %s, its answer %s", server.ReadTimeout, server.WriteTimeout)
	}
	server.ReadTimeout = 100 * time.Millisecond // the test need not last ten seconds
	ln := listen(t)
	go func() { _ = server.Serve(ln) }() // Close ends it
	t.Cleanup(func() { server.Close() })
	for name, body := range map[string]string{
		"stalls":       "Content-Length: 100\r\n\r\n{",
		"is too large": "Content-Length: 100000\r\n\r\n{\"reason\": \"" + strings.Repeat("x", 99_000),
	} {
		for _, path := range []string{"POST /v1/quotas/grant", "GET /livez"} {
			c, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			_ = c.SetDeadline(time.Now().Add(20 * time.Second))
			if _, err := io.WriteString(c, path+" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+body); err != nil {
				t.Fatal(err)
			}
			r, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Errorf("a body of %s that %s: %v", path, name, err)
			} else if strings.HasPrefix(path, "POST") && r.StatusCode != http.StatusBadRequest {
				t.Errorf("a body of %s that %s: %d", path, name, r.StatusCode)
			}
			if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
				t.Errorf("the connection of %s that %s stays open", path, name)
			}
			c.Close()
		}
	}
}
