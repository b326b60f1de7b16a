package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"brana/bench/load"
	"brana/bench/report"
	"brana/bench/stand"
)

// A trial is one benchmark: what it started, and what it measured.
type trial struct {
	*benchRunCmd
	io     stdio
	dir    string
	stand  benchStand
	mix    *load.Mix
	report report.Report
}

func (t *trial) close() error { return t.stand.close() }

// run starts what is measured, measures it in turn and reports.
func (t *trial) run(ctx context.Context) error {
	if err := t.prepare(ctx); err != nil {
		return err
	}
	if err := t.measure(ctx); err != nil {
		return err
	}
	if len(t.report.Turns) == 0 {
		return exit(exitUnreachable, errors.New("nothing was measured"))
	}
	if err := t.report.WriteTable(t.io.out); err != nil {
		return err
	}
	if err := t.write(&t.report); err != nil {
		return exit(exitUnreachable, err)
	}
	return t.verdict()
}

// verdict is an error when an answer was wrong, except where the rate at which
// that begins is looked for.
func (t *trial) verdict() error {
	if t.Profile == "ramp" {
		return nil
	}
	var wrong int64
	for i := range t.report.Turns {
		wrong += t.report.Turns[i].Errors()
	}
	if wrong > 0 {
		return exit(exitRefused, fmt.Errorf("%d calls got no answer, or a wrong one", wrong))
	}
	return nil
}

// prepare starts what is measured.
func (t *trial) prepare(ctx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return exit(exitUnreachable, err)
	}
	t.stand = benchStand{program: program, dir: t.dir, programs: map[string][]int{}, versions: map[string]string{}, configs: map[string]string{}}
	mirrored := false
	for word := range strings.SplitSeq(t.Mix, ",") {
		mirrored = mirrored || strings.Contains(word, "relay-")
	}
	mirrored = mirrored && len(t.URL) == 0
	if t.mix, err = load.NewMix(t.Mix, t.book(mirrored).Scenario); err != nil {
		return exit(exitUsage, err)
	}
	for _, s := range t.mix.Scenarios() {
		if len(t.Against) > 0 && !s.Relayed() {
			return exit(exitUsage, fmt.Errorf("--mix %s: only a gateway answers %s as it should; with --against only relay and its sizes can be sent", t.Mix, s.Name))
		}
	}
	if err := t.build(ctx, mirrored); err != nil {
		var e *exitError
		if errors.As(err, &e) {
			return err
		}
		return exit(exitUnreachable, err)
	}
	t.describe()
	return nil
}

// build builds the stand.
func (t *trial) build(ctx context.Context, mirrored bool) (err error) {
	s := &t.stand
	if t.Redis != "" && t.Redis != "start" {
		s.redisURL = t.Redis
	}
	if (t.Redis == "start" || t.Gateways > 1) && s.redisURL == "" {
		if err := s.startRedis(ctx); err != nil {
			return err
		}
	}
	if s.redisURL != "" {
		if s.redis, err = stand.OpenRedis(s.redisURL); err != nil {
			return exit(exitUsage, err)
		}
		if err := s.redis.Ping(ctx); err != nil {
			return fmt.Errorf("--redis: %w", err)
		}
	}
	if len(t.URL) > 0 {
		target := &benchTarget{name: "brana", urls: t.URL, redis: s.redis}
		if t.Admin != "" {
			target.admin = []string{strings.TrimSuffix(t.Admin, "/")}
		}
		if t.PID != 0 {
			target.pids = []int{t.PID}
		}
		s.targets = []*benchTarget{target}
		return nil
	}
	s.set = t.Set
	if mirrored {
		s.set = append([]string{"front.mirror=true"}, t.Set...)
	}
	if t.TLS {
		if s.authority, err = stand.NewAuthority(t.dir); err != nil {
			return err
		}
		t.CA, t.Cert, t.Key = s.authority.CA, s.authority.CallerCert, s.authority.CallerKey
	}
	if t.InProcess {
		return s.runInProcess(t.benchRunCmd)
	}
	if err := s.startRegistries(ctx); err != nil {
		return err
	}
	if err := s.startGateways(ctx, t.benchRunCmd); err != nil {
		return err
	}
	return s.startPeers(ctx, t.benchRunCmd)
}

// measure measures every target in every round, one after the other.
func (t *trial) measure(ctx context.Context) error {
	for round := range t.Rounds {
		for _, target := range t.stand.targets {
			if err := t.round(ctx, target, round+1); err != nil {
				return err
			}
			if ctx.Err() != nil {
				t.report.Notes = append(t.report.Notes, "It was ended before its time.")
				return nil
			}
		}
	}
	return nil
}

// round measures a target once, or as often as it takes to find its knee.
func (t *trial) round(ctx context.Context, target *benchTarget, round int) error {
	if t.Profile != "ramp" {
		plan, err := t.plan()
		if err != nil {
			return exit(exitUsage, err)
		}
		turn, err := t.turn(ctx, target, round, plan)
		if err == nil {
			t.report.Turns = append(t.report.Turns, turn)
		}
		return err
	}
	knee, err := t.knee(ctx, target)
	if err != nil && ctx.Err() == nil {
		return err
	}
	t.report.Notes = append(t.report.Notes, fmt.Sprintf("%s: %.0f/s is the highest rate that held (p99 at most %s, no error)", target.name, knee, t.Bound))
	return nil
}

// knee measures a target at one rate after the other. A rate that did not hold
// is tried once more, since a moment in which the machine did something else
// would hide all higher ones.
func (t *trial) knee(ctx context.Context, target *benchTarget) (float64, error) {
	step := 0
	return load.Knee(t.Rate, func(rate float64) (holds bool, err error) {
		for try := 0; try < 2 && !holds; try++ {
			step++
			turn, err := t.turn(ctx, target, step, t.steady(rate))
			if err != nil {
				return false, err
			}
			t.report.Turns = append(t.report.Turns, turn)
			holds = turn.Errors() == 0 && turn.Latency.P99 <= int64(t.Bound)
			if ctx.Err() != nil {
				return holds, ctx.Err()
			}
		}
		return holds, nil
	})
}

// plan is what one turn sends.
func (t *trial) plan() (load.Plan, error) {
	p := t.steady(t.Rate)
	var err error
	switch t.Profile {
	case "closed":
		p.Pace, p.For = nil, t.Duration
	case "country":
		p.Pace, err = load.Country(t.Days, t.Scale, t.Speed)
	}
	return p, err
}

// steady sends at one rate.
func (t *trial) steady(rate float64) load.Plan {
	return load.Plan{Workers: t.Connections, Mix: t.mix, Patience: 5 * time.Second, Pace: load.Pace{{Rate: rate, For: t.Duration}}}
}

// turn measures a target once.
func (t *trial) turn(ctx context.Context, target *benchTarget, round int, plan load.Plan) (turn report.Turn, err error) {
	cfg, err := t.tls()
	if err != nil {
		return turn, exit(exitUsage, err)
	}
	client, err := load.HTTP{URLs: target.urls, Conns: t.Connections, Timeout: t.Timeout, Fresh: t.Fresh, TLS: cfg}.Open()
	if err != nil {
		return turn, exit(exitUsage, err)
	}
	defer client.Close()
	plan.Target = client
	if err := t.warm(ctx, plan); err != nil {
		return turn, exit(exitUsage, err)
	}
	w, err := t.stand.watch(ctx, target)
	if err != nil {
		return turn, exit(exitUnreachable, err)
	}
	bar := t.bar(target.name, round, plan)
	plan.Progress = bar.tell
	outcome, err := load.Run(ctx, plan)
	bar.end()
	if err != nil {
		return turn, errors.Join(exit(exitUsage, err), w.end())
	}
	turn = report.TurnOf(target.name, round, outcome)
	if len(plan.Pace) > 0 {
		turn.Asked = float64(plan.Pace.Calls()) / plan.Pace.For().Seconds()
	}
	if err := errors.Join(w.end(), w.into(ctx, &turn)); err != nil {
		return turn, exit(exitUnreachable, err)
	}
	return turn, nil
}

// warm sends what is not measured: connections open, code and caches warm up.
func (t *trial) warm(ctx context.Context, plan load.Plan) error {
	if t.Warmup == 0 {
		return nil
	}
	if len(plan.Pace) > 0 {
		plan.Pace = load.Pace{{Rate: plan.Pace[0].Rate, For: t.Warmup}}
	} else {
		plan.For = t.Warmup
	}
	_, err := load.Run(ctx, plan)
	return err
}
