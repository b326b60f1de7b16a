package limits

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

//go:embed admit.lua
var admitSource string

// RedisConfig says which Redis keeps the counts.
type RedisConfig struct {
	// URL is required: "redis://user:password@host:6379/0", "rediss://…" for TLS, "unix:///path". Further nodes are added
	// as addr=host:port parameters, which makes it a Cluster, or Sentinels if there is a master_name too:
	// "redis://sentinel1:26379?addr=sentinel2:26379&master_name=brana". Timeouts and retries in it have no effect.
	URL string
	// Calendar is required; gateways that share a Redis should share its configuration.
	Calendar *Calendar
	// Timeout is the longest that any call waits for Redis, connecting included. Default 250 ms.
	Timeout time.Duration
	// Prefix begins every key; gateways that share quotas share it. It may not contain braces. Default "brana:".
	Prefix string
}

// Redis keeps the counts in Redis, shared by all gateways with the same Prefix, and decides by the clock of Redis. One
// decision is one script call. It is safe for concurrent use. The counts are as durable as Redis: it must not evict keys
// (maxmemory-policy noeviction), and a failover to a replica that lags forgets what the replica had not got.
//
// No error retries by itself: whether a call without a decision may pass is the caller's to say. A script whose answer
// came too late may have run; then its permit is used and its slot taken until its Lifetime ends.
type Redis struct {
	client   redis.UniversalClient
	script   *redis.Script
	calendar *Calendar
	timeout  time.Duration
	prefix   string
	process  uint64 // random, so that slots of two gateways, or of one restarted, never meet
	slots    atomic.Uint64
	clock    func() time.Time // tests only; nil: time.Now for the calendar, the clock of Redis for the counts
}

// NewRedis returns a store without connecting: Redis may come up later, and Ready tells when it has. The error names what
// in the configuration is wrong and never quotes the URL, which may hold a password.
//
// It turns off the log of go-redis, which has one for the whole process and no option for less: it writes to stderr, past
// the log of the gateway, each failed dial, and every such failure is also what the call returns.
func NewRedis(config RedisConfig) (*Redis, error) {
	logging.Disable()
	if config.Timeout == 0 {
		config.Timeout = 250 * time.Millisecond
	}
	if config.Prefix == "" {
		config.Prefix = "brana:"
	}
	var errs []error
	if config.Calendar == nil {
		errs = append(errs, errors.New("configure redis: a calendar is required"))
	}
	if config.Timeout < time.Millisecond {
		errs = append(errs, fmt.Errorf("configure redis: timeout %v is below 1ms", config.Timeout))
	}
	if strings.ContainsAny(config.Prefix, "{}") {
		errs = append(errs, fmt.Errorf("configure redis: prefix %q contains a brace, which would bend the Cluster slot of keys", config.Prefix))
	}
	client, err := newClient(config.URL, config.Timeout)
	if err := errors.Join(append(errs, err)...); err != nil {
		if client != nil {
			err = errors.Join(err, client.Close())
		}
		return nil, err
	}
	var process [8]byte
	_, _ = rand.Read(process[:]) // never fails
	return &Redis{
		client:   client,
		script:   redis.NewScript(admitSource),
		calendar: config.Calendar,
		timeout:  config.Timeout,
		prefix:   config.Prefix,
		process:  binary.BigEndian.Uint64(process[:]),
	}, nil
}

// newClient sets every wait of go-redis to timeout and every retry off: a call that could not be decided at once is
// better told so. Maintenance notifications and the client's name would cost a round trip each on connecting.
func newClient(text string, timeout time.Duration) (redis.UniversalClient, error) {
	address, err := url.Parse(text)
	if err != nil || address.Scheme == "" {
		return nil, errors.New(`configure redis: url is not one, such as "redis://127.0.0.1:6379/0"`)
	}
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch query := address.Query(); {
	case query.Has("master_name"):
		o, err := redis.ParseFailoverURL(text)
		if err != nil {
			return nil, fmt.Errorf("configure redis: read url: %w", err)
		}
		o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled, o.DisableIdentity = -1, 1, true, true
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
		return redis.NewFailoverClient(o), nil
	case query.Has("addr"):
		o, err := redis.ParseClusterURL(text)
		if err != nil {
			return nil, fmt.Errorf("configure redis: read url: %w", err)
		}
		o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled, o.DisableIdentity = -1, 1, true, true
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
		o.MaintNotificationsConfig = quiet
		return redis.NewClusterClient(o), nil
	}
	o, err := redis.ParseURL(text)
	if err != nil {
		return nil, fmt.Errorf("configure redis: read url: %w", err)
	}
	o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled, o.DisableIdentity = -1, 1, true, true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
	o.MaintNotificationsConfig = quiet
	return redis.NewClient(o), nil
}

// Client is the pool of connections, for whoever keeps something else in the same Redis under other keys. It stays the
// store's to close.
func (r *Redis) Client() redis.UniversalClient { return r.client }

// Admit decides about a call; an admitted one has used a permit of its hour and holds a Slot until Release or the end of
// its Lifetime. Any error means that no decision could be had within the Timeout or ctx, except ErrLifetime.
func (r *Redis) Admit(ctx context.Context, c Call) (Decision, error) {
	if c.Lifetime <= 0 {
		return Decision{}, ErrLifetime
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	t, now := r.time()
	in := r.calendar.Regime(t)
	slot := Slot{key: c.Key, place: r.process, number: r.slots.Add(1)}
	base := r.base(c.Key)
	answer, err := r.script.Run(ctx, r.client, []string{base + "hour", base + "calls", base + "slots"},
		now, int(in), c.Rule.Working, c.Rule.Off, c.Rule.Concurrent, lifetimeMillis(c.Lifetime), slot.member()).Int64Slice()
	if err != nil {
		return Decision{}, fmt.Errorf("ask redis for a decision: %w", err)
	}
	o, err := readOutcome(answer, c.Rule, in)
	if err != nil {
		return Decision{}, err
	}
	d := o.decision(c.Rule, r.calendar, t, in)
	if o.verdict == Admitted {
		d.Slot = slot
	}
	return d, nil
}

// time is the moment for the calendar and, for the script, the same in milliseconds or nothing: Redis has the clock.
func (r *Redis) time() (t time.Time, now any) {
	if r.clock == nil {
		return time.Now(), ""
	}
	t = r.clock()
	return t, t.UnixMilli()
}

// base begins the three keys of a caller. The braces put them into one Cluster slot.
func (r *Redis) base(key Key) string {
	return r.prefix + "{" + hex.EncodeToString(key[:]) + "}:"
}

// member names the slot among all gateways'.
func (s Slot) member() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, s.place), s.number)
}

func readOutcome(answer []int64, rule Rule, in Regime) (outcome, error) {
	if len(answer) != 7 || answer[0] < 0 || answer[0] > int64(OverConcurrency) {
		return outcome{}, fmt.Errorf("read the decision of redis: unknown answer %v", answer)
	}
	return outcome{
		verdict: Verdict(answer[0]),
		room:    counts(answer[1:3]).room(rule, in),
		running: int(answer[3]),
		reset:   answer[4],
		wait:    [regimes]int64(answer[5:7]),
	}, nil
}

// Release gives a slot back; the permit stays used. A slot given back before, or expired, is left alone. After an error
// it may be called again, or not: the slot frees itself when its Lifetime ends.
func (r *Redis) Release(ctx context.Context, slot Slot) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	if err := r.client.ZRem(ctx, r.base(slot.key)+"slots", slot.member()).Err(); err != nil {
		return fmt.Errorf("give a slot back to redis: %w", err)
	}
	return nil
}

// Ready tells whether decisions can be had now, by writing: a replica or a full Redis would answer a PING. Of a Cluster
// it asks one node.
func (r *Redis) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	if err := r.client.Set(ctx, r.prefix+"ready", 1, time.Minute).Err(); err != nil {
		return fmt.Errorf("ask redis whether it takes writes: %w", err)
	}
	return nil
}

// Close closes the connections; calls under way fail.
func (r *Redis) Close() error {
	if err := r.client.Close(); err != nil {
		return fmt.Errorf("close redis: %w", err)
	}
	return nil
}
