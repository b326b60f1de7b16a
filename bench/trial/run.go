package trial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"brana/bench/load"
	"brana/bench/report"
	"brana/bench/stand"
)

// Run starts what is measured and measures it in turn. A trial whose context
// ends returns what it has measured by then. An error is a [UsageError], or
// means that something did not start or ended by itself.
func (t *Trial) Run(ctx context.Context) (*report.Report, error) {
	if err := t.prepare(ctx); err != nil {
		return nil, err
	}
	if err := t.measure(ctx); err != nil {
		return nil, err
	}
	if len(t.report.Turns) == 0 {
		return nil, errors.New("nothing was measured")
	}
	return &t.report, nil
}

// prepare starts what is measured.
func (t *Trial) prepare(ctx context.Context) (err error) {
	c := &t.cfg
	if len(c.URL) == 0 {
		t.setup.settings = slices.Concat(load.Settings(c.Mix), c.Set)
	}
	mix, err := t.mixOf(nil)
	if err != nil {
		return &UsageError{err}
	}
	for _, s := range mix.Scenarios() {
		if len(c.Against) > 0 && !s.Relayed() {
			return &UsageError{fmt.Errorf("--mix %s: only a gateway answers %s as it should; "+
				"with --against only relay and its sizes can be sent", c.Mix, s.Name)}
		}
	}
	if err := t.build(ctx); err != nil {
		return err
	}
	for _, target := range t.setup.targets {
		if target.mix, err = t.mixOf(target.rules); err != nil {
			return err
		}
	}
	t.describe()
	return nil
}

// mixOf is what is sent, with the answers that are right by rules; nil: those of the place.
func (t *Trial) mixOf(r *Ruled) (*load.Mix, error) {
	book := book(t.cfg.Caller, len(t.cfg.URL) == 0)
	book.Rules = r.of()
	return load.NewMix(t.cfg.Mix, book.Scenario)
}

// build starts the targets and what stands behind them.
func (t *Trial) build(ctx context.Context) (err error) {
	s, c := &t.setup, &t.cfg
	if err := t.openRedis(ctx); err != nil {
		return err
	}
	if len(c.URL) > 0 {
		s.targets = []*target{t.running()}
		return nil
	}
	if c.TLS {
		if s.authority, err = stand.NewAuthority(c.Dir); err != nil {
			return err
		}
		c.Files = Files{
			CA:   s.authority.CA,
			Cert: s.authority.CallerCert,
			Key:  s.authority.CallerKey,
		}
	}
	if c.Local != nil {
		return s.startLocal(c)
	}
	if err := s.startRegistries(ctx, c.Program.Path); err != nil {
		return err
	}
	if err := s.startGateways(ctx, c); err != nil {
		return err
	}
	return s.startPeers(ctx, c)
}

// openRedis opens the Redis of the gateways, and starts it if need be.
func (t *Trial) openRedis(ctx context.Context) (err error) {
	s, c := &t.setup, &t.cfg
	if c.Redis != "" && c.Redis != "start" {
		s.redisURL = c.Redis
	}
	if (c.Redis == "start" || c.Gateways > 1) && s.redisURL == "" {
		if err := s.startRedis(ctx); err != nil {
			return err
		}
	}
	if s.redisURL == "" {
		return nil
	}
	if s.redis, err = stand.OpenRedis(s.redisURL); err != nil {
		return &UsageError{err}
	}
	if err := s.redis.Ping(ctx); err != nil {
		return fmt.Errorf("--redis: %w", err)
	}
	return nil
}

// running is the target that runs already.
func (t *Trial) running() *target {
	c := &t.cfg
	running := &target{name: "brana", urls: c.URL, redis: t.setup.redis}
	if c.Admin != "" {
		running.admin = []string{strings.TrimSuffix(c.Admin, "/")}
	}
	if c.PID != 0 {
		running.pids = []int{c.PID}
	}
	return running
}
