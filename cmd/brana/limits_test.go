package main

import (
	"testing"

	"go.uber.org/zap"

	"brana/cmd/brana/config"
	"brana/policy"
)

// A Redis that cannot be configured is an error and no limiter: not even one that
// is a nil of its type, which would be called.
func TestNoLimiterWithAnError(t *testing.T) {
	c, err := (&devCmd{}).base()
	if err != nil {
		t.Fatal(err)
	}
	store, err := policy.NewStore(func() (*policy.Snapshot, error) {
		return policy.LoadFS(sample, samplePolicy(policy.Test, config.Hub))
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &wired{policy: store}
	c.Limits.Store, c.Limits.Redis.URL = config.InRedis, "http://127.0.0.1:1"
	if limiter, err := w.limits(c, zap.NewNop()); err == nil || limiter != nil {
		t.Errorf("limiter %v, error %v", limiter, err)
	}
}
