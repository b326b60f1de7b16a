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
// unchanged. A failure of the upstream is an *egon.CallError. The time is when the
// message began to go out; zero: nothing was sent. After Send has returned, it does
// not read the body of the message any more. The end of ctx also ends the body of
// the answer.
type Relay interface {
	Send(ctx context.Context, m *egon.Message) (*egon.Answer, time.Time, error)
}

// A Workflow serves a composed service. The head stays valid until the body of the
// answer is closed, or Serve has returned an error. The end of ctx also ends that
// body. The time is when its first message began to go out; zero: nothing was sent.
type Workflow interface {
	Serve(ctx context.Context, h *egon.Head) (*egon.Answer, time.Time, error)
}

// A Limiter decides whether one more call may start now. Renew keeps the slot of a
// call that takes long, and Release gives back that of a call that has ended. An
// error of Admit means that there is no decision.
type Limiter interface {
	Admit(ctx context.Context, c limits.Call) (limits.Decision, error)
	Renew(ctx context.Context, s limits.Slot, lifetime time.Duration) error
	Release(ctx context.Context, s limits.Slot) error
	Ready(ctx context.Context) error
}

// Parts are what a Gateway works with.
type Parts struct {
	Policy  *policy.Store
	Rows    *policy.Rows // fetches rows of the matrix into Policy; nil: the matrix is whole
	Limiter Limiter
	Media   Workflow // may be nil when no route is a workflow
	Queue   Queue    // may be nil when the queue services are not local
	IDs     IDs      // nil: an id may be used again
	Quotas  Quotas   // nil: Admin does not offer them
	Log     *zap.Logger
	Metrics *metrics.Metrics
	NewID   func() string // returns a fresh UUID, for IszrZadostId

	// LogBlocked returns why the log takes no lines at this moment, or nil. It is
	// called for each call. nil: the log always takes lines.
	LogBlocked func() error
	// Findings returns what is wrong with the settings of the Redis of the limits, or
	// is not known of them. They are shown, and do not end readiness. nil: none.
	Findings func() []limits.Finding
	// Breakers returns the circuit breakers of the upstreams, as they are now. An open
	// one does not end readiness. nil: there are none.
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
	leaving  atomic.Bool // a shutdown has begun, and it is not ready
	draining atomic.Bool // a shutdown has gone on, and it takes no calls
	running  atomic.Int64
	jobs     atomic.Int64
	pools    pools

	callerCerts *callerCerts

	calls    context.Context // ends the calls that a shutdown does not wait for
	cut      context.CancelCauseFunc
	underWay stream.Calls
	conns    *conn.Conns
}

// New checks the configuration and makes a gateway of it. The gateway closes none
// of its parts.
func New(cfg Config, parts Parts) (*Gateway, error) {
	cfg.setDefaults()
	if err := cfg.validate(parts); err != nil {
		return nil, err
	}
	g := &Gateway{
		cfg:         cfg,
		parts:       parts,
		routes:      cfg.Routes.byService(),
		callerCerts: newCallerCerts(),
	}
	g.calls, g.cut = context.WithCancelCause(context.Background())
	g.conns = g.newConns()
	g.pools = newPools(cfg.Bounds)
	g.server = g.newServer()
	return g, nil
}
