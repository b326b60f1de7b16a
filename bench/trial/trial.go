package trial

import "brana/bench/report"

// A Trial is one benchmark: what it started, and what it measured.
type Trial struct {
	cfg    Config
	setup  setup
	report report.Report
}

// New makes a trial; Close it. It starts nothing.
func New(c Config) *Trial { return &Trial{cfg: c, setup: newSetup(c.Dir)} }

// Close ends what the trial started.
func (t *Trial) Close() error { return t.setup.close() }
