// Package limits decides how much: the calls that a caller may make in a rolling hour, and the
// calls that it may have running at once.
//
// The one rule is Decide in rule.go: both limits are taken in one step, all or nothing, and only
// admitted calls count. Two stores keep the counts: Memory in the process, and that of package
// ledger, which all gateways share. A contract test (limitstest) holds them equal.
//
// What callers of a store need is in this file and in usage.go; what a shared store reports is in
// report.go. What only stores need is Counts, Decide, Outcome, Hour, Running, Extra and Tally.
// Moments are milliseconds of a store's own clock, as int64; only what callers see is time.Time.
//
// Who may call at all is left to policy. What happens to a call without a decision is left to
// gateway.
package limits

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"
)

const (
	// Window is the rolling hour over which calls are counted.
	Window = time.Hour
	// Grain is the width of a bucket, for quotas up to 500 a second. A call leaves the count when
	// the hour after the end of its bucket is over. So it is counted for at least Window and at
	// most Window + Grain: never above the quota, and under it by 0.28 % at most.
	Grain = 10 * time.Second

	// Lease is how long a gateway may use a permit that it was granted, by its own monotonic clock.
	Lease = 10 * time.Second
	// Margin is how much faster than real time ledger time may go within an hour and a Lease.
	// Twice 500 ppm (a gateway's clock, and what its bound allows) make 3.6 s. The second by
	// which ledger time may lag, to catch up later, makes 4.6 s. The rest is for gateways that
	// join: each may add the time of its first request.
	Margin = 5 * time.Second
	// Longest is the longest that a permit is counted, by either store.
	Longest = Window + Grain + Lease + Margin

	bucketMillis = int64(Grain / time.Millisecond)
	leaseMillis  = int64(Lease / time.Millisecond)
	windowMillis = int64(Window / time.Millisecond)
	smallMillis  = int64(time.Second / time.Millisecond)
	smallQuota   = 500 // calls an hour; the most buckets of a second that a caller can have
	// crowded is the wait of a caller refused for concurrency: nobody knows when a slot frees.
	crowded = time.Second
)

// ErrLifetime is returned by Admit for a Call whose Lifetime is not positive, and by Renew: such a
// slot would be free before it is taken, and the concurrency limit would limit nothing.
var ErrLifetime = errors.New("take a slot: its lifetime must be above zero")

// Key identifies a quadruple (agenda, role, OVM, AIS), or a group of its services, for which limits
// are counted, without naming it: keys may be seen in Redis and in dumps.
type Key [16]byte

// KeyOf returns the first 16 bytes of SHA-256 over the parts, each preceded by its length so that
// ("a", "bc") and ("ab", "c") differ. The order of parts is agenda, role, OVM, AIS, and the group if
// it has limits of its own; all gateways that share a Redis must agree on it.
func KeyOf(parts ...string) Key {
	text := make([]byte, 0, 128)
	for _, part := range parts {
		text = binary.AppendUvarint(text, uint64(len(part)))
		text = append(text, part...)
	}
	sum := sha256.Sum256(text)
	return Key(sum[:16])
}

// Rule is the limits of one key. All three are required to be above zero, which policy validates; a
// limit of zero or less admits nothing.
type Rule struct {
	Working    int64 // calls per rolling hour made in WorkingHours
	Off        int64 // calls per rolling hour made in OffHours
	Concurrent int   // calls running at once, in both regimes
}

// Quota is the calls per rolling hour that the rule allows in a regime.
func (r Rule) Quota(in Regime) int64 {
	if in == WorkingHours {
		return r.Working
	}
	return r.Off
}

// Call is one request for admission.
type Call struct {
	Key  Key
	Rule Rule
	// Lifetime is the time from now after which the call has certainly ended, or its slot was
	// renewed: its deadline and a margin. The slot frees itself then, so a gateway that crashed
	// holds it no longer. It must be above zero; whole milliseconds count.
	Lifetime time.Duration
	// Policy names the policy that the Rule is from; empty is the one in force. A call may be
	// under way when the policy declared to the store changes. Its Rule then lowers limits and
	// raises none.
	Policy string
	// WhenDown is what holds for this call while the shared counts are unavailable.
	WhenDown Mode
}

// Mode is what to do with a call while the counts are unavailable.
type Mode uint8

// The modes. In any of them, permits and slots that a gateway has leased before are used up first.
const (
	// Closed admits nothing: Admit returns an error. The limits hold.
	Closed Mode = iota
	// Share admits in each gateway the limits divided by the gateways there were, rounded down:
	// altogether at most the limits once more. A gateway that does not know how many there were is
	// Closed. What it admitted is counted when the counts are back.
	Share
	// Open admits everything and counts it when the counts are back.
	Open
)

// String returns the mode in the words of the policy file.
func (m Mode) String() string {
	switch m {
	case Share:
		return "share"
	case Open:
		return "open"
	}
	return "closed"
}

// Verdict is the kind of a Decision.
type Verdict uint8

// The verdicts. Over both limits is OverQuota: its wait is the longer one.
const (
	Admitted        Verdict = iota // the call may start; its permit is used and its slot taken
	OverQuota                      // the hour's calls are used up; nothing was counted
	OverConcurrency                // all slots are taken; nothing was counted
)

// String returns the verdict as a word for logs.
func (v Verdict) String() string {
	switch v {
	case Admitted:
		return "admitted"
	case OverQuota:
		return "over-quota"
	}
	return "over-concurrency"
}

// Slot is the right to be one of the calls running at once. Admit gives it, and Release of the same
// store takes it back. It is a value without meaning to its holder: the fields are the store's. The
// zero Slot is no slot, and releasing it does nothing.
type Slot struct {
	Key    Key
	Place  uint64 // among the caller's slots
	Number uint64 // no store gives a number twice for one shard; from 1
}

// Decision is the answer to a Call, as a value: refusal is not an error.
type Decision struct {
	Verdict Verdict
	// Degraded is the call's Mode if the counts were unavailable and the Mode decided; else Closed.
	Degraded Mode
	// Slot is valid when Admitted. Its holder releases it when the call has ended.
	Slot Slot
	// Quota is the calls per rolling hour in force: the Rule's for the regime of this moment, and
	// extra calls.
	Quota int64
	// Remaining is how many further calls the quota admits now, this one counted if it was
	// admitted. With Redis, it is as last heard and without what other gateways have leased; for
	// a caller of thousands of calls a second, others of the last quarter of a second may be
	// missing. After a change of regime it may be below Quota less the calls of this regime: the
	// hour is bounded as a whole, too.
	Remaining int64
	// Reset is the time until the oldest counted call leaves the count and its permit is free
	// again; zero when none is counted. It is not the time until the whole quota is free.
	Reset time.Duration
	// RetryAfter is, for a refused call, the earliest time after which a retry could be admitted if
	// no other call came before it. For OverQuota it is when enough permits are free, a change of
	// regime considered, and no later than that; permits that another gateway leased in vain come
	// back within seconds. For OverConcurrency it is one second. Zero when Admitted.
	RetryAfter time.Duration
	// Concurrent is the Rule's bound. Running is the slots taken now, this call's included if it
	// was admitted, and with Redis those that other gateways have leased. It is as late as
	// Remaining.
	Concurrent, Running int
}
