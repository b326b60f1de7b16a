// Package limits decides how much: the calls a caller may make in a rolling hour and the calls it may have running at
// once.
//
// The one rule is decide in rule.go: both limits are taken in one step, all or nothing, and only admitted calls count.
// Two stores keep the counts, Memory in the process and Redis shared by all gateways; a contract test holds them equal.
// Who may call at all is left to policy; what happens when no decision could be had is left to gateway.
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
	// Bucket is the grain of the count, for quotas up to 500 a second. A call leaves the count when the hour after the end
	// of its bucket is over, so it is counted for at least Window and at most Window + Bucket: never above the quota, and
	// under it by 0.28 % at most.
	Bucket = 10 * time.Second

	bucketMillis = int64(Bucket / time.Millisecond)
	windowMillis = int64(Window / time.Millisecond)
	smallMillis  = int64(time.Second / time.Millisecond)
	smallQuota   = 500 // calls an hour; the most buckets of a second that a caller can have
	// longest is the longest that a permit is counted, by either store.
	longest = Window + Bucket + Lease + margin
	// crowded is how long a caller refused for concurrency is told to wait; when a slot frees cannot be known.
	crowded = time.Second
)

// ErrLifetime is returned by Admit for a Call whose Lifetime is not positive: such a slot would be free before it is
// taken and the concurrency limit would limit nothing.
var ErrLifetime = errors.New("admit a call: its lifetime must be above zero")

// Key identifies a quadruple (agenda, role, OVM, AIS), for which limits are counted, without naming it: keys may be seen
// in Redis and in dumps.
type Key [16]byte

// KeyOf returns the first 16 bytes of SHA-256 over the parts, each preceded by its length so that ("a", "bc") and
// ("ab", "c") differ. The order of parts is agenda, role, OVM, AIS; all gateways that share a Redis must agree on it.
func KeyOf(parts ...string) Key {
	text := make([]byte, 0, 128)
	for _, part := range parts {
		text = binary.AppendUvarint(text, uint64(len(part)))
		text = append(text, part...)
	}
	sum := sha256.Sum256(text)
	return Key(sum[:16])
}

// Rule is the limits of one key. All three are required to be above zero, which policy validates; a limit of zero or
// less admits nothing.
type Rule struct {
	Working    int64 // calls per rolling hour made in WorkingHours
	Off        int64 // calls per rolling hour made in OffHours
	Concurrent int   // calls running at once, in both regimes
}

// quota is the calls per rolling hour that the rule allows in a regime.
func (r Rule) quota(in Regime) int64 {
	if in == WorkingHours {
		return r.Working
	}
	return r.Off
}

// Call is one request for admission.
type Call struct {
	Key  Key
	Rule Rule
	// Lifetime is the time from now after which the call has certainly ended: its deadline and a margin. The slot frees
	// itself then, so a gateway that crashed holds it no longer. It must be above zero; whole milliseconds count.
	Lifetime time.Duration
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

// Slot is the right to be one of the calls running at once, given by Admit and given back by Release of the same store.
// It is a value without meaning to its holder; the zero Slot is no slot, and releasing it does nothing.
type Slot struct {
	key    Key
	place  uint64 // Memory: index in the caller's slots. Redis: the process that took it.
	number uint64 // never given twice by one process; from 1
}

// Decision is the answer to a Call, as a value: refusal is not an error.
type Decision struct {
	Verdict Verdict
	// Slot is valid when Admitted. Whoever holds it releases it when the call has ended.
	Slot Slot
	// Quota is the calls per rolling hour in force: the Rule's for the regime of this moment.
	Quota int64
	// Remaining is how many further calls the quota admits now, this one counted if it was admitted. After a change of
	// regime it may be below Quota less the calls of this regime, for the hour is bounded as a whole too.
	Remaining int64
	// Reset is the time until the oldest counted call leaves the count and its permit is free again; zero when none is
	// counted. It is not the time until the whole quota is free.
	Reset time.Duration
	// RetryAfter is, for a refused call, the earliest time after which a retry could be admitted if no other call came
	// before it: for OverQuota when enough permits are free, a change of regime considered, at most Window + Bucket; for
	// OverConcurrency one second. Zero when Admitted.
	RetryAfter time.Duration
	// Concurrent is the Rule's bound, Running the slots taken now, this call's included if it was admitted.
	Concurrent, Running int
}
