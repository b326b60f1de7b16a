package gateway

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"brana/audit"
	"brana/egon"
	"brana/gateway/metrics"
)

// recordUse records what came of the exchange. The description of a service is no use.
// Nor is a call recorded that was refused while nothing could be recorded: the room that
// is left belongs to the outcomes of calls that were served.
func (x *exchange) recordUse() {
	if x.parts.Record == nil || x.published || x.refused(AuditUnavailable) && !x.decided {
		return
	}
	x.noteOrigin()
	if x.intent.number == 0 {
		x.persons = x.watch.persons()
	}
	u := x.pools.uses.Get()
	defer x.done(u)
	x.recordEnd(u, x.resultIn(u))
}

// resultIn describes what came of an exchange that has ended.
func (x *exchange) resultIn(u *use) *audit.Result {
	u.result = audit.Result{
		Time:          x.end,
		Outcome:       x.outcome,
		IszrZadostId:  x.iszrID,
		Kod:           x.out.kod,
		SubKody:       x.out.subKody,
		Status:        x.rc.Response.StatusCode(),
		Broken:        x.brokenSide(),
		Returned:      u.returnedOf(x.returned()),
		Unpermitted:   x.foreign,
		Filtered:      x.filtered,
		Registries:    u.registriesOf(x.trace),
		RequestBytes:  x.proof.Received(),
		ResponseBytes: x.out.written,
		Took:          x.end.Sub(x.start),
	}
	if x.refusal != nil && x.refusal.Kind.SubKod != "" {
		u.result.Kod, u.result.SubKody = egon.Chyba, u.subKodyOf(x.refusal)
	}
	if u.result.RequestBytes > 0 {
		u.result.RequestDigest = x.watch.sum()
	}
	if u.result.ResponseBytes > 0 {
		u.result.ResponseDigest = x.out.watch.sum()
	}
	u.result.Persons = x.out.watch.persons()
	u.result.MorePersons = x.watch.persons()[len(x.persons):]
	return &u.result
}

// record writes the line of the exchange and counts it. A call that was refused because
// of the log has no line: the room that the log has belongs to the calls that were served.
func (x *exchange) record() {
	x.count()
	x.countReturned(x.returned(), x.foreign)
	x.parts.Metrics.ItemsEdited(x.filtered, metrics.Filtered)
	if !x.sent.IsZero() {
		x.countEdited()
	}
	level := x.level()
	if x.refused(LogUnavailable) || !x.cfg.Lines.want(level, x.refusal != nil || x.broken != nil) {
		return
	}
	if entry := x.parts.Log.Check(level, "exchange"); entry != nil {
		entry.Write(zap.Inline(x))
	}
}

// judgeReturned finds the items that left without a right. Of an answer that did not leave
// none were filtered out, unless it was refused for them.
func (x *exchange) judgeReturned() {
	x.foreign = x.unpermitted(x.returned(), x.inside)
	if len(x.filtered) > 0 && (x.out.written == 0 || x.refusal != nil) && !barred(x.cause()) {
		x.filtered = nil
	}
}

// noItems are those of an answer that did not leave.
var noItems egon.Returned

// returned are the items that left with the answer: none when it was refused, or when not a
// byte of it left. Of one that broke off they may be more than the caller has.
func (x *exchange) returned() *egon.Returned {
	if x.refusal != nil || x.out.written == 0 {
		return &noItems
	}
	return x.trace.Returned()
}

// MarshalLogObject writes the line of an exchange that has ended: what an operator
// needs to explain a call to its caller, and nothing of what was asked about whom.
// It borrows from the exchange, so it holds within Core.Write only.
func (x *exchange) MarshalLogObject(e zapcore.ObjectEncoder) error {
	if err := x.addRequest(e, x.outcome); err != nil {
		return err
	}
	if !x.sent.IsZero() {
		e.AddTime("request_out", x.sent)
		e.AddTime("response_in", x.received)
	}
	x.addAnswer(e, x.end, x.out.kod, x.proof.Received(), x.out.written)
	if x.asked != "" {
		e.AddString("job", x.asked)
	}
	x.addEdited(e)
	addWords(e, metrics.Filtered.String(), x.filtered)
	x.addCause(e)
	if side := x.brokenSide(); side != "" {
		e.AddString("broken", side)
	}
	if x.broken != nil {
		addError(e, "error", x.broken)
	}
	return nil
}

// brokenSide names the side that broke: the message of the caller or the reply of
// the upstream was cut, or the answer did not reach the caller. It is empty when
// nothing broke.
func (x *exchange) brokenSide() string {
	broke := x.broken != nil || x.proof.Cut()
	switch {
	case broke && x.calls.Err() != nil:
		return "gateway"
	case x.out.err != nil, x.refused(RegistryFailed), x.refused(AisFailed):
		return "upstream"
	case broke:
		return "caller"
	default:
		return ""
	}
}

// level is Error for a defect of the gateway, Warn for a failure of a system on which
// it depends, Info for everything that a caller does.
func (x *exchange) level() zapcore.Level {
	switch level := x.result.level(); {
	case isPanic(x.broken):
		return zapcore.ErrorLevel
	case level == zapcore.InfoLevel && x.out.err != nil && x.outcome != "cut":
		return zapcore.WarnLevel
	default:
		return level
	}
}

// outcomeOf is one word of a closed set: the side that broke the answer off, the
// kind of a refusal, or the status of the answer.
func (x *exchange) outcomeOf(err error) string {
	switch {
	case err != nil && x.calls.Err() != nil:
		return "cut"
	case err != nil && x.out.err != nil:
		return "upstream-broke"
	case err != nil:
		return "caller-left"
	case x.refusal != nil:
		return x.refusal.Kind.Code
	case x.out.fault:
		return "fault"
	case x.published:
		return "wsdl"
	}
	switch x.out.kod {
	case egon.OK:
		return "ok"
	case egon.Varovani:
		return "varovani"
	case egon.Chyba:
		return "chyba"
	default:
		return "unknown"
	}
}

// count counts an exchange that has ended.
func (x *exchange) count() {
	e := metrics.Ended{
		Service: x.code(),
		Outcome: x.outcome,
		Bound:   x.exceededBound(),
		Took:    x.end.Sub(x.start),
		In:      x.proof.Received(),
		Out:     x.out.written,
	}
	if x.refusal != nil {
		e.Refusal = x.refusal.Kind.Code
	}
	x.parts.Metrics.Ended(&e)
}
