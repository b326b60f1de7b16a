package trial

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"brana/bench/report"
)

// describe adds to the report where, how and of what it was measured.
func (t *Trial) describe() {
	r, program := &t.report, &t.cfg.Program
	r.Format = report.Format
	r.Made = time.Now().UTC().Truncate(time.Second)
	r.Command, r.Commit = program.Command, program.Commit
	r.Machine = machine()
	r.Versions, r.Configs = t.setup.versions, t.setup.configs
	r.Versions["brana"], r.Versions["go"] = program.Version, runtime.Version()
	r.Plan = t.described()
}

// described is the plan as the report has it.
func (t *Trial) described() report.Plan {
	c := &t.cfg
	p := report.Plan{
		Profile:     c.Profile,
		Mix:         c.Mix,
		Rate:        c.Rate,
		Connections: c.Connections,
		Fresh:       c.Fresh,
		TLS:         strings.HasPrefix(t.setup.targets[0].urls[0], "https:"),
		Duration:    c.Duration,
		Rounds:      c.Rounds,
		Set:         t.setup.settings,
	}
	if len(c.URL) > 0 {
		p.Gateways = len(c.URL) // where they keep quotas is unknown
	} else {
		p.Gateways, p.Cores, p.Limits = c.Gateways, c.Cores, "memory"
		if t.setup.redisURL != "" {
			p.Limits = "redis"
		}
	}
	switch c.Profile {
	case "closed":
		p.Rate = 0
	case "country":
		p.Rate = 0
		p.Detail = fmt.Sprintf("%s × %g, hours %g times shorter", c.Days, c.Scale, c.Speed)
		if plan, err := t.plan(); err == nil {
			p.Duration = plan.Pace.For().Round(time.Millisecond)
		}
	case "ramp":
		p.Detail = fmt.Sprintf("p99 at most %s", c.Bound)
	}
	return p
}

// machine reads from the kernel what the machine is. What the kernel does not
// report stays empty.
func machine() report.Machine {
	m := report.Machine{Cores: runtime.NumCPU(), CPU: runtime.GOARCH}
	field := func(file, name string) string {
		text, _ := os.ReadFile(file) // absent elsewhere than on Linux
		for line := range strings.Lines(string(text)) {
			key, value, found := strings.Cut(line, ":")
			if found && strings.TrimSpace(key) == name {
				return strings.TrimSpace(value)
			}
		}
		return ""
	}
	if name := field("/proc/cpuinfo", "model name"); name != "" {
		m.CPU = name
	}
	_, _ = fmt.Sscanf(field("/proc/meminfo", "MemTotal"), "%d kB", &m.Memory)
	m.Memory <<= 10
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	m.Kernel = strings.TrimSpace(string(kernel))
	return m
}
