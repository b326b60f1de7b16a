package queue

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed recent.lua
var recentSource string

// RecentRedis remembers ids in Redis, shared by all gateways, by the clock of
// Redis. It is safe for concurrent use.
type RecentRedis struct {
	config RecentConfig
	server Server
	now    clock
	script *redis.Script
}

// NewRecentRedis returns a store without connecting.
func NewRecentRedis(c RecentConfig, s Server) (*RecentRedis, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &RecentRedis{
		config: c,
		server: s.withDefaults(),
		now:    clockOfRedis,
		script: redis.NewScript(recentSource),
	}, nil
}

// Claim holds an id, a UUID in lower case; it reports false when the id is held or
// used. After an error the id may be held, and is free again by itself.
func (r *RecentRedis) Claim(ctx context.Context, ais, id string) (Claim, bool, error) {
	c := Claim{ais, id, time.Now().Add(hold)} // before Redis begins to count
	fresh, err := r.run(ctx, "claim", c, hold)
	if err != nil || !fresh {
		return Claim{}, false, err
	}
	return c, true, nil
}

// Confirm uses the id of a claim. After an error the call must not go on: its id
// is used, or will be free again.
func (r *RecentRedis) Confirm(ctx context.Context, c Claim) error {
	ctx, cancel := c.within(ctx)
	defer cancel()
	done, err := r.run(ctx, "confirm", c, r.config.Window)
	if err == nil && !done {
		return ErrClaimOver
	}
	return err
}

// Forget frees the id of a claim; one that was confirmed stays used. When the
// claim is over its id is free already, and another call may hold it.
func (r *RecentRedis) Forget(ctx context.Context, c Claim) error {
	if !time.Now().Before(c.until) {
		return nil
	}
	ctx, cancel := c.within(ctx)
	defer cancel()
	_, err := r.run(ctx, "forget", c, hold)
	return err
}

func (r *RecentRedis) run(
	ctx context.Context, what string, c Claim, lasts time.Duration,
) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, r.server.Timeout)
	defer cancel()
	base := r.server.Prefix + "ids:{" + c.ais + "}:"
	reply, err := r.script.Run(ctx, r.server.Client, []string{base + "used", base + "held"},
		r.now(), what, c.id, lasts.Milliseconds(), r.config.Most).Slice()
	if err != nil {
		return false, fmt.Errorf("ask redis for recent ids: %w", err)
	}
	if len(reply) != 2 {
		return false, errUnknownAnswer
	}
	r.config.evicted(int(integer(reply[1])))
	return integer(reply[0]) == 1, nil
}
