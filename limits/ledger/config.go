package ledger

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"brana/limits"
)

// DefaultTimeout is the Timeout of a Config that has none.
const DefaultTimeout = 75 * time.Millisecond

// Config says which Redis keeps the counts.
type Config struct {
	// URL is required: "redis://user:password@host:6379/0", "rediss://…" for TLS, "unix:///path".
	// Further nodes are added as addr=host:port parameters. These make it a Cluster, or Sentinels
	// if there is a master_name too:
	// "redis://sentinel1:26379?addr=sentinel2:26379&master_name=brana". Timeouts and retries in
	// it have no effect.
	URL string
	// TLS is called at each handshake, which only a URL of rediss has, for the CAs to trust and
	// the certificate to show. If it is nil, the CAs of the system are trusted. Servers are known
	// by the names, or addresses, that they are called at: those of the URL, and those that
	// Sentinels and Clusters name.
	TLS func() *tls.Config
	// Password is called at each new connection to Redis, not to Sentinels, and takes the place of
	// the URL's, which may have the name of a user. If it is nil, the URL's holds. Open connections
	// go on.
	Password func() string
	// Calendar is required. Gateways that share a Redis should share its configuration.
	Calendar *limits.Calendar
	// Policy names the policy in force at the start; see Store.Declare.
	Policy string
	// Timeout is the longest that any call waits for Redis, connecting included. Zero is
	// DefaultTimeout.
	Timeout time.Duration
	// TrustEmpty lets a ledger that no gateway has seen before open at once. Otherwise it waits for
	// two seconds, in which a gateway that knows better would say so. It is for development.
	TrustEmpty bool
	// Replicas is how many of them must have acknowledged a lease before it is used; 0 is none. It
	// is for a Redis that fails over: a replica that becomes master then knows all leases, if it is
	// one of those that acknowledged.
	Replicas int
	// NoStripes decides all calls at their shard. It is slower for callers with thousands of calls
	// a second, and shows whether a fault is of the stripes.
	NoStripes bool
	// Prefix begins every key; gateways that share quotas share it. It may not contain braces.
	// Default "brana:".
	Prefix string
	// OnRefill reports each request to the ledger. OnState reports that decisions are unavailable,
	// or available again, with the reason; that is nil while this gateway does not know ledger time
	// yet. The state is looked at four times a second. Both are called in the background and must
	// not wait. Either may be nil.
	OnRefill func(limits.Refill)
	OnState  func(limits.State, error)
	// OnFindings reports, likewise, what Store.Findings returns from now on, whenever that changes.
	OnFindings func([]limits.Finding)
}

// complete fills in what is left out.
func (c *Config) complete() {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Prefix == "" {
		c.Prefix = "brana:"
	}
	if c.OnRefill == nil {
		c.OnRefill = func(limits.Refill) {}
	}
	if c.OnState == nil {
		c.OnState = func(limits.State, error) {}
	}
	if c.OnFindings == nil {
		c.OnFindings = func([]limits.Finding) {}
	}
}

// check returns all that is wrong but for the URL.
func (c *Config) check() error {
	var errs []error
	if c.Calendar == nil {
		errs = append(errs, errors.New("configure redis: a calendar is required"))
	}
	if c.Timeout < time.Millisecond {
		errs = append(errs, fmt.Errorf("configure redis: timeout %v is below 1ms", c.Timeout))
	}
	if strings.ContainsAny(c.Prefix, "{}") {
		errs = append(errs, fmt.Errorf("configure redis: prefix %q contains a brace, "+
			"which would bend the Cluster slot of keys", c.Prefix))
	}
	if c.Replicas < 0 {
		errs = append(errs, fmt.Errorf("configure redis: %d replicas cannot acknowledge; 0 is none",
			c.Replicas))
	}
	return errors.Join(errs...)
}
