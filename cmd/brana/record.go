package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

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
	copies  *journal.Copies  // of seals
	keeper  *journal.Keeper  // compresses and deletes segments
	name    string           // of the gateway in the journal
	dir     string           // absolute
	persons *audit.PersonKey // nil: no hashes of persons
}

// openUsage opens the record of use, if one is kept; else it is nil. Its maker closes it.
func openUsage(a *config.Audit, m *metrics.Metrics, log *zap.Logger) (*usage, error) {
	if !a.Kept() {
		return nil, nil
	}
	cfg, err := journalConfig(a, func(warning string) {
		log.Warn("audit.key", zap.String("warning", warning))
	})
	if err != nil {
		return nil, err
	}
	report := func(e journal.Event) { logEvent(log, &e) }
	u := &usage{name: cfg.Gateway, dir: cfg.Dir}
	if a.PersonKey != "" {
		if u.persons, err = audit.ReadPersonKey(a.PersonKey); err != nil {
			return nil, fmt.Errorf("audit.person_key: %w", err)
		}
	}
	if u.copies, err = journal.StartCopies(copiesConfig(a, u.name, report)); err != nil {
		return nil, fmt.Errorf("audit.seals: %w", err)
	}
	cfg.Committed = func(c journal.Commit) { m.Committed(c.Took, c.Err != nil) }
	cfg.Event = func(e journal.Event) {
		report(e)
		if e.Line != nil {
			u.copies.Add(e.Line)
		}
	}
	if u.journal, err = journal.Open(cfg); err != nil {
		u.copies.Close()
		return nil, folderError(cfg.Dir, err)
	}
	u.copies.Mark(u.journal.Durable)
	u.keeper = journal.StartKeeper(journal.KeepConfig{
		Dir:           cfg.Dir,
		Keep:          time.Duration(a.Keep),
		Compress:      a.Compress,
		CompressAfter: time.Duration(a.CompressAfter),
		Event:         report,
	}, u.journal)
	return u, nil
}

// folderError says what is wrong with the folder of the journal, and of rights what to do.
func folderError(dir string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("audit.dir: %w; make %s before the start, and its owner the user of the "+
			"gateway (uid %d)", err, dir, os.Geteuid())
	}
	return fmt.Errorf("audit.dir: %w", err)
}

// spareProcessor gives Go one processor more than it has, where calls wait for the disk, and
// returns what takes it back. The thread that waits in fdatasync keeps a processor until the
// scheduler misses it; with the spare one all cores serve calls meanwhile.
func spareProcessor(a *config.Audit) (giveBack func()) {
	if !a.Kept() || a.Durability != config.BeforeAnswer {
		return func() {}
	}
	before := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(before + 1)
	return func() { runtime.GOMAXPROCS(before) }
}

func copiesConfig(
	a *config.Audit, gateway string, report func(journal.Event),
) journal.CopiesConfig {
	return journal.CopiesConfig{
		Gateway: gateway,
		File:    a.Seals.File,
		Syslog:  a.Seals.Syslog,
		Command: a.Seals.Command,
		Event:   report,
	}
}

// journalConfig is how the journal is kept. It reads the key, and warns when others can
// read it too.
func journalConfig(a *config.Audit, warn func(string)) (cfg journal.Config, err error) {
	dir, err := filepath.Abs(a.Dir)
	if err != nil {
		return cfg, fmt.Errorf("audit.dir: %w", err)
	}
	host, err := os.Hostname()
	if err != nil && a.Gateway == "" {
		return cfg, fmt.Errorf("audit.gateway: %w; write the name of this gateway", err)
	}
	if a.Key != "" {
		var warning string
		if cfg.Key, warning, err = journal.ReadPrivateKey(a.Key); err != nil {
			return cfg, fmt.Errorf("audit.key: %w", err)
		}
		if warning != "" {
			warn(warning)
		}
	}
	return journal.Config{
		Key:        cfg.Key,
		Dir:        dir,
		Gateway:    cmp.Or(a.Gateway, host),
		Version:    versionText(),
		Durability: journal.Durability(a.Durability),
		Commit:     time.Duration(a.Commit),
		Interval:   time.Duration(a.Interval),
		Timeout:    time.Duration(a.Timeout),
		Size:       int64(a.Segment.Size),
		Age:        time.Duration(a.Segment.Age),
	}, nil
}

// logEvent writes a line about what happened to the journal.
func logEvent(log *zap.Logger, e *journal.Event) {
	fields := []zap.Field{zap.Error(e.Err)}
	if e.Segment != "" {
		fields = append(fields, zap.String("segment", e.Segment))
	}
	if e.Ending != nil {
		fields = append(fields, zap.String("cause", e.Ending.Cause), zap.Uint64("last", e.Ending.Last))
	}
	if e.Lost > 0 {
		fields = append(fields, zap.Uint64("lost", e.Lost))
	}
	if e.Bytes > 0 {
		fields = append(fields, zap.Int64("bytes", e.Bytes))
	}
	log.Log(levelOf(e), "record of use: "+string(e.What), fields...)
}

// levelOf is Error for what an operator must mend, and Debug for what happens all day.
func levelOf(e *journal.Event) zapcore.Level {
	switch e.What {
	case journal.WasBlocked, journal.LinesLost, journal.SegmentFailed, journal.CopiesLost:
		return zapcore.ErrorLevel
	case journal.EndFound:
		if e.Ending != nil && e.Ending.Cause == journal.Damaged {
			return zapcore.ErrorLevel
		}
		return zapcore.WarnLevel
	case journal.WasUnblocked, journal.KeepingFailed, journal.CopyFailed:
		return zapcore.WarnLevel
	case journal.SegmentDeleted:
		return zapcore.InfoLevel
	}
	return zapcore.DebugLevel
}

// into gives the record of use to a gateway; a nil usage gives none.
func (u *usage) into(parts *gateway.Parts) {
	if u == nil {
		parts.Audit = func() admin.Audit { return admin.Audit{State: admin.NoAudit} }
		return
	}
	parts.Record, parts.PersonKey = audit.NewRecorder(u.journal), u.persons
	parts.Audit = u.state
}

// state is what operators see.
func (u *usage) state() admin.Audit {
	a := admin.Audit{Dir: u.dir, Gateway: u.name, State: admin.AuditWritten}
	a.Last, _ = u.journal.Durable()
	if err := u.journal.Blocked(); err != nil {
		a.State, a.Why = admin.AuditBlocked, err.Error()
	}
	return a
}

// stats are what is counted of the journal.
func (u *usage) stats() metrics.Journal {
	s, copies := u.journal.Stats(), u.copies.Stats()
	return metrics.Journal{
		Commits:  s.Commits,
		Syncs:    s.Syncs,
		Bytes:    s.Bytes,
		Failures: s.Failures,
		Lost:     s.Lost,
		Waiting:  s.Waiting,
		Blocked:  u.journal.Blocked() != nil,
		Segment:  s.Segment,
		Copies: map[string]uint64{
			"sent":   copies.Sent,
			"failed": copies.Failed,
			"lost":   copies.Lost,
		},
	}
}

// close seals the journal. Nothing is recorded any more. A disk that has not answered when
// the time is over leaves the journal without a seal, as a crash does. Most 0 leaves it to
// the bounds of the journal.
func (u *usage) close(most time.Duration) error {
	if u == nil {
		return nil
	}
	if most == 0 {
		most = math.MaxInt64
	}
	sealed := make(chan error, 1)
	go func() {
		u.keeper.Close()
		err := u.journal.Close()
		u.copies.Close()
		sealed <- err
	}()
	select {
	case err := <-sealed:
		if err == nil {
			return nil
		}
		return exit(exitRefused, err)
	case <-time.After(most):
		return exit(exitRefused, fmt.Errorf(
			"the record of use has no seal: %s did not answer within %s", u.dir, most))
	}
}
