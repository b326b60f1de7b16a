package main

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// drain waits until the running exchanges have ended. Its time began with the
// signal.
func (w *wired) drain(began time.Time, most time.Duration, log *zap.Logger) error {
	ctx, cancel := context.WithDeadline(
		context.Background(), began.Add(most-endSteps*endStep(most)),
	)
	defer cancel()
	if err := w.gateway.Shutdown(ctx); err != nil {
		return exit(exitRefused, fmt.Errorf("drain for %s: %w", most, err))
	}
	log.Info("drained")
	return nil
}

// endSteps is the number of steps at the end of a drain, each of which may take
// its time: cut calls are answered, connections close, jobs end, Redis gets the
// leases back, the record of use is sealed, and a log without a reader is given up.
const endSteps = 6

// endStep is the time of each step. All of them together are within the drain.
func endStep(drain time.Duration) time.Duration { return min(drain/5, 4*time.Second) / endSteps }
