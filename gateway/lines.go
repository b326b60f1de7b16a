package gateway

import "go.uber.org/zap/zapcore"

// Lines are the exchanges and jobs that have a line in the log. Those that show a defect
// of the gateway always have one, with the cause.
type Lines uint8

// The values of Lines.
const (
	AllLines     Lines = iota
	RefusedLines       // those that were refused, or broke off
	NoLines
)

// want reports whether an exchange or job has a line.
func (l Lines) want(level zapcore.Level, refused bool) bool {
	return l == AllLines || l == RefusedLines && refused || level >= zapcore.ErrorLevel
}
