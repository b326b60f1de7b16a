package ledger

import (
	"context"
	"fmt"
	"time"

	"brana/limits"
)

// Usage returns what the ledger has counted of the call's Key under its Rule. It counts nothing. An
// error means that the ledger does not answer, or is learning.
func (r *Store) Usage(ctx context.Context, call limits.Call) (limits.Usage, error) {
	y, t, now, err := r.operate(ctx, entry{key: call.Key})
	if err != nil {
		return limits.Usage{}, err
	}
	sh := r.shard(call.Key)
	sh.mu.Lock()
	if c := sh.callers[call.Key]; c != nil {
		r.with(sh, c, func() {
			c.expire(r.clock.now())
			y.Running = c.count()
		})
	}
	sh.mu.Unlock()
	return y.Usage(&call, r.calendar, t, now), nil
}

// Raise grants the call's Key extra calls until a moment, for all gateways, in the place of those
// that it had; zero takes them back. An error that wraps limits.ErrExtra or limits.ErrLearning
// means that nothing was done. After another error it may have been done.
func (r *Store) Raise(ctx context.Context, call limits.Call, calls int64, until time.Time) error {
	t := r.clock.wall()
	if err := limits.CheckExtra(call.Rule, calls, until, t); err != nil {
		return err
	}
	_, _, now, err := r.operate(ctx, entry{key: call.Key})
	if err == nil {
		extra := [3]int64{0, calls, now + until.Sub(t).Milliseconds()}
		_, _, _, err = r.operate(ctx, entry{key: call.Key, Op: "raise", Extra: &extra})
	}
	return err
}

// Forget makes the calls of the hour count no more, for all gateways, but for permits that one of
// them still holds in a lease. Calls that run keep their slots. So no rolling hour holds more calls
// made after it than the quota. An error that wraps limits.ErrLearning means that nothing was done.
// After another error it may have been done.
func (r *Store) Forget(ctx context.Context, call limits.Call) error {
	_, _, _, err := r.operate(ctx, entry{key: call.Key, Op: "forget"})
	return err
}

// operate asks the ledger as an operator, and returns the account, the moment, and the same moment
// in ledger time.
func (r *Store) operate(
	ctx context.Context, e entry,
) (y limits.Tally, t time.Time, ledgerNow int64, err error) {
	sh := r.shard(e.key)
	sh.mu.Lock()
	q := &request{Operator: true, Epoch: sh.epoch, Settled: true, Entries: []entry{e}}
	sh.mu.Unlock()
	value, err := r.script.run(ctx, sh.number, q)
	if err != nil {
		return y, t, 0, err
	}
	t = r.clock.wall()
	y, ledgerNow, err = readTally(readRows(value))
	return y, t, ledgerNow, err
}

// readTally reads the rows that ledger.lua returns for an operator's request.
func readTally(rows [][]int64) (y limits.Tally, ledgerNow int64, err error) {
	if len(rows) != 2 || len(rows[0]) != 7 || len(rows[1]) < 6 || len(rows[1])%3 != 0 {
		return y, 0, fmt.Errorf("read the answer of the ledger: %v is no account", rows)
	}
	if rows[0][2] == 1 {
		return y, 0, limits.ErrLearning
	}
	a := rows[1]
	y = limits.Tally{
		Slots:     int(a[0]),
		Leased:    a[1],
		Extra:     limits.Extra{Made: a[2], Calls: a[3], Ends: a[4]},
		Forgotten: a[5],
		Late:      leaseMillis + marginMillis,
	}
	for b := a[6:]; len(b) > 0; b = b[3:] {
		y.Charge(b[0], limits.Counts{b[1], b[2]})
	}
	return y, rows[0][0], nil
}
