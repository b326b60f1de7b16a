package gateway

import (
	"context"
	"errors"
	"time"

	"brana/policy"
)

// awaitOwnRow waits for the row of the caller's triple. Then it identifies the
// caller and decides anew, both by one snapshot that has the row.
func (g *Gateway) awaitOwnRow(x *exchange) error {
	ctx, cancel := context.WithTimeout(g.calls, x.route.Timeout)
	defer cancel()
	i := &x.head.Info
	if _, err := g.await(ctx, i.Agenda, i.AgendovaRole, i.Ovm); err != nil {
		return err
	}
	if err := g.identify(x); err != nil {
		return err
	}
	x.decision = x.policy.Decide(x.head, x.start)
	return nil // a row that has ended by now is refused like the others
}

// rowOf returns the items of any triple. With a whole matrix they are those of the
// snapshot that decided about the call.
func (r *request) rowOf(ctx context.Context, agenda, role, ovm []byte) ([]policy.Item, error) {
	snapshot := r.policy
	if r.g.parts.Rows != nil {
		var err error
		if snapshot, err = r.g.await(ctx, agenda, role, ovm); err != nil {
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
func (g *Gateway) await(ctx context.Context, agenda, role, ovm []byte) (*policy.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, g.cfg.RowWait)
	defer cancel()
	snapshot, err := g.parts.Rows.Await(ctx, agenda, role, ovm)
	switch {
	case err != nil && context.Cause(ctx) == errDraining:
		return nil, refuse(Draining).because(err)
	case err != nil:
		return nil, refuse(MatrixUnavailable).because(err)
	}
	return snapshot, nil
}
