package admin

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
)

// Config is what [New] needs. The functions are called for each request, from
// any goroutine.
type Config struct {
	Version string // of the program
	// Hosts are the names under which it answers, beside localhost and any address.
	Hosts    []string
	Metrics  prometheus.Gatherer
	Checks   func(context.Context) []Check
	Status   func() Status
	Audit    func() Audit // nil: /v1/audit is not offered
	Accounts Accounts     // nil: /v1/quotas is not offered
	Log      *zap.Logger  // has a line for each order
}

// A Check is one condition of readiness, and one line of /readyz?verbose.
type Check struct {
	Name     string
	Err      error // why it does not hold, or nil
	Advisory bool  // it is shown, and does not end readiness
}

// Status is what /v1/status shows.
type Status struct {
	Draining bool   `json:"draining"`
	Policy   string `json:"policy"`  // version in force
	Running  int64  `json:"running"` // exchanges
}

// New makes the handler. It belongs on a listener of its own, loopback by
// default.
func New(cfg Config) http.Handler {
	a := &admin{cfg}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", answerText("ok"))
	mux.HandleFunc("GET /readyz", a.serveReady)
	mux.Handle("GET /metrics", promhttp.HandlerFor(cfg.Metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /version", answerText(cfg.Version))
	mux.HandleFunc("GET /v1/status", a.serveStatus)
	if cfg.Audit != nil {
		mux.HandleFunc("GET /v1/audit", a.serveAudit)
	}
	if cfg.Accounts != nil {
		q := quotas{cfg.Accounts, cfg.Log}
		mux.HandleFunc("GET /v1/quotas", q.serve)
		mux.HandleFunc("POST /v1/quotas/grant", q.serveOrder("quota granted", raise))
		mux.HandleFunc("POST /v1/quotas/reset", q.serveOrder("quota reset", reset))
	}
	return http.MaxBytesHandler(a.underOwnName(mux), orderBytes)
}

type admin struct{ Config }

// underOwnName refuses requests for a host by a name that is not the listener's.
// A page in an operator's browser can have a name of its own lead to our address,
// and would then be asked for as the same site (DNS rebinding). An address leads
// nowhere else.
func (a *admin) underOwnName(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostOf(r.Host); !a.answersTo(host) {
			text := fmt.Sprintf("this listener does not answer to %q: "+
				"call it by its address, or add the name to admin.hosts", host)
			http.Error(w, text, http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostOf is a Host without its port and without the dot that may end a name.
func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

func (a *admin) answersTo(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return true
	}
	return slices.ContainsFunc(a.Hosts, func(own string) bool { return hostOf(own) == host })
}

func (a *admin) serveReady(w http.ResponseWriter, r *http.Request) {
	checks := a.Checks(r.Context())
	status, answer := http.StatusOK, "ok"
	for _, c := range checks {
		if c.Err != nil && !c.Advisory {
			status, answer = http.StatusServiceUnavailable, "not ready"
		}
	}
	w.WriteHeader(status)
	if !r.URL.Query().Has("verbose") {
		fmt.Fprintln(w, answer)
		return
	}
	for _, c := range checks {
		switch {
		case c.Err == nil:
			fmt.Fprintf(w, "[+] %s\n", c.Name)
		case c.Advisory:
			fmt.Fprintf(w, "[!] %s: %v\n", c.Name, c.Err)
		default:
			fmt.Fprintf(w, "[-] %s: %v\n", c.Name, c.Err)
		}
	}
}

func (a *admin) serveStatus(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, a.Status())
}

func (a *admin) serveAudit(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, a.Audit())
}

func answerText(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, text) }
}
