package limits

import (
	"errors"
	"time"
)

// What follows is what a store that gateways share reports of itself, for logs and metrics.

// ErrReplicas is wrapped by Refill.Err when too few replicas know of an answer. Nothing in it is
// used, as if it had been lost on the way: a replica that became master could otherwise grant the
// same again.
var ErrReplicas = errors.New("too few replicas have it")

// A Refill is one request of a gateway to the ledger that has ended. The ledger is asked for
// permits and slots of many callers at once, and at least once a second.
type Refill struct {
	Took     time.Duration
	Err      error   // why there is no answer, or nil
	Callers  int     // asked for
	Granted  int64   // permits
	Returned int64   // permits of leases that were over, given back unused
	Replayed int64   // permits of the hour, leased ones too, that the ledger may have forgotten
	Leases   []int64 // permits of each lease granted
	Lost     bool    // the ledger turned out to be another than before: all is replayed to it
}

// State is whether the ledger decides.
type State uint8

// The states, the worst of all shards.
const (
	Normal State = iota
	// Learning: it waits until gateways have replayed what it may have forgotten, or this gateway
	// does not know its time yet.
	Learning
	Down // it does not answer
)

// States are the words of all states, in their order.
var States = [...]string{"normal", "learning", "down"}

// String returns the state as a word for logs.
func (s State) String() string { return States[s] }

// Stats is what a gateway holds of the ledger at one moment.
type Stats struct {
	State    State
	Callers  int   // with leases or calls of the last hour
	Permits  int64 // leased and not used
	Slots    int64 // leased, Busy included
	Busy     int64 // slots of calls that run
	Gateways int64 // that share the ledger, this one too; 0 when none is known
	// Ahead is ledger time less the clock of this gateway; zero until it is known.
	Ahead time.Duration
	// Fullest is the highest share of its quota that a caller with leases or calls has used, at all
	// gateways, as last heard. It is above 1 when the quota was lowered since, or calls were made
	// without the ledger.
	Fullest float64
	// Spent is how long the ledger has been in each State since the start.
	Spent [len(States)]time.Duration
}

// A Finding is what was found about the settings of a Redis that counts depend on.
type Finding struct {
	Server string // host:port, of a Cluster; empty otherwise
	Text   string // the setting, what may come of it, and what to set
	// Unknown: the setting could not be read; else it is wrong.
	Unknown bool
}

// String returns it as a sentence.
func (f Finding) String() string {
	if f.Server == "" {
		return f.Text
	}
	return f.Server + ": " + f.Text
}
