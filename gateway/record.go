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
	outcome := x.outcome(err)
	took := g.now().Sub(x.start)
	g.parts.Metrics.ended(x, outcome, took)
	fields := []zap.Field{
		zap.String("outcome", outcome),
		zap.String("service", x.code()),
		zap.Object("caller", callerField{x}),
		zap.String("agenda_zadost_id", x.requestID()),
		zap.String("iszr_zadost_id", x.iszrID),
		zap.Time("request_in", x.start),
		zap.Time("request_out", x.sent),
		zap.Time("response_in", x.received),
		zap.Time("response_out", g.now()),
		zap.Int64("request_bytes", x.body.got),
		zap.Int64("response_bytes", x.written),
		zap.String("policy", x.decision.Version),
		zap.Duration("took", took),
	}
	if x.kod != "" {
		fields = append(fields, zap.String("kod", x.kod))
	}
	level := zapcore.InfoLevel
	if x.refusal != nil && x.refusal.Cause != nil {
		fields = append(fields, zap.String("cause", x.refusal.Cause.Error()))
		var p *panicError
		if errors.As(x.refusal.Cause, &p) {
			level = zapcore.ErrorLevel
			fields = append(fields, zap.ByteString("stack", p.stack))
		}
	}
	if err != nil {
		fields = append(fields, zap.String("broken", x.brokenSide()), zap.Error(err))
	}
	g.parts.Log.Log(level, "exchange", fields...)
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

func (x *exchange) requestID() string {
	if x.reader == nil {
		return ""
	}
	return string(x.reader.RequestID())
}

// callerField writes the quadruple without building strings for it.
type callerField struct{ x *exchange }

func (c callerField) MarshalLogObject(e zapcore.ObjectEncoder) error {
	if h := c.x.head; h != nil {
		e.AddByteString("agenda", h.Info.Agenda)
		e.AddByteString("role", h.Info.AgendovaRole)
		e.AddByteString("ovm", h.Info.Ovm)
		e.AddByteString("ais", h.Info.Ais)
	}
	return nil
}
