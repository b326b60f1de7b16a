package ledger

import (
	"context"
	"fmt"

	"brana/limits"

	"github.com/redis/go-redis/v9"
)

// evaluate runs the script, and with RedisConfig.Replicas has as many of them acknowledge what it wrote, in the same
// round trip. They have half of the timeout for it, so that their lack is told from a Redis that does not answer.
func (r *Store) evaluate(ctx context.Context, keys []string, text []byte) (value any, err error) {
	if r.replicas == 0 {
		value, err = r.script.Run(ctx, r.client, keys, text).Result()
	} else {
		value, err = r.evaluateWaiting(ctx, keys, text)
	}
	if cluster, ok := r.client.(*redis.ClusterClient); ok && err != nil {
		// Another node may have the slot by now. go-redis looks at once when a node says so, but not when it is silent.
		cluster.ReloadState(ctx)
	}
	return value, err
}

func (r *Store) evaluateWaiting(ctx context.Context, keys []string, text []byte) (any, error) {
	master, err := r.master(ctx, keys[0])
	if err != nil {
		return nil, err
	}
	value, err := r.acknowledged(ctx, master, r.script.EvalSha, keys, text)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		value, err = r.acknowledged(ctx, master, r.script.Eval, keys, text)
	}
	return value, err
}

// master is the server that has a key. WAIT has none, so a Cluster client would send it anywhere.
func (r *Store) master(ctx context.Context, key string) (redis.UniversalClient, error) {
	if cluster, ok := r.client.(*redis.ClusterClient); ok {
		node, err := cluster.MasterForKey(ctx, key)
		return node, plain(err)
	}
	return r.client, nil
}

// acknowledged sends the script and WAIT over one connection, since WAIT speaks of what that connection has written.
func (r *Store) acknowledged(ctx context.Context, master redis.UniversalClient,
	run func(context.Context, redis.Scripter, []string, ...any) *redis.Cmd, keys []string, text []byte) (any, error) {
	pipe := master.Pipeline()
	script := run(ctx, pipe, keys, text)
	wait := pipe.Do(ctx, "wait", r.replicas, max(1, r.timeout.Milliseconds()/2))
	_, _ = pipe.Exec(ctx) // each command has its own error
	value, err := script.Result()
	if err != nil {
		return nil, plain(err) // of a node, which has no hook: a Cluster client looks at what it says
	}
	acks, err := wait.Int()
	switch {
	case err != nil:
		return nil, fmt.Errorf("wait for replicas: %w", plain(err))
	case acks < r.replicas:
		return nil, fmt.Errorf("%w: %d of %d", limits.ErrReplicas, acks, r.replicas)
	}
	return value, nil
}
