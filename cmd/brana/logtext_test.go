package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// A logText keeps the log as it is written. The lines are encoded at once,
// since the fields of an exchange borrow from it.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *logText) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *logText) logger() *zap.Logger {
	encoder := zap.NewProductionEncoderConfig()
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(encoder), zapcore.AddSync(j), zap.DebugLevel))
}

// forget drops all lines so far.
func (j *logText) forget() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text.Reset()
}

// lines are all lines so far.
func (j *logText) lines() [][]byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	return bytes.Split(bytes.TrimSpace(bytes.Clone(j.text.Bytes())), []byte("\n"))
}

// exchanges are the lines of the exchanges that have ended.
func (j *logText) exchanges() []map[string]any {
	var list []map[string]any
	for _, line := range j.lines() {
		if len(line) == 0 {
			continue
		}
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			panic(fmt.Sprintf("a line of the log is not JSON: %s", line))
		}
		if fields["msg"] == "exchange" {
			list = append(list, fields)
		}
	}
	return list
}

// has reports whether a line so far has this text.
func (j *logText) has(text string) bool {
	return slices.ContainsFunc(j.lines(), func(line []byte) bool { return bytes.Contains(line, []byte(text)) })
}
