package config

// Log is log.
type Log struct {
	Level       string      `yaml:"level"` // debug | info | warn | error
	Exchanges   Lines       `yaml:"exchanges"`
	WhenBlocked WhenBlocked `yaml:"when_blocked"`
}

// Lines is log.exchanges: which exchanges and jobs have a line.
type Lines string

// The values of exchanges. A defect of the gateway has a line in any case.
const (
	AllLines     Lines = "all"
	RefusedLines Lines = "refused" // and those that broke off
	NoLines      Lines = "none"
)

// WhenBlocked is log.when_blocked: what becomes of calls while the log takes no
// lines.
type WhenBlocked string

// The values of when_blocked.
const (
	RefuseCalls WhenBlocked = "wait" // calls are refused, so callers wait
	DropLines   WhenBlocked = "drop" // calls are served, and lines may be lost
)

func (l *Log) check(m *mistakes, a *Audit) {
	m.oneOf("log.exchanges", string(l.Exchanges),
		string(AllLines), string(RefusedLines), string(NoLines))
	if l.Exchanges != AllLines && a.Dir == "" {
		m.wrong("log.exchanges", "%s would leave calls without any record: write the folder of "+
			"the record of use in audit.dir, or %s to declare that none is kept here",
			l.Exchanges, NoRecord)
	}
	m.oneOf("log.level", l.Level, "debug", "info", "warn", "error")
	m.oneOf("log.when_blocked", string(l.WhenBlocked), string(RefuseCalls), string(DropLines))
}
