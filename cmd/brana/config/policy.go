package config

import (
	"strconv"
	"time"

	"brana/egon"
	"brana/gateway"
	"brana/policy"
)

// Policy is policy: where the grants and the matrix are.
type Policy struct {
	Dir    string `yaml:"dir"`
	Matrix Matrix `yaml:"matrix"`
}

// Matrix is policy.matrix: a file, or the upstream that is asked for rows by
// E227.
type Matrix struct {
	File string `yaml:"file"`

	E227       string    `yaml:"e227"`     // name of the upstream; empty: the matrix is a file
	Caller     Caller    `yaml:"caller"`   // as whom the gateway asks
	Snapshot   string    `yaml:"snapshot"` // file of the rows
	Generation TimeOfDay `yaml:"generation"`
	Jitter     Duration  `yaml:"jitter"`
	Fresh      Duration  `yaml:"fresh"` // 0: until the next generation
	Negative   Duration  `yaml:"negative"`
	MaxAge     Duration  `yaml:"max_age"`
	Early      Duration  `yaml:"early"`
	Timeout    Duration  `yaml:"timeout"`
	Wait       Duration  `yaml:"wait"`
	Parallel   Count     `yaml:"parallel"`
	Foreign    Count     `yaml:"foreign"`
}

// Caller is policy.matrix.caller.
type Caller struct {
	Agenda string `yaml:"agenda"`
	Role   string `yaml:"role"`
	Ovm    string `yaml:"ovm"`
	Ais    Count  `yaml:"ais"`
}

func defaultMatrix() Matrix {
	return Matrix{
		Generation: TimeOfDay(4 * time.Hour),
		Jitter:     Duration(30 * time.Minute),
		Negative:   Duration(15 * time.Minute),
		MaxAge:     Duration(48 * time.Hour),
		Early:      Duration(10 * time.Minute),
		Timeout:    Duration(10 * time.Second),
		Wait:       Duration(gateway.Defaults().RowWait),
		Parallel:   4,
		Foreign:    1000,
	}
}

// Ages are the ages of rows.
func (m *Matrix) Ages() policy.Ages {
	return policy.Ages{
		Fresh:      time.Duration(m.Fresh),
		Generation: time.Duration(m.Generation),
		Jitter:     time.Duration(m.Jitter),
		Negative:   time.Duration(m.Negative),
		Max:        time.Duration(m.MaxAge),
	}
}

// Quadruple is the caller as requests have it.
func (c Caller) Quadruple() egon.Quadruple {
	return egon.Quadruple{Agenda: c.Agenda, Role: c.Role, Ovm: c.Ovm, Ais: strconv.Itoa(int(c.Ais))}
}

func (m *Matrix) check(found *mistakes, upstreams map[string]Upstream) {
	switch {
	case m.E227 == "" && (m.Snapshot != "" || m.Caller != Caller{}):
		found.wrong("policy.matrix", "snapshot and caller are of use with e227 only; "+
			"add e227: NAME of an upstream, or remove them")
	case m.E227 == "":
		return
	case m.File != "":
		found.wrong("policy.matrix", "file and e227 exclude each other; name one of them")
	}
	if _, ok := upstreams[m.E227]; !ok {
		found.wrong("policy.matrix.e227", "no upstream has the name %s", m.E227)
	}
	if err := policy.CheckCaller(m.Caller.Quadruple()); err != nil {
		found.wrong("policy.matrix.caller", "as whom the gateway itself calls E227: %v", err)
	}
	if err := m.Ages().Validate(); err != nil {
		found.wrong("policy.matrix", "%v", err)
	}
	between(found, "policy.matrix.parallel", m.Parallel, 1, 64)
	between(found, "policy.matrix.foreign", m.Foreign, 1, 1<<20)
	between(
		found, "policy.matrix.timeout", m.Timeout, Duration(time.Millisecond), Duration(time.Hour),
	)
	between(found, "policy.matrix.wait", m.Wait, Duration(time.Millisecond), Duration(time.Hour))
	between(found, "policy.matrix.early", m.Early, Duration(time.Second), Duration(24*time.Hour))
}
