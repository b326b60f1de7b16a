package ledger

import (
	"time"

	"brana/limits"
)

// Gateways share a ledger: they lease permits and slots from it and decide by themselves what they
// hold. The ledger is ledger.lua in Redis; protocol.go is what is said to it.
//
// A permit granted at ledger time g is charged to the bucket of g + Lease, the latest moment of its
// use. It leaves the count when the hour and Margin after the end of that bucket are over. The
// gateway uses it only while its own monotonic clock shows less than Lease since it sent the
// request. So a use u of a permit granted at real time r has r <= u <= r + Lease.
//
// Why no rolling hour holds more than the quota: take any hour, and h, the last granted of all
// permits used in it. Every other permit i used in it has u_i no more than an hour before u_h, so
//
//	r_h - r_i <= u_h - (u_i - Lease) < hour + Lease.
//
// Ledger time is never faster than real time by more than Margin, so
//
//	g_i + Lease > g_h - hour - Margin:
//
// when h was granted, i was still counted. Each grant keeps the count within the quota, and permits
// given back only lower it. The same holds for the calls of one regime, and for both together with
// the higher quota, as limits.Counts.Room says.
//
// Slots: a gateway's own are counted until Lease + life + Margin after it last asked, where life
// is the longest lifetime of its calls. A call that it starts or renews within Lease of asking is
// counted for its lifetime so. It starts none after that. When it renews one, it asks at once,
// and again until it is answered: the call stays counted if that is before its lifetime of until
// then is over. Every start of a gateway has a new name, so what a dead one holds stays counted
// until the lifetimes of its calls are over.
//
// What it needs: scripts are atomic, gateways' monotonic clocks run on (that of a suspended
// machine does not), and the ledger forgets no grant. Where it may have (its fence changed, its
// shard is gone, its epoch is behind) it learns first: it grants nothing until every gateway has
// replayed the calls it knows of.
const (
	// heartbeat is how often a gateway asks at least, so that it learns of a lost ledger in time.
	heartbeat = time.Second

	bucketMillis = int64(limits.Grain / time.Millisecond)
	windowMillis = int64(limits.Window / time.Millisecond)
	leaseMillis  = int64(limits.Lease / time.Millisecond)
	marginMillis = int64(limits.Margin / time.Millisecond)
	// usableMillis is Lease less 500 ppm, by which this clock may be slow.
	usableMillis = leaseMillis - leaseMillis/2000
)
