package ledger

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"brana/limits"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

// RedisConfig says which Redis keeps the counts.
type Config struct {
	// URL is required: "redis://user:password@host:6379/0", "rediss://…" for TLS, "unix:///path". Further nodes are added
	// as addr=host:port parameters, which makes it a Cluster, or Sentinels if there is a master_name too:
	// "redis://sentinel1:26379?addr=sentinel2:26379&master_name=brana". Timeouts and retries in it have no effect.
	URL string
	// TLS is asked at each handshake, which only a URL of rediss has, for the CAs to trust and the certificate to show; it
	// may be nil, and then those of the system are trusted. Servers are known by the names, or addresses, that they are
	// called at: those of the URL, and those that Sentinels and Clusters tell.
	TLS func() *tls.Config
	// Password is asked at each new connection to Redis, not to Sentinels, and takes the place of the URL's, which may have
	// the name of a user; nil: the URL's holds. Connections that are open go on.
	Password func() string
	// Calendar is required; gateways that share a Redis should share its configuration.
	Calendar *limits.Calendar
	// Policy names the policy in force at the start; see Redis.Declare.
	Policy string
	// Timeout is the longest that any call waits for Redis, connecting included. Default 75 ms.
	Timeout time.Duration
	// TrustEmpty lets a ledger that no gateway has seen before open at once. Otherwise it waits for two seconds, in which a
	// gateway that knows better would tell. It is for development.
	TrustEmpty bool
	// Replicas is how many of them must have acknowledged a grant before it is used; 0 is none. It is for a Redis that fails
	// over: a replica that becomes master then knows all that was granted, if it is one of those that acknowledged.
	Replicas int
	// Prefix begins every key; gateways that share quotas share it. It may not contain braces. Default "brana:".
	Prefix string
	// OnRefill is told of each request to the ledger, and OnState when decisions can no longer be had, or again, looked at
	// four times a second; the error is why not, nil while this gateway does not know ledger time yet. They are called in
	// the background and must not wait. Any may be nil.
	OnRefill func(limits.Refill)
	OnState  func(limits.State, error)
	// OnFindings is told, likewise, what Findings has from now on, whenever that changes.
	OnFindings func([]limits.Finding)
}

// Redis shares the counts among all gateways with the same Prefix. The counts lie in Redis; a gateway leases permits and
// slots from there and decides about most calls by itself (ledger.go). It is safe for concurrent use.
//
// Redis must not evict keys (maxmemory-policy noeviction). After a restart or a failover nothing is granted until the
// gateways have told what they know of the hour; they may use what they hold.
//
// No error retries by itself: whether a call without a decision may pass is for its Mode to say.
type Store struct {
	client   redis.UniversalClient
	script   *redis.Script
	calendar *limits.Calendar
	timeout  time.Duration
	prefix   string
	trust    bool
	replicas int // that must acknowledge

	name       string // of this start of this gateway among all
	start      time.Time
	clock      func() time.Time
	virtual    bool // tests: ledger time is clock's, not that of Redis
	shards     [shardCount]shard
	striping   striping
	hints      sync.Pool // of *int in hints; what a processor puts in, it gets
	turn       atomic.Uint64
	leaving    atomic.Bool
	background sync.WaitGroup
	stop       context.CancelFunc
	sent       atomic.Int64 // requests ever

	onRefill  func(limits.Refill)
	onState   func(limits.State, error)
	reported  limits.State // last, to onState
	watchedAt int64        // when the state was last looked at
	spent     [len(limits.States)]atomic.Int64
	settings  settings
}

// NewRedis returns a store without connecting: Redis may come up later, and Ready tells when it has. The error names what
// in the configuration is wrong and never quotes the URL, which may hold a password.
//
// It turns off the log of go-redis, which has one for the whole process and no option for less: it writes to stderr, past
// the log of the gateway, each failed dial, and every such failure is also what the call returns.
func New(config Config) (*Store, error) {
	r, err := prepare(config)
	if err == nil {
		r.open()
	}
	return r, err
}

// prepare returns a store that does nothing in the background yet.
func prepare(config Config) (*Store, error) {
	logging.Disable()
	if config.Timeout == 0 {
		config.Timeout = 75 * time.Millisecond
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
	if config.Replicas < 0 {
		errs = append(errs, fmt.Errorf("configure redis: %d replicas cannot acknowledge; 0 is none", config.Replicas))
	}
	client, err := newClient(&config, max(config.Timeout, leastNetwork))
	if err := errors.Join(append(errs, err)...); err != nil {
		if client != nil {
			err = errors.Join(err, client.Close())
		}
		return nil, err
	}
	redis.SetLogger(noLog{})
	client.AddHook(plainErrors{})
	r := &Store{
		client:   client,
		script:   redis.NewScript(ledgerSource),
		calendar: config.Calendar,
		timeout:  config.Timeout,
		prefix:   config.Prefix,
		trust:    config.TrustEmpty,
		replicas: config.Replicas,
		name:     rand.Text(),
		start:    time.Now(),
		clock:    time.Now,
		stop:     func() {},
		striping: usualStriping(),
		onRefill: config.OnRefill,
		onState:  config.OnState,
	}
	if r.onRefill == nil {
		r.onRefill = func(limits.Refill) {}
	}
	if r.onState == nil {
		r.onState = func(limits.State, error) {}
	}
	if r.settings.tell = config.OnFindings; r.settings.tell == nil {
		r.settings.tell = func([]limits.Finding) {}
	}
	policy := policyName(config.Policy)
	for i := range r.shards {
		r.shards[i] = shard{number: i, callers: make(map[limits.Key]*caller), dormant: make(map[limits.Key]*dormant), answered: make(chan struct{}), policy: policy}
	}
	return r, nil
}

// open starts the work in the background, which Close ends.
func (r *Store) open() {
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.background.Go(func() { r.run(ctx) })
}

// Declare names the policy in force from now on, for gateways that share limits: the rules of the one that was last taken
// on by a gateway while it ran hold, and a gateway with another may lower them but raises none. A gateway that starts
// with a policy that others have known within the hour does not make it the newest; one nobody has known is. So limits
// are raised as soon as the first gateway has the new policy, and whoever is late, or was restarted with an older one,
// does not raise them again. It does not wait: the ledger is told with the next request, within a second.
func (r *Store) Declare(policy string) {
	for i := range r.shards {
		sh := &r.shards[i]
		sh.mu.Lock()
		sh.declare(policyName(policy))
		sh.mu.Unlock()
	}
}

// policyName is what a policy without a name is called.
func policyName(policy string) string {
	if policy == "" {
		return "unnamed"
	}
	return policy
}

// Client is the pool of connections, for whoever keeps something else in the same Redis under other keys. It stays the
// store's to close.
func (r *Store) Client() redis.UniversalClient { return r.client }

// now is the moment by the monotonic clock, in milliseconds. It reads that clock alone, at half the cost of time.
func (r *Store) now() int64 {
	if r.virtual {
		_, now := r.time()
		return now
	}
	return time.Since(r.start).Milliseconds() + 1
}

// look is how often a shard looks at the calendar, and so how late a step of the wall clock over a change of regime is
// seen. A change without a step is seen at once.
const regimeCheck = time.Second

// regime is the regime in force, as the shard knows it.
func (r *Store) regime(sh *shard, now int64) limits.Regime {
	if now >= sh.regimeUntil {
		t, now := r.time()
		sh.regime, sh.regimeUntil = r.calendar.Regime(t), min(now+regimeCheck.Milliseconds(), r.regimeEnd(t, now))
	}
	return sh.regime
}

// time is the moment, and the same by the monotonic clock in milliseconds.
func (r *Store) time() (t time.Time, now int64) {
	t = r.clock()
	return t, t.Sub(r.start).Milliseconds() + 1
}

// left is the moment, by the monotonic clock, at which the regime of t ends.
func (r *Store) regimeEnd(t time.Time, now int64) int64 {
	change := r.calendar.NextChange(t)
	if change.IsZero() {
		return math.MaxInt64
	}
	return now + change.Sub(t).Milliseconds()
}

// send asks the ledger, within the timeout.
func (r *Store) send(shard int, q *request) (answer, error) {
	value, err := r.runScript(context.Background(), shard, q)
	if err != nil {
		return answer{}, err
	}
	return readAnswer(value, len(q.Entries))
}

// say runs the script, within the timeout.
func (r *Store) runScript(ctx context.Context, shard int, q *request) (any, error) {
	r.sent.Add(1)
	if r.virtual {
		q.Time = r.clock().UnixMilli()
	}
	text, err := json.Marshal(q)
	if err != nil {
		return nil, fmt.Errorf("ask the ledger: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	value, err := r.evaluate(ctx, r.keys(shard, q.Entries), text)
	if err != nil {
		return nil, fmt.Errorf("ask the ledger: %w", err)
	}
	return value, nil
}

// keys are those of a shard and of the callers asked about. The braces put them into one slot of a Cluster; the number
// before them is the version of the script, whose data no other version reads.
func (r *Store) keys(shard int, entries []entry) []string {
	base := fmt.Sprintf("%s2:{%d}:", r.prefix, shard)
	keys := append(make([]string, 0, 1+2*len(entries)), base+"shard")
	for i := range entries {
		account := base + hex.EncodeToString(entries[i].key[:])
		keys = append(keys, account, account+":hour")
	}
	return keys
}

// Ready tells whether decisions can be had now: it asks Redis, and every shard must have learned what it may have
// forgotten.
func (r *Store) Ready(ctx context.Context) error {
	patience := time.NewTimer(r.timeout)
	defer patience.Stop()
	for i := range r.shards {
		sh := &r.shards[i]
		sh.mu.Lock()
		err := sh.cause
		for asked := 0; err == nil && asked < 3 && (asked == 0 && i == 0 || !sh.anchor.settled); asked++ {
			sh.heartbeatDue = true
			answered := sh.answered
			r.startSending(sh)
			if err = sh.wait(ctx, answered, patience.C); err == nil {
				err = sh.cause
			}
		}
		sh.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// Close gives everything back, as far as Redis is there, and closes the connections; calls under way fail.
func (r *Store) Close() error {
	r.stop()
	r.leaving.Store(true)
	for i := range r.shards {
		sh := &r.shards[i]
		sh.mu.Lock()
		for _, c := range sh.callers {
			sh.recall(c)
			r.lend(sh, c) // nothing, since the store is left
			c.lastCall = math.MinInt64 / 2
			if !c.queued {
				c.queued = true
				sh.queue = append(sh.queue, c)
			}
		}
		sh.heartbeatDue = sh.heartbeatDue || sh.seq > 0 && sh.cause == nil
		r.startSending(sh)
		sh.shut = true // those who call while flights are waited for would begin others
		if !sh.flying {
			sh.close()
		}
		sh.mu.Unlock()
	}
	r.background.Wait()
	if err := r.client.Close(); err != nil {
		return fmt.Errorf("close redis: %w", err)
	}
	return nil
}
