package gateway

import (
	"errors"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"brana/egon"
	"brana/limits"
)

// A result is what came of a request.
type result struct {
	end     time.Time
	outcome string   // one word of a closed set
	refusal *Refusal // nil: it was answered
	broken  error    // why the answer did not reach the caller
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
	if group := r.decision.Limits.Group; r.decided && group != "" {
		e.AddString("group", group)
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

func addError(e zapcore.ObjectEncoder, key string, err error) {
	e.AddString(key, err.Error())
	var p *panicError
	if errors.As(err, &p) {
		e.AddByteString("stack", p.stack)
	}
}

// level is the level of the refusal, if there is one.
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

func (r *request) code() string {
	if r.service == nil || r.service.Code == "" { // which of those at an address is not known
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

// addWords writes a list of items, if there are any.
func addWords(e zapcore.ObjectEncoder, key string, words []string) {
	if len(words) > 0 {
		zap.Strings(key, words).AddTo(e)
	}
}
