package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"brana/policy"
)

// A Check is one condition of readiness.
type Check struct {
	Name     string
	Err      error // why it does not hold, or nil
	Advisory bool  // it is told, and does not end readiness
}

func (g *Gateway) checks(r *http.Request) []Check {
	snapshot := g.parts.Policy.Current()
	policyCheck := Check{Name: "policy " + snapshot.Version()}
	drainCheck := Check{Name: "accepting"}
	if g.leaving.Load() {
		drainCheck.Err = errDraining
	}
	checks := []Check{drainCheck, g.identityCheck(), policyCheck}
	if g.parts.LogBlocked != nil {
		checks = append(checks, Check{Name: "log", Err: g.parts.LogBlocked(), Advisory: g.cfg.DropLines})
	}
	if g.parts.Rows != nil {
		checks = append(checks, rowsCheck(g.parts.Rows.Status(), time.Now()))
	}
	checks = append(checks, Check{Name: "limits", Err: g.limitsReady(r.Context())})
	checks = append(checks, g.findingChecks()...)
	return append(checks, g.breakerChecks()...)
}

// limitsReady says why no decision of the limiter can be had, or nil.
func (g *Gateway) limitsReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return g.parts.Limiter.Ready(ctx)
}

// identityCheck says on the readiness page how callers are told apart.
func (g *Gateway) identityCheck() Check {
	switch {
	case g.cfg.TLS != nil:
		return Check{Name: "identity by certificate"}
	case g.cfg.InsecureIdentity:
		return Check{Name: "identity not checked: insecure_identity"}
	}
	return Check{Name: "identity not checked: loopback only"}
}

// rowsCheck says how the rows stand. A gateway none of whose rows can be used is
// not ready; one that lacks some of them refuses those calls only.
func rowsCheck(s policy.RowsStatus, now time.Time) Check {
	var b strings.Builder
	fmt.Fprintf(&b, "matrix by E227: %d of %d rows in use", s.Fresh+s.Stale, s.Granted)
	for _, part := range []struct {
		n    int
		what string
	}{{s.Stale, "stale"}, {s.NoRow, "say that there is none"}, {s.TooOld, "too old"}, {s.Unknown, "never had"}} {
		if part.n > 0 {
			fmt.Fprintf(&b, ", %d %s", part.n, part.what)
		}
	}
	if !s.Oldest.IsZero() {
		fmt.Fprintf(&b, ", the oldest is %s old", now.Sub(s.Oldest).Truncate(time.Second))
	}
	if !s.Last.At.IsZero() {
		fmt.Fprintf(&b, "; asked last %s ago for %s: %s", now.Sub(s.Last.At).Truncate(time.Second), s.Last.Triple, s.Last.Result)
	}
	for _, err := range []error{s.Last.Err, s.LoadErr, s.SaveErr} {
		if err != nil {
			fmt.Fprintf(&b, "; %v", err)
		}
	}
	c := Check{Name: b.String()}
	if s.Granted > 0 && s.Fresh+s.Stale == 0 {
		c.Err = errNoRows
	}
	return c
}

var errNoRows = errors.New("no caller's items can be decided")

// findingChecks are lines of the readiness page: what is wrong with the settings
// of Redis, and what is not known of them.
func (g *Gateway) findingChecks() (checks []Check) {
	if g.parts.Findings == nil {
		return nil
	}
	for _, f := range g.parts.Findings() {
		if f.Unknown {
			checks = append(checks, Check{Name: "redis: " + f.String()})
		} else {
			checks = append(checks, Check{Name: "redis", Err: errors.New(f.String()), Advisory: true})
		}
	}
	return checks
}

// breakerChecks are lines of the readiness page: an upstream that is down is
// told there, and ends no readiness, since a restart or another instance would
// find it down too.
func (g *Gateway) breakerChecks() (checks []Check) {
	if g.parts.Breakers == nil {
		return nil
	}
	for _, b := range g.parts.Breakers() {
		c := Check{Name: "upstream " + b.Upstream, Advisory: true}
		if !b.Closed {
			c.Err = fmt.Errorf("its breaker is %s", b.State)
		}
		checks = append(checks, c)
	}
	return checks
}
