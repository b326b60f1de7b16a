package config

// Log is log.
type Log struct {
	Level       string      `yaml:"level"` // debug | info | warn | error
	WhenBlocked WhenBlocked `yaml:"when_blocked"`
}

// WhenBlocked is log.when_blocked: what becomes of calls while the log takes no
// lines.
type WhenBlocked string

// The values of when_blocked.
const (
	RefuseCalls WhenBlocked = "wait" // calls are refused, so callers wait
	DropLines   WhenBlocked = "drop" // calls are served, and lines may be lost
)

func (l *Log) check(m *mistakes) {
	m.oneOf("log.level", l.Level, "debug", "info", "warn", "error")
	m.oneOf("log.when_blocked", string(l.WhenBlocked), string(RefuseCalls), string(DropLines))
}
