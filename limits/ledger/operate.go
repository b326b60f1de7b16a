package ledger

import (
	"context"
	"fmt"
	"time"

	"brana/limits"
)

// Usage tells what the ledger has counted of the call's Key under its Rule. It counts nothing. An error means that the
// ledger could not be asked, or is learning.
func (r *Store) Usage(ctx context.Context, c limits.Call) (limits.Usage, error) {
	y, t, now, err := r.operate(ctx, entry{key: c.Key})
	if err != nil {
		return limits.Usage{}, err
	}
	sh := &r.shards[c.Key[0]%shardCount]
	sh.mu.Lock()
	if here := sh.callers[c.Key]; here != nil {
		sh.recall(here)
		_, local := r.time()
		here.expire(local)
		y.Running = here.count()
		r.lend(sh, here)
	}
	sh.mu.Unlock()
	return y.Usage(&c, r.calendar, t, now), nil
}

// Raise grants the call's Key extra calls until a moment, for all gateways, in the place of those that it had; zero
// takes them back. An error that wraps ErrExtra or ErrLearning means that nothing was done; after another it is not
// known.
func (r *Store) Raise(ctx context.Context, c limits.Call, calls int64, until time.Time) error {
	t, _ := r.time()
	if err := limits.CheckExtra(c.Rule, calls, until, t); err != nil {
		return err
	}
	_, _, now, err := r.operate(ctx, entry{key: c.Key})
	if err == nil {
		_, _, _, err = r.operate(ctx, entry{key: c.Key, Op: "raise", Extra: &[3]int64{0, calls, now + until.Sub(t).Milliseconds()}})
	}
	return err
}

// Forget makes the calls of the hour count no more, for all gateways, but for permits that one of them still holds in a
// lease; calls that run keep their slots. So no rolling hour holds more calls made after it than the quota. An error
// that wraps ErrLearning means that nothing was done; after another it is not known.
func (r *Store) Forget(ctx context.Context, c limits.Call) error {
	_, _, _, err := r.operate(ctx, entry{key: c.Key, Op: "forget"})
	return err
}

// operate asks the ledger as an operator, and returns the account, the moment and the same in ledger time.
func (r *Store) operate(ctx context.Context, e entry) (y limits.Tally, t time.Time, now int64, err error) {
	number := int(e.key[0] % shardCount)
	sh := &r.shards[number]
	sh.mu.Lock()
	q := &request{Operator: true, Epoch: sh.epoch, Settled: true, Entries: []entry{e}}
	sh.mu.Unlock()
	value, err := r.runScript(ctx, number, q)
	if err != nil {
		return y, t, 0, err
	}
	t, _ = r.time()
	y, now, err = readTally(readRows(value))
	return y, t, now, err
}

// readTally reads the rows of ledger.lua for an operator's request.
func readTally(rows [][]int64) (y limits.Tally, now int64, err error) {
	if len(rows) != 2 || len(rows[0]) != 7 || len(rows[1]) < 6 || len(rows[1])%3 != 0 {
		return y, 0, fmt.Errorf("read the answer of the ledger: %v is no account", rows)
	}
	if rows[0][2] == 1 {
		return y, 0, limits.ErrLearning
	}
	a := rows[1]
	y = limits.Tally{Slots: int(a[0]), Leased: a[1], Extra: limits.Extra{Made: a[2], Calls: a[3], Ends: a[4]}, Forgotten: a[5], Late: leaseMillis + marginMillis}
	for b := a[6:]; len(b) > 0; b = b[3:] {
		y.Charge(b[0], limits.Counts{b[1], b[2]})
	}
	return y, rows[0][0], nil
}
