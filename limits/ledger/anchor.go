package ledger

// knowledge is what a gateway knows of ledger time.
type knowledge uint8

const (
	// unseen: nothing; no request was answered.
	unseen knowledge = iota
	// watching: what the ledger says, but not whether it has stood still.
	watching
	// sure: this gateway has settled, and may move ledger time.
	sure
)

// anchor is what a gateway knows of ledger time by its own monotonic clock. Both are milliseconds.
//
// The bound is the least that any answer allowed. An answer was given after its request was sent,
// so ledger time less the moment of sending bounds what ledger time may be later. Taking the last
// answer alone would let two gateways push each other on, each by the time that its requests are
// under way. It widens by 500 ppm, or the slowest clock would in the end hold back everybody's.
//
// A gateway that starts does not know whether ledger time has stood still: what was granted then
// would leave too early when it moves on. It is granted nothing until it has settled: it has seen
// another settled gateway move ledger time between two requests of its own in a row, or there is
// none, and the clock of Redis is taken on.
type anchor struct {
	knowledge knowledge
	bound     int64 // ledger time less this clock,
	at        int64 // as of this moment of this clock
	guide     int64 // ledger time at which a settled gateway was last seen to ask; 0: there is none
}

func (a *anchor) seen() bool    { return a.knowledge != unseen }
func (a *anchor) settled() bool { return a.knowledge == sure }

// allowed is the latest that ledger time may be at a moment.
func (a *anchor) allowed(now int64) int64 { return a.bound + (now-a.at)/2000 + now }

// least is the earliest that ledger time can be at a moment, less a heartbeat of slack.
func (a *anchor) least(now int64) int64 {
	return a.bound - (now-a.at)/1000 + now - heartbeat.Milliseconds()
}

// ask fills in what a request sent now says about time.
func (a *anchor) ask(q *request, now int64) {
	q.Settled = a.settled()
	switch {
	case !a.seen():
	case !a.settled() && a.guide == 0:
		q.Alone, q.Settled = true, true
	default:
		q.Bound, q.Least = a.allowed(now), a.least(now)
	}
}

// heard takes in the answer to a request sent at a moment. Ledger time far beyond the bound was
// moved by others, whose bounds allowed it. Then this clock has been asleep with its machine, and
// must settle again.
func (a *anchor) heard(q *request, sent int64, got *answer) {
	moved := got.guide > a.guide && a.guide != 0 && sent-a.at <= 2*heartbeat.Milliseconds()
	settled, bound := q.Alone || moved, got.now
	if q.Settled && !q.Alone {
		allowed := a.allowed(sent)
		if settled = got.now-allowed <= marginMillis; settled {
			bound = min(bound, allowed)
		}
	}
	a.knowledge = watching
	if settled {
		a.knowledge = sure
	}
	a.bound, a.at, a.guide = bound-sent, sent, got.guide
}
