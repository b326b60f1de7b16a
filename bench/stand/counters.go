package stand

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Counters are the values of a metrics page, without labels.
type Counters map[string]float64

// Scrape reads the metrics that have no labels from an admin listener,
// http://host:port.
func Scrape(ctx context.Context, admin string) (Counters, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, admin+"/metrics", nil)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read metrics of %s: HTTP %d", admin, response.StatusCode)
	}
	list := Counters{}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		name, value, found := strings.Cut(lines.Text(), " ")
		if n, err := strconv.ParseFloat(value, 64); found && err == nil {
			list[name] = n
		}
	}
	return list, lines.Err()
}

// A Redis is a client that reads the counters of a server.
type Redis struct{ client *redis.Client }

// OpenRedis makes a client of a server; Close it.
func OpenRedis(url string) (*Redis, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("open redis: %w", err)
	}
	return &Redis{redis.NewClient(options)}, nil
}

// Close closes the client.
func (r *Redis) Close() error { return r.client.Close() }

// Ping reports whether the server answers.
func (r *Redis) Ping(ctx context.Context) error { return r.client.Ping(ctx).Err() }

// A RedisUse is what a server has done since its start.
type RedisUse struct {
	Commands int64 // with those within scripts
	Calls    int64 // of scripts
}

// Use asks the server what it has done.
func (r *Redis) Use(ctx context.Context) (u RedisUse, err error) {
	text, err := r.client.Info(ctx, "stats", "commandstats").Result()
	if err != nil {
		return u, fmt.Errorf("ask redis what it did: %w", err)
	}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "total_commands_processed":
			u.Commands, err = strconv.ParseInt(value, 10, 64)
		case "cmdstat_evalsha", "cmdstat_eval", "cmdstat_fcall":
			var n int64
			calls, _, _ := strings.Cut(strings.TrimPrefix(value, "calls="), ",")
			n, err = strconv.ParseInt(calls, 10, 64)
			u.Calls += n
		}
		if err != nil {
			return u, fmt.Errorf("read INFO of redis: %s: %w", name, err)
		}
	}
	return u, nil
}
