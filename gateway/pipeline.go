package gateway

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/valyala/fasthttp"

	"brana/egon"
	"brana/limits"
	"brana/policy"
)

// Handle serves one exchange.
func (g *Gateway) Handle(rc *fasthttp.RequestCtx) {
	x := g.begin(rc)
	if err := g.serve(x); err != nil {
		x.reject(err)
	}
	// fasthttp reads the body after Handle has returned and then closes it:
	// the exchange ends there, not here.
	rc.Response.SetBodyStream(x, x.length)
}

// serve is the life of an exchange up to the first byte of its answer.
func (g *Gateway) serve(x *exchange) (err error) {
	defer recoverTo(&err)               // fasthttp has no recover: a panic here would end the process
	if err := g.accept(x); err != nil { // is it a call of a service we know
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), x.route.Timeout)
	x.cancel = cancel
	if err := g.readHead(x); err != nil { // who asks for what
		return err
	}
	if err := g.authorize(x); err != nil { // is it granted
		return err
	}
	if err := g.admit(ctx, x); err != nil { // is there room
		return err
	}
	return g.answer(ctx, x) // stream there, stream back
}

// accept looks at the HTTP message and finds the service and its route.
func (g *Gateway) accept(x *exchange) error {
	call, refusal := g.checkEdge(x.rc)
	x.service, x.async = call.service, call.async
	if refusal != nil {
		return refusal
	}
	switch {
	case g.draining.Load():
		return refuse(Draining)
	case g.running.Load() > g.cfg.MaxExchanges:
		return refuse(Overloaded)
	}
	x.route = g.route(x.service)
	switch {
	case x.route.Kind == RefuseRoute:
		return refuse(UnknownService, "Služba "+x.service.Code+" není touto bránou poskytována.")
	case x.async && (x.service.Mode == egon.SyncOnly || x.route.Kind != RelayRoute):
		return refuse(SyncOnlyKind)
	case !x.async && x.service.Mode == egon.AsyncOnly:
		return refuse(AsyncOnlyKind)
	}
	return nil
}

// readHead reads the request as far as the decision needs: a small message and
// one the gateway answers itself whole, another up to the end of its head.
func (g *Gateway) readHead(x *exchange) error {
	x.openBody()
	whole := x.body.length >= 0 && x.body.length <= int64(g.cfg.InlineLimit) || x.route.Kind != RelayRoute
	for !x.body.done() && (whole || x.reader.Head() == nil) {
		if err := x.body.fill(); err != nil {
			return err
		}
		if x.route.Kind != RelayRoute && x.body.got > int64(g.cfg.InlineLimit) {
			return refuse(TooLargeKind, fmt.Sprintf("Žádost služby %s smí mít nejvýše %d bajtů.", x.service.Code, g.cfg.InlineLimit))
		}
	}
	x.head = x.reader.Head()
	if offence := x.head.Check(); offence != nil {
		return offence
	}
	return nil
}

// authorize asks the policy snapshot.
func (g *Gateway) authorize(x *exchange) error {
	x.decision = g.parts.Policy.Current().Decide(x.head, x.start)
	if x.decision.Verdict == policy.Granted {
		return nil
	}
	return notPermitted(x.head, &x.decision)
}

// admit takes the permit and the slot in one step, all or nothing.
func (g *Gateway) admit(ctx context.Context, x *exchange) error {
	ctx, cancel := context.WithTimeout(ctx, g.cfg.AdmitTimeout)
	defer cancel()
	info, rule := &x.head.Info, x.decision.Limits
	d, err := g.parts.Limiter.Admit(ctx, limits.Call{
		Key:      limits.KeyOf(string(info.Agenda), string(info.AgendovaRole), string(info.Ovm), string(info.Ais)),
		Rule:     limits.Rule{Working: rule.Working, Off: rule.Off, Concurrent: rule.Concurrent},
		Lifetime: x.route.Timeout + slotMargin,
	})
	if err != nil {
		return refuse(LimitsUnavailable).because(err)
	}
	x.limits, x.decided = d, true
	if d.Verdict != limits.Admitted {
		return overLimit(&d, rule)
	}
	x.slot, x.admitted = d.Slot, true
	return nil
}

// answer gets the reply: from an upstream, from the workflow or from the
// snapshot.
func (g *Gateway) answer(ctx context.Context, x *exchange) (err error) {
	x.sent = g.now()
	var a *egon.Answer
	switch x.route.Kind {
	case RelayRoute:
		a, err = x.route.Relay.Send(ctx, x.message())
	case WorkflowRoute:
		a, err = g.parts.Media.Serve(ctx, x.head)
	default:
		a = x.answerRights()
	}
	x.received = g.now()
	if err != nil {
		return err
	}
	return x.take(a)
}

// recoverTo turns a panic into an error, with the stack for the log.
func recoverTo(err *error) {
	if p := recover(); p != nil {
		*err = &panicError{value: p, stack: debug.Stack()}
	}
}

type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// asRefusal says which kind of refusal an error of the pipeline is.
func asRefusal(err error) *Refusal {
	var (
		refusal *Refusal
		offence *egon.Offence
		call    *egon.CallError
	)
	switch {
	case errors.As(err, &refusal):
		return refusal
	case errors.As(err, &offence):
		return fromOffence(offence)
	case errors.As(err, &call):
		return fromCall(call)
	case errors.Is(err, context.DeadlineExceeded):
		return refuse(Deadline).because(err)
	default:
		return refuse(Internal).because(err)
	}
}

// fromOffence is the refusal of a message that cannot be served.
func fromOffence(o *egon.Offence) *Refusal {
	kind := map[egon.OffenceKind]*Kind{
		egon.Malformed: MalformedKind, egon.TooLarge: TooLargeKind,
		egon.Mismatch: ServiceMismatch, egon.Invalid: InvalidData,
	}[o.Kind]
	popis := o.Popis
	if popis == "" {
		popis = kind.Popis
	}
	if kind.SubKod == "" {
		popis = fmt.Sprintf("%s (bajt %d)", popis, o.Offset)
	}
	return refuse(kind, popis).because(o)
}

// fromCall is the refusal after an upstream failed.
func fromCall(c *egon.CallError) *Refusal {
	kind := RegistryFailed
	switch {
	case c.Timeout:
		kind = Deadline
	case c.Party.Kind == egon.Ais:
		kind = AisFailed
	}
	return &Refusal{Kind: kind, Puvodce: c.Party, Details: c.Detail, Cause: c}
}
