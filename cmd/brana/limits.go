package main

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"brana/cmd/brana/config"
	"brana/limits"
	"brana/limits/ledger"
	"brana/policy"
)

// limits makes the store of limits for the policy in force.
func (w *wired) limits(c *config.Config, log *zap.Logger) (limiter, error) {
	calendar, err := calendarOf(&c.Limits.Calendar)
	if err != nil {
		return nil, err
	}
	if c.Limits.Store == config.InMemory {
		return limits.NewMemory(calendar, nil), nil
	}
	r := &c.Limits.Redis
	cfg := ledger.Config{
		URL:        r.URL,
		Calendar:   calendar,
		Policy:     w.policy.Current().Declared(),
		Timeout:    time.Duration(r.Timeout),
		TrustEmpty: r.TrustEmpty,
		Replicas:   int(r.WaitReplicas),
		OnRefill:   w.countRefill,
		OnState:    func(s limits.State, why error) { logState(s, why, log) },
		OnFindings: func(found []limits.Finding) { logFindings(found, log) },
	}
	if secure := w.credentials["limits.redis.tls"]; secure != nil {
		cfg.TLS = secure.value
	}
	if w.password = newPassword(r.PasswordFile, log); w.password != nil {
		if err := w.password.load(); err != nil {
			return nil, err
		}
		cfg.Password = w.password.value
	}
	shared, err := ledger.New(cfg)
	if err != nil {
		return nil, err // a *ledger.Store that is nil is a limiter that is not
	}
	w.policy.Follow(func(s *policy.Snapshot) { shared.Declare(s.Declared()) })
	return shared, nil
}

// calendarOf returns the calendar of a configuration.
func calendarOf(c *config.Calendar) (*limits.Calendar, error) {
	calendar, err := limits.NewCalendar(limits.CalendarConfig{
		Working: c.Working, Holidays: c.Holidays, Zone: c.Zone,
	})
	if err != nil {
		return nil, fmt.Errorf("limits.calendar: %w", err)
	}
	return calendar, nil
}

func logState(s limits.State, why error, log *zap.Logger) {
	if s == limits.Normal {
		log.Info("limits", zap.Stringer("state", s))
		return
	}
	log.Warn("limits: calls get what is leased, and then what their grants say",
		zap.Stringer("state", s), zap.Error(why))
}

// logFindings writes a line for each setting of Redis that is wrong or unknown.
func logFindings(found []limits.Finding, log *zap.Logger) {
	if len(found) == 0 {
		log.Info("redis: its settings are right")
	}
	for _, f := range found {
		level := zap.WarnLevel
		if f.Unknown {
			level = zap.InfoLevel
		}
		log.Log(level, "redis: "+f.String())
	}
}
