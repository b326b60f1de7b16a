package limits

import "sort"

// Hour is the rolling hour of one caller, in both stores: a bucket for each moment at which some
// of its calls leave the count, and their sum. Memory charges a call at the moment of its use;
// ledger.lua charges a permit at the latest moment at which it may be used. Moments are
// milliseconds of a clock that never goes back.
//
// It grows with the calls there are, not with the quota, and keeps what it grew to, so that a
// steady state allocates nothing. The zero Hour is empty.
type Hour struct {
	Counts  Counts   // the sum of Buckets
	Buckets []Bucket // ascending, none of them empty
}

// Bucket counts the calls that leave at one moment. Buckets of different grain lie side by side, so
// a quota may change its grain within the hour.
type Bucket struct {
	Leaves int64
	Calls  Counts
}

// Leaves is the moment at which a call used at the latest at a moment is no longer counted: when
// the hour after the end of its bucket is over, and never sooner than an hour after the call.
func Leaves(used, grain int64) int64 {
	return (used/grain+1)*grain + windowMillis
}

// Sweep drops the buckets that have left.
func (h *Hour) Sweep(now int64) {
	gone := 0
	for gone < len(h.Buckets) && h.Buckets[gone].Leaves <= now {
		h.Counts = h.Counts.Less(h.Buckets[gone].Calls)
		gone++
	}
	if gone > 0 {
		h.Buckets = h.Buckets[:copy(h.Buckets, h.Buckets[gone:])]
	}
}

// Charge counts calls until a moment; negative ones are given back and must be in the bucket of
// that moment.
func (h *Hour) Charge(leaves int64, calls Counts) {
	at := len(h.Buckets)
	if at > 0 && leaves <= h.Buckets[at-1].Leaves {
		at = sort.Search(at, func(i int) bool { return h.Buckets[i].Leaves >= leaves })
	}
	if at == len(h.Buckets) || h.Buckets[at].Leaves != leaves {
		h.Buckets = append(h.Buckets, Bucket{})
		copy(h.Buckets[at+1:], h.Buckets[at:])
		h.Buckets[at] = Bucket{Leaves: leaves}
	}
	b := &h.Buckets[at]
	for r, n := range calls {
		b.Calls[r] += n
		h.Counts[r] += n
	}
	if b.Calls == (Counts{}) {
		h.Buckets = append(h.Buckets[:at], h.Buckets[at+1:]...)
	}
}

// ResetAfter is how long until the oldest bucket leaves; zero when none is counted.
func (h *Hour) ResetAfter(now int64) int64 {
	if len(h.Buckets) == 0 {
		return 0
	}
	return h.Buckets[0].Leaves - now
}

// Wait is how long until enough buckets have left for a call in a regime to have room.
func (h *Hour) Wait(now int64, rule Rule, more Extra, in Regime) (wait int64) {
	left := h.Counts
	for _, b := range h.Buckets {
		if left.Room(more.Raise(rule, now+wait), in) > 0 {
			break
		}
		left = left.Less(b.Calls)
		wait = b.Leaves - now
	}
	return wait
}
