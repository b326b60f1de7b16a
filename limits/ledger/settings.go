package ledger

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"brana/limits"
)

const (
	// settingsEvery is how often settings are inspected: they may be set while Redis runs.
	settingsEvery = time.Minute
	// leastVersion is the first whose scripts may declare what they need, as those of the queue do.
	leastVersion = 7
)

// settings is what is known of the settings of Redis.
type settings struct {
	client     redis.UniversalClient
	timeout    time.Duration
	replicas   int // that must acknowledge
	onFindings func([]limits.Finding)

	found atomic.Pointer[[]limits.Finding]
	busy  atomic.Bool // they are being inspected

	// Only run uses these.
	next    time.Time // when they are inspected next
	lacking bool      // the counts are unavailable because too few replicas follow
}

// last returns what was found last.
func (s *settings) last() []limits.Finding {
	if found := s.found.Load(); found != nil {
		return *found
	}
	return nil
}

// inspect looks at the settings in the background: when the counts are available again,
// since that may be at another server, when they are not for lack of replicas, and every minute.
func (s *settings) inspect(ctx context.Context, available bool, background *sync.WaitGroup) {
	if !available && !s.lacking {
		s.next = time.Time{}
		return
	}
	if now := time.Now(); now.After(s.next) && s.busy.CompareAndSwap(false, true) {
		s.next = now.Add(settingsEvery)
		background.Go(func() {
			defer s.busy.Store(false)
			found, err := s.findings(ctx)
			if err != nil { // what fails for long is reported as the state
				return
			}
			before := s.last()
			s.found.Store(&found)
			if !slices.Equal(before, found) {
				s.onFindings(found)
			}
		})
	}
}

// findings asks every master.
func (s *settings) findings(ctx context.Context) (all []limits.Finding, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		return s.examine(ctx, s.client)
	}
	var mu sync.Mutex
	err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		found, err := s.examine(ctx, node)
		mu.Lock()
		defer mu.Unlock()
		for _, f := range found {
			f.Server = node.Options().Addr
			all = append(all, f)
		}
		return err
	})
	slices.SortFunc(all, func(a, b limits.Finding) int {
		return cmp.Or(cmp.Compare(a.Server, b.Server), cmp.Compare(a.Text, b.Text))
	})
	return all, err
}

// examine looks at the settings of one server. INFO has nearly all of them, and scripts need it
// anyway; CONFIG may be forbidden.
func (s *settings) examine(
	ctx context.Context, client redis.UniversalClient,
) ([]limits.Finding, error) {
	text, err := client.Info(ctx).Result()
	if err != nil {
		return nil, fmt.Errorf("look at the settings of redis: %w", plain(err))
	}
	file, err := client.ConfigGet(ctx, "appendfsync").Result()
	if _, said := err.(redis.Error); err != nil && !said {
		return nil, fmt.Errorf("look at the settings of redis: %w", plain(err))
	}
	return judgeSettings(readInfo(text), file["appendfsync"], s.replicas), nil
}

// readInfo reads the lines "name:value" of INFO.
func readInfo(text string) map[string]string {
	info := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	return info
}

// judgeSettings returns what is wrong. appendfsync is empty when it is unknown; replicas is how
// many have to acknowledge.
func judgeSettings(
	info map[string]string, appendfsync string, replicas int,
) (found []limits.Finding) {
	wrong := func(format string, args ...any) {
		found = append(found, limits.Finding{Text: fmt.Sprintf(format, args...)})
	}
	version := info["redis_version"]
	if major, _, _ := strings.Cut(version, "."); number(major) < leastVersion {
		if !versionPattern.MatchString(version) {
			version = "not known"
		}
		wrong("its version is %s: scripts need %d.0 or newer", version, leastVersion)
	}
	if policy := info["maxmemory_policy"]; policy != "noeviction" {
		if !slices.Contains(evictions, policy) {
			policy = "not noeviction"
		}
		wrong("maxmemory-policy is %s: counts that are evicted are quotas given away, "+
			"and answers in the queue are lost; set noeviction", policy)
	}
	switch {
	case info["aof_enabled"] != "1":
		wrong("appendonly is no: a restart forgets the hour, and what only gateways that died " +
			"have known of it; set appendonly yes")
	case appendfsync == "":
		found = append(found, limits.Finding{
			Unknown: true,
			Text: "appendfsync cannot be looked at, since CONFIG GET is forbidden: " +
				"it should be everysec or always",
		})
	case appendfsync == "no":
		wrong("appendfsync is no: a crash of its machine forgets up to half a minute; set everysec")
	}
	n := number(info["connected_slaves"])
	if n < replicas {
		wrong("fewer replicas follow (%d) than have to acknowledge what is granted (%d): "+
			"nothing is granted; start those that are missing, or set wait_replicas lower", n, replicas)
	}
	if n > 0 && info["min_slaves_good_slaves"] == "" {
		wrong("min-replicas-to-write is 0 though replicas follow (%d): a master that is cut off "+
			"from them goes on granting beside the one in its place; "+
			"set min-replicas-to-write 1 and min-replicas-max-lag 2", n)
	}
	return found
}

// evictions are the other values of maxmemory-policy. What is none of them is not repeated.
var evictions = []string{
	"allkeys-lru", "allkeys-lfu", "allkeys-lrm", "allkeys-random",
	"volatile-lru", "volatile-lfu", "volatile-lrm", "volatile-random", "volatile-ttl",
}

var versionPattern = regexp.MustCompile(`^\d{1,4}(\.\d{1,4}){0,3}$`)

// number is 0 for what is none.
func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
