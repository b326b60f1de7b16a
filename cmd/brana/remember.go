package main

import (
	"fmt"
	"time"

	"brana/cmd/brana/config"
	"brana/gateway"
	"brana/gateway/queue"
	"brana/limits/ledger"
)

// queuePatience is the least time that the queue waits for Redis: an answer is
// larger than a question about limits.
const queuePatience = 250 * time.Millisecond

// remember makes the stores of what a gateway remembers between calls: answers,
// and ids. They are in Redis when the limits are there, and in memory otherwise.
// w closes the queue in memory.
func (w *wired) remember(c *config.Config, parts *gateway.Parts) error {
	answers := queue.Config{
		Keep:    time.Duration(c.Queue.Keep),
		Entries: int(c.Queue.Entries),
		Bytes:   int64(c.Queue.Bytes),
		Page:    int(c.Queue.Page),
		Changed: w.countQueue,
	}
	ids := queue.RecentConfig{
		Window:  time.Duration(c.Requests.DuplicateWindow),
		Most:    int(c.Requests.DuplicateIDs),
		Evicted: parts.Metrics.IDsEvicted,
	}
	if shared, ok := w.limiter.(*ledger.Store); ok {
		timeout := max(time.Duration(c.Limits.Redis.Timeout), queuePatience)
		return rememberInRedis(parts, answers, ids, queue.Server{
			Client:  shared.Client(),
			Timeout: timeout,
		})
	}
	memory, err := queue.NewMemory(answers, nil)
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	parts.Queue, w.queue = memory, memory
	if ids.Window == 0 {
		return nil
	}
	if parts.IDs, err = queue.NewRecentMemory(ids, nil); err != nil {
		return fmt.Errorf("requests: %w", err)
	}
	return nil
}

func rememberInRedis(parts *gateway.Parts, answers queue.Config, ids queue.RecentConfig,
	server queue.Server) (err error) {
	if parts.Queue, err = queue.NewRedis(answers, server); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	if ids.Window == 0 {
		return nil
	}
	if parts.IDs, err = queue.NewRecentRedis(ids, server); err != nil {
		return fmt.Errorf("requests: %w", err)
	}
	return nil
}
