package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"brana/egon"
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

// Config is the static part of a gateway. Only package cmd reads files and
// flags; the zero values of the bounds mean the defaults named.
type Config struct {
	Prefix          string        // path before the service code, /publikace
	StatusMode      StatusMode    // HTTP status of refusals
	InlineLimit     int           // bytes; messages up to it are read whole before they are forwarded; default 64 KiB
	MaxMessage      int64         // bytes of a request at most; default 256 MiB
	MaxExchanges    int64         // exchanges at once at most; default 4096
	ReadIdle        time.Duration // longest wait for the header of a request, and for the next bytes of its body; default 15 s
	WriteIdle       time.Duration // longest wait until the caller takes the next bytes; default 60 s
	MinRate         int64         // bytes a second that a caller must send, or take, beside its first idle time; default 32 KiB
	KeepAlive       time.Duration // an idle connection is closed after it; default 60 s
	ShutdownDelay   time.Duration // how long a Shutdown still serves calls, while the gateway is not ready
	Linger          time.Duration // how long it then keeps idle connections open, on which calls are refused as draining
	CutTime         time.Duration // after the deadline of a Shutdown, the time for each of three: cut calls are answered, connections close, jobs end; default 1 s
	DrainBytes      int64         // bytes of an unread body that are read at most before a refusal: a caller that still sends when the connection closes loses the answer; default 16 MiB
	DrainTime       time.Duration // time for that; default 2 s
	MaxConns        int           // connections at once at most; default 8192
	MaxConnsPerPeer int           // of one address (IPv6: of one /64) at most; default 256
	Bounds          egon.Bounds   // of messages and, but for the head, of relayed replies; each that is 0 has its default, TotalBytes is MaxMessage
	RowWait         time.Duration // longest wait for a row of the matrix that has to be fetched first; default 5 s
	Routes          Routes

	TimeTolerance time.Duration  // CasZadosti that is further from the clock is refused; 0: any is taken
	Zone          *time.Location // in which times are written, and of those that a request says without a zone; default the local one

	Contracts *egon.Contracts // WSDLs and schemas that a GET is given; nil: none
	PublicURL string          // of the prefix, as callers know it, for the address in a WSDL; empty: as the caller reached it

	AdminHosts []string // names under which Admin answers, beside localhost and any address

	DropLines bool // calls are served while the log takes no lines; else they are refused

	TLS              *tls.Config // of the listener; it must demand certificates of callers. nil: plain HTTP
	InsecureIdentity bool        // plain HTTP beyond loopback is meant; told on the readiness page
}

// Routes say how a service is answered. A service not named takes Default.
type Routes struct {
	Default  Route
	Services map[string]Route // by service code
}

// A Route is how one service is answered.
type Route struct {
	Kind    RouteKind
	Name    string        // of the relay's upstream in the configuration, for the log
	Party   egon.Party    // who is named in Puvodce when the relay's upstream fails; default ISZR
	Relay   Relay         // for RelayRoute
	Timeout time.Duration // that upstreams have from admission to the beginning of the answer, and for the rest of it beside what its bytes earn at MinRate; default 60 s
}

// RouteKind is the sort of a [Route].
type RouteKind uint8

// The sorts of routes.
const (
	RefuseRoute   RouteKind = iota // the service is not offered
	RelayRoute                     // bytes unchanged there and back
	WorkflowRoute                  // composed by the gateway (E198)
	LocalRoute                     // answered from the policy snapshot (E227) or the queue (E99, E100, E101)
)

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
	Metrics *Metrics
	NewID   func() string // a fresh UUID, for IszrZadostId

	// LogBlocked says why the log takes no lines at this moment, or nil; it is asked
	// for each call. nil: the log always does.
	LogBlocked func() error
	// Findings are what is wrong with the settings of the Redis of the limits, or
	// could not be looked at. They are told, and end no readiness; nil is none.
	Findings func() []limits.Finding
	// Breakers tells of each upstream what its circuit breaker does: closed,
	// half-open or open. nil: there are none.
	Breakers func(tell func(upstream, state string))
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
	readers  sync.Pool // *egon.Reader
	replies  sync.Pool // *egon.ReplyReader
	buffers  sync.Pool // *[]byte, empty, of windowBytes at least

	seen *seen // certificates of callers

	taking     context.Context // ends when no connection is taken any more
	stopTaking context.CancelFunc
	serving    context.Context // ends when idle connections are closed
	endServing context.CancelFunc

	calls    context.Context // ends the calls that a shutdown does not wait for
	cut      context.CancelCauseFunc
	underWay calls
	conns    *conns
}

// New checks the configuration and makes a gateway of it.
func New(cfg Config, parts Parts) (*Gateway, error) {
	cfg.setDefaults()
	if err := cfg.validate(parts); err != nil {
		return nil, err
	}
	g := &Gateway{cfg: cfg, parts: parts, routes: cfg.Routes.byService(), seen: newSeen()}
	g.calls, g.cut = context.WithCancelCause(context.Background())
	g.taking, g.stopTaking = context.WithCancel(g.calls)
	g.serving, g.endServing = context.WithCancel(g.calls)
	g.conns = newConns(&cfg)
	replies := cfg.Bounds
	replies.TotalBytes = 0
	g.readers.New = func() any { return egon.NewReader(cfg.Bounds) }
	g.replies.New = func() any { return egon.NewReplyReader(replies) }
	g.buffers.New = func() any { b := make([]byte, 0, windowBytes); return &b }
	g.server = g.newServer()
	if parts.Breakers != nil {
		if err := parts.Metrics.watchBreakers(parts.Breakers); err != nil {
			return nil, err
		}
	}
	if cfg.TLS == nil {
		return g, nil
	}
	return g, parts.Metrics.watchCallers(g.seen, parts.Policy)
}

func (c *Config) setDefaults() {
	setDefault(&c.Prefix, "/publikace")
	setDefault(&c.InlineLimit, 64<<10)
	setDefault(&c.MaxMessage, 256<<20)
	setDefault(&c.MaxExchanges, 4096)
	setDefault(&c.ReadIdle, 15*time.Second)
	setDefault(&c.WriteIdle, 60*time.Second)
	setDefault(&c.KeepAlive, 60*time.Second)
	setDefault(&c.CutTime, time.Second)
	setDefault(&c.DrainBytes, 16<<20)
	setDefault(&c.DrainTime, 2*time.Second)
	setDefault(&c.MinRate, 32<<10)
	setDefault(&c.RowWait, 5*time.Second)
	setDefault(&c.MaxConns, 8192)
	setDefault(&c.MaxConnsPerPeer, 256)
	setDefault(&c.Zone, time.Local)
	c.Bounds = withDefaults(c.Bounds)
	c.Bounds.TotalBytes = c.MaxMessage
}

func setDefault[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}

func (c *Config) validate(parts Parts) error {
	var errs []error
	if !strings.HasPrefix(c.Prefix, "/") || strings.HasSuffix(c.Prefix, "/") {
		errs = append(errs, fmt.Errorf("listen.prefix %q: write it with a leading and without a trailing slash, as /publikace", c.Prefix))
	}
	if c.MaxMessage < int64(c.InlineLimit) {
		errs = append(errs, errors.New("listen.max_message: must not be below inline_limit"))
	}
	if c.TLS != nil && c.TLS.ClientAuth != tls.RequireAndVerifyClientCert {
		errs = append(errs, errors.New("listen.tls: must require a certificate of callers"))
	}
	for code, r := range c.Routes.Services {
		s := egon.ServiceByCode(code)
		switch {
		case s == nil:
			errs = append(errs, fmt.Errorf("routes.%s: no service of the catalogue has this code", code))
		case s.Code != code: // E67A is E67a: two routes to it would be one too many
			errs = append(errs, fmt.Errorf("routes.%s: write %s", code, s.Code))
		}
		errs = append(errs, r.validate(code, parts))
	}
	errs = append(errs, c.Routes.Default.validate("default", parts), c.Routes.validateQueue(parts))
	return errors.Join(errs...)
}

func (r Route) validate(code string, parts Parts) error {
	switch {
	case r.Kind == RelayRoute && r.Relay == nil:
		return fmt.Errorf("routes.%s: relay names no upstream", code)
	case r.Kind == WorkflowRoute && code != "E198":
		return fmt.Errorf("routes.%s: only E198 is a workflow; relay it, or refuse", code)
	case r.Kind == WorkflowRoute && parts.Media == nil:
		return fmt.Errorf("routes.%s: a workflow needs the upstreams rob, org, ruian, eop and ecd", code)
	case r.Kind == LocalRoute && localServices[code] == nil:
		return fmt.Errorf("routes.%s: only E227, E99, E100 and E101 are answered locally; relay it, or refuse", code)
	}
	return nil
}

// byService looks every service of the catalogue up once.
func (r Routes) byService() map[*egon.Service]Route {
	all := map[*egon.Service]Route{}
	for _, s := range egon.Services() {
		route, ok := r.Services[s.Code]
		if !ok {
			route = r.Default
		}
		setDefault(&route.Timeout, 60*time.Second)
		if route.Kind == RelayRoute {
			setDefault(&route.Party, egon.Party{Kind: egon.Registr, Code: "ISZR"})
		}
		all[s] = route
	}
	return all
}
