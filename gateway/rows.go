package gateway

import (
	"context"
	"errors"
	"time"

	"brana/policy"
)

// rowOf returns the items of any triple. With a whole matrix they are those of the
// snapshot that decided about the call.
func (r *request) rowOf(ctx context.Context, agenda, role, ovm []byte) ([]policy.Item, error) {
	snapshot := r.policy
	if r.parts.Rows != nil {
		var err error
		if snapshot, err = r.await(ctx, agenda, role, ovm); err != nil {
			return nil, err
		}
	}
	row, fresh := snapshot.Row(agenda, role, ovm, time.Now())
	if fresh < policy.Stale {
		return nil, refuse(MatrixUnavailable).because(errRowEnded)
	}
	return row, nil
}

var errRowEnded = errors.New("the row ended before it was read")

// await returns a snapshot that has the row of a triple, after fetching the row if
// it has to.
func (c *core) await(ctx context.Context, agenda, role, ovm []byte) (*policy.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.RowWait)
	defer cancel()
	snapshot, err := c.parts.Rows.Await(ctx, agenda, role, ovm)
	switch {
	case err != nil && context.Cause(ctx) == errDraining:
		return nil, refuse(Draining).because(err)
	case err != nil:
		return nil, refuse(MatrixUnavailable).because(err)
	}
	return snapshot, nil
}
