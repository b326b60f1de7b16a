package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"brana/bench/load"
	"brana/bench/report"
	"brana/bench/trial"
)

type benchCmd struct {
	Run     benchRunCmd     `cmd:"" default:"withargs" help:"Measure; the default verb."`
	Report  benchReportCmd  `cmd:"" help:"Show a stored report."`
	Compare benchCompareCmd `cmd:"" help:"Compare two reports, with their noise."`
}

// benchRunCmd measures a gateway, its own or one that runs.
type benchRunCmd struct{ benchFlags }

// Run measures and prints the report. It ends with 1 when an answer was wrong.
func (b *benchRunCmd) Run(io stdio) error {
	switch {
	case b.Scenarios:
		for _, s := range load.Names() {
			fmt.Fprintf(io.out, "%-16s %s\n", s[0], s[1])
		}
		return nil
	case b.Grant:
		_, err := fmt.Fprintf(io.out, "%s  # Its rows, for a file of the matrix:\n", trial.Grant(b.caller()))
		for row := range strings.Lines(trial.Rows(b.caller())) {
			fmt.Fprintf(io.out, "  # %s", row)
		}
		return err
	}
	if err := b.validate(); err != nil {
		return exit(exitUsage, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "brana-bench-")
	if err != nil {
		return exit(exitUnreachable, err)
	}
	defer os.RemoveAll(dir)
	cfg, err := b.config(dir, io)
	if err != nil {
		return exit(exitUnreachable, err)
	}
	defer os.RemoveAll(cfg.AuditDir)
	t := trial.New(cfg)
	return errors.Join(b.measure(ctx, t, io), t.Close())
}

// measure runs the trial and writes its report.
func (b *benchRunCmd) measure(ctx context.Context, t *trial.Trial, io stdio) error {
	r, err := t.Run(ctx)
	var (
		wrong *trial.UsageError
		own   *exitError // of the registries in this process
	)
	switch {
	case errors.As(err, &own):
		return err
	case errors.As(err, &wrong):
		return exit(exitUsage, err)
	case err != nil:
		return exit(exitUnreachable, err)
	}
	if err := r.WriteTable(io.out); err != nil {
		return err
	}
	if err := errors.Join(
		writeReport(b.JSON, r.Write),
		writeReport(b.HTML, r.WriteHTML),
	); err != nil {
		return exit(exitUnreachable, err)
	}
	return b.verdict(r)
}

// verdict is an error when an answer was wrong. A ramp has none: it looks for the
// rate at which answers begin to be wrong.
func (b *benchRunCmd) verdict(r *report.Report) error {
	if b.Profile == "ramp" {
		return nil
	}
	var wrong int64
	for i := range r.Turns {
		wrong += r.Turns[i].Errors()
	}
	if wrong > 0 {
		return exit(exitRefused, fmt.Errorf("%d calls got no answer, or a wrong one", wrong))
	}
	return nil
}

// writeReport writes a form of a report to a file. Without a name it does nothing.
func writeReport(name string, form func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	file, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := errors.Join(form(file), file.Close()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

type benchReportCmd struct {
	File string `arg:"" type:"existingfile" help:"A report as --json writes it."`
	HTML string `name:"html" type:"path" placeholder:"FILE" help:"Write it as a page for the browser."`
}

// Run prints the table of a report, and writes its page.
func (c *benchReportCmd) Run(io stdio) error {
	r, err := report.ReadFile(c.File)
	if err != nil {
		return exit(exitUsage, err)
	}
	return errors.Join(r.WriteTable(io.out), writeReport(c.HTML, r.WriteHTML))
}

type benchCompareCmd struct {
	Before string `arg:"" type:"existingfile" help:"A report as --json writes it."`
	After  string `arg:"" type:"existingfile" help:"Another report."`
}

// Run prints how two reports differ.
func (c *benchCompareCmd) Run(io stdio) error {
	before, err := report.ReadFile(c.Before)
	if err != nil {
		return exit(exitUsage, err)
	}
	after, err := report.ReadFile(c.After)
	if err != nil {
		return exit(exitUsage, err)
	}
	return report.Compare(io.out, before, after)
}
