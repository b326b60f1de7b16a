package limits

import "time"

// Counts is the calls of one caller within the window, by the regime in which they were made.
type Counts [Regimes]int64

// Room is how many calls can still be admitted in a regime; zero or less is none. It offers two
// invariants. It holds both, because a call's whole past hour is counted at the moment of the call:
//
//	(a) the calls made in regime r within any rolling hour are at most the quota of r;
//	(b) all calls within any rolling hour are at most the highest quota of the regimes they were
//	    made in.
//
// So the night before shuts the first working hour of a day only if it used more than a whole
// working hour may, and the two quotas never add up. Take any rolling hour and the last call in
// it. If all its calls were made in one regime, (a) bounds them; if in both, the count held both
// at that last call, and so does the maximum.
func (c Counts) Room(rule Rule, in Regime) int64 {
	most, all := rule.Quota(in), int64(0)
	for r, calls := range c {
		if calls > 0 {
			most = max(most, rule.Quota(Regime(r)))
		}
		all += calls
	}
	return min(rule.Quota(in)-c[in], most-all)
}

// Less is what is left of the counts without some calls.
func (c Counts) Less(calls Counts) Counts {
	for r, n := range calls {
		c[r] -= n
	}
	return c
}

// grainOf is the width of the buckets of a quota, in milliseconds. Small quotas are counted almost
// call by call: they have no more buckets than calls.
func grainOf(quota int64) int64 {
	if quota <= smallQuota {
		return smallMillis
	}
	return bucketMillis
}

// Decide is the whole rule. It does no I/O and reads no clock. ledger.lua holds the same rule for
// Redis; the contract and the differential test keep the two equal.
func Decide(c Counts, running int, rule Rule, in Regime) Verdict {
	switch {
	case c.Room(rule, in) <= 0:
		return OverQuota
	case running >= rule.Concurrent:
		return OverConcurrency
	}
	return Admitted
}

// Outcome is what a store found and did: the verdict and the counts after it. Waits are
// milliseconds from now.
type Outcome struct {
	Verdict Verdict
	Room    int64 // calls that the quota admits further, in the regime of this moment
	Running int
	Extra   int64          // of these and of the calls counted, beyond the rule's quota
	Reset   int64          // until the oldest counted bucket leaves
	Wait    [Regimes]int64 // OverQuota only: until a call in this regime would have room
}

// Decision turns an outcome into the answer to a call; t is the moment of the call and in its
// regime. The calendar may be nil unless the verdict is OverQuota.
func (o Outcome) Decision(rule Rule, cal *Calendar, t time.Time, in Regime) Decision {
	quota := rule.Quota(in) + o.Extra
	d := Decision{
		Verdict:    o.Verdict,
		Quota:      quota,
		Remaining:  min(max(0, o.Room), quota), // a room may be of before a change of regime
		Reset:      time.Duration(o.Reset) * time.Millisecond,
		Concurrent: rule.Concurrent,
		Running:    o.Running,
	}
	switch o.Verdict {
	case OverQuota:
		d.RetryAfter = o.retryAfter(cal, t, in)
	case OverConcurrency:
		d.RetryAfter = crowded
	}
	return d
}

// retryAfter follows the calendar from t. In each stretch of one regime the call has room from
// its wait on, if that lies before the stretch ends. Room in a regime once gained is not lost by
// waiting, so the first such moment is the answer.
func (o Outcome) retryAfter(cal *Calendar, t time.Time, in Regime) time.Duration {
	for from := time.Duration(0); from < Longest; in = in.other() {
		ready := max(from, time.Duration(o.Wait[in])*time.Millisecond)
		change := cal.NextChange(t.Add(from))
		if change.IsZero() || ready < change.Sub(t) {
			return min(ready, Longest)
		}
		from = change.Sub(t)
	}
	return Longest
}
