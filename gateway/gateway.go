package gateway

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"brana/egon"
	"brana/gateway/conn"
	"brana/gateway/metrics"
	"brana/gateway/stream"
	"brana/limits"
	"brana/policy"
)

// A Relay sends a message unchanged to one upstream and returns its reply
// unchanged. A failure of the upstream is an *egon.CallError. The time is when
// the message began to go out; zero: nothing was sent. When Send has returned,
// nobody reads the body of the message any more; ctx rules the body of the answer
// too.
type Relay interface {
	Send(ctx context.Context, m *egon.Message) (*egon.Answer, time.Time, error)
}

// A Workflow serves a composed service. The head stays valid until the body of
// the answer is closed, or Serve has returned an error; ctx rules that body too.
// The time is when its first message began to go out; zero: nothing was sent.
type Workflow interface {
	Serve(ctx context.Context, h *egon.Head) (*egon.Answer, time.Time, error)
}

// A Limiter says whether one more call may start now, keeps the slot of one that
// takes long, and gives back that of one that has ended. An error means that no
// decision could be had.
type Limiter interface {
	Admit(ctx context.Context, c limits.Call) (limits.Decision, error)
	Renew(ctx context.Context, s limits.Slot, lifetime time.Duration) error
	Release(ctx context.Context, s limits.Slot) error
	Ready(ctx context.Context) error
}

// Parts are what a Gateway works with.
type Parts struct {
	Policy  *policy.Store
	Rows    *policy.Rows // puts the rows that it fetches into Policy; nil when the matrix is whole
	Limiter Limiter
	Media   Workflow // may be nil when no route is a workflow
	Queue   Queue    // may be nil when the queue services are not local
	IDs     IDs      // nil: an id may be used again
	Quotas  Quotas   // nil: operators cannot ask for them
	Log     *zap.Logger
	Metrics *metrics.Metrics
	NewID   func() string // a fresh UUID, for IszrZadostId

	// LogBlocked says why the log takes no lines at this moment, or nil; it is asked
	// for each call. nil: the log always does.
	LogBlocked func() error
	// Findings are what is wrong with the settings of the Redis of the limits, or
	// could not be looked at. They are told, and end no readiness; nil is none.
	Findings func() []limits.Finding
	// Breakers are the circuit breakers of the upstreams, as they are now; nil:
	// there are none. An open one does not end readiness.
	Breakers func() []Breaker
}

// A Breaker is what the circuit breaker of an upstream does.
type Breaker struct {
	Upstream string
	State    string // in one word
	Closed   bool   // all calls go through
}

// A Gateway serves exchanges. Make one with [New], serve with [Gateway.Serve].
type Gateway struct {
	cfg      Config
	parts    Parts
	routes   map[*egon.Service]Route
	server   *fasthttp.Server
	leaving  atomic.Bool // a shutdown has begun: it is not ready
	draining atomic.Bool // and takes no calls
	running  atomic.Int64
	jobs     atomic.Int64
	pools    pools

	callerCerts *callerCerts

	calls    context.Context // ends the calls that a shutdown does not wait for
	cut      context.CancelCauseFunc
	underWay stream.Calls
	conns    *conn.Conns
}

// New checks the configuration and makes a gateway of it.
func New(cfg Config, parts Parts) (*Gateway, error) {
	cfg.setDefaults()
	if err := cfg.validate(parts); err != nil {
		return nil, err
	}
	g := &Gateway{cfg: cfg, parts: parts, routes: cfg.Routes.byService(), callerCerts: newCallerCerts()}
	g.calls, g.cut = context.WithCancelCause(context.Background())
	g.conns = g.newConns()
	g.pools = newPools(cfg.Bounds)
	g.server = g.newServer()
	return g, nil
}
