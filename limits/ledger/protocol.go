package ledger

import (
	"errors"
	"fmt"

	"brana/limits"
)

// request is what a gateway asks of one shard. Its form on the wire is fixed: gateways of several
// versions ask the same ledger. Moments are of ledger time, in milliseconds.
type request struct {
	Gateway string `json:"gateway"` // this start of it
	Seq     int64  `json:"seq"`     // rises with each request to a shard; an older one is not served
	Epoch   int64  `json:"epoch"`   // the last it has seen; 0 is none

	Bound   int64 `json:"bound,omitempty"` // ledger time is no later, by its clock; 0: it has seen none
	Least   int64 `json:"least,omitempty"` // nor earlier than this
	Alone   bool  `json:"alone,omitempty"` // no other gateway knows ledger time
	Settled bool  `json:"settled"`         // this one does

	Trust     bool `json:"trust,omitempty"`   // a ledger that is new may open at once
	Leave     bool `json:"leave,omitempty"`   // the gateway ends with this
	Replaying bool `json:"telling,omitempty"` // it has more to replay of what the ledger forgot

	Policy string `json:"policy"`           // name of the policy in force
	Taken  int64  `json:"taken,omitempty"`  // when it was taken on, as the ledger said; 0: it has not
	Adopts bool   `json:"adopts,omitempty"` // it was while the gateway ran; the ledger has yet to hear

	Entries []entry `json:"entries,omitempty"`

	// Operator: not of a gateway. It looks at accounts, or does to them what their entries say.
	Operator bool `json:"operator,omitempty"`
}

// entry is what is asked for one caller.
type entry struct {
	key      limits.Key
	Rule     [3]int64      `json:"rule"` // working, off, concurrent
	Regime   limits.Regime `json:"regime"`
	Outdated bool          `json:"behind,omitempty"` // the rule may not be of the policy in force

	Need  int64 `json:"need"`  // permits for calls that wait
	More  int64 `json:"more"`  // permits for calls to come, if there are plenty
	Slots int64 `json:"slots"` // altogether, Busy included
	Busy  int64 `json:"busy"`  // slots of calls that run
	Life  int64 `json:"life"`  // milliseconds, the longest lifetime of a call in these slots

	// Back: leases that are over, by seq, permits left (-1 is all) and regime.
	Back [][3]int64 `json:"back,omitempty"`

	// What follows replays what this gateway knows.

	standing standing // why: unsynced or owed
	// Born: the seq before which it began to count for the caller.
	Born int64 `json:"born,omitempty"`
	// Net: permits used of leases that are over, since Born, by regime.
	Net *limits.Counts `json:"net,omitempty"`
	// Journal: those of the hour, by when they leave, ascending, and regime.
	Journal [][3]int64 `json:"journal,omitempty"`
	// Leases: those that are open, by seq, permits, end of counting and regime.
	Leases [][4]int64 `json:"leases,omitempty"`
	// Seen: the last count it has seen, by regime, and the tick of that.
	Seen *[3]int64 `json:"seen,omitempty"`
	// Extra: extra calls, by made, calls and ends; of a raise, too.
	Extra *[3]int64 `json:"extra,omitempty"`

	// Op is an operator's: raise, forget, or nothing but to look.
	Op string `json:"op,omitempty"`
}

// standing is whether the ledger knows what this gateway knows of a caller.
type standing uint8

const (
	// synced: the ledger knows it all, or learns it from leases given back.
	synced standing = iota
	// unsynced: the next entry replays it.
	unsynced
	// owed: so it does, and the ledger, which forgot, grants nothing until then.
	owed
)

// answer is what the ledger says to a request. Moments are of ledger time, in milliseconds.
type answer struct {
	now, epoch int64
	learning   bool  // nothing is granted: it may have forgotten, or the gateway has not settled
	gateways   int64 // that asked lately, this one too
	guide      int64 // when another settled gateway last asked; 0: none does
	taken      int64 // when the gateway's policy was taken on
	tick       int64 // now, but higher with each answer
	allotments []allotment
}

// allotment is the answer to an entry.
type allotment struct {
	permits   int64 // granted
	leaves    int64 // when they leave the count
	slots     int64 // own
	others    int64 // slots of other gateways
	room      int64 // permits left after this
	reset     int64 // milliseconds until the oldest bucket leaves
	counts    limits.Counts
	wait      [limits.Regimes]int64 // milliseconds until a call in this regime has room
	extra     limits.Extra
	raised    int64 // of extra, the calls in force then; found by the gateway
	at        int64 // the tick of the answer
	forgotten int64 // when an operator had what was used forgotten
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

// readAnswer reads what ledger.lua returns for a request of n entries.
func readAnswer(value any, n int) (a answer, err error) {
	rows := readRows(value)
	if len(rows) == 0 {
		return a, errStale
	}
	for i, row := range rows {
		if want := []int{7, 14}[min(i, 1)]; len(row) != want || len(rows) != n+1 {
			return a, fmt.Errorf("read the answer of the ledger: %v is not %d numbers in %d rows",
				row, want, n+1)
		}
	}
	h := rows[0]
	a = answer{
		now:      h[0],
		epoch:    h[1],
		learning: h[2] == 1,
		gateways: h[3],
		guide:    h[4],
		taken:    h[5],
		tick:     h[6],
	}
	for _, g := range rows[1:] {
		a.allotments = append(a.allotments, allotment{
			permits:   g[0],
			leaves:    g[1],
			slots:     g[2],
			others:    g[3],
			room:      g[4],
			reset:     g[5],
			counts:    limits.Counts(g[6:8]),
			wait:      [limits.Regimes]int64(g[8:10]),
			extra:     limits.Extra{Made: g[10], Calls: g[11], Ends: g[12]},
			forgotten: g[13],
			at:        a.tick,
		})
	}
	return a, nil
}
