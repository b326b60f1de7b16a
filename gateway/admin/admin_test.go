package admin

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// config is that of a gateway with nothing to show.
func config() Config {
	return Config{
		Version: "brana 1.2.3",
		Metrics: prometheus.NewRegistry(),
		Checks:  func(context.Context) []Check { return nil },
		Status:  func() Status { return Status{Draining: true, Policy: "v1", Running: 3} },
		Log:     zap.NewNop(),
		Audit: func() Audit {
			return Audit{
				Dir: "/var/lib/brana/audit", Gateway: "g1", State: AuditBlocked,
				Why: "no space left on device", Last: 7,
			}
		},
	}
}

func get(h http.Handler, path string) (int, string) {
	r := httptest.NewRecorder()
	h.ServeHTTP(r, httptest.NewRequest("GET", "http://localhost"+path, nil))
	return r.Code, r.Body.String()
}

func TestPages(t *testing.T) {
	h := New(config())
	for path, want := range map[string]struct {
		status int
		body   string
	}{
		"/livez":     {200, "ok\n"},
		"/version":   {200, "brana 1.2.3\n"},
		"/v1/status": {200, `{"draining":true,"policy":"v1","running":3}` + "\n"},
		"/metrics":   {200, ""},
		"/v1/quotas": {404, "404 page not found\n"}, // without accounts
		"/v1/audit": {200, `{"dir":"/var/lib/brana/audit","gateway":"g1","state":"blocked",` +
			`"why":"no space left on device","last":7}` + "\n"},
		"/other": {404, "404 page not found\n"},
	} {
		if status, body := get(h, path); status != want.status || body != want.body {
			t.Errorf("%s: %d %q, want %d %q", path, status, body, want.status, want.body)
		}
	}
	r := httptest.NewRecorder()
	h.ServeHTTP(r, httptest.NewRequest(http.MethodPost, "http://localhost/livez", nil))
	if r.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST /livez: %d", r.Code)
	}
}

func TestReadiness(t *testing.T) {
	broken := errors.New("it is broken")
	for _, test := range []struct {
		name    string
		checks  []Check
		status  int
		short   string
		verbose string
	}{
		{"all is well", []Check{{Name: "a"}, {Name: "b"}}, 200, "ok\n", "[+] a\n[+] b\n"},
		{"one does not hold", []Check{{Name: "a", Err: broken}, {Name: "b"}}, 503,
			"not ready\n", "[-] a: it is broken\n[+] b\n"},
		{
			"advice", []Check{{Name: "a", Err: broken, Advisory: true}},
			200, "ok\n", "[!] a: it is broken\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := config()
			cfg.Checks = func(context.Context) []Check { return test.checks }
			h := New(cfg)
			if status, body := get(h, "/readyz"); status != test.status || body != test.short {
				t.Errorf("%d %q", status, body)
			}
			status, body := get(h, "/readyz?verbose")
			if status != test.status || body != test.verbose {
				t.Errorf("verbose: %d %q", status, body)
			}
		})
	}
}

// The listener answers to its own names only, whatever leads to it.
func TestItAnswersToItsOwnNames(t *testing.T) {
	cfg := config()
	cfg.Hosts = []string{"brana.example"}
	h := New(cfg)
	for host, answers := range map[string]bool{
		"127.0.0.1:8081":             true,
		"127.0.0.1":                  true,
		"[::1]:8081":                 true,
		"[::1]":                      true,
		"10.1.2.3:8081":              true,
		"[fe80::1%eth0]:8081":        true,
		"localhost":                  true,
		"LOCALHOST:8081":             true,
		"localhost.:1":               true,
		"brana.example:8081":         true,
		"Brana.Example.":             true,
		"":                           false,
		"evil.example:8081":          false,
		"localhost.evil.example":     false,
		"127.0.0.1.evil.example":     false,
		"brana.example.evil.example": false,
		"127.0.0.1:8081:8081":        false,
		"example":                    false,
		"0x7f000001":                 false,
	} {
		for _, path := range []string{"/livez", "/metrics", "/v1/status", "/other"} {
			ask := httptest.NewRequest("GET", path, nil)
			ask.Host = host
			r := httptest.NewRecorder()
			h.ServeHTTP(r, ask)
			if (r.Code != http.StatusMisdirectedRequest) != answers {
				t.Errorf("%s of %q: %d %s", path, host, r.Code, r.Body)
			}
			if !answers && !strings.Contains(r.Body.String(), "admin.hosts") {
				t.Errorf("the answer to %q does not say what to do: %s", host, r.Body)
			}
		}
	}
}

// fakeAccount is the account of every caller. It notes the orders.
type fakeAccount struct {
	quota   Quota
	refuses *Error // every order
	orders  []string
}

func (f *fakeAccount) Of(Caller) ([]Account, *Error) { return []Account{f}, nil }

func (f *fakeAccount) Group() string { return "" }

func (f *fakeAccount) Policy() string { return "v7" }

func (f *fakeAccount) Quota(context.Context) (*Quota, *Error) { return &f.quota, nil }

func (f *fakeAccount) Raise(_ context.Context, calls int64, until time.Time) *Error {
	f.orders = append(f.orders, "raise "+until.UTC().Format(time.DateOnly))
	return f.refuses
}

func (f *fakeAccount) Forget(context.Context) *Error {
	f.orders = append(f.orders, "forget")
	return f.refuses
}

const caller = `"agenda":"X999","role":"XR2","ovm":"12345678","ais":"999002"`

// send sends an order and returns the answer and the lines of the log.
func send(f *fakeAccount, path, order string) (int, string, []observer.LoggedEntry) {
	core, logs := observer.New(zapcore.InfoLevel)
	cfg := config()
	cfg.Accounts, cfg.Log = f, zap.New(core)
	ask := httptest.NewRequest(
		"POST", "http://localhost/v1/quotas/"+path, strings.NewReader("{"+caller+order+"}"),
	)
	ask.Header.Set("Content-Type", "application/json")
	r := httptest.NewRecorder()
	New(cfg).ServeHTTP(r, ask)
	return r.Code, r.Body.String(), logs.All()
}

const signed = `,"reason":"a rush","by":"jana"`

func TestAnOrderIsLoggedAndAnswered(t *testing.T) {
	f := &fakeAccount{quota: Quota{Extra: 5}}
	status, body, lines := send(f, "grant", signed+`,"calls":5,"until":"2026-07-01T00:00:00Z"`)
	if status != 200 || !strings.Contains(body, `"extra":5`) {
		t.Errorf("%d %s", status, body)
	}
	if len(lines) != 1 || lines[0].Message != "quota granted" {
		t.Fatalf("logged %v", lines)
	}
	fields := lines[0].ContextMap()
	if fields["by"] != "jana" || fields["reason"] != "a rush" || fields["calls"] != int64(5) ||
		fields["policy"] != "v7" {
		t.Errorf("the line has %v", fields)
	}
}

// An order of which nobody knows whether it was carried out is logged too, and
// the answer says so.
func TestAnUnsureOrderIsLogged(t *testing.T) {
	f := &fakeAccount{refuses: &Error{Text: "no answer", Mode: "closed", Status: 503, Unsure: true}}
	status, body, lines := send(f, "reset", signed)
	if status != 503 ||
		!strings.Contains(body, `"it may have been done, repeating it does no harm: no answer"`) ||
		!strings.Contains(body, `"mode":"closed"`) {
		t.Errorf("%d %s", status, body)
	}
	if len(lines) != 1 || lines[0].Message != "quota reset, perhaps" ||
		lines[0].ContextMap()["error"] != "no answer" {
		t.Errorf("logged %v", lines)
	}
}

// An order that was refused leaves no trace.
func TestARefusedOrderIsNotLogged(t *testing.T) {
	for _, test := range []struct {
		name, path, order string
		account           fakeAccount
		status            int
		says              string
	}{
		{
			"by the account", "reset", signed,
			fakeAccount{refuses: &Error{Text: "no", Status: 400}}, 400, `"no"`,
		},
		{"unsigned", "reset", `,"reason":"r"`, fakeAccount{}, 400, "by is missing"},
		{
			"nothing to take back", "grant", signed + `,"calls":0`,
			fakeAccount{}, 409, "no extra calls are in force",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, body, lines := send(&test.account, test.path, test.order)
			if status != test.status || !strings.Contains(body, test.says) || len(lines) != 0 {
				t.Errorf("%d %s, logged %v", status, body, lines)
			}
		})
	}
}

// Extra calls are taken back with the end that they had.
func TestExtraCallsAreTakenBack(t *testing.T) {
	end := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	f := &fakeAccount{quota: Quota{Extra: 5, ExtraUntil: &end}}
	status, body, _ := send(f, "grant", signed+`,"calls":0`)
	if status != 200 || len(f.orders) != 1 || f.orders[0] != "raise 2026-07-01" {
		t.Errorf("%d %s, ordered %v", status, body, f.orders)
	}
}
