package limits

import "sort"

// window is the calls of one caller that count now: a bucket for each moment at which some of them leave the count, and
// their sum. It is the rolling hour of both stores: Memory charges a call at the moment of its use, ledger.lua charges a
// permit at the latest moment at which it may be used. Times are milliseconds of a clock that never goes back.
//
// It grows with the calls there are, not with the quota, and keeps what it grew to, so that a steady state allocates
// nothing.
type window struct {
	counts  counts   // the sum of buckets
	buckets []bucket // ascending, none of them empty
}

// bucket counts the calls that leave at one moment. Buckets of different grain lie side by side, so a quota may change
// its grain within the hour.
type bucket struct {
	leaves int64
	calls  counts
}

// leaves is the moment at which a call used at the latest at a moment is no longer counted: when the hour after the end
// of its bucket is over, and never sooner than an hour after the call.
func leaves(used, grain int64) int64 {
	return (used/grain+1)*grain + windowMillis
}

// sweep drops the buckets that have left.
func (w *window) sweep(now int64) {
	gone := 0
	for gone < len(w.buckets) && w.buckets[gone].leaves <= now {
		w.counts = w.counts.less(w.buckets[gone].calls)
		gone++
	}
	if gone > 0 {
		w.buckets = w.buckets[:copy(w.buckets, w.buckets[gone:])]
	}
}

// charge counts calls until a moment; negative ones are given back and must be in the bucket of that moment.
func (w *window) charge(leaves int64, calls counts) {
	at := len(w.buckets)
	if at > 0 && leaves <= w.buckets[at-1].leaves {
		at = sort.Search(at, func(i int) bool { return w.buckets[i].leaves >= leaves })
	}
	if at == len(w.buckets) || w.buckets[at].leaves != leaves {
		w.buckets = append(w.buckets, bucket{})
		copy(w.buckets[at+1:], w.buckets[at:])
		w.buckets[at] = bucket{leaves: leaves}
	}
	b := &w.buckets[at]
	for r, n := range calls {
		b.calls[r] += n
		w.counts[r] += n
	}
	if b.calls == (counts{}) {
		w.buckets = append(w.buckets[:at], w.buckets[at+1:]...)
	}
}

// reset is how long until the oldest bucket leaves; zero when none is counted.
func (w *window) reset(now int64) int64 {
	if len(w.buckets) == 0 {
		return 0
	}
	return w.buckets[0].leaves - now
}

// wait is how long until enough buckets have left for a call in a regime to have room.
func (w *window) wait(now int64, rule Rule, more extra, in Regime) (wait int64) {
	left := w.counts
	for _, b := range w.buckets {
		if left.room(more.raise(rule, now+wait), in) > 0 {
			break
		}
		left = left.less(b.calls)
		wait = b.leaves - now
	}
	return wait
}
