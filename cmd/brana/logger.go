package main

import (
	"io"
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"brana/cmd/brana/config"
)

// A logger writes lines of JSON to its book. book is nil where lines go elsewhere.
type logger struct {
	*zap.Logger
	book *logbook
}

// openLog makes the logger that writes to the diagnostics.
func openLog(c *config.Log, streams stdio) (*logger, error) {
	level, err := zapcore.ParseLevel(c.Level)
	if err != nil {
		return nil, err
	}
	book := bookOf(streams.err)
	// The library would report lost lines to where the lines go.
	silent := zap.ErrorOutput(zapcore.AddSync(io.Discard))
	l := &logger{zap.New(zapcore.NewCore(newEncoder(), book, level), silent), book}
	book.mended = func(b blockage, lost int64) {
		l.Warn("log was blocked", zap.Time("since", b.since), zap.Int64("lost", lost),
			zap.NamedError("cause", b.why))
	}
	return l, nil
}

func bookOf(w io.Writer) *logbook {
	if f, ok := w.(*os.File); ok {
		return newLogbook(f)
	}
	return &logbook{out: w, patience: patience}
}

func newEncoder() zapcore.Encoder {
	cfg := zap.NewProductionEncoderConfig()
	cfg.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	cfg.EncodeDuration = zapcore.SecondsDurationEncoder
	return lineEncoder{zapcore.NewJSONEncoder(cfg)}
}
