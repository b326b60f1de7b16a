package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"go.uber.org/zap"

	"brana/limits"
	"brana/limits/ledger"
	"brana/policy"
)

// check tells what is wrong with the values of limits.
func (l *limitsConfig) check(wrong func(key, format string, args ...any)) {
	r := l.Redis
	if l.Store == "redis" && r.URL == "" {
		wrong("limits.redis.url", "is needed with store: redis; write it as redis://host:6379/0")
	}
	between(wrong, "limits.redis.wait_replicas", r.WaitReplicas, 0, 5)
	if l.Store == "redis" {
		r.TLS.check("limits.redis", r.URL, "rediss", wrong)
	}
}

// password is what password_file holds, read again when it has changed; nil
// without one.
func (r redisConfig) password(log *zap.Logger) *reread[string] {
	if r.PasswordFile == "" {
		return nil
	}
	return &reread[string]{key: "limits.redis.password_file", what: "password", files: []string{r.PasswordFile}, log: log,
		build: func() (string, error) { return readPassword(r.PasswordFile) }}
}

// byteOrderMark is what some editors put before a text.
var byteOrderMark = []byte("\ufeff")

// readPassword reads a file of one password; white space around it is not of it,
// nor is a byte order mark.
func readPassword(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read a password: %w", err)
	}
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return "", fmt.Errorf("read a password: %s is not text in UTF-8; save it as UTF-8", file)
	}
	word := strings.TrimSpace(string(bytes.TrimPrefix(text, byteOrderMark)))
	if word == "" {
		return "", fmt.Errorf("read a password: %s is empty; write the password of Redis into it", file)
	}
	return word, nil
}

// limits makes the store of limits for what the policy says.
func (w *wired) limits(c *config, log *zap.Logger) (limiter, error) {
	calendar, err := c.Limits.Calendar.calendar()
	if err != nil {
		return nil, err
	}
	if c.Limits.Store == "memory" {
		return limits.NewMemory(calendar, nil), nil
	}
	cfg := ledger.Config{URL: c.Limits.Redis.URL, Calendar: calendar, Policy: w.policy.Current().Declared(), Timeout: time.Duration(c.Limits.Redis.Timeout),
		TrustEmpty: c.Limits.Redis.TrustEmpty, Replicas: int(c.Limits.Redis.WaitReplicas), OnRefill: w.countRefill,
		OnState: func(s limits.State, why error) {
			if s == limits.Normal {
				log.Info("limits", zap.Stringer("state", s))
			} else {
				log.Warn("limits: calls get what is leased, and then what their grants say", zap.Stringer("state", s), zap.Error(why))
			}
		},
		OnFindings: func(found []limits.Finding) { logFindings(found, log) }}
	if secure := w.credentials["limits.redis.tls"]; secure != nil {
		cfg.TLS = secure.value
	}
	if w.password = c.Limits.Redis.password(log); w.password != nil {
		if err := w.password.load(); err != nil {
			return nil, err
		}
		cfg.Password = w.password.value
	}
	shared, err := ledger.New(cfg)
	if err == nil {
		w.policy.Follow(func(s *policy.Snapshot) { shared.Declare(s.Declared()) })
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
