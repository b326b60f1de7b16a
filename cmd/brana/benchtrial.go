package main

import (
	"cmp"
	"crypto/tls"
	"io"
	"os"

	"brana/bench/trial"
	"brana/cmd/brana/config"
)

// grantsOfTrials is a file without grants: those of the sample may be in a form that another
// build does not read.
var grantsOfTrials = []byte("grants:\n")

// config is the trial that the flags ask for; its files are in dir.
func (b *benchFlags) config(dir string, io stdio) (trial.Config, error) {
	program, err := os.Executable()
	if err != nil {
		return trial.Config{}, err
	}
	builds, peers, err := b.builds()
	if err != nil {
		return trial.Config{}, err
	}
	matrix, err := sample.ReadFile("sample/matrix.csv")
	if err != nil {
		return trial.Config{}, err
	}
	cfg := trial.Config{
		Subject: b.subject(),
		Load:    b.load(),
		Caller:  b.caller(),
		TLS:     b.TLS,
		Files:   trial.Files{CA: b.CA, Cert: b.Cert, Key: cmp.Or(b.Key, b.Cert)},
		Dir:     dir,
		Program: trial.Program{
			Path:    program,
			Command: append([]string{"brana"}, os.Args[1:]...),
			Version: versionText(),
			Commit:  commit(),
		},
		Policy:    trial.Policy{Grants: grantsOfTrials, Matrix: matrix},
		Progress:  io.err,
		Terminal:  terminal(io.err),
		ClientTLS: trialTLS,
	}
	cfg.Builds, cfg.Against = builds, peers
	if cfg.Recorded, err = b.recorded(); err != nil {
		return trial.Config{}, err
	}
	if cfg.Ruled, err = b.ruled(); err != nil {
		return trial.Config{}, err
	}
	cfg.AuditDir = dir
	if b.AuditDir != "" {
		if cfg.AuditDir, err = os.MkdirTemp(b.AuditDir, "brana-bench-"); err != nil {
			return trial.Config{}, err
		}
	}
	if b.InProcess {
		cfg.Local = &trial.Local{Registries: localRegistries, Gateway: localGateway}
	}
	return cfg, nil
}

func (b *benchFlags) subject() trial.Subject {
	return trial.Subject{
		Gateways: b.Gateways,
		Cores:    b.Cores,
		Redis:    b.Redis,
		URL:      b.URL,
		Admin:    b.Admin,
		PID:      b.PID,
		Set:      b.Set,
	}
}

func (b *benchFlags) load() trial.Load {
	return trial.Load{
		Profile:     b.Profile,
		Mix:         b.Mix,
		Rate:        b.Rate,
		Connections: b.Connections,
		Fresh:       b.Fresh,
		Duration:    b.Duration,
		Warmup:      b.Warmup,
		Rounds:      b.Rounds,
		Scale:       b.Scale,
		Speed:       b.Speed,
		Days:        b.Days,
		Bound:       b.Bound,
		Timeout:     b.Timeout,
	}
}

// trialTLS reads the certificates that calls over https present and trust.
func trialTLS(f trial.Files) (*tls.Config, error) {
	if f == (trial.Files{}) {
		return nil, nil
	}
	return clientTLS(config.ClientTLS{CA: f.CA, Cert: f.Cert, Key: f.Key})
}

// terminal reports whether output is shown on a terminal.
func terminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
