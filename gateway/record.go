package gateway

import (
	"errors"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"brana/egon"
	"brana/limits"
)

// record writes the line of the exchange and counts it; err is why the answer did
// not reach the caller, or nil. A call that was refused because of the log has no
// line: the room that the log has belongs to the calls that were served.
func (x *exchange) record(err error) {
	x.broken, x.end = err, time.Now()
	x.outcome = x.outcomeOf(err)
	x.count()
	if x.refused(LogUnavailable) {
		return
	}
	if entry := x.g.parts.Log.Check(x.level(), "exchange"); entry != nil {
		entry.Write(zap.Inline(x))
	}
}

// checkLog refuses a call while the log takes no lines, unless the operator wants
// such calls served.
func (g *Gateway) checkLog() error {
	if g.cfg.DropLines || g.parts.LogBlocked == nil {
		return nil
	}
	if err := g.parts.LogBlocked(); err != nil {
		return refuse(LogUnavailable).because(err)
	}
	return nil
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
	x.addCause(e)
	if side := x.brokenSide(); side != "" {
		e.AddString("broken", side)
	}
	if x.broken != nil {
		addError(e, "error", x.broken)
	}
	return nil
}

// MarshalLogObject writes the line of a job that has ended.
func (j *job) MarshalLogObject(e zapcore.ObjectEncoder) error {
	if err := j.addRequest(e, j.outcome); err != nil {
		return err
	}
	j.addAnswer(e, j.end, j.kod, 0, j.size)
	j.addCause(e)
	return nil
}

// addRequest writes who asked for what, and what came of it.
func (r *request) addRequest(e zapcore.ObjectEncoder, outcome string) error {
	e.AddString("outcome", outcome)
	e.AddString("service", r.code())
	if err := e.AddObject("caller", (*callerField)(r.head)); err != nil {
		return err
	}
	e.AddByteString("agenda_zadost_id", r.requestID())
	e.AddString("iszr_zadost_id", r.id())
	e.AddTime("request_in", r.start)
	return nil
}

// addAnswer writes when the answer ended, how many bytes went in and out, and what
// was decided about the request.
func (r *request) addAnswer(e zapcore.ObjectEncoder, end time.Time, kod string, in, out int64) {
	e.AddTime("response_out", end)
	e.AddInt64("request_bytes", in)
	e.AddInt64("response_bytes", out)
	e.AddString("policy", r.decision.Version)
	if r.limits.Degraded != limits.Closed {
		e.AddString("limits", r.limits.Degraded.String())
	}
	if r.decided && isNear(&r.limits) {
		e.AddInt64("remaining", r.limits.Remaining)
	}
	e.AddDuration("took", end.Sub(r.start))
	if kod != "" {
		e.AddString("kod", kod)
	}
}

// addCause writes the cause of a refusal.
func (r *result) addCause(e zapcore.ObjectEncoder) {
	if err := r.cause(); err != nil {
		addError(e, "cause", err)
	}
}

// brokenSide names the side that broke: the message of the caller or the reply of
// the upstream was cut, or the answer did not reach the caller. It is empty when
// nothing broke.
func (x *exchange) brokenSide() string {
	broke := x.broken != nil || x.proof.Cut()
	switch {
	case broke && x.g.calls.Err() != nil:
		return "gateway"
	case x.out.err != nil, x.refused(RegistryFailed), x.refused(AisFailed):
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

// level is that of the refusal, if there is one.
func (r *result) level() zapcore.Level {
	switch {
	case r.refused(Internal), r.refused(JobFailed):
		return zapcore.ErrorLevel
	case r.refusal != nil && r.refusal.Kind.broken():
		return zapcore.WarnLevel
	default:
		return zapcore.InfoLevel
	}
}

// refused reports whether the refusal is of a kind.
func (r *result) refused(k *Kind) bool { return r.refusal != nil && r.refusal.Kind == k }

// outcomeOf is one word of a closed set: the side that broke the answer off, the
// kind of a refusal, or the status of the answer.
func (x *exchange) outcomeOf(err error) string {
	switch {
	case err != nil && x.g.calls.Err() != nil:
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

func (r *request) code() string {
	if r.service == nil {
		return "unknown"
	}
	return r.service.Code
}

// maxIDBytes is the length at which the log cuts an id that was not checked.
const maxIDBytes = 64

func (r *request) requestID() []byte {
	if r.reader == nil {
		return nil
	}
	return idBytes(r.reader.RequestID())
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

// exceededBound names the bound that ended an exchange, or is empty. A reply that
// exceeds a bound counts too: the registry sent it, but the bound is set here.
func (r *result) exceededBound() string {
	for _, err := range []error{r.broken, r.cause()} {
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

func (r *result) cause() error {
	if r.refusal == nil {
		return nil
	}
	return r.refusal.Cause
}
