package main

import (
	"fmt"
	"os"
	"path/filepath"

	"brana/audit"
	"brana/audit/journal"
	"brana/cmd/brana/config"
	"brana/gateway"
	"brana/gateway/admin"
	"brana/gateway/metrics"
)

// A usage is the record of use of a gateway that is wired.
type usage struct {
	journal *journal.Journal
	name    string // of the gateway in the journal
	dir     string // absolute
}

// openUsage opens the record of use, if one is kept; else it is nil. Its maker closes it.
func openUsage(a *config.Audit) (*usage, error) {
	if !a.Kept() {
		return nil, nil
	}
	u := &usage{name: a.Gateway}
	var err error
	if u.name == "" {
		if u.name, err = os.Hostname(); err != nil {
			return nil, fmt.Errorf("%w; write the name of this gateway in audit.gateway", err)
		}
	}
	if u.dir, err = filepath.Abs(a.Dir); err != nil {
		return nil, err
	}
	u.journal, err = journal.Open(journal.Config{
		Dir:     u.dir,
		Gateway: u.name,
		Version: versionText(),
	})
	if err != nil {
		return nil, fmt.Errorf("audit.dir: %w", err)
	}
	return u, nil
}

// into gives the record of use to a gateway; a nil usage gives none.
func (u *usage) into(parts *gateway.Parts) {
	if u == nil {
		parts.Audit = func() admin.Audit { return admin.Audit{State: admin.NoAudit} }
		return
	}
	parts.Record = audit.NewRecorder(u.journal)
	parts.Audit = u.state
}

// state is what operators see.
func (u *usage) state() admin.Audit {
	a := admin.Audit{Dir: u.dir, Gateway: u.name, State: admin.AuditWritten}
	if err := u.journal.Blocked(); err != nil {
		a.State, a.Why = admin.AuditBlocked, err.Error()
	}
	return a
}

// stats are what is counted of the journal.
func (u *usage) stats() metrics.Journal {
	return metrics.Journal{Blocked: u.journal.Blocked() != nil}
}

// close ends the journal. Nothing is recorded any more.
func (u *usage) close() error {
	if u == nil {
		return nil
	}
	if err := u.journal.Close(); err != nil {
		return fmt.Errorf("close the record of use: %w", err)
	}
	return nil
}
