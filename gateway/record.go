package gateway

import (
	"errors"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"brana/egon"
	"brana/limits"
)

// record writes the line of the exchange and counts it; err is why the answer
// did not reach the caller, or nil. A call that was refused for the log has no
// line: what there is room for belongs to those that were served.
func (g *Gateway) record(x *exchange, err error) {
	x.broken, x.end = err, time.Now()
	x.outcome = x.outcomeOf(err)
	x.count()
	if x.refusal != nil && x.refusal.Kind == LogUnavailable {
		return
	}
	if entry := g.parts.Log.Check(x.level(), "exchange"); entry != nil {
		entry.Write(zap.Inline(x))
	}
}

// checkLog refuses calls of which the log could not tell, unless the operator
// wants them served.
func (g *Gateway) checkLog() error {
	if g.cfg.DropLines || g.parts.LogBlocked == nil {
		return nil
	}
	if err := g.parts.LogBlocked(); err != nil {
		return refuse(LogUnavailable).because(err)
	}
	return nil
}

// MarshalLogObject writes the line of an exchange that has ended: what an
// operator needs to explain a call to its caller, and nothing of what was asked
// about whom. It borrows from the exchange, so it holds within Core.Write only.
func (x *exchange) MarshalLogObject(e zapcore.ObjectEncoder) error {
	e.AddString("outcome", x.outcome)
	e.AddString("service", x.code())
	if err := e.AddObject("caller", (*callerField)(x.head)); err != nil {
		return err
	}
	e.AddByteString("agenda_zadost_id", x.requestID())
	e.AddString("iszr_zadost_id", x.id())
	e.AddTime("request_in", x.start)
	if !x.sent.IsZero() {
		e.AddTime("request_out", x.sent)
		e.AddTime("response_in", x.received)
	}
	e.AddTime("response_out", x.end)
	e.AddInt64("request_bytes", x.body.Received())
	e.AddInt64("response_bytes", x.written)
	e.AddString("policy", x.decision.Version)
	if x.limits.Degraded != limits.Closed {
		e.AddString("limits", x.limits.Degraded.String())
	}
	if x.decided && isNear(&x.limits) {
		e.AddInt64("remaining", x.limits.Remaining)
	}
	e.AddDuration("took", x.end.Sub(x.start))
	if x.kod != "" {
		e.AddString("kod", x.kod)
	}
	if x.job != "" {
		e.AddString("job", x.job)
	}
	if x.refusal != nil && x.refusal.Cause != nil {
		addError(e, "cause", x.refusal.Cause)
	}
	if side := x.brokenSide(); side != "" {
		e.AddString("broken", side)
	}
	if x.broken != nil {
		addError(e, "error", x.broken)
	}
	return nil
}

// brokenSide says whose side broke: the message of the caller or the reply of
// the upstream ended before its end, or the answer did not get through. It is
// empty when nothing broke.
func (x *exchange) brokenSide() string {
	broke := x.broken != nil || x.body.Cut()
	switch {
	case broke && x.g.calls.Err() != nil:
		return "gateway"
	case x.readErr != nil, x.refusal != nil && (x.refusal.Kind == RegistryFailed || x.refusal.Kind == AisFailed):
		return "upstream"
	case broke:
		return "caller"
	default:
		return ""
	}
}

func addError(e zapcore.ObjectEncoder, key string, err error) {
	e.AddString(key, err.Error())
	var p *panicError
	if errors.As(err, &p) {
		e.AddByteString("stack", p.stack)
	}
}

// level is Error for what somebody must mend here, Warn for what is broken
// elsewhere, Info for everything that a caller does.
func (x *exchange) level() zapcore.Level {
	switch {
	case isPanic(x.broken), x.refusal != nil && (x.refusal.Kind == Internal || x.refusal.Kind == JobFailed):
		return zapcore.ErrorLevel
	case x.readErr != nil && x.outcome != "cut", x.refusal != nil && x.refusal.Kind.broken():
		return zapcore.WarnLevel
	default:
		return zapcore.InfoLevel
	}
}

// outcomeOf is one word of a closed set: who broke the answer off, the kind of
// a refusal, or what the answer says.
func (x *exchange) outcomeOf(err error) string {
	switch {
	case err != nil && x.g.calls.Err() != nil:
		return "cut"
	case err != nil && x.readErr != nil:
		return "upstream-broke"
	case err != nil:
		return "caller-left"
	case x.refusal != nil:
		return x.refusal.Kind.Code
	case x.fault:
		return "fault"
	case x.published:
		return "wsdl"
	}
	switch x.kod {
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

func (x *exchange) code() string {
	if x.service == nil {
		return "unknown"
	}
	return x.service.Code
}

// maxIDBytes bounds what the log quotes of an id that was not checked.
const maxIDBytes = 64

func (x *exchange) requestID() []byte {
	if x.reader == nil {
		return nil
	}
	return idBytes(x.reader.RequestID())
}

func idBytes(id []byte) []byte { return id[:min(len(id), maxIDBytes)] }

// callerField writes the quadruple of a head, which may be nil.
type callerField egon.Head

func (c *callerField) MarshalLogObject(e zapcore.ObjectEncoder) error {
	if c != nil {
		e.AddByteString("agenda", idBytes(c.Info.Agenda))
		e.AddByteString("role", idBytes(c.Info.AgendovaRole))
		e.AddByteString("ovm", idBytes(c.Info.Ovm))
		e.AddByteString("ais", idBytes(c.Info.Ais))
	}
	return nil
}

// exceededBound names the bound that ended an exchange, or returns an empty
// string. A bound that a reply exceeds is the registry's offence, but ours to
// set.
func (x *exchange) exceededBound() string {
	for _, err := range []error{x.broken, x.cause()} {
		if err == nil {
			continue
		}
		for _, b := range bounds {
			if errors.Is(err, b.err) {
				return b.name
			}
		}
	}
	return ""
}

func (x *exchange) cause() error {
	if x.refusal == nil {
		return nil
	}
	return x.refusal.Cause
}
