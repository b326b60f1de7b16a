package limits

import "sort"

// window is the calls of one caller that count now: a bucket for each moment at which some of them leave the count, and
// their sum. It is the rolling hour of both stores: Memory charges a call at the moment of its use, ledger.lua charges a
// permit at the latest moment at which it may be used. Times are milliseconds of a clock that never goes back.
//
// It grows with the calls there are, not with the quota, and keeps what it grew to, so that a steady state allocates
// nothing.
type Hour struct {
	Counts  Counts   // the sum of buckets
	Buckets []Bucket // ascending, none of them empty
}

// bucket counts the calls that leave at one moment. Buckets of different grain lie side by side, so a quota may change
// its grain within the hour.
type Bucket struct {
	Leaves int64
	Calls  Counts
}

// leaves is the moment at which a call used at the latest at a moment is no longer counted: when the hour after the end
// of its bucket is over, and never sooner than an hour after the call.
func Leaves(used, grain int64) int64 {
	return (used/grain+1)*grain + windowMillis
}

// sweep drops the buckets that have left.
func (w *Hour) Sweep(now int64) {
	gone := 0
	for gone < len(w.Buckets) && w.Buckets[gone].Leaves <= now {
		w.Counts = w.Counts.Less(w.Buckets[gone].Calls)
		gone++
	}
	if gone > 0 {
		w.Buckets = w.Buckets[:copy(w.Buckets, w.Buckets[gone:])]
	}
}

// charge counts calls until a moment; negative ones are given back and must be in the bucket of that moment.
func (w *Hour) Charge(leaves int64, calls Counts) {
	at := len(w.Buckets)
	if at > 0 && leaves <= w.Buckets[at-1].Leaves {
		at = sort.Search(at, func(i int) bool { return w.Buckets[i].Leaves >= leaves })
	}
	if at == len(w.Buckets) || w.Buckets[at].Leaves != leaves {
		w.Buckets = append(w.Buckets, Bucket{})
		copy(w.Buckets[at+1:], w.Buckets[at:])
		w.Buckets[at] = Bucket{Leaves: leaves}
	}
	b := &w.Buckets[at]
	for r, n := range calls {
		b.Calls[r] += n
		w.Counts[r] += n
	}
	if b.Calls == (Counts{}) {
		w.Buckets = append(w.Buckets[:at], w.Buckets[at+1:]...)
	}
}

// reset is how long until the oldest bucket leaves; zero when none is counted.
func (w *Hour) ResetAfter(now int64) int64 {
	if len(w.Buckets) == 0 {
		return 0
	}
	return w.Buckets[0].Leaves - now
}

// wait is how long until enough buckets have left for a call in a regime to have room.
func (w *Hour) Wait(now int64, rule Rule, more Extra, in Regime) (wait int64) {
	left := w.Counts
	for _, b := range w.Buckets {
		if left.Room(more.Raise(rule, now+wait), in) > 0 {
			break
		}
		left = left.Less(b.Calls)
		wait = b.Leaves - now
	}
	return wait
}
