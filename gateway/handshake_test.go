package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A handshake that fails is an alert, counted by its reason, and no exchange.
func TestHandshakesThatFail(t *testing.T) {
	s := startTLSGateway(t, boundOnce)
	other := newAuthority(t, "Test CA") // of the same name
	expired := s.ca.issue(
		100, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) },
	)
	server := s.ca.issue(100, func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		limit := func(c *tls.Config) { c.MinVersion, c.MaxVersion = version, version }
		for _, tt := range []struct {
			name, reason string
			client       *http.Client
			alert        string
		}{
			{"none", "no-certificate", s.client(t, nil, limit), "remote error: tls: "},
			{"expired", "expired", s.client(t, expired, limit), "expired certificate"},
			{"of another CA", "untrusted", s.client(t, other.issue(100), limit), "certificate"},
			{"not for clients", "untrusted", s.client(t, server, limit), "certificate"},
			{
				"gateway not trusted", "caller-refused",
				s.client(
					t, s.ca.issue(100), limit, func(c *tls.Config) { c.RootCAs = other.pool() },
				),
				"x509: ",
			},
		} {
			t.Run(tls.VersionName(version)+" "+tt.name, func(t *testing.T) {
				before := s.failures(t, tt.reason)
				_, err := s.ask(tt.client, call{}.message())
				if err == nil || !strings.Contains(err.Error(), tt.alert) {
					t.Errorf("error %v, want %s", err, tt.alert)
				}
				eventually(
					t, "counted as "+tt.reason,
					func() bool { return s.failures(t, tt.reason) == before+1 },
				)
			})
		}
	}
	t.Run("not TLS", func(t *testing.T) {
		w := s.dial(t)
		w.write("\x00\x01\x02 neither TLS nor HTTP")
		w.closed() // nobody would understand an answer
		eventually(t, "counted", func() bool { return s.failures(t, "not-tls") == 1 })
	})
	t.Run("old version", func(t *testing.T) {
		old := s.client(t, s.ca.issue(100), func(c *tls.Config) {
			c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		})
		if _, err := s.ask(old, call{}.message()); err == nil {
			t.Error("TLS 1.1 was spoken")
		}
		eventually(t, "counted", func() bool { return s.failures(t, "nothing-in-common") == 1 })
	})
	t.Run("left", func(t *testing.T) {
		s.dial(t).Close()
		eventually(t, "counted", func() bool { return s.failures(t, "caller-left") == 1 })
		w := s.dial(t)
		w.write("\x16\x03\x01") // of a record
		w.Close()
		eventually(t, "counted", func() bool { return s.failures(t, "caller-left") == 2 })
	})
	if lines := s.logs.all("exchange"); len(lines) != 0 {
		t.Errorf("%d exchanges, want none", len(lines))
	}
	for _, line := range s.logs.all("handshake refused") {
		if line.fields["reason"] == "expired" &&
			line.fields["certificate"] != "certificate 0x64 of CN=Test CA,C=CZ" {
			t.Errorf("logged as %v", line.fields)
		}
	}
}

// The answer to plain HTTP says that this is the port of TLS, for a request of any
// length, and the log has one line of it.
func TestPlainHTTPOnThePortOfTLS(t *testing.T) {
	for name, request := range map[string]string{
		"POST":    withLength("/publikace/E05", call{}.message()),
		"5 MiB":   withLength("/publikace/E05", largeMessage(5<<20)),
		"GET":     "GET /publikace/E05?wsdl HTTP/1.1\r\nHost: x\r\n\r\n",
		"PUT":     "PUT /publikace/E05 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		"OPTIONS": "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		"DELETE":  "DELETE /publikace/E05 HTTP/1.1\r\nHost: x\r\n\r\n",
		"PATCH":   "PATCH /publikace/E05 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		"TRACE":   "TRACE /publikace/E05 HTTP/1.1\r\nHost: x\r\n\r\n",
		"tunnel":  "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
		"proxied": "GET http://x/publikace/E05 HTTP/1.1\r\nHost: x\r\n\r\n",
		"two":     strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 2),
		"HTTP/2":  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := startTLSGateway(t, boundOnce)
			w := s.dial(t)
			w.write(request)
			r, body := w.answer()
			parse(t, body)
			if r.StatusCode != 400 || r.ProtoMinor != 1 || !r.Close ||
				!strings.Contains(body, "Tento port přijímá jen TLS") {
				t.Errorf("%d %s", r.StatusCode, body)
			}
			w.closed()
			if n := s.failures(t, "not-tls"); n != 1 {
				t.Errorf("counted %d times", n)
			}
			if lines := s.logs.all(""); len(lines) != 1 || lines[0].fields["reason"] != "not-tls" {
				t.Errorf("logged %v", lines)
			}
		})
	}
}

// A caller that connects and says nothing is let go when its time is over.
func TestHandshakeInTime(t *testing.T) {
	s := startTLSGateway(t, boundOnce, func(c *settings) { c.cfg.ReadIdle = 20 * time.Millisecond })
	s.dial(t).closed()
	eventually(t, "counted", func() bool { return s.failures(t, "timeout") == 1 })
}
