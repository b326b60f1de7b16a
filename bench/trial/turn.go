package trial

import (
	"context"
	"errors"
	"fmt"
	"time"

	"brana/bench/load"
	"brana/bench/report"
)

// measure measures every target in every round, one after the other.
func (t *Trial) measure(ctx context.Context) error {
	for round := range t.cfg.Rounds {
		for _, target := range t.setup.targets {
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
func (t *Trial) round(ctx context.Context, target *target, round int) error {
	if t.cfg.Profile != "ramp" {
		plan, err := t.plan()
		if err != nil {
			return &UsageError{err}
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
	t.report.Notes = append(t.report.Notes, fmt.Sprintf(
		"%s: %.0f/s is the highest rate that held (p99 at most %s, no error)", target.name, knee,
		t.cfg.Bound))
	return nil
}

// knee measures a target at one rate after the other. A rate that did not hold
// is tried once more, since a moment in which the machine did something else
// would hide all higher ones.
func (t *Trial) knee(ctx context.Context, target *target) (float64, error) {
	step := 0
	return load.Knee(t.cfg.Rate, func(rate float64) (holds bool, err error) {
		for try := 0; try < 2 && !holds; try++ {
			step++
			turn, err := t.turn(ctx, target, step, t.steady(rate))
			if err != nil {
				return false, err
			}
			t.report.Turns = append(t.report.Turns, turn)
			holds = turn.Errors() == 0 && turn.Latency.P99 <= int64(t.cfg.Bound)
			if ctx.Err() != nil {
				return holds, ctx.Err()
			}
		}
		return holds, nil
	})
}

// plan is what one turn sends.
func (t *Trial) plan() (load.Plan, error) {
	p := t.steady(t.cfg.Rate)
	var err error
	switch t.cfg.Profile {
	case "closed":
		p.Pace, p.For = nil, t.cfg.Duration
	case "country":
		p.Pace, err = load.Country(t.cfg.Days, t.cfg.Scale, t.cfg.Speed)
	}
	return p, err
}

// steady sends at one rate.
func (t *Trial) steady(rate float64) load.Plan {
	return load.Plan{
		Workers:  t.cfg.Connections,
		Patience: 5 * time.Second,
		Pace:     load.Pace{{Rate: rate, For: t.cfg.Duration}},
	}
}

// turn measures a target once.
func (t *Trial) turn(ctx context.Context, target *target, round int,
	plan load.Plan) (turn report.Turn, err error) {
	client, err := t.open(target)
	if err != nil {
		return turn, &UsageError{err}
	}
	defer client.Close()
	plan.Target, plan.Mix = client, target.mix
	if err := t.warm(ctx, plan); err != nil {
		return turn, &UsageError{err}
	}
	used, err := t.setup.record(ctx, target)
	if err != nil {
		return turn, err
	}
	shown := t.progress(target.name, round, plan)
	plan.Progress = shown.update
	outcome, err := load.Run(ctx, plan)
	shown.end()
	if err != nil {
		return turn, errors.Join(&UsageError{err}, used.end())
	}
	turn = report.TurnOf(target.name, round, outcome)
	if len(plan.Pace) > 0 {
		turn.Asked = float64(plan.Pace.Calls()) / plan.Pace.For().Seconds()
	}
	err = errors.Join(used.end(), used.addTo(ctx, &turn))
	return turn, err
}

// open makes the client of a turn.
func (t *Trial) open(target *target) (*load.Client, error) {
	tls, err := t.cfg.ClientTLS(t.cfg.Files)
	if err != nil {
		return nil, err
	}
	return load.HTTP{
		URLs:    target.urls,
		Conns:   t.cfg.Connections,
		Timeout: t.cfg.Timeout,
		Fresh:   t.cfg.Fresh,
		TLS:     tls,
	}.Open()
}

// warm sends what is not measured: connections open, code and caches warm up.
func (t *Trial) warm(ctx context.Context, plan load.Plan) error {
	if t.cfg.Warmup == 0 {
		return nil
	}
	if len(plan.Pace) > 0 {
		plan.Pace = load.Pace{{Rate: plan.Pace[0].Rate, For: t.cfg.Warmup}}
	} else {
		plan.For = t.cfg.Warmup
	}
	_, err := load.Run(ctx, plan)
	return err
}
