package ledger

import (
	_ "embed"
	"errors"
	"fmt"
	"time"

	"brana/limits"
)

// Gateways share a ledger: they lease permits and slots from it and decide by themselves what they hold. The ledger is
// ledger.lua in Redis; request and answer below are what is said to it.
//
// A permit granted at ledger time g is charged to the bucket of g + Lease, the latest moment of its use, and leaves the
// count when the hour and margin after the end of that bucket are over. The gateway uses it only while its own monotonic
// clock shows less than Lease since it sent the request, so a use u of a grant at real time r has r <= u <= r + Lease.
//
// Why no rolling hour holds more than the quota: take any hour and h, the last grant used in it. Every other grant i
// used in it has u_i no more than an hour before u_h, so r_h - r_i <= u_h - (u_i - Lease) < hour + Lease. Ledger time is
// never faster than real time by more than margin, so g_i + Lease > g_h - hour - margin: at h, grant i was still
// counted. Each grant keeps the count within the quota, and permits given back only lower it. The same holds for the
// calls of one regime, and for both together with the higher quota, as counts.room says.
//
// Slots: a gateway's own are counted until Lease + life + margin after it last asked, where life is the longest lifetime
// of its calls. A call that it starts or renews within Lease of asking is counted for its lifetime so. It starts none
// after that; when it renews one, it asks at once, and again until it is answered: the call stays counted if that is
// before its lifetime of until then is over. Every start of a gateway has a new name, so what a dead one holds stays
// counted until the lifetimes of its calls are over.
//
// A gateway keeps of callers that hold nothing only what it would have to replay (rest.go).
//
// What it needs: scripts are atomic, gateways' monotonic clocks run on (that of a suspended machine does not), and the
// ledger forgets no grant. Where it may have (its fence changed, its shard is
// gone, its epoch is behind) it learns first: it grants nothing until every gateway has replayed the calls it knows of.
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

//go:embed ledger.lua
var ledgerSource string

// request is what a gateway asks of one shard.
type request struct {
	Gateway string  `json:"gateway"`           // this start of it
	Seq     int64   `json:"seq"`               // rises with each request of a gateway to a shard; an older one is not served
	Epoch   int64   `json:"epoch"`             // the last it has seen; 0 is none
	Bound   int64   `json:"bound,omitempty"`   // ledger time is no later, by this gateway's clock; 0: it has seen none
	Least   int64   `json:"least,omitempty"`   // nor earlier than this
	Alone   bool    `json:"alone,omitempty"`   // no other gateway knows ledger time
	Settled bool    `json:"settled"`           // this one does
	Trust   bool    `json:"trust,omitempty"`   // a ledger that is new may open at once
	Leave   bool    `json:"leave,omitempty"`   // it ends with this
	Telling bool    `json:"telling,omitempty"` // it has more to tell of what the ledger forgot
	Policy  string  `json:"policy"`            // name of the policy in force
	Taken   int64   `json:"taken,omitempty"`   // when that was taken on, as the ledger said; 0: it has not
	Adopts  bool    `json:"adopts,omitempty"`  // it took this policy on while it ran, and the ledger does not know yet
	Time    int64   `json:"time,omitempty"`    // tests: instead of the clock of Redis
	Fence   string  `json:"fence,omitempty"`   // tests: instead of the identity of Redis
	Entries []entry `json:"entries,omitempty"`

	Operator bool `json:"operator,omitempty"` // not of a gateway: looks at accounts, or does to them what their entries say
}

// entry is what is asked for one caller.
type entry struct {
	key    limits.Key
	Rule   [3]int64      `json:"rule"` // working, off, concurrent
	Regime limits.Regime `json:"regime"`
	Need   int64         `json:"need"`             // permits for calls that wait
	More   int64         `json:"more"`             // permits for calls to come, if there are plenty
	Slots  int64         `json:"slots"`            // slots altogether, of which
	Busy   int64         `json:"busy"`             // so many are of calls that run
	Life   int64         `json:"life"`             // milliseconds, the longest lifetime of a call in these slots
	Behind bool          `json:"behind,omitempty"` // the rule is not known to be of the policy in force
	Back   [][3]int64    `json:"back,omitempty"`   // leases that are over: the seq of each, its permits left and its regime; -1 is all
	// The rest replays what this gateway knows of: permits used of leases that are over, since Born, by regime; when those of the
	// hour leave, ascending; the seq, permits, end of counting and regime of each lease that it has open; and the last
	// count it has seen, with the tick of that.
	Born    int64          `json:"born,omitempty"` // the seq before which this gateway began to count for the caller
	Net     *limits.Counts `json:"net,omitempty"`
	Journal [][3]int64     `json:"journal,omitempty"`
	Leases  [][4]int64     `json:"leases,omitempty"`
	Seen    *[3]int64      `json:"seen,omitempty"`
	owed    bool           // a ledger that forgot is shut until it has this
	Extra   *[3]int64      `json:"extra,omitempty"` // made, calls and ends of the extra calls; of a raise too

	Op string `json:"op,omitempty"` // of an operator: raise, forget, or nothing but to look
}

// answer is what the ledger says to a request.
type answer struct {
	now, epoch int64
	learning   bool  // nothing is granted: calls may be unknown to it, or the gateway has not settled
	gateways   int64 // that asked lately, this one too
	guide      int64 // ledger time at which another settled gateway last asked; 0: none does
	taken      int64 // when the gateway's policy was taken on
	tick       int64 // ledger time, but higher with each answer
	allotments []allotment
}

// grant is the answer to an entry.
type allotment struct {
	permits, leaves int64
	slots, others   int64 // own and other gateways'
	room            int64 // permits left after this
	reset           int64
	counts          limits.Counts
	wait            [limits.Regimes]int64
	extra           limits.Extra
	raised          int64 // of these, those in force then; the gateway's own finding, as is
	at              int64 // the tick of the answer
	forgotten       int64 // when an operator had what was used forgotten
}

// anchor is what a gateway knows of ledger time by its own monotonic clock, in milliseconds since any moment.
//
// The bound is the least that any answer allowed: an answer was given after its request was sent, so ledger time less
// the moment of sending bounds what ledger time may be later. Taking the last answer alone would let two gateways push
// each other on, each by the time that its requests are under way. It widens by 500 ppm, or the slowest clock would in
// the end hold back everybody's.
//
// A gateway that starts does not know whether ledger time has stood still: what was granted then would leave too early
// when it moves on. It is granted nothing until it has settled: when it has seen another that is settled move ledger
// time between two requests of its own in a row, or when there is none; then the clock of Redis is taken on.
type anchor struct {
	bound, at     int64 // ledger time less this clock, as of at
	guide         int64 // when a settled gateway was last seen to ask, in ledger time; 0: there is none
	seen, settled bool
}

// allowed is the latest that ledger time may be at a moment.
func (a *anchor) allowed(now int64) int64 { return a.bound + (now-a.at)/2000 + now }

// least is the earliest that ledger time can be at a moment, less a heartbeat of slack.
func (a *anchor) least(now int64) int64 {
	return a.bound - (now-a.at)/1000 + now - heartbeat.Milliseconds()
}

// ask fills what a request sent now says about time.
func (a *anchor) ask(q *request, now int64) {
	q.Settled = a.settled
	switch {
	case !a.seen:
	case !a.settled && a.guide == 0:
		q.Alone, q.Settled = true, true
	default:
		q.Bound, q.Least = a.allowed(now), a.least(now)
	}
}

// heard takes in the answer to a request sent at a moment. Ledger time far beyond the bound was moved by others, whose
// bounds allowed it: then this clock has been asleep with its machine, and must settle again.
func (a *anchor) heard(q *request, sent int64, got *answer) {
	moved := got.guide > a.guide && a.guide != 0 && sent-a.at <= 2*heartbeat.Milliseconds()
	bound := got.now
	if q.Settled && !q.Alone {
		allowed := a.allowed(sent)
		a.settled = got.now-allowed <= marginMillis
		if a.settled {
			bound = min(bound, allowed)
		}
	} else {
		a.settled = q.Alone || moved
	}
	a.bound, a.at, a.guide, a.seen = bound-sent, sent, got.guide, true
}

var errStale = errors.New("ask the ledger: a later request of this gateway came first")

// readRows reads the arrays of numbers that ledger.lua returns.
func readRows(value any) [][]int64 {
	rows, _ := value.([]any)
	numbers := make([][]int64, len(rows))
	for i, row := range rows {
		columns, _ := row.([]any)
		for _, column := range columns {
			if number, ok := column.(int64); ok {
				numbers[i] = append(numbers[i], number)
			}
		}
	}
	return numbers
}

// readAnswer reads what ledger.lua says to a request of n entries.
func readAnswer(value any, n int) (a answer, err error) {
	rows := readRows(value)
	if len(rows) == 0 {
		return a, errStale
	}
	for i, row := range rows {
		if want := []int{7, 14}[min(i, 1)]; len(row) != want || len(rows) != n+1 {
			return a, fmt.Errorf("read the answer of the ledger: %v is not %d numbers in %d rows", row, want, n+1)
		}
	}
	h := rows[0]
	a = answer{now: h[0], epoch: h[1], learning: h[2] == 1, gateways: h[3], guide: h[4], taken: h[5], tick: h[6]}
	for _, g := range rows[1:] {
		a.allotments = append(a.allotments, allotment{permits: g[0], leaves: g[1], slots: g[2], others: g[3], room: g[4], reset: g[5],
			counts: limits.Counts(g[6:8]), wait: [limits.Regimes]int64(g[8:10]), extra: limits.Extra{Made: g[10], Calls: g[11], Ends: g[12]}, forgotten: g[13], at: a.tick})
	}
	return a, nil
}
