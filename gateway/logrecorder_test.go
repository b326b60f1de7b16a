package gateway

import (
	"strings"
	"sync"

	"go.uber.org/zap/zapcore"
)

// A logRecorder keeps the lines of the log. It reads the fields at once, as an
// encoder does, since a line borrows from its exchange.
type logRecorder struct {
	zapcore.LevelEnabler
	mu      sync.Mutex
	entries []logEntry
}

type logEntry struct {
	level   zapcore.Level
	message string
	fields  map[string]any
}

func (j *logRecorder) With([]zapcore.Field) zapcore.Core { return j }
func (j *logRecorder) Sync() error                       { return nil }

func (j *logRecorder) Check(e zapcore.Entry, c *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return c.AddCore(e, j)
}

func (j *logRecorder) Write(e zapcore.Entry, fields []zapcore.Field) error {
	encoder := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(encoder)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, logEntry{e.Level, e.Message, encoder.Fields})
	return nil
}

// all returns the lines whose message begins so.
func (j *logRecorder) all(message string) []logEntry {
	j.mu.Lock()
	defer j.mu.Unlock()
	var list []logEntry
	for _, e := range j.entries {
		if strings.HasPrefix(e.message, message) {
			list = append(list, e)
		}
	}
	return list
}
