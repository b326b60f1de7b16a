package gateway

import (
	"context"
	"time"

	"go.uber.org/zap"

	"brana/audit"
	"brana/egon"
	"brana/gateway/admin"
	"brana/gateway/metrics"
	"brana/gateway/queue"
	"brana/limits"
	"brana/policy"
)

// Parts are what a Gateway works with.
type Parts struct {
	Policy  *policy.Store
	Rows    *policy.Rows // fetches rows of the matrix into Policy; nil: the matrix is whole
	Limiter Limiter
	Media   Workflow // may be nil when no route is a workflow
	Queue   Queue    // may be nil when the queue services are not local
	IDs     IDs      // nil: an id may be used again
	Quotas  Quotas   // nil: Admin does not offer them
	Record  Record   // of use; nil: none is kept
	Log     *zap.Logger
	Metrics *metrics.Metrics
	NewID   func() string // returns a fresh UUID, for IszrZadostId

	// PersonKey makes the hashes of persons in the Record. nil: it has none.
	PersonKey *audit.PersonKey
	// Audit returns how the record of use stands, for operators. nil: it is not offered.
	Audit func() admin.Audit
	// LogBlocked returns why the log takes no lines at this moment, or nil. It is
	// called for each call, unless there is a Record. nil: the log always takes lines.
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

// A Relay sends a message unchanged to one upstream and returns its reply
// unchanged. A failure of the upstream is an *egon.CallError. The time is when the
// message began to go out; zero: nothing was sent. After Send has returned, it does
// not read the body of the message any more. The end of ctx also ends the body of
// the answer. The trace takes one span, without a status.
type Relay interface {
	Send(ctx context.Context, m *egon.Message, tr *egon.Trace) (*egon.Answer, time.Time, error)
}

// A Workflow serves a composed service. The head stays valid until the body of the
// answer is closed, or Serve has returned an error. The end of ctx also ends that
// body. The time is when its first message began to go out; zero: nothing was sent.
// The trace takes a span for each message.
type Workflow interface {
	Serve(ctx context.Context, h *egon.Head, tr *egon.Trace) (*egon.Answer, time.Time, error)
}

// A Limiter decides whether one more call may start now. Renew keeps the slot of a
// call that takes long, and Release gives it back when the call has ended. An
// error of Admit means that there is no decision.
type Limiter interface {
	Admit(ctx context.Context, c limits.Call) (limits.Decision, error)
	Renew(ctx context.Context, s limits.Slot, lifetime time.Duration) error
	Release(ctx context.Context, s limits.Slot) error
	Ready(ctx context.Context) error
}

// A Record is the record of use. Intend records the intent of a call, and returns its
// number when the record is as durable as the operator wants; an error means that there
// is none. Conclude records the outcome of an intent, and Whole a call and its result in
// one record of a type of package audit; neither waits. They keep nothing of what they
// are given. Blocked returns why nothing can be recorded at this moment, or nil.
type Record interface {
	Intend(c *audit.Call) (intent uint64, err error)
	Conclude(intent uint64, r *audit.Result)
	Whole(kind string, c *audit.Call, r *audit.Result)
	Blocked() error
}

// A Queue keeps the answers of asynchronous calls, each AIS's apart. An error is
// one of package queue, or means that the queue is unavailable.
type Queue interface {
	Open(ctx context.Context, j queue.Job) error
	Done(ctx context.Context, ais, id string, answer []byte) error
	List(ctx context.Context, ais string, f queue.Filter) (egon.QueuePage, error)
	Answer(ctx context.Context, ais, id string) (queue.Answer, error)
	Delete(ctx context.Context, ais string, ids ...string) error
	DeleteAll(ctx context.Context, ais string) error
}

// An IDs remembers the ids of recent requests, each AIS's apart. Claim holds an
// id for a call that is being decided, and says whether nobody else has it;
// Confirm uses it and Forget lets it go. An error means that the store is
// unavailable, and that the call must not go on.
type IDs interface {
	Claim(ctx context.Context, ais, id string) (queue.Claim, bool, error)
	Confirm(ctx context.Context, c queue.Claim) error
	Forget(ctx context.Context, c queue.Claim) error
}

// Quotas shows what is counted of a caller, and does what an operator orders:
// Raise grants extra calls until a moment, in the place of those before, and
// takes them back with zero calls; Forget forgets the calls of the hour. Of the
// call only Key and Rule matter.
type Quotas interface {
	Usage(ctx context.Context, c limits.Call) (limits.Usage, error)
	Raise(ctx context.Context, c limits.Call, calls int64, until time.Time) error
	Forget(ctx context.Context, c limits.Call) error
}
