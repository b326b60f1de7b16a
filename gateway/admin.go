package gateway

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Admin serves what operators and orchestrators ask: /livez, /readyz with
// ?verbose, /metrics, /version, /v1/status and /v1/quotas. It belongs on a listener of its
// own, loopback by default, and answers under an address, localhost and the
// names of AdminHosts only.
func (g *Gateway) Admin(version string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", g.serveReady)
	mux.Handle("GET /metrics", promhttp.HandlerFor(g.parts.Metrics.Registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, version) })
	mux.HandleFunc("GET /v1/status", g.serveStatus)
	if g.parts.Quotas != nil {
		g.serveQuotas(mux)
	}
	return http.MaxBytesHandler(g.underOwnName(mux), orderBytes)
}

// underOwnName refuses calls of a host by a name that is not the listener's. A
// page in an operator's browser can have a name of its own lead to our address,
// and would then be asked for as the same site (DNS rebinding); an address
// leads nowhere else.
func (g *Gateway) underOwnName(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostOf(r.Host); !g.answersTo(host) {
			http.Error(w, fmt.Sprintf("this listener does not answer to %q: call it by its address, or add the name to admin.hosts", host), http.StatusMisdirectedRequest)
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

func (g *Gateway) answersTo(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost" || slices.ContainsFunc(g.cfg.AdminHosts, func(own string) bool { return hostOf(own) == host })
}

func (g *Gateway) serveReady(w http.ResponseWriter, r *http.Request) {
	checks := g.checks(r)
	status := http.StatusOK
	for _, c := range checks {
		if c.Err != nil && !c.Advisory {
			status = http.StatusServiceUnavailable
		}
	}
	w.WriteHeader(status)
	if !r.URL.Query().Has("verbose") {
		fmt.Fprintln(w, map[bool]string{true: "ok", false: "not ready"}[status == http.StatusOK])
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

func (g *Gateway) serveStatus(w http.ResponseWriter, _ *http.Request) {
	snapshot := g.parts.Policy.Current()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{ // a client that left reads nothing
		"policy":   snapshot.Version(),
		"running":  g.Running(),
		"draining": g.leaving.Load(),
	})
}
