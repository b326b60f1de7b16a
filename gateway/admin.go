package gateway

import (
	"net/http"
	"time"

	"brana/gateway/admin"
)

// Admin returns the handler of the admin listener; version is what /version
// answers.
func (g *Gateway) Admin(version string) http.Handler {
	cfg := admin.Config{
		Version: version,
		Hosts:   g.cfg.AdminHosts,
		Metrics: g.parts.Metrics.Registry,
		Checks:  g.checks,
		Status:  g.status,
		Audit:   g.parts.Audit,
		Log:     g.parts.Log,
	}
	if g.parts.Quotas != nil {
		cfg.Accounts = accounts{g.parts.Policy, g.parts.Quotas}
	}
	return admin.New(cfg)
}

func (g *Gateway) status() admin.Status {
	return admin.Status{
		Draining: g.leaving.Load(),
		Policy:   g.parts.Policy.Current().Version(),
		Running:  g.Running(),
	}
}

// CallerCertificates reports when the certificates end that callers have come
// with since the start, and that the policy in force binds.
func (g *Gateway) CallerCertificates(report func(end time.Time, ais, issuer, serial string)) {
	g.callerCerts.report(g.parts.Policy.Current(), report)
}
