package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.uber.org/zap"

	"brana/cmd/brana/config"
	"brana/policy"
)

type serveCmd struct {
	Config string `short:"c" default:"brana.yaml" help:"Static configuration." type:"path"`
}

// Run serves until SIGTERM or SIGINT.
func (s *serveCmd) Run(io stdio) error {
	c, err := config.Read(s.Config, os.LookupEnv)
	if err != nil {
		return exit(exitUsage, err)
	}
	log, err := openLog(&c.Log, io)
	if err != nil {
		return exit(exitUsage, err)
	}
	return serve(c, policyLoader(c), log, func(net.Addr, net.Addr) {})
}

// serve runs a gateway until a signal ends it: SIGHUP reloads the policy and
// the certificates, SIGTERM and SIGINT drain. It calls started with the addresses
// of its listeners.
func serve(c *config.Config, load func() (*policy.Snapshot, error), log *logger,
	started func(listen, admin net.Addr)) error {
	signal.Ignore(syscall.SIGPIPE) // the gateway outlives the reader of its log
	w, err := wire(c, load, log)
	if err != nil {
		return exit(exitUsage, err)
	}
	defer log.book.flush(endStep(time.Duration(c.Listen.Drain)))
	defer spareProcessor(&c.Audit)()
	listener, admin, err := openListeners(c)
	if err != nil {
		return exit(exitUnreachable, errors.Join(err, w.close()))
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(signals)

	failed := make(chan error, 2)
	adminServer := w.adminServer(log.Logger)
	go func() { failed <- w.gateway.Serve(listener) }()
	go func() { failed <- adminServer.Serve(admin) }()
	w.start()
	started(listener.Addr(), admin.Addr())
	log.Info("serving",
		zap.String("version", versionText()),
		zap.Stringer("listen", listener.Addr()),
		zap.Stringer("admin", admin.Addr()),
		zap.String("environment", string(c.Environment)),
		zap.String("policy", w.policy.Current().Version()))

	if c.Listen.InsecureIdentity {
		log.Warn(
			"insecure_identity: who calls is not checked, and whoever reaches the listener can " +
				"be anybody",
		)
	}
	if c.Audit.Dir == "" {
		log.Warn("audit.dir: no record of use is kept; who asked for what is in this log alone")
	}
	ended, err := w.attend(signals, failed, log.Logger)
	drain := time.Duration(c.Listen.Drain)
	err = errors.Join(err, w.drain(ended, drain, log.Logger), adminServer.Close())
	w.sealTime = max(time.Until(ended.Add(drain)), endStep(drain))
	return errors.Join(err, w.close())
}

// adminServer serves operators. A request and its answer have some seconds.
func (w *wired) adminServer(log *zap.Logger) *http.Server {
	return &http.Server{
		Handler:           w.gateway.Admin(versionText()),
		ErrorLog:          zap.NewStdLog(log),
		MaxHeaderBytes:    16 << 10,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
	}
}

// openListeners opens both listeners, or none.
func openListeners(c *config.Config) (listener, admin net.Listener, err error) {
	if listener, err = net.Listen("tcp", c.Listen.Address); err != nil {
		return nil, nil, busy("listen.address", err)
	}
	if admin, err = net.Listen("tcp", c.Admin.Address); err != nil {
		return nil, nil, errors.Join(busy("admin.address", err), listener.Close())
	}
	return listener, admin, nil
}

// busy is the error of an address at which a listener cannot be opened.
func busy(key string, err error) error {
	return fmt.Errorf("%s: %w; choose another address, or end whatever uses it", key, err)
}

// attend reloads at each SIGHUP until another signal, or a listener that fails,
// ends the gateway. It returns when that happened.
func (w *wired) attend(signals <-chan os.Signal, failed <-chan error,
	log *zap.Logger) (ended time.Time, err error) {
	for {
		select {
		case err := <-failed:
			return time.Now(), exit(exitUnreachable, fmt.Errorf("serve: %w", err))
		case s := <-signals:
			if s != syscall.SIGHUP {
				ended = time.Now()
				log.Info(
					"draining",
					zap.Stringer("signal", s),
					zap.Int64("running", w.gateway.Running()),
				)
				return ended, nil
			}
			w.reload(log)
		}
	}
}

// reload reads the policy, the certificates and the password of Redis again, each
// by itself.
func (w *wired) reload(log *zap.Logger) {
	if err := w.policy.Reload(); err != nil {
		log.Error("reload policy: the last good one stays in force",
			zap.String("policy", w.policy.Current().Version()), zap.Error(err))
	} else {
		log.Info("policy reloaded", zap.String("policy", w.policy.Current().Version()))
	}
	for _, c := range w.credentials {
		c.reload()
	}
	if w.password != nil {
		w.password.reload()
	}
}

// start begins to fetch the rows that the policy needs.
func (w *wired) start() {
	if w.rows != nil {
		w.rows.Start()
	}
}
