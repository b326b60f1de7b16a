package audit

import (
	"net/netip"
	"time"

	"brana/egon"
)

// The types of records. The journal itself adds "segment", "seal" and "deleted".
const (
	TypeIntent  = "intent"  // written before anything is sent: the Call
	TypeOutcome = "outcome" // written after the last byte: the Result of an intent
	TypeRefusal = "refusal" // a refused call that had no intent: both in one
	TypeLate    = "late"    // a call that was served although its intent could not be written
)

// A Call is who asked for what, and what was decided. Its byte slices are borrowed: the
// [Recorder] keeps nothing of them. An empty field is left out of the record.
type Call struct {
	Time    time.Time // when the request came
	Service string    // its code, as E198; empty when the path names none
	Route   string    // as in the configuration: "relay iszr", "workflow", "local"
	Async   bool      // called with ?async

	AgendaZadostId []byte     // as it was sent, cut at 64 bytes when it was not checked
	IszrZadostId   string     // that the gateway gave the call, if it is known by then
	Head           *egon.Head // who asks for what; nil when it was not read as far as that

	Peer        netip.AddrPort // the other end of the connection
	Certificate string         // serial number of the caller's certificate, hex
	Parameters  []string       // of E198 that need a right, and were used
	AskedJob    string         // E100, E101: the IszrZadostId that was asked for
	Persons     []string       // keyed hashes of the AIFO in the request, if the operator wants them

	Decision Decision
	Quota    Quota
}

// A Decision is what the policy said of a call.
type Decision struct {
	Verdict string // in one word, as granted; empty when nothing was decided
	// Reason is why there is no grant, in one word, or that a call went on although the row
	// that its items are judged by was unavailable; else empty.
	Reason  string
	Policy  string    // the version of the policy that decided
	Rule    string    // the grant, or the identity, that decided: file:line
	Row     Row       // of the caller's triple, if the decision rests on it
	Refused []Refused // items and parameters for which the call was refused

	// What became of the items of a call that goes on:
	Removed     []Refused // from the message
	WouldRemove []Refused // what the bus would remove; the message goes on as it came
	Filled      []string  // into the message, which listed no items
}

// A Row is where a row of the matrix comes from. The zero Row is none.
type Row struct {
	Source  string    // name of the file and its version, or the service that was asked
	Fetched time.Time // from that service; zero: it is of a file
}

// Refused is an item or parameter that was not permitted.
type Refused struct {
	Word string
	Why  string // in one word: grant, row or both lack it, or it is unknown, or an input needs it
}

// A Quota is what the limits said of a call.
type Quota struct {
	Verdict    string // in one word, as admitted; empty when nothing was decided
	Degraded   string // how it was decided while the store was unavailable; else empty
	Quota      int64  // calls per rolling hour in force
	Remaining  int64  // of them
	Concurrent int    // calls at once in force
	Running    int    // of them, this one included
	Group      string // of services, whose account it is; empty: the caller has one account
}

// A Result is what came of a call. Its slices are borrowed.
type Result struct {
	Time    time.Time // when the last byte left, or the call broke off
	Outcome string    // one word of a closed set: ok, varovani, chyba, or the kind of a refusal
	// IszrZadostId is the number in the answer, that of the bus if the bus answered.
	IszrZadostId string
	Kod          string   // VysledekKod of the answer
	SubKody      []string // VysledekSubKod of its details
	Status       int      // of HTTP
	Broken       string   // which side broke off: caller, upstream, gateway; empty: none
	Job          bool     // the answer was left in the queue, for an asynchronous call

	Returned    []string // words of the items that the answer held, ?name for an unknown element
	Unpermitted []string // of them, those that the caller may not have, or did not ask for
	Filtered    []string // words of the items that were taken out of the answer, likewise
	Persons     []string // keyed hashes of the AIFO in the answer, if the operator wants them
	Registries  []Registry
	// MorePersons are keyed hashes of those AIFO in the request that came after its intent
	// was recorded.
	MorePersons []string

	RequestBytes, ResponseBytes   int64
	Took                          time.Duration
	RequestDigest, ResponseDigest []byte // SHA-256, if the operator wants them
}

// A Registry is a message to a registry, and what came of it.
type Registry struct {
	Name    string // as in the configuration
	Message string // as O08, or relay for one that was relayed
	Result  string // in one word
	Took    time.Duration
}
