package ledger

import (
	"context"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"brana/limits"
)

//go:embed ledger.lua
var ledgerSource string

// script runs ledger.lua on a client.
type script struct {
	client   redis.UniversalClient
	source   *redis.Script
	timeout  time.Duration // the longest that a request waits
	prefix   string
	replicas int          // that must acknowledge
	sent     atomic.Int64 // requests ever
}

// send asks the ledger, within the timeout.
func (s *script) send(shard int, q *request) (answer, error) {
	value, err := s.run(context.Background(), shard, q)
	if err != nil {
		return answer{}, err
	}
	return readAnswer(value, len(q.Entries))
}

// run runs the script, within the timeout.
func (s *script) run(ctx context.Context, shard int, q *request) (any, error) {
	s.sent.Add(1)
	text, err := json.Marshal(q)
	if err != nil {
		return nil, fmt.Errorf("ask the ledger: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	value, err := s.evaluate(ctx, s.keys(shard, q.Entries), text)
	if err != nil {
		return nil, fmt.Errorf("ask the ledger: %w", err)
	}
	return value, nil
}

// keys are those of a shard and of the callers asked for. The braces put them into one slot of a
// Cluster. The number before them is the version of the script, whose data no other version reads.
func (s *script) keys(shard int, entries []entry) []string {
	base := fmt.Sprintf("%s2:{%d}:", s.prefix, shard)
	keys := append(make([]string, 0, 1+2*len(entries)), base+"shard")
	for i := range entries {
		account := base + hex.EncodeToString(entries[i].key[:])
		keys = append(keys, account, account+":hour")
	}
	return keys
}

// evaluate runs the script. With Config.Replicas, as many of them acknowledge what it wrote, in the
// same round trip. They have half of the timeout for it, so that their lack differs from a Redis
// that does not answer.
func (s *script) evaluate(ctx context.Context, keys []string, text []byte) (value any, err error) {
	if s.replicas == 0 {
		value, err = s.source.Run(ctx, s.client, keys, text).Result()
	} else {
		value, err = s.evaluateWaiting(ctx, keys, text)
	}
	if cluster, ok := s.client.(*redis.ClusterClient); ok && err != nil {
		// Another node may have the shard by now. go-redis looks for it when a node says so, but
		// not when a node is silent.
		cluster.ReloadState(ctx)
	}
	return value, err
}

func (s *script) evaluateWaiting(ctx context.Context, keys []string, text []byte) (any, error) {
	master, err := s.master(ctx, keys[0])
	if err != nil {
		return nil, err
	}
	value, err := s.acknowledged(ctx, master, s.source.EvalSha, keys, text)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		value, err = s.acknowledged(ctx, master, s.source.Eval, keys, text)
	}
	return value, err
}

// master is the server that has a key. WAIT has no key, so a Cluster client would send it anywhere.
func (s *script) master(ctx context.Context, key string) (redis.UniversalClient, error) {
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		node, err := cluster.MasterForKey(ctx, key)
		return node, plain(err)
	}
	return s.client, nil
}

// runner is how a script is run: by its digest or by its text.
type runner func(context.Context, redis.Scripter, []string, ...any) *redis.Cmd

// acknowledged sends the script and WAIT over one connection: WAIT is about what that connection
// has written.
func (s *script) acknowledged(
	ctx context.Context, master redis.UniversalClient, run runner, keys []string, text []byte,
) (any, error) {
	pipe := master.Pipeline()
	script := run(ctx, pipe, keys, text)
	wait := pipe.Do(ctx, "wait", s.replicas, max(1, s.timeout.Milliseconds()/2))
	_, _ = pipe.Exec(ctx) // each command has its own error
	value, err := script.Result()
	if err != nil {
		return nil, plain(err) // of a node, which has no hook: a Cluster client looks at its text
	}
	acks, err := wait.Int()
	switch {
	case err != nil:
		return nil, fmt.Errorf("wait for replicas: %w", plain(err))
	case acks < s.replicas:
		return nil, fmt.Errorf("%w: %d of %d", limits.ErrReplicas, acks, s.replicas)
	}
	return value, nil
}
