package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"time"

	"brana/bench/trial"
	"brana/cmd/brana/config"
)

// config is the trial that the flags ask for; its files are in dir.
func (b *benchRunCmd) config(dir string, io stdio) (trial.Config, error) {
	program, err := os.Executable()
	if err != nil {
		return trial.Config{}, err
	}
	builds, peers, err := b.builds()
	if err != nil {
		return trial.Config{}, err
	}
	grants, err := sample.ReadFile("sample/grants.yaml")
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
		Policy:    trial.Policy{Grants: grants, Matrix: matrix},
		Progress:  io.err,
		Terminal:  terminal(io.err),
		ClientTLS: trialTLS,
	}
	cfg.Builds, cfg.Against = builds, peers
	if b.InProcess {
		cfg.Local = &trial.Local{Registries: localRegistries, Gateway: localGateway}
	}
	return cfg, nil
}

func (b *benchRunCmd) subject() trial.Subject {
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

func (b *benchRunCmd) load() trial.Load {
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

// trialTLS is what calls over https present and trust.
func trialTLS(f trial.Files) (*tls.Config, error) {
	if f == (trial.Files{}) {
		return nil, nil
	}
	return clientTLS(config.ClientTLS{CA: f.CA, Cert: f.Cert, Key: f.Key})
}

// localRegistries serves simulated registries in this process.
func localRegistries(persons int, set []string) (address string, stop func() error, err error) {
	flags := simFlags{Persons: persons, Seed: 1, Sim: "127.0.0.1:0", Set: set}
	server, listener, err := flags.start()
	if err != nil {
		return "", nil, err
	}
	go func() { _ = server.Serve(listener) }() // Shutdown ends it
	return listener.Addr().String(), func() error { return stopRegistries(server) }, nil
}

// localGateway serves a gateway in this process. It logs to a file.
func localGateway(file, log string) (url string, stop func() error, err error) {
	c, err := config.Read(file, os.LookupEnv)
	if err != nil {
		return "", nil, err
	}
	out, err := os.Create(log)
	if err != nil {
		return "", nil, err
	}
	lines, err := openLog(&c.Log, stdio{out, out})
	if err != nil {
		return "", nil, errors.Join(err, out.Close())
	}
	w, err := wire(c, policyLoader(c), lines)
	if err != nil {
		return "", nil, errors.Join(err, out.Close())
	}
	listener, admin, err := openListeners(c)
	if err != nil {
		return "", nil, errors.Join(err, w.close(), out.Close())
	}
	adminServer := w.adminServer(lines.Logger)
	go func() { _ = w.gateway.Serve(listener) }() // Shutdown ends it
	go func() { _ = adminServer.Serve(admin) }()  // Close ends it
	w.start()
	stop = func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return errors.Join(w.gateway.Shutdown(ctx), adminServer.Close(), w.close(), out.Close())
	}
	return c.Listen.Scheme() + "://" + listener.Addr().String() + c.Listen.Prefix, stop, nil
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

// commit is the commit that the program was built from, as the Go tool or the
// release recorded it.
func commit() string {
	revision, changed := "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = ", with changes"
			}
		}
	}
	if revision != "" {
		return revision + changed
	}
	return cmp.Or(version, "unknown (built without version control information)")
}
