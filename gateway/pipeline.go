package gateway

import (
	"context"
	"errors"
	"time"

	"brana/egon"
	"brana/gateway/stream"
	"brana/limits"
	"brana/policy"
)

// serve is the life of an exchange up to the first byte of its answer.
func (x *exchange) serve() error {
	if done, err := x.publish(); done || err != nil { // is it no call, but a question about one
		return err
	}
	if err := x.accept(); err != nil { // is it a call of a service we offer
		return err
	}
	if err := x.readHead(); err != nil { // who asks for what
		return err
	}
	if err := x.identify(); err != nil { // is that who calls
		return err
	}
	if err := x.authorize(); err != nil { // is it granted
		return err
	}
	x.rewrite()                                     // to what is granted of it
	ctx := x.setDeadline()                          // from here on time is counted
	if err := x.reserve(ctx, &x.hold); err != nil { // is it new
		return err
	}
	if err := x.admit(ctx); err != nil { // is there room
		return err
	}
	if err := x.intend(); err != nil { // does the record have it
		return err
	}
	return x.answer(ctx) // stream there, stream back
}

// accept looks at the HTTP message and finds the service and its route.
func (x *exchange) accept() error {
	call, refusal := x.checkEdge(x.rc)
	x.service, x.async, x.route = call.service, call.async && !call.ofQueue(), call.route
	switch {
	case refusal != nil:
		return refusal
	case x.running.Load() > x.cfg.MaxExchanges:
		return refuse(Overloaded)
	}
	return x.checkRecords()
}

// readHead reads the request as far as the decision needs: up to the end of its
// head. A small message, and one that the gateway answers itself, is read whole. A
// message in chunks is small until more of it has come.
func (x *exchange) readHead() error {
	x.openMessage()
	bound, _ := x.cfg.longest(x.route)
	inline := int64(x.cfg.InlineLimit)
	for x.proof.Received() <= bound {
		large := x.route.Kind == RelayRoute && max(x.proof.Declared(), x.proof.Received()) > inline
		if x.proof.Done() || large && x.reader.Head() != nil {
			x.message.Length, x.message.Whole = x.proof.Size(), x.proof.Done()
			return x.checkHead()
		}
		if err := x.proof.Fill(); err != nil {
			x.service = x.reader.Service() // of several at an address, the one that came
			return err
		}
	}
	return x.cfg.tooLong(x.service, x.route)
}

// checkHead refuses a call that cannot be served for any caller.
func (x *exchange) checkHead() error {
	x.head = x.reader.Head()
	if refusal := x.meet(x.head.Service); refusal != nil {
		return refusal
	}
	action := actionOf(&x.rc.Request.Header)
	switch {
	case x.draining.Load():
		return refuse(Draining)
	case x.head.Demanded != "" && x.route.Kind != RelayRoute:
		return notUnderstood(x.head)
	case len(action) > 0 && string(action) != x.service.Action:
		return refuse(ServiceMismatch,
			"SOAPAction neodpovídá službě "+x.service.Code+"; očekává se "+x.service.Action+".")
	}
	if err := x.checkMode(); err != nil {
		return err
	}
	if offence := x.head.Check(); offence != nil {
		return offence
	}
	if x.service.Internal() { // the bus has numbered it
		x.iszrID = string(x.head.Info.IszrZadostId)
	}
	return nil
}

// meet takes the message that arrived for the one that was called, where several share an
// address.
func (x *exchange) meet(s *egon.Service) *Refusal {
	if s == x.service {
		return nil
	}
	x.service, x.message.Service = s, s
	if x.route = x.routes.of(s); x.route.Kind == RefuseRoute {
		return notOffered(s)
	}
	return nil
}

// authorize asks the policy snapshot, and waits for the row where it must.
func (x *exchange) authorize() error {
	x.decision = x.route.decide(x.policy, x.head, x.start)
	if x.decision.Verdict == policy.RowUnavailable {
		if err := x.awaitOwnRow(); err != nil {
			return err
		}
	}
	if x.decision.Row == policy.Stale {
		x.parts.Metrics.ServedStale()
	}
	if x.decision.Verdict == policy.Granted {
		return nil
	}
	return notPermitted(x.head, &x.decision)
}

// rewrite has the message leave without the items that were removed, or with those that
// were filled in. Every other byte of it leaves as it came.
func (x *exchange) rewrite() {
	d := &x.decision
	switch {
	case len(d.Filled) > 0:
		x.edits = stream.Edits{x.head.With(d.Filled)}
	case d.Rule == policy.AsIszr && len(d.Removed) > 0:
		x.edits = x.head.Without(d.Removes)
	default:
		return
	}
	x.proof.Edit(&x.edits)
	x.message.Length = x.proof.Leaving()
}

// awaitOwnRow waits for the row of the caller's triple. Then it identifies the
// caller and decides anew, both by one snapshot that has the row.
func (x *exchange) awaitOwnRow() error {
	ctx, cancel := context.WithTimeout(x.calls, x.route.Timeout)
	defer cancel()
	i := &x.head.Info
	if _, err := x.await(ctx, i.Agenda, i.AgendovaRole, i.Ovm); err != nil {
		return err
	}
	if err := x.identify(); err != nil {
		return err
	}
	x.decision = x.route.decide(x.policy, x.head, x.start)
	return nil // a row that has ended by now is refused like the others
}

// admit takes the permit and the slot in one step, all or nothing.
func (x *exchange) admit(ctx context.Context) error {
	i, rule := &x.head.Info, x.decision.Limits
	d, err := x.hold.admit(ctx, limits.Call{
		Key: keyOf(
			string(i.Agenda), string(i.AgendovaRole), string(i.Ovm), string(i.Ais),
			rule.Account(),
		),
		Rule:     ruleOf(rule),
		Policy:   x.policy.Declared(),
		WhenDown: whenDown(rule.WhenRedisIsDown),
		Lifetime: x.slotLifetime(),
	})
	x.countDecision(&d, err)
	if err != nil {
		return refuse(LimitsUnavailable).because(err)
	}
	x.limits, x.decided = d, true
	if d.Verdict != limits.Admitted {
		return overLimit(&d, rule)
	}
	if err := x.hold.confirm(ctx); err != nil {
		return refuse(IDsUnavailable).because(err) // though its permit is used
	}
	return nil
}

// answer gets the reply: from an upstream, from the workflow, or what the gateway
// says itself.
func (x *exchange) answer(ctx context.Context) error {
	var a *egon.Answer
	var err error
	switch {
	case x.route.Kind != LocalRoute:
		a, err = x.askUpstream(ctx)
	case x.async:
		a, err = x.beginJob(&x.hold, x.proof.Whole())
	default:
		a, err = x.answerLocally(ctx, x.proof.Whole())
	}
	if err != nil {
		return err
	}
	return x.take(a)
}

// askUpstream relays the message, or runs the workflow. The exchange owns the answer
// at once, also when the call fails.
func (x *exchange) askUpstream(ctx context.Context) (a *egon.Answer, err error) {
	if x.route.Kind == RelayRoute {
		a, x.sent, err = x.route.Relay.Send(ctx, &x.message, x.trace)
	} else {
		a, x.sent, err = x.parts.Media.Serve(ctx, x.head, x.trace)
	}
	x.received = time.Now()
	x.out.own(a)
	switch {
	case x.proof.Err() != nil: // the caller's own message is why there is no answer
		return nil, x.proof.Err()
	case err != nil && context.Cause(ctx) == errDraining:
		return nil, refuse(Draining).because(err)
	case err != nil:
		if bars(err) { // a registry of the workflow said no
			x.doubtRow()
		}
		return nil, x.route.blame(err)
	}
	return a, nil
}

// bars reports whether a registry failed because it refuses an item.
func bars(err error) bool {
	var call *egon.CallError
	return errors.As(err, &call) && (egon.Status{Kod: egon.Chyba, Details: call.Detail}).Bars()
}

// checkMode refuses a call that may not be made with ?async, or not without.
func (x *exchange) checkMode() error {
	switch {
	case x.async && !x.servesAsync(x.service, x.route):
		return refuse(SyncOnlyKind)
	case !x.async && x.service.Mode == egon.AsyncOnly:
		return refuse(AsyncOnlyKind)
	}
	return nil
}

// servesAsync reports whether a service may be called with ?async. Of a relayed
// service the upstream decides; one that is answered here needs a queue.
func (c *core) servesAsync(s *egon.Service, r Route) bool {
	switch {
	case s.Mode == egon.SyncOnly:
		return false
	case r.Kind == RelayRoute:
		return true
	}
	return r.Kind == LocalRoute && s.Mode != egon.ModeUnknown && c.cfg.Routes.queued()
}
