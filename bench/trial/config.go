package trial

import (
	"crypto/tls"
	"io"
	"time"

	"brana/bench/load"
)

// Config says what a trial measures, what it sends, and as whom. The zero value
// of a field is no default: its maker fills in every field.
type Config struct {
	Subject
	Load
	Caller  load.Caller
	TLS     bool   // gateways that are started have TLS, with certificates made for the trial
	Files   Files  // what calls to URL present and trust; with TLS the trial fills them in
	Dir     string // an empty folder for configurations, logs and certificates
	Program Program
	Policy  Policy
	Local   *Local // nil: gateways and registries are processes

	Progress io.Writer // gets the progress of each turn
	Terminal bool      // Progress is a terminal: a bar instead of a line at the end

	// ClientTLS reads the files; nil without an error means plain HTTP.
	ClientTLS func(Files) (*tls.Config, error)
}

// Subject is what is measured. With URL it runs already, without it is started.
type Subject struct {
	Builds   []Build  // other builds of the gateway, measured in turn with it
	Against  []string // report.Direct and names of [stand.Peers], measured in turn with the gateway
	Recorded []Recorded
	Ruled    []Ruled  // measured in place of a gateway with the rules of its place
	AuditDir string   // of the journals of Recorded
	Gateways int      // gateways started; several share a Redis
	Cores    int      // GOMAXPROCS of each gateway, and threads of each peer started
	Redis    string   // URL of the Redis; "start": one is started; empty: quotas are in memory
	URL      []string // of gateways that run, without the code of a service
	Admin    string   // URL of the admin listener of the gateway at URL
	PID      int      // its process on this machine; 0: unknown
	Set      []string // settings of the registries started, as all.latency=5ms
}

// Load is what is sent.
type Load struct {
	Profile     string // constant, closed, country, ramp or soak
	Mix         string // scenarios and their weights, as relay=90,e198=10
	Rate        float64
	Connections int
	Fresh       bool          // a connection for each call
	Duration    time.Duration // of one turn; of ramp, of one step
	Warmup      time.Duration // before each turn, not measured
	Rounds      int           // turns of each target
	Scale       float64       // country: factor of the rate
	Speed       float64       // country: factor by which hours are shortened
	Days        string        // country: peak or week
	Bound       time.Duration // ramp: the p99 that holds
	Timeout     time.Duration // of a call
}

// A Build is another build of the program, started as the gateway is. Name is
// its column in the report; Path is its file.
type Build struct{ Name, Path string }

// Files are PEM files; an empty name is none.
type Files struct{ CA, Cert, Key string }

// Program is the program that is measured, as the report names it.
type Program struct {
	Path    string   // of its file, which the verbs serve and sim start
	Command []string // that asked for the trial
	Version string
	Commit  string
}

// Policy is the policy to which a trial adds the grant and the rows of its own
// caller: the text of a file of grants, and the text of a matrix.
type Policy struct{ Grants, Matrix []byte }

// Local makes in this process what the verbs of the program make in their own.
// Each function returns what ends its part.
type Local struct {
	// Registries serves simulated registries and returns their host:port.
	Registries func(persons int, set []string) (address string, stop func() error, err error)
	// Gateway serves a gateway by a configuration file and logs to a file. It
	// returns the URL before the code of a service.
	Gateway func(config, log string) (url string, stop func() error, err error)
}

// A UsageError means that a Config asks for what cannot be measured. Any other
// error of a trial means that something did not start, or ended by itself.
type UsageError struct{ Err error }

// Error is the text of Err.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *UsageError) Unwrap() error { return e.Err }
