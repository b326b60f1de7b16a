package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"brana/gateway/admin"
	"brana/policy"
)

// checks are the conditions of readiness at this moment.
func (g *Gateway) checks(ctx context.Context) []admin.Check {
	list := []admin.Check{
		g.drainCheck(),
		g.identityCheck(),
		{Name: "policy " + g.parts.Policy.Current().Version()},
	}
	list = append(list, g.auditCheck())
	if g.parts.LogBlocked != nil {
		list = append(list, admin.Check{
			Name:     "log",
			Err:      g.parts.LogBlocked(),
			Advisory: g.cfg.DropLines || g.parts.Record != nil,
		})
	}
	if g.parts.Rows != nil {
		list = append(list, rowsCheck(g.parts.Rows.Status(), time.Now()))
	}
	list = append(list, admin.Check{Name: "limits", Err: g.limitsReady(ctx)})
	list = append(list, g.findingChecks()...)
	return append(list, g.breakerChecks()...)
}

func (g *Gateway) drainCheck() admin.Check {
	c := admin.Check{Name: "accepting"}
	if g.leaving.Load() {
		c.Err = errDraining
	}
	return c
}

// auditCheck says whether the record of use can be written.
func (g *Gateway) auditCheck() admin.Check {
	if g.parts.Record == nil {
		return admin.Check{Name: "record of use: none"}
	}
	return admin.Check{
		Name:     "audit",
		Err:      g.parts.Record.Blocked(),
		Advisory: g.cfg.ServeUnrecorded,
	}
}

// limitsReady says why the limiter decides nothing, or nil.
func (g *Gateway) limitsReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return g.parts.Limiter.Ready(ctx)
}

// identityCheck says how callers are identified.
func (g *Gateway) identityCheck() admin.Check {
	switch {
	case g.cfg.TLS != nil:
		return admin.Check{Name: "identity by certificate"}
	case g.cfg.InsecureIdentity:
		return admin.Check{Name: "identity not checked: insecure_identity"}
	}
	return admin.Check{Name: "identity not checked: loopback only"}
}

// rowsCheck says how the rows of the matrix stand. A gateway without a usable row
// is not ready; one that lacks some rows refuses those calls only.
func rowsCheck(s policy.RowsStatus, now time.Time) admin.Check {
	var b strings.Builder
	fmt.Fprintf(&b, "matrix by E227: %d of %d rows in use", s.Fresh+s.Stale, s.Granted)
	for _, part := range []struct {
		n    int
		what string
	}{
		{s.Stale, "stale"},
		{s.NoRow, "without a row"},
		{s.TooOld, "too old"},
		{s.Unknown, "never fetched"},
	} {
		if part.n > 0 {
			fmt.Fprintf(&b, ", %d %s", part.n, part.what)
		}
	}
	if !s.Oldest.IsZero() {
		fmt.Fprintf(&b, ", the oldest is %s old", now.Sub(s.Oldest).Truncate(time.Second))
	}
	if !s.Last.At.IsZero() {
		ago := now.Sub(s.Last.At).Truncate(time.Second)
		fmt.Fprintf(&b, "; last asked %s ago for %s: %s", ago, s.Last.Triple, s.Last.Result)
	}
	for _, err := range []error{s.Last.Err, s.LoadErr, s.SaveErr} {
		if err != nil {
			fmt.Fprintf(&b, "; %v", err)
		}
	}
	c := admin.Check{Name: b.String()}
	if s.Granted > 0 && s.Fresh+s.Stale == 0 {
		c.Err = errNoRows
	}
	return c
}

var errNoRows = errors.New("no caller's items can be decided")

// findingChecks are what is wrong with the settings of Redis, and what is not
// known of them. Neither ends readiness.
func (g *Gateway) findingChecks() (checks []admin.Check) {
	if g.parts.Findings == nil {
		return nil
	}
	for _, f := range g.parts.Findings() {
		if f.Unknown {
			checks = append(checks, admin.Check{Name: "redis: " + f.String()})
		} else {
			checks = append(checks, admin.Check{
				Name:     "redis",
				Err:      errors.New(f.String()),
				Advisory: true,
			})
		}
	}
	return checks
}

// breakerChecks are the upstreams. One that is down does not end readiness: a
// restart, or another instance, would find it down too.
func (g *Gateway) breakerChecks() (checks []admin.Check) {
	if g.parts.Breakers == nil {
		return nil
	}
	for _, b := range g.parts.Breakers() {
		c := admin.Check{Name: "upstream " + b.Upstream, Advisory: true}
		if !b.Closed {
			c.Err = fmt.Errorf("its breaker is %s", b.State)
		}
		checks = append(checks, c)
	}
	return checks
}
