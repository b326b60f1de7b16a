package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"go.uber.org/zap"

	"brana/gateway"
	"brana/limits"
	"brana/policy"
)

// check tells what is wrong with the values of limits.
func (l *limitsConfig) check(wrong func(key, format string, args ...any)) {
	r := l.Redis
	if l.Store == "redis" && r.URL == "" {
		wrong("limits.redis.url", "is needed with store: redis; write it as redis://host:6379/0")
	}
	if r.WaitReplicas < 0 || r.WaitReplicas > 5 {
		wrong("limits.redis.wait_replicas", "%d is not between 0 and 5", r.WaitReplicas)
	}
	if l.Store == "redis" {
		r.TLS.check("limits.redis", r.URL, "rediss", wrong)
	}
}

// url is the URL with the password of its file. With Sentinels, what stands
// before the host is theirs, and Redis has its own in parameters.
func (r redisConfig) url() (string, error) {
	if r.PasswordFile == "" {
		return r.URL, nil
	}
	secret, err := os.ReadFile(r.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("read limits.redis.password_file: %w", err)
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		return "", errors.New("limits.redis.url: is not a URL; write it as redis://host:6379/0")
	}
	word := strings.TrimSpace(string(secret))
	if query := u.Query(); query.Has("master_name") {
		query.Set("password", word)
		u.RawQuery = query.Encode()
	} else {
		u.User = url.UserPassword(u.User.Username(), word)
	}
	return u.String(), nil
}

// limiter makes the store of limits for what a policy says; secure may be nil.
func (c *config) limiter(store *policy.Store, metrics *gateway.Metrics, secure *credentials, log *zap.Logger) (limiter, error) {
	calendar, err := c.Limits.Calendar.calendar()
	if err != nil {
		return nil, err
	}
	if c.Limits.Store == "memory" {
		return limits.NewMemory(calendar, nil), nil
	}
	url, err := c.Limits.Redis.url()
	if err != nil {
		return nil, err
	}
	cfg := limits.RedisConfig{URL: url, Calendar: calendar, Policy: store.Current().Declared(), Timeout: time.Duration(c.Limits.Redis.Timeout),
		TrustEmpty: c.Limits.Redis.TrustEmpty, Replicas: c.Limits.Redis.WaitReplicas, OnRefill: metrics.Refilled,
		OnState: func(s limits.State, why error) {
			if s == limits.Normal {
				log.Info("limits", zap.Stringer("state", s))
			} else {
				log.Warn("limits: calls get what is leased, and then what their grants say", zap.Stringer("state", s), zap.Error(why))
			}
		},
		OnFindings: func(found []limits.Finding) { logFindings(found, log) }}
	if secure != nil {
		cfg.TLS = secure.config
	}
	shared, err := limits.NewRedis(cfg)
	if err == nil {
		store.Follow(func(s *policy.Snapshot) { shared.Declare(s.Declared()) })
	}
	return shared, err
}

// logFindings writes a line for each setting of Redis that is wrong or unknown.
func logFindings(found []limits.Finding, log *zap.Logger) {
	if len(found) == 0 {
		log.Info("redis: its settings are as they should be")
	}
	for _, f := range found {
		level := zap.WarnLevel
		if f.Unknown {
			level = zap.InfoLevel
		}
		log.Log(level, "redis: "+f.String())
	}
}
