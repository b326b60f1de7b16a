package metrics

import "time"

// Sources are read when /metrics is scraped, from any goroutine. The metrics of
// one that is nil are absent.
type Sources struct {
	Connections func() float64 // open
	Exchanges   func() float64 // running
	Jobs        func() float64 // running

	PolicyLoaded   func() float64 // Unix time
	PolicyGrants   func() float64 // in force
	PolicyRows     func() float64 // of the matrix, in force
	ReloadFailures func() float64 // since the start
	LinesLost      func() float64 // of the log, since the start

	// Certificates reports when each certificate of the gateway's own ends, by the
	// key of the configuration that names it.
	Certificates func(report func(end time.Time, key string))
	// CallerCertificates reports when certificates of callers end.
	CallerCertificates func(report func(end time.Time, ais, issuer, serial string))
	// Breakers reports what the circuit breaker of each upstream does: 0 closed,
	// 1 half-open, 2 open.
	Breakers func(report func(upstream string, state int))

	Ledger func() Ledger  // of limits in Redis
	Matrix func() Matrix  // that is fetched by E227
	Audit  func() Journal // of the record of use
}

// A Journal is how the journal of the record of use stands. The counts are of its time
// since the start.
type Journal struct {
	Commits, Syncs, Bytes uint64
	Failures              uint64 // of writes and fdatasyncs
	Lost                  uint64 // records
	Waiting               int    // calls
	Blocked               bool
	Segment               time.Time         // when the segment that is written began; zero: none is
	Copies                map[string]uint64 // of seals, by what came of them
}

// A Ledger is what the ledger of limits is, and what this gateway holds of it.
type Ledger struct {
	State    string                   // one of the keys of Spent
	Spent    map[string]time.Duration // by state, since the start
	Permits  int64                    // leased and not used
	Slots    int64                    // leased
	Busy     int64                    // slots of calls that run
	Callers  int                      // that this gateway remembers
	Gateways int64                    // that share the ledger; 0: not known
	Ahead    time.Duration            // ledger time less the clock of this gateway
	Fullest  float64                  // the highest share of a quota that is used
}

// A Matrix is how the rows of a fetched matrix stand. The numbers are of triples
// with a grant.
type Matrix struct {
	Oldest                        time.Time // row that is in use; zero: none is
	Fresh, Stale, TooOld, Unknown int
}

// Labels are the values of labels that appear at zero before they occur.
type Labels struct {
	Bounds            []string // of messages
	ConnectionLimits  []string
	HandshakeFailures []string
	Verdicts          []string // of limits
	DegradedModes     []string // in which calls are decided without the shared counts
	RefreshResults    []string // of rows of the matrix

	Items []string // that answers can hold; these appear when they occur
}
