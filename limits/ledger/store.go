package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"brana/limits"
)

// Store shares the counts among all gateways with the same Prefix. The counts lie in Redis; a
// gateway leases permits and slots from there and decides about most calls by itself. It is safe
// for concurrent use.
//
// Redis must not evict keys (maxmemory-policy noeviction). After a restart or a failover it grants
// nothing until the gateways have replayed what they know of the hour; they may use what they hold.
//
// No error is retried: whether a call without a decision may pass is for its Mode to say.
type Store struct {
	client   redis.UniversalClient
	script   script
	settings settings
	calendar *limits.Calendar
	timeout  time.Duration
	trust    bool

	name     string // of this start of this gateway among all
	clock    clock
	shards   [shardCount]shard
	striping striping
	// hints are of *int in stripeNumbers; a processor gets what it has put in.
	hints      sync.Pool
	nextStripe atomic.Uint64

	leaving    atomic.Bool
	background sync.WaitGroup
	stop       context.CancelFunc // ends run

	onRefill  func(limits.Refill)
	onState   func(limits.State, error)
	reported  limits.State                     // last, to onState; of run alone
	watchedAt int64                            // when the state was last looked at; of run alone
	spent     [len(limits.States)]atomic.Int64 // nanoseconds
}

// New returns a store without connecting: Redis may come up later, and Ready reports when it has.
// The error names what in the configuration is wrong and never quotes the URL, which may hold a
// password. The caller closes the store.
//
// It turns off the log of go-redis, which is one for the whole process: it writes each failed dial
// to stderr, past the log of the gateway, and every such failure is also what the call returns.
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
	config.complete()
	client, err := newClient(&config, max(config.Timeout, leastNetwork))
	if err := errors.Join(config.check(), err); err != nil {
		if client != nil {
			err = errors.Join(err, client.Close())
		}
		return nil, err
	}
	redis.SetLogger(noLog{})
	client.AddHook(plainErrors{})
	r := &Store{
		client: client,
		script: script{
			client:   client,
			source:   redis.NewScript(ledgerSource),
			timeout:  config.Timeout,
			prefix:   config.Prefix,
			replicas: config.Replicas,
		},
		settings: settings{
			client:     client,
			timeout:    max(config.Timeout, leastNetwork),
			replicas:   config.Replicas,
			onFindings: config.OnFindings,
		},
		calendar: config.Calendar,
		timeout:  config.Timeout,
		trust:    config.TrustEmpty,
		name:     rand.Text(),
		clock:    &machineClock{start: time.Now()},
		stop:     func() {},
		onRefill: config.OnRefill,
		onState:  config.OnState,
	}
	if !config.NoStripes {
		r.striping = usualStriping()
	}
	policy := policyName(config.Policy)
	for i := range r.shards {
		r.shards[i].init(i, policy)
	}
	return r, nil
}

// open starts the work in the background, which Close ends.
func (r *Store) open() {
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.background.Go(func() { r.run(ctx) })
}

// Declare names the policy in force from now on, for gateways that share limits. The rules of the
// policy hold that a running gateway took on last. A gateway with another may lower them, but
// raises none. A gateway that starts with a policy that others have known within the hour does
// not make it the newest; a policy that nobody has known is. So limits are raised as soon as the
// first gateway has the new policy, and a gateway that is late, or was restarted with an older
// one, does not raise them again. Declare does not wait: the ledger learns of it with the next
// request, within a second.
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

// Client is the pool of connections, for other data in the same Redis under other keys. Close
// closes it.
func (r *Store) Client() redis.UniversalClient { return r.client }

// Findings returns what was last found about the settings of Redis, of every master of a Cluster.
// It is empty when all is well, and until the counts were available for the first time.
func (r *Store) Findings() []limits.Finding { return r.settings.last() }

// Ready returns nil when decisions are available: Redis answers, and every shard has learned what
// it may have forgotten.
func (r *Store) Ready(ctx context.Context) error {
	patience := time.NewTimer(r.timeout)
	defer patience.Stop()
	for i := range r.shards {
		if err := r.shardReady(ctx, &r.shards[i], patience.C); err != nil {
			return err
		}
	}
	return nil
}

// shardReady asks the first shard once, so that Redis has answered, and any that does not know
// ledger time up to three times.
func (r *Store) shardReady(ctx context.Context, sh *shard, patience <-chan time.Time) error {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for asked := 0; sh.cause == nil && asked < 3; asked++ {
		if sh.anchor.settled() && (sh.number > 0 || asked > 0) {
			break
		}
		sh.heartbeatDue = true
		answered := sh.answered
		r.startSending(sh)
		if err := sh.wait(ctx, answered, patience); err != nil {
			return err
		}
	}
	return sh.cause
}

// Close gives everything back, as far as Redis answers, and closes the connections. Calls that wait
// for a decision fail.
func (r *Store) Close() error {
	r.stop()
	r.leaving.Store(true)
	for i := range r.shards {
		r.leave(&r.shards[i])
	}
	r.background.Wait()
	if err := r.client.Close(); err != nil {
		return fmt.Errorf("close redis: %w", err)
	}
	return nil
}

// leave gives back what a shard holds, and has its sender close.
func (r *Store) leave(sh *shard) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for _, c := range sh.callers {
		r.with(sh, c, func() { c.lastCall = math.MinInt64 / 2 }) // it is idle
		sh.enqueue(c)
	}
	sh.heartbeatDue = sh.heartbeatDue || sh.seq > 0 && sh.cause == nil
	r.startSending(sh)
	switch sh.sender {
	case senderBusy: // a call in the meantime must not begin another request
		sh.sender = senderDraining
	case senderIdle:
		sh.closeSender()
	}
}
