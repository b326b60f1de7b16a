package gateway

import (
	"errors"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"brana/egon"
)

// record writes the line of the exchange and counts it. The line has what an
// operator needs to explain a call to its caller, and nothing of what was
// asked about whom.
func (g *Gateway) record(x *exchange, err error) {
	outcome, end := x.outcome(err), now()
	g.parts.Metrics.ended(x, outcome, end.Sub(x.start))
	entry := g.parts.Log.Check(x.level(err), "exchange")
	if entry == nil {
		return
	}
	fields := append(make([]zap.Field, 0, 20),
		zap.String("outcome", outcome),
		zap.String("service", x.code()),
		zap.Object("caller", callerField{x.head}),
		zap.ByteString("agenda_zadost_id", x.requestID()),
		zap.String("iszr_zadost_id", x.iszrID),
		zap.Time("request_in", x.start))
	if !x.sent.IsZero() {
		fields = append(fields, zap.Time("request_out", x.sent), zap.Time("response_in", x.received))
	}
	fields = append(fields,
		zap.Time("response_out", end),
		zap.Int64("request_bytes", x.body.got),
		zap.Int64("response_bytes", x.written),
		zap.String("policy", x.decision.Version),
		zap.Duration("took", end.Sub(x.start)))
	if x.kod != "" {
		fields = append(fields, zap.String("kod", x.kod))
	}
	if x.refusal != nil && x.refusal.Cause != nil {
		fields = append(fields, zap.String("cause", x.refusal.Cause.Error()))
		fields = appendStack(fields, x.refusal.Cause)
	}
	if err != nil {
		fields = append(fields, zap.String("broken", x.brokenSide()), zap.String("error", err.Error()))
		fields = appendStack(fields, err)
	}
	entry.Write(fields...)
}

func appendStack(fields []zap.Field, err error) []zap.Field {
	var p *panicError
	if errors.As(err, &p) {
		fields = append(fields, zap.ByteString("stack", p.stack))
	}
	return fields
}

// level is Error for what somebody must mend here, Warn for what is broken
// elsewhere, Info for everything that a caller does.
func (x *exchange) level(err error) zapcore.Level {
	var p *panicError
	switch {
	case errors.As(err, &p), x.refusal != nil && x.refusal.Kind == Internal:
		return zapcore.ErrorLevel
	case x.readErr != nil, x.refusal != nil && x.refusal.Kind.broken():
		return zapcore.WarnLevel
	default:
		return zapcore.InfoLevel
	}
}

// outcome is one word of a closed set: the kind of a refusal, or what the
// answer says.
func (x *exchange) outcome(err error) string {
	switch {
	case err != nil && x.readErr != nil:
		return "upstream-broke"
	case err != nil:
		return "caller-left"
	case x.refusal != nil:
		return x.refusal.Kind.Code
	case x.fault:
		return "fault"
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

func (x *exchange) brokenSide() string {
	if x.readErr != nil {
		return "upstream"
	}
	return "caller"
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

// callerField writes the quadruple without building strings for it.
type callerField struct{ head *egon.Head }

func (c callerField) MarshalLogObject(e zapcore.ObjectEncoder) error {
	if c.head != nil {
		info := &c.head.Info
		e.AddByteString("agenda", idBytes(info.Agenda))
		e.AddByteString("role", idBytes(info.AgendovaRole))
		e.AddByteString("ovm", idBytes(info.Ovm))
		e.AddByteString("ais", idBytes(info.Ais))
	}
	return nil
}
