package trial

import (
	"context"
	"errors"
	"fmt"
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
	mirrored := false
	for word := range strings.SplitSeq(c.Mix, ",") {
		mirrored = mirrored || strings.Contains(word, "relay-")
	}
	mirrored = mirrored && len(c.URL) == 0
	if t.mix, err = load.NewMix(c.Mix, book(c.Caller, mirrored).Scenario); err != nil {
		return &UsageError{err}
	}
	for _, s := range t.mix.Scenarios() {
		if len(c.Against) > 0 && !s.Relayed() {
			return &UsageError{fmt.Errorf("--mix %s: only a gateway answers %s as it should; "+
				"with --against only relay and its sizes can be sent", c.Mix, s.Name)}
		}
	}
	if err := t.build(ctx, mirrored); err != nil {
		return err
	}
	t.describe()
	return nil
}

// build starts the targets and what stands behind them.
func (t *Trial) build(ctx context.Context, mirrored bool) (err error) {
	s, c := &t.setup, &t.cfg
	if err := t.openRedis(ctx); err != nil {
		return err
	}
	if len(c.URL) > 0 {
		s.targets = []*target{t.running()}
		return nil
	}
	s.settings = c.Set
	if mirrored {
		s.settings = append([]string{"front.mirror=true"}, c.Set...)
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
