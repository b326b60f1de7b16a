package gateway

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"brana/limits"
)

func TestAdmin(t *testing.T) {
	s := startGateway(t)
	admin := s.Admin("brana 1.2.3")
	get := func(path string) (int, string) {
		r := httptest.NewRecorder()
		admin.ServeHTTP(r, httptest.NewRequest("GET", "http://localhost"+path, nil))
		return r.Code, r.Body.String()
	}
	version := s.parts.Policy.Current().Version()
	check := func(path string, status int, want string) {
		t.Helper()
		if code, body := get(path); code != status || !strings.Contains(body, want) {
			t.Errorf("%s: %d %q, want %d and %q", path, code, body, status, want)
		}
	}
	s.post(t, "/publikace/E05", call{}.message())
	s.lines(t, 1)
	check("/livez", 200, "ok")
	check("/readyz", 200, "ok")
	check("/readyz?verbose", 200, "[+] accepting\n[+] identity not checked: loopback only\n[+] policy "+version+
		"\n[+] record of use: none\n[+] limits\n")
	check("/version", 200, "brana 1.2.3")
	check("/v1/status", 200, `"policy":"`+version+`"`)
	check("/metrics", 200, `brana_exchanges_total{outcome="ok",service="E05"} 1`)

	s.leaving.Store(true)
	check("/livez", 200, "ok")
	check("/readyz", 503, "not ready")
	check("/readyz?verbose", 503, "[-] accepting: the gateway is draining\n")
	check("/v1/status", 200, `"draining":true`)
}

type notReady struct{ limiterFunc }

func (*notReady) Ready(context.Context) error { return errors.New("no Redis") }

func TestNotReadyWithoutALimiter(t *testing.T) {
	s := startGateway(
		t, func(s *settings) { s.parts.Limiter = &notReady{limiterFunc{admit: admitAll}} },
	)
	r := httptest.NewRecorder()
	s.Admin("").ServeHTTP(r, httptest.NewRequest("GET", "http://localhost/readyz?verbose", nil))
	if r.Code != 503 || !strings.Contains(r.Body.String(), "[-] limits: no Redis\n") {
		t.Errorf("%d %s", r.Code, r.Body)
	}
}

// Findings on the settings of Redis are shown, and do not end readiness.
func TestFindingsAreShown(t *testing.T) {
	s := startGateway(t, func(s *settings) {
		s.parts.Findings = func() []limits.Finding {
			return []limits.Finding{
				{Server: "redis1:6379", Text: "a setting is wrong"},
				{Text: "another cannot be looked at", Unknown: true},
			}
		}
	})
	r := httptest.NewRecorder()
	s.Admin("").ServeHTTP(r, httptest.NewRequest("GET", "http://localhost/readyz?verbose", nil))
	for _, line := range []string{
		"[!] redis: redis1:6379: a setting is wrong\n", "[+] redis: another cannot be looked at\n",
	} {
		if r.Code != 200 || !strings.Contains(r.Body.String(), line) {
			t.Errorf("%d %s, want %s", r.Code, r.Body, line)
		}
	}
}

// Readiness says whether the record of use can be written. Without it a gateway is not
// ready, unless it serves calls all the same.
func TestReadinessNamesTheRecord(t *testing.T) {
	for _, c := range []struct {
		name    string
		blocked error
		serve   bool
		status  int
		want    string
	}{
		{"written", nil, false, 200, "[+] audit\n"},
		{"blocked", errNoDisk, false, 503, "[-] audit: no space left on device\n"},
		{"blocked, and calls are served", errNoDisk, true, 200, "[!] audit: no space left on device\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			stores := newStores(t, newTally())
			stores.before["blocked"] = func() error { return c.blocked }
			s := newGateway(t, func(s *settings) {
				s.parts.Record, s.cfg.ServeUnrecorded = stores.record, c.serve
				s.parts.LogBlocked = func() error { return errNoDisk }
			})
			r := httptest.NewRecorder()
			s.Admin("").ServeHTTP(r, httptest.NewRequest("GET", "http://localhost/readyz?verbose", nil))
			if r.Code != c.status || !strings.Contains(r.Body.String(), c.want) {
				t.Errorf("%d %s, want %d and %s", r.Code, r.Body, c.status, c.want)
			}
			if said := r.Body.String(); !strings.Contains(said, "[!] log: ") {
				t.Errorf("with a record of use a blocked log is advice: %s", said)
			}
		})
	}
}
